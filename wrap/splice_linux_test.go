package wrap_test

import (
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/bodywrap/bodywrap/wrap"
	"github.com/google/go-cmp/cmp"
)

// counter has hooks that count, and keep the direct way open.
type counter struct {
	read, written int64
	reads, writes int // calls that moved bytes through this process
}

func (c *counter) hooks() wrap.Hooks {
	return wrap.Hooks{
		Read: func(next io.Reader, p []byte) (int, error) {
			n, err := next.Read(p)
			c.read += int64(n)
			c.reads++
			return n, err
		},
		Write: func(next io.Writer, p []byte) (int, error) {
			n, err := next.Write(p)
			c.written += int64(n)
			c.writes++
			return n, err
		},
		WriteTo: func(next io.WriterTo, w io.Writer) (int64, error) {
			n, err := next.WriteTo(w)
			c.read += n
			return n, err
		},
		ReadFrom: func(next io.ReaderFrom, r io.Reader) (int64, error) {
			n, err := next.ReadFrom(r)
			c.written += n
			return n, err
		},
	}
}

// A copy that splices holds a kernel pipe from its first byte to its last. A
// copy that does not splice has no pipe.
func TestCountingHooksKeepSplice(t *testing.T) {
	const size = 1 << 20
	counting := func(c *counter) []wrap.Hooks { return []wrap.Hooks{c.hooks()} }
	looking := func(c *counter) []wrap.Hooks {
		h := c.hooks()
		h.WriteTo, h.ReadFrom = nil, nil
		return []wrap.Hooks{h}
	}
	none := func(*counter) []wrap.Hooks { return nil }
	two := func(c *counter) []wrap.Hooks { return []wrap.Hooks{c.hooks(), closeOnly} }

	tests := []struct {
		name     string
		from, to func(*counter) []wrap.Hooks
		splices  bool
		why      string
	}{
		{"neither wrapped", none, none, true, "as io.Copy does by itself"},
		{"both counted", counting, counting, true, "each hook is handed the direct way"},
		{"source counted", counting, none, true, "WriteTo leads to the destination's ReadFrom"},
		{"destination counted", none, counting, true, "ReadFrom is handed the connection"},
		{"two layers on each", two, two, true, "one layer passes it on to the next"},
		{"source looked at", looking, counting, false, "its Read hook sees each byte"},
		{"destination looked at", counting, looking, false, "its Write hook sees each byte"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			client, from := tcpPair(t)
			to, backend := tcpPair(t)
			var in, out counter
			before := pipes(t)
			copied := make(chan copyResult, 1)
			go copyAll(wrap.Conn(to, tt.to(&out)...), wrap.Conn(from, tt.from(&in)...), copied)
			sent := make(chan error, 1)
			go say(client, make([]byte, size), sent)
			if n, err := io.CopyN(io.Discard, backend, size); err != nil {
				t.Fatalf("the backend read %d bytes, %v, want %d", n, err, size)
			}
			during := pipes(t)
			if err := errors.Join(<-sent, client.Close()); err != nil {
				t.Fatal(err)
			}
			if got := <-copied; got.n != size || got.err != nil {
				t.Errorf("io.Copy = %d, %v, want %d, nil", got.n, got.err, size)
			}
			if got := holdsMore(during, before); got != tt.splices {
				t.Errorf("io.Copy spliced: %v, want %v (%s)", got, tt.splices, tt.why)
			}
			if tt.splices {
				if diff := cmp.Diff([]int{0, 0}, []int{in.reads, out.writes}); diff != "" {
					t.Errorf("calls of Read and of Write (-want +got):\n%s", diff)
				}
			}
			for _, end := range []struct {
				name  string
				hooks []wrap.Hooks
				got   int64
			}{{"source", tt.from(&in), in.read}, {"destination", tt.to(&out), out.written}} {
				if end.hooks != nil && end.got != size {
					t.Errorf("the hooks of the %s counted %d bytes, want %d", end.name, end.got, size)
				}
			}
		})
	}
}

type copyResult struct {
	n   int64
	err error
}

func copyAll(to, from net.Conn, done chan<- copyResult) {
	n, err := io.Copy(to, from)
	done <- copyResult{n, err}
}

func say(c net.Conn, message []byte, done chan<- error) {
	_, err := c.Write(message)
	done <- err
}

// pipes returns the pipes that this process has open. None of them is used by
// a copy that begins later: those that package net kept for that are dropped.
func pipes(t *testing.T) map[string]bool {
	t.Helper()
	runtime.GC() // a sync.Pool lets go of what two collections
	runtime.GC() // found in it
	const dir = "/proc/self/fd"
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	found := make(map[string]bool)
	for _, e := range entries {
		target, err := os.Readlink(filepath.Join(dir, e.Name()))
		if err == nil && strings.HasPrefix(target, "pipe:") {
			found[target] = true
		}
	}
	return found
}

// holdsMore reports whether a has a pipe that b lacks.
func holdsMore(a, b map[string]bool) bool {
	for pipe := range a {
		if !b[pipe] {
			return true
		}
	}
	return false
}
