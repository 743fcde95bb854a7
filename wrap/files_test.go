package wrap_test

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/bodywrap/bodywrap/wrap"
)

// An *os.File moves its bytes to and from a socket by sendfile and splice, if
// it finds the socket through SyscallConn. Such a copy would bypass the hooks.
func TestFilesDoNotGoRoundTheHooks(t *testing.T) {
	content := bytes.Repeat([]byte("what is in the file"), 1<<12)
	upper := wrap.Hooks{
		Read: func(next io.Reader, p []byte) (int, error) {
			n, err := next.Read(p)
			copy(p, bytes.ToUpper(p[:n]))
			return n, err
		},
		Write: func(next io.Writer, p []byte) (int, error) { return next.Write(bytes.ToUpper(p)) },
	}
	for _, kind := range connKinds {
		t.Run(kind.name+"/from a file", func(t *testing.T) {
			a, b := kind.pair(t)
			file := contentFile(t, content)
			got, received := make([]byte, len(content)), make(chan error, 1)
			go readFull(b, got, received)
			if n, err := io.Copy(wrap.Conn(a, upper), file); n != int64(len(content)) || err != nil {
				t.Errorf("io.Copy = %d, %v, want %d, nil", n, err, len(content))
			}
			if err := <-received; err != nil || !bytes.Equal(got, bytes.ToUpper(content)) {
				t.Errorf("the peer reads %.20q, %v, want what the Write hook makes of the file", got, err)
			}
		})
		t.Run(kind.name+"/to a file", func(t *testing.T) {
			a, b := kind.pair(t)
			file := contentFile(t, nil)
			sent := make(chan error, 1)
			go writeAll(b, content, sent)
			conn := wrap.Conn(a, upper)
			if n, err := io.CopyN(file, conn, int64(len(content))); n != int64(len(content)) || err != nil {
				t.Errorf("io.CopyN = %d, %v, want %d, nil", n, err, len(content))
			}
			if err := <-sent; err != nil {
				t.Fatal(err)
			}
			if got, err := os.ReadFile(file.Name()); err != nil || !bytes.Equal(got, bytes.ToUpper(content)) {
				t.Errorf("the file has %.20q, %v, want what the Read hook makes of the bytes", got, err)
			}
		})
		t.Run(kind.name+"/to a TCP connection", func(t *testing.T) {
			a, b := kind.pair(t)
			to, peer := tcpPair(t)
			sent, received := make(chan error, 1), make(chan error, 1)
			got := make([]byte, len(content))
			go writeAll(b, content, sent)
			go readFull(peer, got, received)
			if n, err := io.CopyN(to, wrap.Conn(a, upper), int64(len(content))); n != int64(len(content)) || err != nil {
				t.Errorf("io.CopyN = %d, %v, want %d, nil", n, err, len(content))
			}
			if err := <-sent; err != nil {
				t.Fatal(err)
			}
			if err := <-received; err != nil || !bytes.Equal(got, bytes.ToUpper(content)) {
				t.Errorf("the peer reads %.20q, %v, want what the Read hook makes of the bytes", got, err)
			}
		})
	}
}

// contentFile returns a file that contains content. Its offset is at the
// beginning.
func contentFile(t *testing.T, content []byte) *os.File {
	t.Helper()
	name := filepath.Join(t.TempDir(), "content")
	if err := os.WriteFile(name, content, 0o600); err != nil {
		t.Fatal(err)
	}
	file, err := os.OpenFile(name, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { file.Close() })
	return file
}

func readFull(r io.Reader, p []byte, done chan<- error) {
	_, err := io.ReadFull(r, p)
	done <- err
}

func writeAll(w io.Writer, p []byte, done chan<- error) {
	_, err := w.Write(p)
	done <- err
}
