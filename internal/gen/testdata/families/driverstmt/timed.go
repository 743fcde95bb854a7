// Package driverstmt times statements.
package driverstmt

import (
	"context"
	"database/sql/driver"
	"time"
)

// Time returns s as a statement that tells done how long each execution took.
func Time(s driver.Stmt, done func(time.Duration)) driver.Stmt {
	t := &timedStmt{Stmt: s, done: done}
	return t.timed(timedSetOf(s))
}

// timed is what database/sql may ask a statement for.
// The method ColumnConverter has the name of its interface, so that a struct
// with the interface embedded would have a field in its place.
//
//wrapgen:for timedStmt
//wrapgen:test
type timed interface {
	ColumnConverter(index int) driver.ValueConverter
	driver.NamedValueChecker
	driver.StmtExecContext
	driver.StmtQueryContext
}

type timedStmt struct {
	driver.Stmt
	done func(time.Duration)
}

func (s *timedStmt) Exec(args []driver.Value) (driver.Result, error) {
	defer s.since(time.Now())
	return s.Stmt.Exec(args) //lint:ignore SA1019 a wrapper has to have it
}

func (s *timedStmt) Query(args []driver.Value) (driver.Rows, error) {
	defer s.since(time.Now())
	return s.Stmt.Query(args) //lint:ignore SA1019 a wrapper has to have it
}

func (s *timedStmt) ExecContext(ctx context.Context, args []driver.NamedValue) (driver.Result, error) {
	defer s.since(time.Now())
	return s.Stmt.(driver.StmtExecContext).ExecContext(ctx, args)
}

func (s *timedStmt) QueryContext(ctx context.Context, args []driver.NamedValue) (driver.Rows, error) {
	defer s.since(time.Now())
	return s.Stmt.(driver.StmtQueryContext).QueryContext(ctx, args)
}

func (s *timedStmt) since(start time.Time) { s.done(time.Since(start)) }
