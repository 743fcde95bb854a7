package wraptest

import (
	"fmt"
	"io"
	"net"
	"slices"
	"testing"
	"time"
)

// Body tests a wrapper of a body. For each combination of optional methods, it
// wraps a body that has them, and checks the methods and the calls of the
// result.
//
// One Close may reach the body more than once, which bodies allow. Every other
// call must reach the body exactly once.
//
// Body ends a check that waits in vain for Options.Timeout, and does not run it
// for the other combinations.
func Body(t testing.TB, wrap func(io.ReadCloser) io.ReadCloser, opts ...Options) {
	t.Helper()
	checkBody(wrap, single(opts)).report(t)
}

// CheckBody is [Body] without a testing.TB.
func CheckBody(wrap func(io.ReadCloser) io.ReadCloser, opts ...Options) error {
	return checkBody(wrap, single(opts)).joined()
}

// Conn tests a wrapper of a connection, as [Body] tests a wrapper of a body.
// With ConnectionState and HandshakeContext, for which net/http asks since Go
// 1.27, Conn does not test every combination. It tests the methods of a
// *tls.Conn, of TLS connections whose handshake is done or comes later, and of
// a connection with all methods.
func Conn(t testing.TB, wrap func(net.Conn) net.Conn, opts ...Options) {
	t.Helper()
	checkConn(wrap, single(opts)).report(t)
}

// CheckConn is [Conn] without a testing.TB.
func CheckConn(wrap func(net.Conn) net.Conn, opts ...Options) error {
	return checkConn(wrap, single(opts)).joined()
}

func checkBody(wrap func(io.ReadCloser) io.ReadCloser, o settings) (all findings) {
	checks := bodyChecks
	for _, m := range bodyShapes() {
		var found findings
		found, checks = checkEach(checks, m, o, func(orig *original) subject {
			body := orig.body(m)
			return subject{original: orig, shape: body, wrapped: wrap(body), family: bodyFamily, has: m}
		})
		all = append(all, found...)
	}
	return all
}

func checkConn(wrap func(net.Conn) net.Conn, o settings) (all findings) {
	checks := slices.Concat(bodyChecks, connChecks)
	for _, m := range connShapes() {
		var found findings
		found, checks = checkEach(checks, m, o, func(orig *original) subject {
			conn := orig.conn(m)
			s := subject{original: orig, shape: conn, family: connFamily, has: m}
			if c := wrap(conn); c != nil {
				s.wrapped = c
			}
			return s
		})
		all = append(all, found...)
	}
	return all
}

// A subject is a wrapper around an original, for one check.
type subject struct {
	*original
	shape   io.ReadCloser // the wrapped value: original with the methods in has
	wrapped io.ReadCloser // the result of the wrapper
	family  methods       // all optional methods of a body or connection
	has     methods       // the optional methods of shape
	options settings
	faults  []string // what the check has found
	waited  bool     // the check has waited in vain for Options.Timeout
}

// fault records a fault, in a sentence that says what the user loses.
func (s *subject) fault(format string, args ...any) {
	s.faults = append(s.faults, fmt.Sprintf(format, args...))
}

// A check tests one method or one property. run records its faults in found. It
// calls fresh for each subject that it needs, with the reader from which the
// subject's original reads.
type check struct {
	name string
	run  func(found *subject, fresh func(src io.Reader) *subject)
}

// checkEach runs every check for one combination of methods. A check that
// panics or does not return is a finding too. rest is checks without those that
// have waited in vain for o.Timeout: there are up to 68 combinations, and
// package testing allows ten minutes for all.
func checkEach(checks []check, m methods, o settings, newSubject func(*original) subject) (all findings, rest []check) {
	if s := newSubject(newOriginal(nothing())); s.wrapped == nil {
		return findings{{m.String(), []*Finding{{m.String(), "the wrapper returns nil"}}}}, checks
	}
	for _, c := range checks {
		name := m.String() + "/" + c.name
		if o.skips(name) {
			rest = append(rest, c)
			continue
		}
		limited := o
		limited.Timeout = o.timeout(name)
		faults, waited := c.faults(limited, newSubject)
		got := checked{name: name}
		for _, f := range faults {
			got.found = append(got.found, &Finding{name, f})
		}
		all = append(all, got)
		if !waited {
			rest = append(rest, c)
		}
	}
	return all, rest
}

// faults runs the check. It returns the faults, and whether the check has
// waited in vain for o.Timeout.
func (c check) faults(o settings, newSubject func(*original) subject) (faults []string, waited bool) {
	found := &subject{options: o} // belongs to the check until it has returned
	running := start(func() {
		c.run(found, func(src io.Reader) *subject {
			s := newSubject(newOriginal(src))
			s.options = o
			return &s
		})
	})
	switch panicked, ok := running.within(2 * o.Timeout); {
	case !ok:
		return []string{fmt.Sprintf("the wrapper did not return from a call within %v", 2*o.Timeout)}, true
	case panicked != nil:
		return []string{fmt.Sprintf("a call of the wrapper panics: %v", panicked)}, false
	}
	return found.faults, found.waited
}

// A done is a call in a separate goroutine.
type done struct {
	returned chan struct{} // closed when the call has returned or panicked
	panicked any           // the panic's value; set before returned is closed
}

func (d *done) run(f func()) {
	defer close(d.returned)
	defer func() { d.panicked = recover() }()
	f()
}

// within waits up to limit for the call, and returns the value of its panic. ok
// is false if the call has not returned.
func (d *done) within(limit time.Duration) (panicked any, ok bool) {
	timer := time.NewTimer(limit)
	defer timer.Stop()
	select {
	case <-d.returned:
		return d.panicked, true
	case <-timer.C:
		return nil, false
	}
}

// start calls f in a separate goroutine.
func start(f func()) *done {
	d := &done{returned: make(chan struct{})}
	go d.run(f)
	return d
}
