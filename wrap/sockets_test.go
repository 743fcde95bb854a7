package wrap_test

import (
	"bufio"
	"fmt"
	"go/build"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"

	"github.com/bodywrap/bodywrap/internal/testkit"
)

// halfCloses says that the body of a 101 has CloseWrite, and a ReverseProxy
// passes half-closes on: both came with Go 1.25.0 (golang/go#72140).
var halfCloses = slices.Contains(build.Default.ReleaseTags, "go1.25")

// dialEcho returns a TCP connection to a server that sends back what it reads,
// and closes when it reads EOF.
func dialEcho(t *testing.T) *net.TCPConn {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan struct{})
	go serveEcho(l, served)
	conn, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		conn.Close()
		l.Close()
		<-served
	})
	return conn.(*net.TCPConn)
}

func serveEcho(l net.Listener, served chan<- struct{}) {
	defer close(served)
	conn, err := l.Accept()
	if err != nil {
		return
	}
	defer conn.Close()
	_, _ = io.Copy(conn, conn) // the client sees what arrived
}

// upgradedBody returns the body of a real 101 response; the backend echoes.
func upgradedBody(t *testing.T) io.ReadCloser {
	t.Helper()
	return upgradedBodyOf(t, upgradeAndEcho)
}

// upgradedBodyOf returns the body of a 101 response of handler.
func upgradedBodyOf(t *testing.T, handler http.HandlerFunc) io.ReadCloser {
	t.Helper()
	backend := httptest.NewServer(handler)
	t.Cleanup(backend.Close)
	req, err := http.NewRequest("GET", backend.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	testkit.AskFor(req, "echo")
	tr := &http.Transport{}
	t.Cleanup(tr.CloseIdleConnections)
	resp, err := tr.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	if resp.StatusCode != http.StatusSwitchingProtocols {
		t.Fatalf("the backend answered %s, want 101", resp.Status)
	}
	t.Cleanup(func() { resp.Body.Close() })
	return resp.Body
}

// upgradeAndEcho switches protocols and sends back what it reads.
func upgradeAndEcho(w http.ResponseWriter, r *http.Request) {
	upgrade(w, func(conn net.Conn, r io.Reader) {
		_, _ = io.Copy(conn, r) // the client sees what arrived
	})
}

// upgrade switches protocols and calls serve with the connection. r returns the
// bytes that were already read, and then those of the connection.
func upgrade(w http.ResponseWriter, serve func(conn net.Conn, r io.Reader)) {
	conn, brw, err := testkit.Switch(w, "echo")
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	defer conn.Close()
	serve(conn, brw)
}

// talk asks h for an upgrade over a real connection, sends text, half-closes,
// and returns the status and what came back.
func talk(h http.Handler, text string) string {
	server := httptest.NewUnstartedServer(h)
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.Start()
	defer server.Close()
	conn, err := net.Dial("tcp", server.Listener.Addr().String())
	if err != nil {
		return err.Error()
	}
	defer conn.Close()
	fmt.Fprint(conn, testkit.UpgradeRequest("echo"))
	br := bufio.NewReader(conn)
	resp, err := http.ReadResponse(br, nil)
	if err != nil {
		return err.Error()
	}
	if resp.StatusCode != http.StatusSwitchingProtocols {
		return resp.Status
	}
	if _, err := io.WriteString(conn, text); err != nil {
		return err.Error()
	}
	echo := make([]byte, len(text))
	if _, err := io.ReadFull(br, echo); err != nil {
		return err.Error()
	}
	if err := conn.(*net.TCPConn).CloseWrite(); err != nil {
		return err.Error()
	}
	if _, err := io.Copy(io.Discard, br); err != nil {
		return err.Error()
	}
	return fmt.Sprintf("%s: %s", resp.Status, echo)
}
