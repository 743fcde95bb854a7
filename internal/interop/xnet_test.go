package interop

import (
	"context"
	"encoding/binary"
	"io"
	"net/http"
	"time"

	"golang.org/x/net/websocket"
)

var xnetLibrary = library{
	name: "x-net",
	dial: func(ctx context.Context, url string) (socket, error) {
		config, err := websocket.NewConfig(url, "http://localhost/")
		if err != nil {
			return nil, err
		}
		c, err := config.DialContext(ctx)
		if err != nil {
			return nil, err
		}
		return newXNet(c), nil
	},
	accept: func(w http.ResponseWriter, r *http.Request, use func(socket)) error {
		websocket.Server{Handler: func(c *websocket.Conn) { use(newXNet(c)) }}.ServeHTTP(w, r)
		return nil
	},
}

// xnet handles pongs, and the code and reason of a close, by the library's
// frames. The library's messages leave these to the application.
type xnet struct {
	c     *websocket.Conn
	pongs chan string
}

func newXNet(c *websocket.Conn) *xnet {
	_ = c.SetDeadline(time.Now().Add(patience)) // fails only if the connection has failed, and then Read fails too
	return &xnet{c, make(chan string, 1)}
}

type xnetFrame struct {
	payload []byte
	kind    byte
}

var xnetFrames = websocket.Codec{Marshal: func(v any) ([]byte, byte, error) {
	f := v.(xnetFrame)
	return f.payload, f.kind, nil
}}

func (s *xnet) send(message []byte) error {
	return websocket.Message.Send(s.c, message)
}

func (s *xnet) receive() ([]byte, error) {
	for {
		in, err := s.c.NewFrameReader()
		if err != nil {
			return nil, err
		}
		if in.PayloadType() == websocket.PongFrame {
			if _, err := io.Copy(io.Discard, in.HeaderReader()); err != nil {
				return nil, err
			}
			payload, err := io.ReadAll(in)
			if err != nil {
				return nil, err
			}
			s.pongs <- string(payload)
			continue
		}
		message, err := s.c.HandleFrame(in)
		if err == io.EOF && in.PayloadType() == websocket.CloseFrame {
			return nil, s.closedBy(in)
		}
		if err != nil {
			return nil, err
		}
		if message != nil {
			return io.ReadAll(message)
		}
	}
}

// closedBy answers a close frame and returns what it says.
func (s *xnet) closedBy(frame io.Reader) error {
	payload, err := io.ReadAll(frame)
	if err != nil {
		return err
	}
	over := &closed{code: 1005} // no code was sent: RFC 6455, section 7.4.1
	if len(payload) >= 2 {
		over.code, over.reason = int(binary.BigEndian.Uint16(payload)), string(payload[2:])
		payload = payload[:2]
	}
	// If this frame answers our own close frame, the peer may have gone.
	_ = xnetFrames.Send(s.c, xnetFrame{payload, websocket.CloseFrame})
	return over
}

func (s *xnet) ping() error {
	const payload = "are you there?"
	if err := xnetFrames.Send(s.c, xnetFrame{[]byte(payload), websocket.PingFrame}); err != nil {
		return err
	}
	return awaitPong(s.pongs, payload)
}

func (s *xnet) close(code int, reason string) error {
	payload := binary.BigEndian.AppendUint16(nil, uint16(code))
	if err := xnetFrames.Send(s.c, xnetFrame{append(payload, reason...), websocket.CloseFrame}); err != nil {
		return err
	}
	return awaitClosed(s, code)
}

func (s *xnet) drop() { _ = s.c.Close() } // it may be closed already
