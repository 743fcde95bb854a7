// Package newrelic times statements, as New Relic's agent does: for each
// element that its generator lists a connection has it or has it not.
package newrelic

//lint:file-ignore SA1019 a wrapper has what is deprecated, too

import (
	"context"
	"database/sql/driver"
	"time"
)

// A Report is called with every statement that was run.
type Report func(query string, took time.Duration)

// Instrument returns d as a driver whose statements are reported.
func Instrument(d driver.Driver, report Report) driver.Driver {
	w := &segmentDriver{original: d, report: report}
	return w.segmentsDriver(segmentsDriverSetOf(d))
}

//wrapgen:for segmentDriver
//wrapgen:test
type segmentsDriver interface {
	driver.DriverContext
}

// segmentsConn has nine elements, each of one method.
//
//wrapgen:for segmentConn
//wrapgen:max 512
//wrapgen:test
type segmentsConn interface {
	driver.ConnBeginTx
	driver.ConnPrepareContext
	driver.Execer
	driver.ExecerContext
	driver.NamedValueChecker
	driver.Pinger
	driver.Queryer
	driver.QueryerContext
	driver.SessionResetter
}

//wrapgen:for segmentStmt
//wrapgen:test
type segmentsStmt interface {
	driver.ColumnConverter
	driver.NamedValueChecker
	driver.StmtExecContext
	driver.StmtQueryContext
}

type segmentDriver struct {
	original driver.Driver
	report   Report
}

func (d *segmentDriver) Open(name string) (driver.Conn, error) {
	c, err := d.original.Open(name)
	return d.report.conn(c, err)
}

func (d *segmentDriver) OpenConnector(name string) (driver.Connector, error) {
	c, err := d.original.(driver.DriverContext).OpenConnector(name)
	if err != nil {
		return nil, err
	}
	return segmentConnector{c, d.report}, nil
}

type segmentConnector struct {
	driver.Connector
	report Report
}

func (c segmentConnector) Connect(ctx context.Context) (driver.Conn, error) {
	conn, err := c.Connector.Connect(ctx)
	return c.report.conn(conn, err)
}

func (report Report) conn(c driver.Conn, err error) (driver.Conn, error) {
	if err != nil {
		return nil, err
	}
	w := &segmentConn{original: c, report: report}
	return w.segmentsConn(segmentsConnSetOf(c)), nil
}

func (report Report) stmt(s driver.Stmt, err error, query string) (driver.Stmt, error) {
	if err != nil {
		return nil, err
	}
	w := &segmentStmt{original: s, query: query, report: report}
	return w.segmentsStmt(segmentsStmtSetOf(s)), nil
}

func (report Report) since(start time.Time, query string) { report(query, time.Since(start)) }

type segmentConn struct {
	original driver.Conn
	report   Report
}

func (c *segmentConn) Prepare(query string) (driver.Stmt, error) {
	s, err := c.original.Prepare(query)
	return c.report.stmt(s, err, query)
}

func (c *segmentConn) PrepareContext(ctx context.Context, query string) (driver.Stmt, error) {
	s, err := c.original.(driver.ConnPrepareContext).PrepareContext(ctx, query)
	return c.report.stmt(s, err, query)
}

func (c *segmentConn) Exec(query string, args []driver.Value) (driver.Result, error) {
	defer c.report.since(time.Now(), query)
	return c.original.(driver.Execer).Exec(query, args)
}

func (c *segmentConn) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	defer c.report.since(time.Now(), query)
	return c.original.(driver.ExecerContext).ExecContext(ctx, query, args)
}

func (c *segmentConn) Query(query string, args []driver.Value) (driver.Rows, error) {
	defer c.report.since(time.Now(), query)
	return c.original.(driver.Queryer).Query(query, args)
}

func (c *segmentConn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	defer c.report.since(time.Now(), query)
	return c.original.(driver.QueryerContext).QueryContext(ctx, query, args)
}

type segmentStmt struct {
	original driver.Stmt
	query    string
	report   Report
}

func (s *segmentStmt) Exec(args []driver.Value) (driver.Result, error) {
	defer s.report.since(time.Now(), s.query)
	return s.original.Exec(args)
}

func (s *segmentStmt) Query(args []driver.Value) (driver.Rows, error) {
	defer s.report.since(time.Now(), s.query)
	return s.original.Query(args)
}

func (s *segmentStmt) ExecContext(ctx context.Context, args []driver.NamedValue) (driver.Result, error) {
	defer s.report.since(time.Now(), s.query)
	return s.original.(driver.StmtExecContext).ExecContext(ctx, args)
}

func (s *segmentStmt) QueryContext(ctx context.Context, args []driver.NamedValue) (driver.Rows, error) {
	defer s.report.since(time.Now(), s.query)
	return s.original.(driver.StmtQueryContext).QueryContext(ctx, args)
}
