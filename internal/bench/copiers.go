package main

import (
	"context"
	"io"
	"net"

	"github.com/bodywrap/bodywrap/wrap"
	"github.com/bodywrap/bodywrap/wrap/tunnel"
)

// copiers join a client's connection and one with the backend, and close both.
var copiers = map[string]func(client, backend *net.TCPConn){
	"tunnel.Copy": func(client, backend *net.TCPConn) {
		_, _ = tunnel.Copy(context.Background(), client, backend, nil) // the client sees any failure
	},
	"tunnel.Copy with Done": func(client, backend *net.TCPConn) {
		_, _ = tunnel.Copy(context.Background(), client, wrap.Conn(backend, done), nil)
	},
	"tunnel.Copy, bytes hooked": func(client, backend *net.TCPConn) {
		_, _ = tunnel.Copy(context.Background(), client, wrap.Conn(backend, counting), nil)
	},
	"io.Copy twice": func(client, backend *net.TCPConn) {
		both(client, backend, func(dst, src *net.TCPConn) { _, _ = io.Copy(dst, src) })
	},
	"io.CopyBuffer twice, no splice": func(client, backend *net.TCPConn) {
		both(client, backend, func(dst, src *net.TCPConn) {
			_, _ = io.CopyBuffer(struct{ io.Writer }{dst}, struct{ io.Reader }{src}, make([]byte, 32<<10))
		})
	},
}

// both does the least that a hand-written tunnel must do: it passes half-closes
// on, and closes both connections at the end.
func both(client, backend *net.TCPConn, copyTo func(dst, src *net.TCPConn)) {
	defer client.Close()
	defer backend.Close()
	toBackend := make(chan struct{})
	go func() {
		defer close(toBackend)
		copyTo(backend, client)
		_ = backend.CloseWrite() // fails if the backend has gone
	}()
	copyTo(client, backend)
	_ = client.CloseWrite()
	<-toBackend
}

func acceptAndJoin(l net.Listener, backend string, join func(client, backend *net.TCPConn)) {
	for {
		client, err := l.Accept()
		if err != nil {
			return
		}
		go dialAndJoin(client.(*net.TCPConn), backend, join)
	}
}

func dialAndJoin(client *net.TCPConn, addr string, join func(client, backend *net.TCPConn)) {
	backend, err := net.Dial("tcp", addr)
	if err != nil {
		client.Close()
		return
	}
	join(client, backend.(*net.TCPConn))
}
