// Package grpcstream counts the messages of grpc streams. Code that is
// generated for a service hands streams around that have typed methods, too:
// Send and Recv go round SendMsg and RecvMsg.
package grpcstream

import "google.golang.org/grpc"

// Messages are how many messages went through a stream.
type Messages struct{ Sent, Received int }

// Server returns s as a stream that counts in n.
func Server[Req, Res any](s grpc.ServerStream, n *Messages) grpc.ServerStream {
	c := &countedServer[Req, Res]{ServerStream: s, n: n}
	return c.serving(servingSetOf[Req, Res](s))
}

// Client returns s as a stream that counts in n.
func Client[Req, Res any](s grpc.ClientStream, n *Messages) grpc.ClientStream {
	c := &countedClient[Req, Res]{ClientStream: s, n: n}
	return c.calling(callingSetOf[Req, Res](s))
}

// serving is what grpc.GenericServerStream has beside grpc.ServerStream.
//
//wrapgen:for countedServer
//wrapgen:test newTestServer
//wrapgen:as
type serving[Req, Res any] interface {
	Recv() (*Req, error)       //wrapgen:like RecvMsg
	Send(m *Res) error         //wrapgen:like SendMsg
	SendAndClose(m *Res) error //wrapgen:like SendMsg
}

type countedServer[Req, Res any] struct {
	grpc.ServerStream
	n *Messages
}

// newTestServer is for the generated test.
func newTestServer[Req, Res any](s grpc.ServerStream) *countedServer[Req, Res] {
	return &countedServer[Req, Res]{ServerStream: s, n: new(Messages)}
}

func (s *countedServer[Req, Res]) RecvMsg(m any) error {
	return s.n.received(s.ServerStream.RecvMsg(m))
}

func (s *countedServer[Req, Res]) SendMsg(m any) error {
	return s.n.sent(s.ServerStream.SendMsg(m))
}

func (s *countedServer[Req, Res]) Recv() (*Req, error) {
	m, err := s.ServerStream.(grpc.BidiStreamingServer[Req, Res]).Recv()
	return m, s.n.received(err)
}

func (s *countedServer[Req, Res]) Send(m *Res) error {
	return s.n.sent(s.ServerStream.(grpc.ServerStreamingServer[Res]).Send(m))
}

func (s *countedServer[Req, Res]) SendAndClose(m *Res) error {
	return s.n.sent(s.ServerStream.(grpc.ClientStreamingServer[Req, Res]).SendAndClose(m))
}

// calling is what grpc.GenericClientStream has beside grpc.ClientStream.
// Whether a message was sent, SendMsg knows alone; CloseAndRecv receives one.
//
//wrapgen:for countedClient
//wrapgen:like SendMsg Send
//wrapgen:like RecvMsg Recv CloseAndRecv
//wrapgen:test newTestClient
type calling[Req, Res any] interface {
	Recv() (*Res, error)
	Send(m *Req) error
	CloseAndRecv() (*Res, error)
}

type countedClient[Req, Res any] struct {
	grpc.ClientStream
	n *Messages
}

// newTestClient is for the generated test.
func newTestClient[Req, Res any](s grpc.ClientStream) *countedClient[Req, Res] {
	return &countedClient[Req, Res]{ClientStream: s, n: new(Messages)}
}

func (s *countedClient[Req, Res]) RecvMsg(m any) error {
	return s.n.received(s.ClientStream.RecvMsg(m))
}

func (s *countedClient[Req, Res]) SendMsg(m any) error {
	return s.n.sent(s.ClientStream.SendMsg(m))
}

func (s *countedClient[Req, Res]) Recv() (*Res, error) {
	m, err := s.ClientStream.(grpc.ServerStreamingClient[Res]).Recv()
	return m, s.n.received(err)
}

func (s *countedClient[Req, Res]) Send(m *Req) error {
	return s.n.sent(s.ClientStream.(grpc.BidiStreamingClient[Req, Res]).Send(m))
}

func (s *countedClient[Req, Res]) CloseAndRecv() (*Res, error) {
	m, err := s.ClientStream.(grpc.ClientStreamingClient[Req, Res]).CloseAndRecv()
	return m, s.n.received(err)
}

func (n *Messages) sent(err error) error {
	if err == nil {
		n.Sent++
	}
	return err
}

func (n *Messages) received(err error) error {
	if err == nil {
		n.Received++
	}
	return err
}
