package sqlmw

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"io"
	"testing"

	"github.com/ngrok/sqlmw"
)

type (
	fake     struct{}
	fakeConn struct{}
	fakeRows struct{ left, sets int }
)

func (fake) Open(string) (driver.Conn, error) { return fakeConn{}, nil }

func (fakeConn) Prepare(string) (driver.Stmt, error) { return nil, errors.New("not prepared") }
func (fakeConn) Close() error                        { return nil }
func (fakeConn) Begin() (driver.Tx, error)           { return nil, errors.New("no transactions") }
func (fakeConn) QueryContext(context.Context, string, []driver.NamedValue) (driver.Rows, error) {
	return &fakeRows{left: 3, sets: 2}, nil
}

func (*fakeRows) Columns() []string { return []string{"a"} }
func (*fakeRows) Close() error      { return nil }
func (r *fakeRows) Next(dest []driver.Value) error {
	if r.left == 0 {
		return io.EOF
	}
	r.left--
	dest[0] = int64(r.left)
	return nil
}
func (r *fakeRows) HasNextResultSet() bool { return r.sets > 1 }
func (r *fakeRows) NextResultSet() error   { r.sets--; r.left = 3; return nil }

// database/sql, over sqlmw, over a counter, still sees the second result set.
func TestSqlmwFindsTheOriginalRows(t *testing.T) {
	var c Counter
	sql.Register("counted", sqlmw.Driver(fake{}, &c))
	db, err := sql.Open("counted", "")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	rows, err := db.Query("select")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	n := 0
	for ok := true; ok; ok = rows.NextResultSet() {
		for rows.Next() {
			n++
		}
	}
	if n != 6 || c.N != 6 {
		t.Errorf("database/sql read %d rows and %d were counted, want 6", n, c.N)
	}
}
