// Package driverconn traces what database/sql does with a connection.
package driverconn

import (
	"context"
	"database/sql/driver"
)

// Trace returns c as a connection that calls note with every statement.
func Trace(c driver.Conn, note func(query string)) driver.Conn {
	t := &tracedConn{Conn: c, note: note}
	return t.traced(tracedSetOf(c))
}

// traced is what database/sql may ask a connection for.
//
//wrapgen:for tracedConn
//wrapgen:test
type traced interface {
	driver.Pinger
	driver.ExecerContext
	driver.QueryerContext
	driver.ConnPrepareContext
	driver.ConnBeginTx
	driver.NamedValueChecker
	interface { // a pool's connection has both
		driver.SessionResetter
		driver.Validator
	}
	//wrapgen:pass
	interface { // from before there were contexts
		// Exec runs a statement; database/sql prefers ExecContext.
		Exec(query string, args []driver.Value) (driver.Result, error)
		Query(query string, args []driver.Value) (driver.Rows, error)
	}
}

type tracedConn struct {
	_ [0]func()
	driver.Conn
	note func(query string)
}

func (c *tracedConn) Prepare(query string) (driver.Stmt, error) {
	c.note(query)
	return c.Conn.Prepare(query)
}

func (c *tracedConn) PrepareContext(ctx context.Context, query string) (driver.Stmt, error) {
	c.note(query)
	return c.Conn.(driver.ConnPrepareContext).PrepareContext(ctx, query)
}

func (c *tracedConn) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	c.note(query)
	return c.Conn.(driver.ExecerContext).ExecContext(ctx, query, args)
}

func (c *tracedConn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	c.note(query)
	return c.Conn.(driver.QueryerContext).QueryContext(ctx, query, args)
}
