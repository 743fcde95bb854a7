// Package conns makes bodies of connections, as a transport of one's own does.
package conns

import (
	"bufio"
	"io"
	"net"
	"net/http"
)

type overConn struct {
	br *bufio.Reader
	io.ReadWriteCloser
}

func (b *overConn) Read(p []byte) (int, error) { return b.br.Read(p) }

func newOverConn(br *bufio.Reader, rwc io.ReadWriteCloser) io.ReadWriteCloser {
	return &overConn{br, rwc}
}

func badConstructor(conn net.Conn, req *http.Request) (*http.Response, error) {
	br := bufio.NewReader(conn)
	resp, err := http.ReadResponse(br, req)
	if err == nil && resp.StatusCode == http.StatusSwitchingProtocols {
		resp.Body = newOverConn(br, conn) // want `loses-closewrite: .*\(\*overConn has none\)`
	}
	return resp, err
}

func badLiteral(conn *net.TCPConn, req *http.Request) (*http.Response, error) {
	br := bufio.NewReader(conn)
	resp, err := http.ReadResponse(br, req)
	if err == nil && resp.StatusCode == http.StatusSwitchingProtocols {
		resp.Body = &overConn{br, conn} // want `loses-closewrite`
	}
	return resp, err
}

type whole struct{ overConn }

func (b *whole) CloseWrite() error {
	if cw, ok := b.ReadWriteCloser.(interface{ CloseWrite() error }); ok {
		return cw.CloseWrite()
	}
	return http.ErrNotSupported
}

func goodWhole(conn net.Conn, resp *http.Response) {
	resp.Body = &whole{overConn{bufio.NewReader(conn), conn}}
}

// There is no connection to half-close.
func goodBuffer(rwc io.ReadWriteCloser, resp *http.Response) {
	resp.Body = newOverConn(bufio.NewReader(rwc), rwc)
}

type readOnly struct{ conn net.Conn }

func (r *readOnly) Read(p []byte) (int, error) { return r.conn.Read(p) }
func (r *readOnly) Close() error               { return r.conn.Close() }

func goodReadOnly(conn net.Conn, resp *http.Response) { resp.Body = &readOnly{conn} }
