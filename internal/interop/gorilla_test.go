package interop

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/gorilla/websocket"
)

// oneFrame is a buffer size for whole messages. gorilla sends a message that is
// larger than its buffer in fragments.
const oneFrame = 1<<20 + 16

var gorillaLibrary = library{
	name:        "gorilla",
	compression: true,
	dial: func(ctx context.Context, url string) (socket, error) {
		d := websocket.Dialer{EnableCompression: true, WriteBufferSize: oneFrame}
		c, _, err := d.DialContext(ctx, url, nil)
		if err != nil {
			return nil, err
		}
		return newGorilla(c), nil
	},
	accept: func(w http.ResponseWriter, r *http.Request, use func(socket)) error {
		u := websocket.Upgrader{
			EnableCompression: true,
			WriteBufferSize:   oneFrame,
			CheckOrigin:       func(*http.Request) bool { return true },
		}
		c, err := u.Upgrade(w, r, nil)
		if err != nil {
			return err
		}
		use(newGorilla(c))
		return nil
	},
}

type gorilla struct {
	c     *websocket.Conn
	by    time.Time
	pongs chan string
}

func newGorilla(c *websocket.Conn) *gorilla {
	s := &gorilla{c, time.Now().Add(patience), make(chan string, 1)}
	_ = c.SetReadDeadline(s.by) // fails only if the connection has failed, and then Read fails too
	_ = c.SetWriteDeadline(s.by)
	c.SetPongHandler(func(payload string) error {
		s.pongs <- payload
		return nil
	})
	return s
}

func (s *gorilla) send(message []byte) error {
	return s.c.WriteMessage(websocket.BinaryMessage, message)
}

func (s *gorilla) receive() ([]byte, error) {
	_, message, err := s.c.ReadMessage()
	if ce := (*websocket.CloseError)(nil); errors.As(err, &ce) && ce.Code != websocket.CloseAbnormalClosure {
		err = &closed{ce.Code, ce.Text}
	}
	return message, err
}

func (s *gorilla) ping() error {
	const payload = "are you there?"
	if err := s.c.WriteControl(websocket.PingMessage, []byte(payload), s.by); err != nil {
		return err
	}
	return awaitPong(s.pongs, payload)
}

func (s *gorilla) close(code int, reason string) error {
	if err := s.c.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(code, reason), s.by); err != nil {
		return err
	}
	return awaitClosed(s, code)
}

func (s *gorilla) drop() { _ = s.c.Close() } // it may be closed already

// awaitPong waits for the answer to a ping.
func awaitPong(pongs <-chan string, payload string) error {
	select {
	case got := <-pongs:
		if got != payload {
			return fmt.Errorf("pong %q, want %q", got, payload)
		}
		return nil
	case <-time.After(patience):
		return errors.New("no pong")
	}
}

// awaitClosed waits for the answer to a close frame with code.
func awaitClosed(s socket, code int) error {
	_, err := s.receive()
	if over := (*closed)(nil); !errors.As(err, &over) || over.code != code {
		return fmt.Errorf("answer to a close with %d: %w", code, err)
	}
	return nil
}
