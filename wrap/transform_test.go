package wrap_test

import (
	"bufio"
	"bytes"
	"compress/bzip2"
	"compress/flate"
	"compress/gzip"
	"compress/lzw"
	"compress/zlib"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"io"
	"mime/quotedprintable"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/bodywrap/bodywrap/wrap"
)

func gzipped(text string) []byte {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, _ = io.WriteString(w, text) // a Buffer cannot fail
	_ = w.Close()
	return b.Bytes()
}

func gunzip(t *testing.T, data []byte) string {
	t.Helper()
	r, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		t.Fatalf("gzip.NewReader of %d bytes: %v", len(data), err)
	}
	text, err := io.ReadAll(r)
	if err != nil {
		t.Fatalf("gunzip: %v", err)
	}
	return string(text)
}

func TestTransformReadTakesTheUsualConstructors(t *testing.T) {
	var zlibbed bytes.Buffer
	zw := zlib.NewWriter(&zlibbed)
	_, _ = io.WriteString(zw, "hello") // a Buffer cannot fail
	_ = zw.Close()
	var lzwed bytes.Buffer
	lw := lzw.NewWriter(&lzwed, lzw.LSB, 8)
	_, _ = io.WriteString(lw, "hello") // a Buffer cannot fail
	_ = lw.Close()
	tests := []struct {
		name string
		hook wrap.Hooks
		in   []byte
	}{
		{"gzip", wrap.TransformRead(gzip.NewReader), gzipped("hello")},
		{"zlib", wrap.TransformRead(zlib.NewReader), zlibbed.Bytes()},
		{"bufio", wrap.TransformRead(func(r io.Reader) (io.Reader, error) { return bufio.NewReader(r), nil }), []byte("hello")},
		{"flate", wrap.TransformRead(func(r io.Reader) (io.ReadCloser, error) { return flate.NewReader(r), nil }), gzipped("hello")[10:]},
		{"bzip2", wrap.TransformRead(func(r io.Reader) (io.Reader, error) { return bzip2.NewReader(r), nil }), unhexed(bzippedHello)},
		{"lzw", wrap.TransformRead(func(r io.Reader) (io.ReadCloser, error) { return lzw.NewReader(r, lzw.LSB, 8), nil }), lzwed.Bytes()},
		{"hex", wrap.TransformRead(func(r io.Reader) (io.Reader, error) { return hex.NewDecoder(r), nil }), []byte("68656c6c6f")},
		{"base64", wrap.TransformRead(func(r io.Reader) (io.Reader, error) { return base64.NewDecoder(base64.StdEncoding, r), nil }), []byte("aGVsbG8=")},
		{"quotedprintable", wrap.TransformRead(func(r io.Reader) (io.Reader, error) { return quotedprintable.NewReader(r), nil }), []byte("h=65llo")},
		{"Encoder and back", wrap.TransformRead(func(r io.Reader) (io.Reader, error) {
			zipped, err := wrap.Encoder(gzip.NewWriter)(r)
			if err != nil {
				return nil, err
			}
			return gzip.NewReader(zipped)
		}), []byte("hello")},
	}
	for _, tt := range tests {
		for _, mask := range []int{0, hasWriteTo, allMethods} {
			t.Run(tt.name+"/"+methodNames(mask), func(t *testing.T) {
				rec := newRecorder("")
				rec.in = iotest.HalfReader(bytes.NewReader(tt.in))
				body := wrap.Body(rec.only(mask), tt.hook)
				var got strings.Builder
				if _, err := io.Copy(&got, body); err != nil || got.String() != "hello" {
					t.Errorf("Copy = %v with %q, want hello", err, got.String())
				}
				if err := body.Close(); err != nil {
					t.Errorf("Close = %v", err)
				}
			})
		}
	}
}

// bzippedHello is hello by bzip2, which the standard library does not write.
const bzippedHello = "425a68393141592653591931653d00000081000244a000219a68334d07338bb9229c28480c98b29e80"

func unhexed(s string) []byte {
	b, _ := hex.DecodeString(s) // a constant
	return b
}

// Bytes that came before an error are not lost.
func TestTransformReadErrors(t *testing.T) {
	broken := errors.New("broken")
	gunzips := wrap.TransformRead(gzip.NewReader)
	zipped := gzipped("hello")
	tests := []struct {
		name string
		hook wrap.Hooks
		in   io.Reader
		body string
		want string
		why  string
	}{
		{"bad header", gunzips, strings.NewReader("plain text, no gzip"), "", gzip.ErrHeader.Error(), "construction fails"},
		{"empty", gunzips, strings.NewReader(""), "", "", "an empty body is an empty body"},
		{"cut off", gunzips, bytes.NewReader(zipped[:len(zipped)-4]), "hello", io.ErrUnexpectedEOF.Error(), "the checksum is missing"},
		{"body fails", gunzips, io.MultiReader(bytes.NewReader(zipped[:len(zipped)-8]), iotest.ErrReader(broken)), "hello", "broken", "the body's own error"},
		{"body fails after the end", wrap.TransformRead(firstByte), io.MultiReader(strings.NewReader("a"), iotest.ErrReader(broken)),
			"a", "broken", "its trailers did not arrive"},
		{"nil reader", wrap.TransformRead(func(io.Reader) (io.Reader, error) { return nil, nil }), strings.NewReader("x"),
			"", "no reader and no error", "nothing to read from"},
		{"nil *gzip.Reader", wrap.TransformRead(func(io.Reader) (*gzip.Reader, error) { return nil, nil }), strings.NewReader("x"),
			"", "no reader and no error", "a nil pointer is no reader"},
		{"never anything", wrap.TransformRead(func(io.Reader) (io.Reader, error) {
			return readFunc(func([]byte) (int, error) { return 0, nil }), nil
		}), strings.NewReader("x"), "", io.ErrNoProgress.Error(), "the caller would go round for ever"},
		{"body never brings anything", wrap.TransformRead(firstByte),
			io.MultiReader(strings.NewReader("a"), readFunc(func([]byte) (int, error) { return 0, nil })),
			"a", io.ErrNoProgress.Error(), "so would we"},
		{"impossible count", wrap.TransformRead(func(io.Reader) (io.Reader, error) {
			return readFunc(func(p []byte) (int, error) { return len(p) + 1, nil }), nil
		}), strings.NewReader("x"), "", "transform's Read", "the caller would panic"},
		{"Encoder returns nil", wrap.TransformRead(wrap.Encoder(func(io.Writer) *gzip.Writer { return nil })),
			strings.NewReader("x"), "", "returned no writer", "nothing to write to"},
		{"Encoder's writer fails", wrap.TransformRead(wrap.Encoder(func(io.Writer) io.WriteCloser {
			return &funcs{write: func(p []byte) (int, error) { return 0, broken }}
		})), strings.NewReader("x"), "", "broken", "its own error"},
		{"Encoder's body fails", wrap.TransformRead(wrap.Encoder(upperWriter)),
			io.MultiReader(strings.NewReader("a"), iotest.ErrReader(broken)), "A", "broken", "the body's own error"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			rec := newRecorder("")
			rec.in = tt.in
			body := wrap.Body(rec.only(0), tt.hook)
			got, err := io.ReadAll(body)
			if string(got) != tt.body {
				t.Errorf("read %q, want %q", got, tt.body)
			}
			if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
				t.Errorf("ReadAll = %v, want %q: %s", err, tt.want, tt.why)
			}
			if n, again := body.Read(make([]byte, 1)); n != 0 || err != nil && again != err {
				t.Errorf("Read again = %d, %v, want %v", n, again, err)
			}
		})
	}
}

// firstByte is a transform that ends after one byte.
func firstByte(r io.Reader) (io.Reader, error) { return io.LimitReader(r, 1), nil }

// upperWriter makes a writer without Flush.
func upperWriter(w io.Writer) io.WriteCloser {
	return &funcs{write: func(p []byte) (int, error) { return w.Write(bytes.ToUpper(p)) }}
}

// EOF comes when the original has ended too, unless it can be written to and so
// may never end.
func TestTransformReadGoesToTheEndOfTheOriginal(t *testing.T) {
	for _, tt := range []struct {
		mask int
		left string
		why  string
	}{
		{0, "", "trailers, and the connection's next use"},
		{hasWrite, "bcd", "an upgraded connection has neither"},
	} {
		rec := newRecorder("abcd")
		body := wrap.Body(rec.only(tt.mask), wrap.TransformRead(firstByte))
		if got, err := io.ReadAll(body); string(got) != "a" || err != nil {
			t.Errorf("ReadAll = %q, %v, want a", got, err)
		}
		if left, _ := io.ReadAll(rec.in); string(left) != tt.left {
			t.Errorf("%q is left in the original, want %q: %s", left, tt.left, tt.why)
		}
	}
}

// A reader that holds something is closed once, after the body, and never while
// a Read is using it.
func TestTransformReadClosesItsReader(t *testing.T) {
	begun, release := make(chan bool), make(chan bool)
	var order []string
	hook := wrap.TransformRead(func(body io.Reader) (io.ReadCloser, error) {
		return &funcs{read: body.Read, close: func() error { order = append(order, "reader"); return nil }}, nil
	})
	blocking := &funcs{
		read:  func(p []byte) (int, error) { begun <- true; <-release; return 0, net.ErrClosed },
		close: func() error { order = append(order, "body"); close(release); return nil },
	}
	body := wrap.Body(blocking.readOnly(), hook)
	returned := make(chan error, 1)
	go func() {
		_, err := body.Read(make([]byte, 1))
		returned <- err
	}()
	receive(t, begun, "Read")
	if err := body.Close(); err != nil {
		t.Errorf("Close = %v", err)
	}
	if err := receive(t, returned, "Read's return"); err != net.ErrClosed {
		t.Errorf("Read = %v, want %v", err, net.ErrClosed)
	}
	// The later of the two closed it, and both have returned.
	if got := strings.Join(order, " "); got != "body reader" {
		t.Errorf("closed: %s, want body reader", got)
	}
	if n, err := body.Read(make([]byte, 1)); n != 0 || err != http.ErrBodyReadAfterClose {
		t.Errorf("Read after Close = %d, %v, want %v", n, err, http.ErrBodyReadAfterClose)
	}
}

func TestTransformWriteSendsWhatIsPendingFirst(t *testing.T) {
	for _, ending := range []string{"CloseWrite", "Close"} {
		t.Run(ending, func(t *testing.T) {
			rec := newRecorder("")
			sentBefore := 0
			body := wrap.Body(rec, wrap.TransformWrite(gzip.NewWriter), wrap.Hooks{
				CloseWrite: func(next wrap.CloseWriter) error { sentBefore = rec.out.Len(); return next.CloseWrite() },
				Close:      func(next io.Closer) error { sentBefore = rec.out.Len(); return next.Close() },
			})
			if n, err := io.WriteString(body.(io.Writer), "hel"); n != 3 || err != nil {
				t.Errorf("Write = %d, %v, want 3, nil", n, err)
			}
			if n, err := body.(io.ReaderFrom).ReadFrom(strings.NewReader("lo")); n != 2 || err != nil {
				t.Errorf("ReadFrom = %d, %v, want 2, nil", n, err)
			}
			end := body.Close
			if ending == "CloseWrite" {
				end = body.(wrap.CloseWriter).CloseWrite
			}
			for range 2 {
				if err := end(); err != nil {
					t.Errorf("%s = %v", ending, err)
				}
			}
			if sentBefore != rec.out.Len() {
				t.Errorf("%d bytes were sent before %s and %d in all, want all before", sentBefore, ending, rec.out.Len())
			}
			if got := gunzip(t, rec.out.Bytes()); got != "hello" {
				t.Errorf("the body was given a gzipped %q, want hello", got)
			}
			if n, err := io.WriteString(body.(io.Writer), "late"); n != 0 || err == nil {
				t.Errorf("Write after %s = %d, %v, want an error", ending, n, err)
			}
		})
	}
}

func TestTransformWriteOfNothing(t *testing.T) {
	rec := newRecorder("")
	body := wrap.Body(rec, wrap.TransformWrite(gzip.NewWriter))
	if err := body.Close(); err != nil || rec.out.Len() != 0 {
		t.Errorf("Close = %v after sending %d bytes, want nil, 0: nobody has begun a stream", err, rec.out.Len())
	}
	rec = newRecorder("")
	body = wrap.Body(rec, wrap.TransformWrite(gzip.NewWriter))
	if err := body.(wrap.CloseWriter).CloseWrite(); err != nil {
		t.Errorf("CloseWrite = %v", err)
	}
	if got := gunzip(t, rec.out.Bytes()); got != "" {
		t.Errorf("the body was given a gzipped %q, want an empty stream", got)
	}
}

// Written bytes arrive even if no more follow, because gzip.Writer has Flush.
func TestTransformWriteKeepsAConversationGoing(t *testing.T) {
	near, far := net.Pipe()
	defer far.Close()
	body := wrap.Body(near, wrap.TransformWrite(gzip.NewWriter))
	defer near.Close() // gzip's last bytes have no reader
	result := make(chan error, 1)
	go func() {
		_, err := io.WriteString(body.(io.Writer), "ping")
		result <- err
	}()
	zr, err := gzip.NewReader(far)
	if err != nil {
		t.Fatal(err)
	}
	got := make([]byte, 4)
	if _, err := io.ReadFull(zr, got); err != nil || string(got) != "ping" {
		t.Errorf("the far end read %q, %v, want ping", got, err)
	}
	go func() { _, _ = io.Copy(io.Discard, far) }() // the rest of the flush
	if err := receive(t, result, "Write's return"); err != nil {
		t.Errorf("Write = %v", err)
	}
}

func TestTransformWriteErrors(t *testing.T) {
	broken := errors.New("broken")
	tests := []struct {
		name  string
		hook  wrap.Hooks
		write func([]byte) (int, error)
		want  string
	}{
		{"body fails", wrap.TransformWrite(gzip.NewWriter), func([]byte) (int, error) { return 0, broken }, "broken"},
		{"body is short", wrap.TransformWrite(upperWriter), func(p []byte) (int, error) { return len(p) - 1, nil }, io.ErrShortWrite.Error()},
		{"body is impossible", wrap.TransformWrite(upperWriter), func(p []byte) (int, error) { return len(p) + 1, nil }, "impossible count"},
		{"nil writer", wrap.TransformWrite(func(io.Writer) io.WriteCloser { return nil }), nil, "returned no writer"},
		{"nil *gzip.Writer", wrap.TransformWrite(func(io.Writer) *gzip.Writer { return nil }), nil, "returned no writer"},
		{"writer is impossible", wrap.TransformWrite(func(io.Writer) io.WriteCloser {
			return &funcs{write: func(p []byte) (int, error) { return len(p) + 1, nil }}
		}), nil, "Write hook returned"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			halfClosed, closed := 0, 0
			body := wrap.Body(&funcs{
				write:      tt.write,
				closeWrite: func() error { halfClosed++; return nil },
				close:      func() error { closed++; return nil },
			}, tt.hook)
			if _, err := body.(io.Writer).Write([]byte("hello")); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("Write = %v, want %q", err, tt.want)
			}
			_ = body.(wrap.CloseWriter).CloseWrite() // may well fail, but must come through
			_ = body.Close()
			if halfClosed != 1 || closed != 1 {
				t.Errorf("the body was half-closed %d times and closed %d times, want once each", halfClosed, closed)
			}
		})
	}
}

// Close does not wait for a Write that is stuck, and the writer is closed all
// the same, by that Write.
func TestTransformWriteCloseOvertakesAStuckWrite(t *testing.T) {
	begun, release := make(chan bool), make(chan bool)
	writerClosed := make(chan bool, 2)
	body := wrap.Body(&funcs{
		write: func(p []byte) (int, error) { begun <- true; <-release; return 0, net.ErrClosed },
		close: func() error { close(release); return nil },
	}, wrap.TransformWrite(func(w io.Writer) io.WriteCloser {
		return &funcs{write: w.Write, close: func() error { writerClosed <- true; return nil }}
	}))
	returned := make(chan error, 1)
	go func() {
		_, err := body.(io.Writer).Write([]byte("stuck"))
		returned <- err
	}()
	receive(t, begun, "Write")
	if err := body.Close(); err != nil {
		t.Errorf("Close = %v", err)
	}
	if err := receive(t, returned, "Write's return"); err != net.ErrClosed {
		t.Errorf("Write = %v, want %v", err, net.ErrClosed)
	}
	if len(writerClosed) != 1 {
		t.Errorf("the writer was closed %d times, want once", len(writerClosed))
	}
}

func TestTransformWriteLeavesABodyWithoutWrite(t *testing.T) {
	body := newRecorder("").only(0)
	if got := wrap.Body(body, wrap.TransformWrite(gzip.NewWriter)); got != body {
		t.Errorf("Body = %v, want the body itself", got)
	}
}

// An encoder's output comes with each read of the body, not at its end.
func TestEncoderKeepsAStreamGoing(t *testing.T) {
	pr, pw := io.Pipe()
	body := wrap.Body(pr, wrap.TransformRead(wrap.Encoder(gzip.NewWriter)))
	go func() { _, _ = pw.Write([]byte("event")) }() // and nothing after it
	zr, err := gzip.NewReader(body)
	if err != nil {
		t.Fatal(err)
	}
	got := make([]byte, 5)
	if _, err := io.ReadFull(zr, got); err != nil || string(got) != "event" {
		t.Errorf("read %q, %v, want event", got, err)
	}
	body.Close()
}
