package gin

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"
)

// readingWriter is a gin.ResponseWriter that adds ReadFrom.
type readingWriter struct{ gin.ResponseWriter }

func (w readingWriter) ReadFrom(r io.Reader) (int64, error) {
	return io.Copy(struct{ io.Writer }{w.ResponseWriter}, r)
}

func TestNothingGoesRoundTheBound(t *testing.T) {
	gin.SetMode(gin.ReleaseMode)
	errs := make(chan error, 1)
	e := gin.New()
	e.Use(func(c *gin.Context) {
		c.Writer = readingWriter{c.Writer}
		c.Next()
	}, Bound(4), func(c *gin.Context) {
		if _, ok := c.Writer.(io.ReaderFrom); !ok {
			t.Error("the writer has lost ReadFrom")
		}
		if _, ok := c.Writer.(interface{ EnableFullDuplex() error }); ok {
			t.Error("the writer has EnableFullDuplex, and its original has not")
		}
	})
	e.GET("/write", func(c *gin.Context) { _, err := c.Writer.Write([]byte("too long")); errs <- err })
	e.GET("/string", func(c *gin.Context) { _, err := c.Writer.WriteString("too long"); errs <- err })
	e.GET("/copy", func(c *gin.Context) {
		_, err := io.Copy(c.Writer, struct{ io.Reader }{strings.NewReader("too long")})
		errs <- err
	})
	e.GET("/render", func(c *gin.Context) { c.String(http.StatusAccepted, "too long"); errs <- c.Errors.Last() })
	server := httptest.NewServer(e)
	defer server.Close()
	for _, path := range []string{"/write", "/string", "/copy", "/render"} {
		resp, err := http.Get(server.URL + path)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if string(body) != "too " || err != nil {
			t.Errorf("%s: %q, %v, want the first four bytes", path, body, err)
		}
		if err := <-errs; !errors.Is(err, ErrTooLong) {
			t.Errorf("%s: %v, want ErrTooLong", path, err)
		}
	}
}
