// Package wraptest finds the methods and the behaviour that a wrapper loses. It
// tests wrappers of bodies, of connections, and of responses that pass through
// a proxy. The wrapper need not be from package wrap.
//
//	func TestMeteredBody(t *testing.T) {
//		wraptest.Body(t, func(body io.ReadCloser) io.ReadCloser {
//			return newMeteredBody(body)
//		})
//	}
//
// [Body] and [Conn] call every method and check the calls that reach the
// original. [ModifyResponse], [Transport] and [Proxy] put the code under test
// into a proxy between a client and a backend, over real sockets on loopback,
// with plain TCP and with TLS to the backend. They then play the scenarios in
// which connections end.
//
// Every check reports all faults that it found. Each fault is one sentence that
// says what a user would notice. With a [*testing.T] each check is a subtest.
// The functions that begin with Check return the faults, joined, as an error
// whose parts are of type [*Finding].
//
// [ModifyResponse] and [Transport] leave out the scenarios that
// [net/http/httputil.ReverseProxy] does not pass with an unchanged response in
// the Go version in use. [Proxy] expects everything.
//
// Package wraptest does not detect data races: run it with -race.
package wraptest
