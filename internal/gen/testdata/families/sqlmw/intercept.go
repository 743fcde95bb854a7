// Package sqlmw intercepts all that database/sql asks of a driver, with the
// elements that ngrok's sqlmw lists: a driver with its connectors, connections,
// statements and rows.
package sqlmw

//lint:file-ignore SA1019 a wrapper has what is deprecated, too

import (
	"context"
	"database/sql/driver"
	"io"
)

// A Note is called with each operation that is intercepted.
type Note func(op string)

// Driver returns d as a driver that calls note.
func Driver(d driver.Driver, note Note) driver.Driver {
	i := &interceptedDriver{d, note}
	return i.driverOf(driverOfSetOf(d))
}

type (
	//wrapgen:for interceptedDriver
	//wrapgen:test
	driverOf interface {
		driver.DriverContext
	}

	//wrapgen:for interceptedConnector.parent
	//wrapgen:test
	connectorOf interface {
		io.Closer
	}

	//wrapgen:for interceptedConn
	//wrapgen:test
	connOf interface {
		driver.ConnBeginTx
		driver.ConnPrepareContext
		driver.Pinger
		execer
		queryer
		driver.SessionResetter
		driver.Validator
		driver.NamedValueChecker
	}

	execer interface {
		driver.Execer
		driver.ExecerContext
	}

	queryer interface {
		driver.Queryer
		driver.QueryerContext
	}

	//wrapgen:for interceptedStmt
	//wrapgen:test
	stmtOf interface {
		driver.StmtExecContext
		driver.StmtQueryContext
		driver.ColumnConverter
		driver.NamedValueChecker
	}

	//wrapgen:for interceptedRows
	//wrapgen:test
	//wrapgen:as
	rowsOf interface {
		driver.RowsNextResultSet
		driver.RowsColumnTypeDatabaseTypeName
		driver.RowsColumnTypeLength
		driver.RowsColumnTypeNullable
		driver.RowsColumnTypePrecisionScale
		driver.RowsColumnTypeScanType
	}
)

type interceptedDriver struct {
	parent driver.Driver
	note   Note
}

func (d *interceptedDriver) Open(name string) (driver.Conn, error) {
	c, err := d.parent.Open(name)
	return d.note.conn(c, err)
}

func (d *interceptedDriver) OpenConnector(name string) (driver.Connector, error) {
	c, err := d.parent.(driver.DriverContext).OpenConnector(name)
	if err != nil {
		return nil, err
	}
	i := &interceptedConnector{c, Driver(d.parent, d.note), d.note}
	return i.connectorOf(connectorOfSetOf(c)), nil
}

type interceptedConnector struct {
	parent driver.Connector
	of     driver.Driver // that has OpenConnector
	note   Note
}

func (c *interceptedConnector) Connect(ctx context.Context) (driver.Conn, error) {
	conn, err := c.parent.Connect(ctx)
	return c.note.conn(conn, err)
}

func (c *interceptedConnector) Driver() driver.Driver { return c.of }

func (note Note) conn(c driver.Conn, err error) (driver.Conn, error) {
	note("connect")
	if err != nil {
		return nil, err
	}
	i := &interceptedConn{c, note}
	return i.connOf(connOfSetOf(c)), nil
}

func (note Note) stmt(s driver.Stmt, err error) (driver.Stmt, error) {
	note("prepare")
	if err != nil {
		return nil, err
	}
	i := &interceptedStmt{s, note}
	return i.stmtOf(stmtOfSetOf(s)), nil
}

func (note Note) rows(r driver.Rows, err error) (driver.Rows, error) {
	note("query")
	if err != nil {
		return nil, err
	}
	i := &interceptedRows{r, note}
	return i.rowsOf(rowsOfSetOf(r)), nil
}

func (note Note) exec(r driver.Result, err error) (driver.Result, error) {
	note("exec")
	return r, err
}

func (note Note) tx(tx driver.Tx, err error) (driver.Tx, error) {
	note("begin")
	return tx, err
}

type interceptedConn struct {
	parent driver.Conn
	note   Note
}

func (c *interceptedConn) Prepare(query string) (driver.Stmt, error) {
	return c.note.stmt(c.parent.Prepare(query))
}

func (c *interceptedConn) PrepareContext(ctx context.Context, query string) (driver.Stmt, error) {
	return c.note.stmt(c.parent.(driver.ConnPrepareContext).PrepareContext(ctx, query))
}

func (c *interceptedConn) Begin() (driver.Tx, error) {
	return c.note.tx(c.parent.Begin())
}

func (c *interceptedConn) BeginTx(ctx context.Context, opts driver.TxOptions) (driver.Tx, error) {
	return c.note.tx(c.parent.(driver.ConnBeginTx).BeginTx(ctx, opts))
}

func (c *interceptedConn) Exec(query string, args []driver.Value) (driver.Result, error) {
	return c.note.exec(c.parent.(driver.Execer).Exec(query, args))
}

func (c *interceptedConn) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	return c.note.exec(c.parent.(driver.ExecerContext).ExecContext(ctx, query, args))
}

func (c *interceptedConn) Query(query string, args []driver.Value) (driver.Rows, error) {
	return c.note.rows(c.parent.(driver.Queryer).Query(query, args))
}

func (c *interceptedConn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	return c.note.rows(c.parent.(driver.QueryerContext).QueryContext(ctx, query, args))
}

type interceptedStmt struct {
	parent driver.Stmt
	note   Note
}

func (s *interceptedStmt) Exec(args []driver.Value) (driver.Result, error) {
	return s.note.exec(s.parent.Exec(args))
}

func (s *interceptedStmt) Query(args []driver.Value) (driver.Rows, error) {
	return s.note.rows(s.parent.Query(args))
}

func (s *interceptedStmt) ExecContext(ctx context.Context, args []driver.NamedValue) (driver.Result, error) {
	return s.note.exec(s.parent.(driver.StmtExecContext).ExecContext(ctx, args))
}

func (s *interceptedStmt) QueryContext(ctx context.Context, args []driver.NamedValue) (driver.Rows, error) {
	return s.note.rows(s.parent.(driver.StmtQueryContext).QueryContext(ctx, args))
}

type interceptedRows struct {
	parent driver.Rows
	note   Note
}

func (r *interceptedRows) Next(dest []driver.Value) error {
	r.note("next")
	return r.parent.Next(dest)
}
