package grpcstream

import (
	"context"
	"io"
	"net"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/types/known/wrapperspb"
)

type msg = wrapperspb.StringValue

// desc is a service that sends back each message twice.
var desc = grpc.ServiceDesc{
	ServiceName: "echo",
	HandlerType: (*any)(nil),
	Streams: []grpc.StreamDesc{{
		StreamName:    "Twice",
		ServerStreams: true,
		ClientStreams: true,
		Handler: func(_ any, s grpc.ServerStream) error {
			// As generated code does, over what an interceptor returned.
			var stream grpc.BidiStreamingServer[msg, msg] = &grpc.GenericServerStream[msg, msg]{ServerStream: s}
			s.SetTrailer(metadata.Pairs("seen", "yes"))
			for {
				m, err := stream.Recv()
				if err == io.EOF {
					return nil
				}
				if err != nil {
					return err
				}
				for range 2 {
					if err := stream.Send(m); err != nil {
						return err
					}
				}
			}
		},
	}},
}

func TestMessagesOverASocket(t *testing.T) {
	served := make(chan Messages, 1)
	server := grpc.NewServer(grpc.StreamInterceptor(func(srv any, s grpc.ServerStream, _ *grpc.StreamServerInfo, next grpc.StreamHandler) error {
		var n Messages
		err := next(srv, Server[msg, msg](s, &n))
		served <- n
		return err
	}))
	server.RegisterService(&desc, nil)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go server.Serve(l)
	defer server.Stop()

	var n Messages
	conn, err := grpc.NewClient(l.Addr().String(), grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithStreamInterceptor(func(ctx context.Context, d *grpc.StreamDesc, cc *grpc.ClientConn, method string, open grpc.Streamer, opts ...grpc.CallOption) (grpc.ClientStream, error) {
			s, err := open(ctx, d, cc, method, opts...)
			if err != nil {
				return nil, err
			}
			return Client[msg, msg](s, &n), nil
		}))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	s, err := conn.NewStream(context.Background(), &desc.Streams[0], "/echo/Twice")
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := s.(interface{ Recv() (*msg, error) }); ok {
		t.Error("a stream without types has Recv")
	}
	// Typed, and wrapped once more: what goes through it is counted, too.
	var typed Messages
	stream := Client[msg, msg](&grpc.GenericClientStream[msg, msg]{ClientStream: s}, &typed).(grpc.BidiStreamingClient[msg, msg])
	for _, text := range []string{"a", "b"} {
		if err := stream.Send(wrapperspb.String(text)); err != nil {
			t.Fatal(err)
		}
	}
	if err := stream.CloseSend(); err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := stream.Recv(); err == io.EOF {
			break
		} else if err != nil {
			t.Fatal(err)
		}
	}
	if got := stream.Trailer().Get("seen"); len(got) != 1 {
		t.Errorf("trailer %q", got)
	}
	if want := (Messages{Sent: 2, Received: 4}); n != want || typed != want {
		t.Errorf("the client's streams counted %+v and %+v, want %+v", n, typed, want)
	}
	if got, want := <-served, (Messages{Sent: 4, Received: 2}); got != want {
		t.Errorf("the server's stream counted %+v, want %+v", got, want)
	}
}

func TestWayBackToTheStruct(t *testing.T) {
	s := Server[msg, msg](&grpc.GenericServerStream[msg, msg]{}, new(Messages))
	if _, ok := servingAs[*countedServer[msg, msg], msg, msg](s); !ok {
		t.Error("servingAs does not find the struct")
	}
	if _, ok := s.(grpc.BidiStreamingServer[msg, msg]); !ok {
		t.Error("the stream has lost its typed methods")
	}
}
