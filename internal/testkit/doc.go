// Package testkit is what tests repeat: the heads of an upgrade, a connection
// that is reset, TLS on loopback, waiting, tests that wait at the same time,
// short paths for Unix sockets, and a look at what is left over. Only tests
// import it. It imports the standard library only, so that the tests of every
// package can.
package testkit
