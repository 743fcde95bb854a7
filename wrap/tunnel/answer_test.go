package tunnel_test

import (
	"bytes"
	"errors"
	"io"
	"net"
	"syscall"
	"testing"

	"github.com/bodywrap/bodywrap/wrap"
	"github.com/bodywrap/bodywrap/wrap/tunnel"
)

// A backend refuses an upload: it answers early and closes. The client sends
// the rest, finishes, and only then reads. It gets the whole answer.
func TestCopyDeliversAnEarlyAnswerToAClientThatUploads(t *testing.T) {
	answer := block(300_000)
	for _, kind := range []string{"tcp", "tls"} {
		for _, tt := range []struct {
			name  string
			close func(t *testing.T, backend net.Conn, told <-chan struct{})
			reset bool // the client must see a reset, since the backend did not finish
			later bool // the client reads after Copy has returned
			why   string
		}{
			{"close", closeConn, true, false, "the backend has not read all its input, so that Close resets"},
			{"half-close, then close", finishAndClose, false, false, "the answer has ended before the reset comes"},
			{"half-close, then close; read later", finishAndClose, false, true, "the kernel still has the answer"},
		} {
			t.Run(kind+"/"+tt.name, func(t *testing.T) {
				var counters tunnel.Counters
				noLeaks(t)
				client, clientPeer := link(t, kind)
				backend, backendPeer := link(t, "tcp")
				told := make(chan struct{}) // closed when CloseWrite has told the client of the end
				client = wrap.Conn(client, wrap.Hooks{CloseWrite: func(next wrap.CloseWriter) error {
					defer close(told)
					return next.CloseWrite()
				}})
				j := joinConns(t, client, clientPeer, backend, backendPeer, &tunnel.Options{Counters: &counters})
				uploading, uploaded := make(chan struct{}), make(chan error, 1)
				go upload(j.client, uploading, uploaded)
				<-uploading
				if _, err := io.ReadFull(j.backend, make([]byte, 1)); err != nil { // the rest stays unread
					t.Fatal(err)
				}
				send(t, j.backend, answer)
				waitFor(t, "the tunnel to deliver the answer", func() bool {
					return counters.ToClient.Load() >= int64(len(answer))
				})
				tt.close(t, j.backend, told)
				if err := <-uploaded; err != nil && !tt.reset {
					t.Fatalf("the upload fails: %v", err)
				} else if err == nil {
					finish(t, j.client)
				}
				if tt.later {
					_, _ = j.wait() // the result is checked below
				}
				got, err := io.ReadAll(j.client)
				if !bytes.Equal(got, answer) || errors.Is(err, syscall.ECONNRESET) != tt.reset || err != nil && !tt.reset {
					t.Errorf("the client read %d bytes, %v, want the %d of the answer; a reset: %v", len(got), err, len(answer), tt.reset)
				}
				j.client.Close()
				result, err := j.wait()
				if err == nil {
					t.Error("Copy = nil, want the backend's reset")
				}
				end := tunnel.EOF
				if tt.reset {
					end = tunnel.Reset
				}
				if d := result.ToClient; d.Bytes != int64(len(answer)) || d.End != end || d.Lost != tt.reset {
					t.Errorf("ToClient: %+v, want %d bytes, %v, lost: %v", d, len(answer), end, tt.reset)
				}
				if d := result.ToBackend; d.End == tunnel.EOF || !d.Lost {
					t.Errorf("ToBackend: %+v, want a failure", d)
				}
			})
		}
	}
}

func closeConn(_ *testing.T, conn net.Conn, _ <-chan struct{}) { conn.Close() }

// finishAndClose waits between FIN and reset. If both come at the same time,
// Linux may report only the reset.
func finishAndClose(t *testing.T, conn net.Conn, told <-chan struct{}) {
	finish(t, conn)
	<-told
	conn.Close()
}

// upload sends 8 MiB, which is more than all buffers on the way hold. It closes
// begun after the first Write.
func upload(conn net.Conn, begun chan<- struct{}, done chan<- error) {
	p := block(64 << 10)
	_, err := conn.Write(p)
	close(begun)
	for i := 0; i < 127 && err == nil; i++ {
		_, err = conn.Write(p)
	}
	done <- err
}
