package wraptest

import (
	"fmt"
	"io"
	"net"
	"slices"
	"testing"
	"time"
)

// Body tests a wrapper of a body: for each combination of optional methods it
// wraps a body that has those, and looks at what the result has and does.
//
// Close may reach the body more than once for one call, which bodies allow;
// every other call must reach it exactly once.
func Body(t testing.TB, wrap func(io.ReadCloser) io.ReadCloser, opts ...Options) {
	t.Helper()
	checkBody(wrap, only(opts)).report(t)
}

// CheckBody is [Body] without a testing.TB.
func CheckBody(wrap func(io.ReadCloser) io.ReadCloser, opts ...Options) error {
	return checkBody(wrap, only(opts)).joined()
}

// Conn tests a wrapper of a connection, as [Body] tests that of a body. The
// connections that have ConnectionState and HandshakeContext, which net/http
// asks for since Go 1.27, are not all combinations but a few: those of a
// *tls.Conn, of TLS that has shaken hands before, and of a connection that can
// do everything.
func Conn(t testing.TB, wrap func(net.Conn) net.Conn, opts ...Options) {
	t.Helper()
	checkConn(wrap, only(opts)).report(t)
}

// CheckConn is [Conn] without a testing.TB.
func CheckConn(wrap func(net.Conn) net.Conn, opts ...Options) error {
	return checkConn(wrap, only(opts)).joined()
}

func checkBody(wrap func(io.ReadCloser) io.ReadCloser, o Options) (all findings) {
	for _, m := range bodyShapes() {
		all = append(all, checkEach(bodyChecks, m, o, func(orig *original) subject {
			body := orig.body(m)
			return subject{original: orig, shape: body, wrapped: wrap(body), family: ofBody, has: m}
		})...)
	}
	return all
}

func checkConn(wrap func(net.Conn) net.Conn, o Options) (all findings) {
	checks := append(slices.Clone(bodyChecks), connChecks...)
	for _, m := range connShapes() {
		all = append(all, checkEach(checks, m, o, func(orig *original) subject {
			conn := orig.conn(m)
			s := subject{original: orig, shape: conn, family: ofConn, has: m}
			if c := wrap(conn); c != nil {
				s.wrapped = c
			}
			return s
		})...)
	}
	return all
}

// A subject is a wrapper around an original.
type subject struct {
	*original
	shape   io.ReadCloser // what was wrapped: the original, with the methods in has
	wrapped io.ReadCloser
	family  methods
	has     methods
	options Options
	faults  []string
}

// fault notes a fault, in a sentence that tells the user's loss.
func (s *subject) fault(format string, args ...any) {
	s.faults = append(s.faults, fmt.Sprintf(format, args...))
}

// A check looks at one thing. It makes as many subjects as it needs, each from
// what there is to read.
type check struct {
	name string
	run  func(s *subject, fresh func(src io.Reader) *subject)
}

// checkEach makes every check of one combination of methods. One that panics
// or does not return is a finding too.
func checkEach(checks []check, m methods, o Options, make func(*original) subject) (all findings) {
	if s := make(newOriginal(nothing())); s.wrapped == nil {
		return findings{{m.String(), []*Finding{{m.String(), "the wrapper returns nil"}}}}
	}
	for _, c := range checks {
		name := m.String() + "/" + c.name
		if o.skips(name) {
			continue
		}
		var faults []string
		done := newDone()
		go done.run(func() {
			collect := &subject{options: o}
			c.run(collect, func(src io.Reader) *subject {
				s := make(newOriginal(src))
				s.options = o
				return &s
			})
			faults = collect.faults
		})
		got := checked{name: name}
		switch panicked, ok := done.within(2 * o.Timeout); {
		case !ok:
			faults = []string{fmt.Sprintf("the wrapper did not return from a call within %v", 2*o.Timeout)}
		case panicked != nil:
			faults = []string{fmt.Sprintf("a call of the wrapper panics: %v", panicked)}
		}
		for _, f := range faults {
			got.found = append(got.found, &Finding{name, f})
		}
		all = append(all, got)
	}
	return all
}

// A done is a call under way in a goroutine of its own.
type done struct {
	over     chan struct{}
	panicked any
}

func newDone() *done { return &done{over: make(chan struct{})} }

func (d *done) run(f func()) {
	defer close(d.over)
	defer func() { d.panicked = recover() }()
	f()
}

// within waits for the call, and returns what it panicked with.
func (d *done) within(limit time.Duration) (panicked any, ok bool) {
	timer := time.NewTimer(limit)
	defer timer.Stop()
	select {
	case <-d.over:
		return d.panicked, true
	case <-timer.C:
		return nil, false
	}
}

// start makes a call that may hang.
func start(f func()) *done {
	d := newDone()
	go d.run(f)
	return d
}
