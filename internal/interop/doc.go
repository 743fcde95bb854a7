// Package interop tests the module with real programs and libraries: proxies
// from Debian's packages, WebSocket libraries, a browser, and transports that
// trace or cache. It is a module of its own, so that the other tests need none
// of these downloads:
//
//	go -C internal/interop test ./...
//
// testdata records the verdicts on other people's programs. A test fails if a
// verdict changes. After an update of a program, read the difference and record
// it with
//
//	go -C internal/interop test -run 'Proxies|Transports' -update
//
// Package codings does so with the content codings zstd and br, and package
// flow with streams of events: those of MCP, and what curl prints.
//
// A test of a program that is not installed is skipped: apt-get install nginx
// haproxy caddy chromium curl installs all of them. The test of data races in
// other people's transports builds itself with go test -race, which needs a C
// compiler. Package interop exports nothing.
package interop
