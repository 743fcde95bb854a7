// Package interop tests the module against real things: proxies that Debian
// packages, WebSocket libraries, a browser, and the transports of tracing and
// caching libraries. It is a module of its own, so that nobody downloads these
// in order to run the other tests:
//
//	go -C internal/interop test ./...
//
// What was found out about other people's programs is recorded in testdata, and
// a verdict that changes fails. After a new version, look at what changed and
// record it with
//
//	go -C internal/interop test -run 'Proxies|Transports' -update
//
// Package codings does so with the content codings zstd and br, and package
// flow with streams of events: those of MCP, and what curl prints.
//
// Programs that are not installed are skipped: apt-get install nginx haproxy
// caddy chromium curl has them all. The data races of other people's transports
// are found with go test -race, which needs a C compiler. Package interop
// exports nothing.
package interop
