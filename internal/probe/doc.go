// Package probe plays close scenarios through a proxy and reports what came
// out at the other end.
//
// It is both ends of the tunnel: a client that asks the proxy for an upgrade,
// and the backend that the proxy connects to. A [Scenario] is a short straight
// program over the two, so what it reports is what two applications would see:
// which bytes arrived, when the other side knew, and how it was told. A
// [Proxy] says how the two are reached; [Serve] puts a handler of this process
// between them.
//
// Package probe does not know who wraps what. It reports; package wraptest and
// cmd/wrapprobe judge and print.
package probe
