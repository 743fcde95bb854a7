package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"
	"unsafe"
)

// terminal opens a pseudo terminal: what is written to tty can be read from
// screen.
func terminal(t *testing.T) (screen, tty *os.File) {
	t.Helper()
	screen, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Skipf("there are no pseudo terminals here: %v", err)
	}
	t.Cleanup(func() { _ = screen.Close() }) // it may be closed
	var locked, number int32
	for _, c := range []struct {
		request uintptr
		arg     *int32
	}{{syscall.TIOCSPTLCK, &locked}, {syscall.TIOCGPTN, &number}} {
		if _, _, errno := syscall.Syscall(syscall.SYS_IOCTL, screen.Fd(), c.request, uintptr(unsafe.Pointer(c.arg))); errno != 0 {
			t.Fatalf("ioctl %#x of a pseudo terminal: %v", c.request, errno)
		}
	}
	tty, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	return screen, tty
}

func TestProgressIsShownOnATerminalOnly(t *testing.T) {
	t.Parallel()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	probeTo := func(stderr io.Writer, env ...string) (stdout string) {
		addr := freeAddr(t)
		proxy := runningProxy(t, addr, ignore)
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		cmd := exec.CommandContext(ctx, self, "-listen", addr, "-runs", "2", "-scenarios", "echo", proxy.URL)
		cmd.Env = append(append(os.Environ(), asCommand+"=1", "TERM=xterm"), env...)
		cmd.Stderr = stderr
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("wrapprobe: %v", err)
		}
		return string(out)
	}
	onTerminal := func(env ...string) string {
		screen, tty := terminal(t)
		shown := make(chan string, 1)
		go func() {
			all, _ := io.ReadAll(screen) // ends in EIO when nobody has the tty open any more
			shown <- string(all)
		}()
		if out := probeTo(tty, env...); strings.Contains(out, "1 of 1") || !strings.Contains(out, "echo") {
			t.Errorf("standard output is %q, want the report and no progress", out)
		}
		_ = tty.Close() // the command has ended
		return <-shown
	}
	got := onTerminal()
	for _, want := range []string{"\r\x1b[K1 of 1: echo, run 1 of 2", "\r\x1b[K1 of 1: echo, run 2 of 2"} {
		if !strings.Contains(got, want) {
			t.Errorf("a terminal shows %q, want %q", got, want)
		}
	}
	if !strings.HasSuffix(got, "\r\x1b[K") {
		t.Errorf("a terminal shows %q, want the line wiped out in the end", got)
	}
	if got := onTerminal("TERM=dumb"); got != "" {
		t.Errorf("a terminal that cannot wipe out a line shows %q, want nothing", got)
	}
	var pipe strings.Builder
	if probeTo(&pipe); pipe.Len() > 0 {
		t.Errorf("a pipe is sent %q, want nothing", pipe.String())
	}
}
