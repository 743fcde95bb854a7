//go:build !linux

package tunnel_test

import "errors"

// runPeer does nothing: the benchmarks that start peers are for Linux.
func runPeer(string, []string) error { return errors.New("only Linux has peers") }
