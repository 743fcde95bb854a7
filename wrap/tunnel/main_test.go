package tunnel_test

import (
	"flag"
	"fmt"
	"os"
	"testing"

	"github.com/bodywrap/bodywrap/internal/testkit"
	"github.com/bodywrap/bodywrap/wrap/tunnel"
)

// peerVariable, in the environment, names the role in which the test binary
// has started itself.
const peerVariable = "TUNNEL_TEST_PEER"

func TestMain(m *testing.M) {
	if role := os.Getenv(peerVariable); role != "" {
		if err := runPeer(role, os.Args[1:]); err != nil {
			fmt.Fprintln(os.Stderr, role, err)
			os.Exit(1)
		}
		return
	}
	flag.Parse()
	waitTogether()
	os.Exit(testkit.ExitCode(m, os.Stderr, tunnel.DropPipes))
}

// waitTogether lets all tests that call t.Parallel run at the same time, unless
// -parallel is given. These tests wait for a limit of time and use little of a
// CPU. By default there would be no more of them than CPUs.
//
// A parallel test does not call noLeaks. ExitCode looks for its leaks.
func waitTogether() {
	given := false
	flag.Visit(func(f *flag.Flag) { given = given || f.Name == "test.parallel" })
	if !given {
		_ = flag.Set("test.parallel", "32") // package testing has this flag
	}
}
