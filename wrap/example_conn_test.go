package wrap_test

import (
	"fmt"
	"io"
	"net"

	"github.com/bodywrap/bodywrap/wrap"
)

// A client sends its last message and half-closes, and the server answers. The
// hooks that count the bytes keep CloseWrite and the fast path from socket to
// socket.
func ExampleConn() {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	defer l.Close()
	go func() {
		server, err := l.Accept()
		if err != nil {
			return
		}
		defer server.Close()
		question, _ := io.ReadAll(server) // until the client's CloseWrite
		fmt.Fprintf(server, "you said %q", question)
	}()

	var sent, received int64
	dialed, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		panic(err)
	}
	conn := wrap.Conn(dialed, wrap.Hooks{
		Read: func(next io.Reader, p []byte) (int, error) {
			n, err := next.Read(p)
			received += int64(n)
			return n, err
		},
		WriteTo: func(next io.WriterTo, w io.Writer) (int64, error) {
			n, err := next.WriteTo(w)
			received += n
			return n, err
		},
		Write: func(next io.Writer, p []byte) (int, error) {
			n, err := next.Write(p)
			sent += int64(n)
			return n, err
		},
		ReadFrom: func(next io.ReaderFrom, r io.Reader) (int64, error) {
			n, err := next.ReadFrom(r)
			sent += n
			return n, err
		},
	})
	defer conn.Close()

	fmt.Fprint(conn, "goodbye")
	if err := conn.(wrap.CloseWriter).CloseWrite(); err != nil {
		panic(err)
	}
	answer, _ := io.ReadAll(conn)
	fmt.Printf("%s\nsent %d bytes, received %d\n", answer, sent, received)
	// Output:
	// you said "goodbye"
	// sent 7 bytes, received 18
}
