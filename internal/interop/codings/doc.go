// Package codings shows how to give package wrap/transform the content codings
// zstd and br, and tests it with them: right bytes from readers and writers
// that are used again, no goroutine left behind, and events that flow. Package
// codings exports nothing.
package codings
