// Package wraptest finds out what a wrapper loses: of a body, of a connection,
// of a response on its way through a proxy. The wrapper need not be one of
// package wrap's.
//
//	func TestMeteredBody(t *testing.T) {
//		wraptest.Body(t, func(body io.ReadCloser) io.ReadCloser { return newMeteredBody(body) })
//	}
//
// [Body] and [Conn] call every method and look at what reaches the original.
// [ModifyResponse], [Transport] and [Proxy] put what is tested into a proxy
// between a client and a backend, over real sockets on loopback, with plain TCP
// and with TLS to the backend, and play the scenarios in which connections end.
//
// Every check reports all that it found, one sentence for each fault, which
// says what a user would notice. With a [*testing.T] each check is a subtest.
// The forms that begin with Check return the faults, joined, as an error whose
// parts are of type [*Finding].
//
// [ModifyResponse] and [Transport] blame nobody for what
// [net/http/httputil.ReverseProxy] does by itself in the Go version at hand:
// a scenario that the untouched response does not pass is left out. [Proxy]
// expects everything.
//
// Package wraptest finds no data race by itself: run it with -race.
package wraptest
