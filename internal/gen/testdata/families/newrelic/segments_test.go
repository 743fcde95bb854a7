package newrelic

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"io"
	"reflect"
	"testing"
	"time"
)

// old is a driver from before there were contexts, and modern is one with them.
type (
	old    struct{}
	modern struct{ old }
)

func (old) Open(string) (driver.Conn, error)                  { return oldConn{}, nil }
func (modern) OpenConnector(string) (driver.Connector, error) { return modern{}, nil }
func (modern) Connect(context.Context) (driver.Conn, error)   { return modernConn{}, nil }
func (modern) Driver() driver.Driver                          { return modern{} }

type (
	oldConn    struct{}
	modernConn struct{ oldConn }
)

func (oldConn) Prepare(string) (driver.Stmt, error) { return stmt{}, nil }
func (oldConn) Close() error                        { return nil }
func (oldConn) Begin() (driver.Tx, error)           { return nil, errors.New("no transactions") }

func (modernConn) ExecContext(context.Context, string, []driver.NamedValue) (driver.Result, error) {
	return driver.RowsAffected(1), nil
}

func (modernConn) QueryContext(context.Context, string, []driver.NamedValue) (driver.Rows, error) {
	return rows{}, nil
}

type stmt struct{}

func (stmt) Close() error                               { return nil }
func (stmt) NumInput() int                              { return -1 }
func (stmt) Exec([]driver.Value) (driver.Result, error) { return driver.RowsAffected(1), nil }
func (stmt) Query([]driver.Value) (driver.Rows, error)  { return rows{}, nil }

type rows struct{}

func (rows) Columns() []string         { return []string{"a"} }
func (rows) Close() error              { return nil }
func (rows) Next([]driver.Value) error { return io.EOF }

// What database/sql sees of the driver decides which way it goes. Each way is
// reported once.
func TestEveryStatementIsReportedOnce(t *testing.T) {
	for name, d := range map[string]driver.Driver{"old": old{}, "modern": modern{}} {
		var got []string
		sql.Register(name, Instrument(d, func(query string, _ time.Duration) { got = append(got, query) }))
		db, err := sql.Open(name, "")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := db.Exec("exec"); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if r, err := db.Query("query"); err != nil {
			t.Errorf("%s: %v", name, err)
		} else {
			r.Close()
		}
		if s, err := db.Prepare("prepared"); err != nil {
			t.Errorf("%s: %v", name, err)
		} else {
			s.Exec()
			s.Close()
		}
		db.Close()
		if want := []string{"exec", "query", "prepared"}; !reflect.DeepEqual(got, want) {
			t.Errorf("%s: reported %q, want %q", name, got, want)
		}
	}
}
