// Package driverrows counts the rows of a result.
package driverrows

import "database/sql/driver"

// Count returns r as rows that are counted in n.
func Count(r driver.Rows, n *int) driver.Rows {
	c := &countedRows{rows: r, n: n}
	return c.counted(countedSetOf(r))
}

// counted is what database/sql may ask rows for. Every one of these interfaces
// has the methods of driver.Rows, too.
//
//wrapgen:for countedRows
//wrapgen:test
//wrapgen:as
type counted interface {
	driver.RowsNextResultSet
	driver.RowsColumnTypeScanType
	driver.RowsColumnTypeDatabaseTypeName
	driver.RowsColumnTypeLength
	driver.RowsColumnTypeNullable
	driver.RowsColumnTypePrecisionScale
}

type countedRows struct {
	rows driver.Rows
	n    *int
}

func (r *countedRows) Next(dest []driver.Value) error {
	err := r.rows.Next(dest)
	if err == nil {
		*r.n++
	}
	return err
}
