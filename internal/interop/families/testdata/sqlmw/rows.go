// Package sqlmw counts the rows that queries return, as a middleware of
// ngrok's sqlmw. That looks at the rows' original for optional methods, by
// Unwrap.
package sqlmw

import (
	"context"
	"database/sql/driver"

	"github.com/ngrok/sqlmw"
)

// Counter is an interceptor that counts rows in N.
type Counter struct {
	sqlmw.NullInterceptor
	N int
}

// ConnQueryContext counts the rows of a query.
func (c *Counter) ConnQueryContext(ctx context.Context, conn driver.QueryerContext, query string, args []driver.NamedValue) (context.Context, driver.Rows, error) {
	rows, err := conn.QueryContext(ctx, query, args)
	if err != nil {
		return ctx, nil, err
	}
	r := &countedRows{Rows: rows, n: &c.N}
	return ctx, r.counted(countedSetOf(rows)), nil
}

// counted is what sqlmw generates for rows, and its RowsUnwrapper.
//
//wrapgen:for countedRows
//wrapgen:test newTestRows
type counted interface {
	sqlmw.RowsUnwrapper //wrapgen:always
	driver.RowsNextResultSet
	driver.RowsColumnTypeDatabaseTypeName
	driver.RowsColumnTypeLength
	driver.RowsColumnTypeNullable
	driver.RowsColumnTypePrecisionScale
	driver.RowsColumnTypeScanType
}

type countedRows struct {
	driver.Rows
	n *int
}

// newTestRows is for the generated test.
func newTestRows(r driver.Rows) *countedRows { return &countedRows{Rows: r, n: new(int)} }

func (r *countedRows) Next(dest []driver.Value) error {
	err := r.Rows.Next(dest)
	if err == nil {
		*r.n++
	}
	return err
}
