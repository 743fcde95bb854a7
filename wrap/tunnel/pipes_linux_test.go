package tunnel_test

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"unsafe"

	"github.com/bodywrap/bodywrap/wrap/tunnel"
)

// pipesInUse returns how many pipes of this process hold bytes, and how many
// bytes they hold together.
func pipesInUse(t *testing.T) (pipes, held int) {
	t.Helper()
	files, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	ends := 0
	for _, f := range files {
		target, err := os.Readlink(filepath.Join("/proc/self/fd", f.Name()))
		if err != nil || !strings.HasPrefix(target, "pipe:") {
			continue
		}
		fd, err := strconv.Atoi(f.Name())
		if err != nil || fd <= 2 { // pipes to the process that runs the test
			continue
		}
		var n int32
		if _, _, errno := syscall.Syscall(syscall.SYS_IOCTL, uintptr(fd), syscall.TIOCINQ, uintptr(unsafe.Pointer(&n))); errno == 0 && n > 0 {
			ends++
			held += int(n)
		}
	}
	return ends / 2, held / 2 // both ends of a pipe report its bytes
}

// Receivers that stall hold every pipe of the process. A direction with many
// bytes to move still gets one of these pipes. The bytes that were in the pipe
// are not lost.
func TestAPipeOfAStalledDirectionIsTakenAway(t *testing.T) {
	noLeaks(t)
	const enough = 16 // the limit of the package
	type stalled struct {
		j        *joined
		sent     atomic.Int64
		finished chan error
	}
	jammed := make([]*stalled, enough)
	for i := range jammed {
		client, sender := link(t, "tcp")
		backend, receiver := link(t, "tcp")
		narrow(t, backend, receiver)
		s := &stalled{j: joinConns(t, client, sender, backend, receiver, nil), finished: make(chan error, 1)}
		jammed[i] = s
		go func() {
			var err error
			for p := block(1 << 20); err == nil && s.sent.Load() < 8<<20; {
				var n int
				n, err = sender.Write(p)
				s.sent.Add(int64(n))
			}
			finish(t, sender)
			s.finished <- err
		}()
		waitFor(t, fmt.Sprintf("%d pipes that hold bytes", i+1), func() bool {
			pipes, _ := pipesInUse(t)
			return pipes == i+1
		})
	}

	bulk := joinLinks(t, "tcp", "tcp", nil)
	stop, flowed := make(chan struct{}), make(chan error, 1)
	go func() { flowed <- floodUntil(stop, bulk.client) }()
	drained := make(chan error, 1)
	go func() {
		_, err := io.Copy(io.Discard, bulk.backend)
		drained <- err
	}()
	before := tunnel.MovedBytes()
	waitFor(t, "bytes of a stalled direction to move to memory", func() bool { return tunnel.MovedBytes() > before })
	if n := tunnel.Pipes(); n > enough {
		t.Errorf("there are %d pipes, want at most %d", n, enough)
	}
	close(stop)
	if err := <-flowed; err != nil {
		t.Error(err)
	}
	finish(t, bulk.client)
	if err := <-drained; err != nil {
		t.Error(err)
	}
	bulk.backend.Close()
	bulk.wait()

	for i, s := range jammed {
		got, p := 0, make([]byte, 64<<10)
		for {
			n, err := s.j.backend.Read(p)
			for k, b := range p[:n] {
				if b != pattern[(got+k)%(1<<20)] {
					t.Fatalf("stalled direction %d: byte %d is not the one that was sent", i, got+k)
				}
			}
			if got += n; err == io.EOF {
				break
			} else if err != nil {
				t.Fatal(err)
			}
		}
		if err := <-s.finished; err != nil || int64(got) != s.sent.Load() {
			t.Errorf("stalled direction %d: %d of %d bytes arrived, %v", i, got, s.sent.Load(), err)
		}
		s.j.backend.Close()
		s.j.wait()
	}
	if n := tunnel.MovedBytes(); n != before {
		t.Errorf("after all bytes were delivered, %d count as left in memory, want %d", n, before)
	}
}

// floodUntil sends until stop is closed.
func floodUntil(stop <-chan struct{}, w io.Writer) error {
	for p := block(1 << 20); ; {
		select {
		case <-stop:
			return nil
		default:
		}
		if _, err := w.Write(p); err != nil {
			return err
		}
	}
}
