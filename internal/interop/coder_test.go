package interop

import (
	"context"
	"errors"
	"net/http"

	"github.com/coder/websocket"
)

var coderLibrary = library{
	name:        "coder",
	compression: true,
	dial: func(ctx context.Context, url string) (socket, error) {
		c, _, err := websocket.Dial(ctx, url, &websocket.DialOptions{CompressionMode: websocket.CompressionContextTakeover})
		if err != nil {
			return nil, err
		}
		return newCoder(c), nil
	},
	accept: func(w http.ResponseWriter, r *http.Request, use func(socket)) error {
		c, err := websocket.Accept(w, r, &websocket.AcceptOptions{
			CompressionMode: websocket.CompressionContextTakeover,
			OriginPatterns:  []string{"*"},
		})
		if err != nil {
			return err
		}
		use(newCoder(c))
		return nil
	},
}

type coder struct {
	c      *websocket.Conn
	ctx    context.Context
	cancel context.CancelFunc
}

func newCoder(c *websocket.Conn) *coder {
	c.SetReadLimit(-1)
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	return &coder{c, ctx, cancel}
}

func (s *coder) send(message []byte) error {
	return s.c.Write(s.ctx, websocket.MessageBinary, message)
}

func (s *coder) receive() ([]byte, error) {
	_, message, err := s.c.Read(s.ctx)
	if ce := (websocket.CloseError{}); errors.As(err, &ce) {
		err = &closed{int(ce.Code), ce.Reason}
	}
	return message, err
}

func (s *coder) ping() error { return s.c.Ping(s.ctx) }

func (s *coder) close(code int, reason string) error {
	return s.c.Close(websocket.StatusCode(code), reason)
}

func (s *coder) drop() {
	_ = s.c.CloseNow() // it may be closed already
	s.cancel()
}
