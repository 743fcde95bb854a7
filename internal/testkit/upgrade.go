package testkit

import (
	"bufio"
	"io"
	"net"
	"net/http"
)

// UpgradeRequest returns the head of a request that asks for protocol.
func UpgradeRequest(protocol string) string {
	return "GET / HTTP/1.1\r\nHost: example.com\r\nConnection: Upgrade\r\nUpgrade: " + protocol + "\r\n\r\n"
}

// Switching returns the head of a 101 response that agrees to protocol.
func Switching(protocol string) string {
	return "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: " + protocol + "\r\n\r\n"
}

// AskFor makes req ask for an upgrade to protocol.
func AskFor(req *http.Request, protocol string) {
	req.Header.Set("Connection", "Upgrade")
	req.Header.Set("Upgrade", protocol)
}

// Switch hijacks the connection of w and answers 101 for protocol. It returns
// what Hijack does. If the client has gone by then, reading the connection
// tells.
func Switch(w http.ResponseWriter, protocol string) (net.Conn, *bufio.ReadWriter, error) {
	conn, brw, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return nil, nil, err
	}
	_, _ = io.WriteString(conn, Switching(protocol)) // see above
	return conn, brw, nil
}
