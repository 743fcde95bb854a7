package tunnel_test

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"testing"

	"github.com/bodywrap/bodywrap/wrap/tunnel"
)

func TestCopySendsBufferedBytesFirst(t *testing.T) {
	for _, kind := range []string{"tcp", "tls", "unix", "pipe"} {
		for _, size := range []int{1, 1007, 5000} {
			for _, fin := range []bool{false, true} {
				if kind == "pipe" && fin {
					continue // it has no half-close
				}
				t.Run(fmt.Sprintf("%s/%d/fin=%v", kind, size, fin), func(t *testing.T) {
					noLeaks(t)
					client, clientPeer := link(t, kind)
					backend, backendPeer := link(t, "tcp")
					early := block(size)
					go send(t, clientPeer, early)
					br := bufio.NewReaderSize(client, 8192)
					for br.Buffered() < size {
						if _, err := br.Peek(br.Buffered() + 1); err != nil {
							t.Fatal(err)
						}
					}
					counters := new(tunnel.Counters)
					j := joinConns(t, client, clientPeer, backend, backendPeer, &tunnel.Options{
						ClientBuffered: br,
						Counters:       counters,
					})
					want := early
					if !fin {
						want = append(early[:size:size], "later"...)
						go send(t, clientPeer, []byte("later"))
					} else {
						finish(t, clientPeer)
					}
					got := make([]byte, len(want))
					if _, err := io.ReadFull(backendPeer, got); err != nil || !bytes.Equal(got, want) {
						t.Fatalf("the backend read %d of %d bytes, %v", len(got), len(want), err)
					}
					if fin {
						if n, err := backendPeer.Read(got); err != io.EOF {
							t.Errorf("after them, Read = %d, %v; want EOF", n, err)
						}
						backendPeer.Close()
					} else {
						j.cancel()
					}
					if result, _ := j.wait(); result.ToBackend.Bytes != int64(len(want)) || counters.ToBackend.Load() != int64(len(want)) {
						t.Errorf("counted %d and %d, want %d", result.ToBackend.Bytes, counters.ToBackend.Load(), len(want))
					}
				})
			}
		}
	}
}

// golang/go#80875: ReverseProxy loses bytes that the client sends with its
// request.
func TestUpgradeLosesNoEarlyBytes(t *testing.T) {
	tests := []struct {
		why    string
		size   int
		before bool // the client sends them before the 101, but not with the request
	}{
		{"with the request", 1000, false},
		{"before the 101", 1000, true},
		{"with the request, more than a buffer", 10_000, false},
		{"before the 101, more than a buffer", 10_000, true},
	}
	for _, kind := range kinds {
		for _, tt := range tests {
			for _, fin := range []bool{false, true} {
				t.Run(fmt.Sprintf("%s/%s/fin=%v", kind, tt.why, fin), func(t *testing.T) {
					noLeaks(t)
					asked, sent := make(chan struct{}), make(chan struct{})
					p := startProxyOn(t, kind, func(t *testing.T, conn net.Conn, br *bufio.Reader) {
						close(asked)
						<-sent
						echoBackend(t, conn, br)
					})
					conn := p.dial(t)
					early := block(tt.size)
					request := []byte(upgradeRequest)
					if tt.before {
						send(t, conn, request)
						<-asked
						send(t, conn, early)
					} else {
						send(t, conn, append(request, early...))
					}
					want := early
					if fin {
						finish(t, conn)
					}
					close(sent)
					br := bufio.NewReader(conn)
					readSwitching(t, br)
					if !fin {
						send(t, conn, []byte("later"))
						want = append(early, "later"...)
						finish(t, conn)
					}
					got, err := io.ReadAll(br)
					if err != nil || !bytes.Equal(got, want) {
						t.Errorf("the client read %d of %d bytes that the backend sends back, %v", len(got), len(want), err)
					}
					if o := p.wait(t); o.err != nil || o.result.ToBackend.Bytes != int64(len(want)) {
						t.Errorf("Upgrade = %+v, %v", o.result, o.err)
					}
				})
			}
		}
	}
}

// The Transport may have read these bytes into its buffer with the 101.
func TestUpgradeDeliversWhatComesWithTheAnswer(t *testing.T) {
	tests := []struct {
		why  string
		size int
		fin  bool
	}{
		{"in one segment", 100, false},
		{"in one segment with FIN", 100, true},
		{"more than a buffer, and FIN", 6000, true},
	}
	for _, kind := range kinds {
		for _, tt := range tests {
			t.Run(kind+"/"+tt.why, func(t *testing.T) {
				noLeaks(t)
				data := block(tt.size)
				read := make(chan struct{})
				p := startProxyOn(t, kind, func(t *testing.T, conn net.Conn, br *bufio.Reader) {
					cork(t, conn)
					send(t, conn, append([]byte(upgradeResponse), data...))
					if !tt.fin {
						uncork(t, conn)
						<-read
					}
					finish(t, conn) // this also sends what cork holds back
					if _, err := io.Copy(io.Discard, br); err != nil {
						t.Errorf("the backend's Read = %v", err)
					}
				})
				conn := p.dial(t)
				send(t, conn, []byte(upgradeRequest))
				br := bufio.NewReader(conn)
				readSwitching(t, br)
				got := make([]byte, len(data))
				if _, err := io.ReadFull(br, got); err != nil || !bytes.Equal(got, data) {
					t.Errorf("the client did not read the %d bytes after the 101: %v", len(data), err)
				}
				close(read)
				if n, err := br.Read(got); err != io.EOF {
					t.Errorf("after them, Read = %d, %v; want EOF", n, err)
				}
				finish(t, conn)
				if o := p.wait(t); o.err != nil {
					t.Errorf("Upgrade = %+v, %v", o.result, o.err)
				}
			})
		}
	}
}
