package wrap_test

import (
	"errors"
	"io"
	"math"
	"net"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/bodywrap/bodywrap/wrap"
)

func TestLimitRead(t *testing.T) {
	tests := []struct {
		data, want string
		limit      int64
		exceeded   bool
		why        string
	}{
		{"hello", "hello", 6, false, "there is room"},
		{"hello", "hello", 5, false, "exactly as much as it may be"},
		{"hello", "hell", 4, true, "one too many"},
		{"hello", "", 0, true, "nothing is allowed"},
		{"", "", 0, false, "nothing came"},
		{"hello", "hello", math.MaxInt64, false, "no overflow"},
	}
	readers := map[string]func(io.Reader) io.Reader{
		"as it comes": func(r io.Reader) io.Reader { return r },
		"bytewise":    iotest.OneByteReader,
		"EOF early":   iotest.DataErrReader,
	}
	for _, tt := range tests {
		for how, reader := range readers {
			for _, mask := range []int{0, hasWriteTo} {
				t.Run(tt.data+"/"+how+"/"+methodNames(mask), func(t *testing.T) {
					rec := newRecorder("")
					rec.in = reader(strings.NewReader(tt.data))
					body := wrap.Body(rec.only(mask), wrap.LimitRead(tt.limit))
					var got strings.Builder
					_, err := io.Copy(&got, body)
					var limit *wrap.LimitError
					if errors.As(err, &limit) != tt.exceeded || !tt.exceeded && err != nil {
						t.Errorf("Copy with limit %d = %v, want a *LimitError: %v (%s)", tt.limit, err, tt.exceeded, tt.why)
					}
					if got.String() != tt.want {
						t.Errorf("read %q, want %q", got.String(), tt.want)
					}
					if tt.exceeded {
						if *limit != (wrap.LimitError{Op: "read", Limit: tt.limit}) {
							t.Errorf("the error is %+v, want read, %d", *limit, tt.limit)
						}
						if n, err := body.Read(make([]byte, 1)); n != 0 || err != error(limit) {
							t.Errorf("Read again = %d, %v, want the same error", n, err)
						}
					}
					if closed := strings.Contains(strings.Join(rec.calls, " "), "Close"); closed != tt.exceeded {
						t.Errorf("closed = %v, want %v", closed, tt.exceeded)
					}
				})
			}
		}
	}
}

func TestLimitWrite(t *testing.T) {
	rec := newRecorder("")
	body := wrap.Body(rec, wrap.LimitWrite(5))
	steps := []struct {
		text     string
		n        int
		exceeded bool
		why      string
	}{
		{"abc", 3, false, "there is room"},
		{"", 0, false, "nothing is no excess"},
		{"de", 2, false, "exactly as much as it may be"},
		{"", 0, false, "nothing is no excess even now"},
		{"fg", 0, true, "no room at all"},
		{"h", 0, true, "it stays so"},
	}
	for _, s := range steps {
		n, err := body.(io.Writer).Write([]byte(s.text))
		if n != s.n || (err != nil) != s.exceeded {
			t.Errorf("Write(%q) = %d, %v, want %d and exceeded: %v (%s)", s.text, n, err, s.n, s.exceeded, s.why)
		}
	}
	if got := rec.out.String(); got != "abcde" {
		t.Errorf("the body was given %q, want abcde", got)
	}
	if got := strings.Count(strings.Join(rec.calls, " "), "Close"); got != 1 {
		t.Errorf("the body was closed %d times, want once: %v", got, rec.calls)
	}

	rec = newRecorder("")
	body = wrap.Body(rec, wrap.LimitWrite(5))
	n, err := body.(io.ReaderFrom).ReadFrom(strings.NewReader("abcdefg"))
	var limit *wrap.LimitError
	if n != 5 || !errors.As(err, &limit) || *limit != (wrap.LimitError{Op: "write", Limit: 5}) {
		t.Errorf("ReadFrom = %d, %v, want 5 and a *LimitError", n, err)
	}
	if got := rec.out.String(); got != "abcde" {
		t.Errorf("the body was given %q, want abcde", got)
	}
}

// The limit checks the count of a writer that accepts less than it is given, or
// claims more.
func TestLimitWriteOfABadWriter(t *testing.T) {
	for n, want := range map[int]string{2: io.ErrShortWrite.Error(), 4: "impossible count"} {
		body := wrap.Body(&funcs{write: func([]byte) (int, error) { return n, nil }}, wrap.LimitWrite(3))
		if _, err := body.(io.Writer).Write([]byte("abcdef")); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Write of 6 to a writer that says %d = %v, want %s", n, err, want)
		}
	}
}

// The caller closes a body that the limit has closed. Close returns no error.
func TestLimitCloseTwice(t *testing.T) {
	already := &funcs{
		read:  func(p []byte) (int, error) { return len(p), nil },
		close: closeOnce(),
	}
	body := wrap.Body(already.readOnly(), wrap.LimitRead(1))
	_, _ = io.ReadAll(body)
	if err := body.Close(); err != nil {
		t.Errorf("Close after the limit = %v, want nil", err)
	}
	already.close = closeOnce()
	body = wrap.Body(already.readOnly(), wrap.LimitRead(1))
	if err := body.Close(); err != nil {
		t.Errorf("Close = %v", err)
	}
	if err := body.Close(); err != net.ErrClosed {
		t.Errorf("second Close = %v, want the body's own %v", err, net.ErrClosed)
	}
}

// closeOnce is a body whose Close fails from the second call on.
func closeOnce() func() error {
	closed := false
	return func() error {
		if closed {
			return net.ErrClosed
		}
		closed = true
		return nil
	}
}
