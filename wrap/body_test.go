package wrap_test

import (
	"bytes"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/bodywrap/bodywrap/wrap"
	"github.com/google/go-cmp/cmp"
)

// passAll has a hook on every method, and each does nothing of its own.
var passAll = wrap.Hooks{
	Read:       func(next io.Reader, p []byte) (int, error) { return next.Read(p) },
	Write:      func(next io.Writer, p []byte) (int, error) { return next.Write(p) },
	Close:      func(next io.Closer) error { return next.Close() },
	CloseWrite: func(next wrap.CloseWriter) error { return next.CloseWrite() },
	WriteTo:    func(next io.WriterTo, w io.Writer) (int64, error) { return next.WriteTo(w) },
	ReadFrom:   func(next io.ReaderFrom, r io.Reader) (int64, error) { return next.ReadFrom(r) },
}

// closeOnly leaves five of the six methods without a hook.
var closeOnly = wrap.Hooks{Close: passAll.Close}

// perBody makes its hooks when it sees the body.
var perBody = wrap.Hooks{New: func(io.ReadCloser) wrap.Hooks { return passAll }}

var layerings = []struct {
	name  string
	hooks []wrap.Hooks
}{
	{"one hook", []wrap.Hooks{closeOnly}},
	{"every hook", []wrap.Hooks{passAll}},
	{"two layers", []wrap.Hooks{closeOnly, passAll}},
	{"made for the body", []wrap.Hooks{perBody}},
}

func TestBodyHasExactlyTheMethodsOfTheOriginal(t *testing.T) {
	for mask := range allMethods + 1 {
		for _, lay := range layerings {
			t.Run(methodNames(mask)+"/"+lay.name, func(t *testing.T) {
				rec := newRecorder("from the backend")
				original := rec.only(mask)
				if got := methodsOf(original); got != mask {
					t.Fatalf("the test's own body has %s, want %s", methodNames(got), methodNames(mask))
				}
				body := wrap.Body(original, lay.hooks...)
				if got, want := methodsOf(body), kept(mask); got != want {
					t.Fatalf("Body has %s, want %s", methodNames(got), methodNames(want))
				}
				again := wrap.Body(body, lay.hooks...)
				if got, want := methodsOf(again), kept(mask); got != want {
					t.Errorf("Body of Body has %s, want %s", methodNames(got), methodNames(want))
				}
				if got, ok := wrap.As[*recorder](again); mask == allMethods && (!ok || got != rec) {
					t.Errorf("As[*recorder] = %v, %v, want the original", got, ok)
				}
			})
		}
	}
}

func TestEachCallReachesTheOriginalOnce(t *testing.T) {
	for mask := range allMethods + 1 {
		if mask != kept(mask) {
			continue
		}
		for _, lay := range layerings {
			t.Run(methodNames(mask)+"/"+lay.name, func(t *testing.T) {
				rec := newRecorder("ab")
				rec.err = errors.New("the body's own error")
				body := wrap.Body(rec.only(mask), lay.hooks...)

				var want []string
				p := make([]byte, 1)
				if n, err := body.Read(p); n != 1 || err != nil || p[0] != 'a' {
					t.Errorf("Read = %d, %v with %q, want 1, nil with %q", n, err, p, "a")
				}
				want = append(want, "Read")
				wantOut := ""
				if mask&hasWrite != 0 {
					if n, err := body.(io.Writer).Write([]byte("x")); n != 1 || err != nil {
						t.Errorf("Write = %d, %v, want 1, nil", n, err)
					}
					want, wantOut = append(want, "Write"), wantOut+"x"
				}
				if mask&hasReadFrom != 0 {
					n, err := body.(io.ReaderFrom).ReadFrom(strings.NewReader("yz"))
					if n != 2 || err != nil {
						t.Errorf("ReadFrom = %d, %v, want 2, nil", n, err)
					}
					want, wantOut = append(want, "ReadFrom"), wantOut+"yz"
				}
				if mask&hasCloseWrite != 0 {
					if err := body.(wrap.CloseWriter).CloseWrite(); err != rec.err {
						t.Errorf("CloseWrite = %v, want %v", err, rec.err)
					}
					want = append(want, "CloseWrite")
				}
				if mask&hasWriteTo != 0 {
					var b bytes.Buffer
					if n, err := body.(io.WriterTo).WriteTo(&b); n != 1 || err != nil || b.String() != "b" {
						t.Errorf("WriteTo = %d, %v with %q, want 1, nil with %q", n, err, b.String(), "b")
					}
					want = append(want, "WriteTo")
				}
				if err := body.Close(); err != rec.err {
					t.Errorf("Close = %v, want %v", err, rec.err)
				}
				want = append(want, "Close")
				if diff := cmp.Diff(want, rec.calls); diff != "" {
					t.Errorf("calls that reached the original (-want +got):\n%s", diff)
				}
				if got := rec.out.String(); got != wantOut {
					t.Errorf("the original was given %q, want %q", got, wantOut)
				}
			})
		}
	}
}

func TestBodyOfRealBodies(t *testing.T) {
	file, err := os.Create(filepath.Join(t.TempDir(), "body"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	pipe, otherEnd := net.Pipe()
	defer pipe.Close()
	defer otherEnd.Close()
	tcp := dialEcho(t)
	upgraded, upgradedHas := upgradedBody(t), hasWrite|hasCloseWrite
	if !halfCloses {
		upgradedHas = hasWrite
	}

	tests := []struct {
		name string
		body io.ReadCloser
		want int
		why  string
	}{
		{"101", upgraded, upgradedHas, "net/http's body after an upgrade"},
		{"NopCloser", io.NopCloser(iotest.OneByteReader(nil)), 0, "the plain case"},
		{"NopCloser with WriteTo", io.NopCloser(strings.NewReader("")), hasWriteTo, "io.NopCloser keeps WriteTo"},
		{"File", file, hasWrite | hasWriteTo | hasReadFrom, "no CloseWrite"},
		{"TCPConn", tcp, allMethods, "can do everything"},
		{"tls.Conn", tls.Client(tcp, &tls.Config{}), hasWrite | hasCloseWrite, "no fast path through a cipher"},
		{"Pipe", pipe, hasWrite, "net.Pipe cannot half-close"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := methodsOf(tt.body); got != tt.want {
				t.Fatalf("the original has %s, want %s (%s)", methodNames(got), methodNames(tt.want), tt.why)
			}
			for _, lay := range layerings {
				if got := methodsOf(wrap.Body(tt.body, lay.hooks...)); got != tt.want {
					t.Errorf("Body with %s has %s, want %s (%s)", lay.name, methodNames(got), methodNames(tt.want), tt.why)
				}
			}
		})
	}
}

func TestBodyComesBackAsItIs(t *testing.T) {
	body := io.NopCloser(strings.NewReader(""))
	tests := []struct {
		name  string
		body  io.ReadCloser
		hooks []wrap.Hooks
		why   string
	}{
		{"nil", nil, []wrap.Hooks{passAll}, "there is nothing to wrap"},
		{"NoBody", http.NoBody, []wrap.Hooks{passAll}, "net/http compares it"},
		{"no hooks", body, nil, "a layer would only cost"},
		{"zero hooks", body, []wrap.Hooks{{}, {}}, "they do nothing"},
		{"New makes none", body, []wrap.Hooks{{New: func(io.ReadCloser) wrap.Hooks { return wrap.Hooks{} }}}, "it saw no need"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := wrap.Body(tt.body, tt.hooks...); got != tt.body {
				t.Errorf("Body(%v) = %v, want it back: %s", tt.body, got, tt.why)
			}
		})
	}
}

func TestFirstHooksAreOutermost(t *testing.T) {
	var order []string
	named := func(name string) wrap.Hooks {
		return wrap.Hooks{Close: func(next io.Closer) error {
			order = append(order, name)
			return next.Close()
		}}
	}
	both := named("c")
	both.New = func(io.ReadCloser) wrap.Hooks { return named("d") }
	body := wrap.Body(newRecorder("").only(0), named("a"), named("b"), both)
	if err := body.Close(); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"a", "b", "c", "d"}, order); diff != "" {
		t.Errorf("hooks called in the wrong order (-want +got):\n%s", diff)
	}
}

func TestNewIsCalledOnceForEachBody(t *testing.T) {
	var seen []io.ReadCloser
	hooks := wrap.Hooks{New: func(body io.ReadCloser) wrap.Hooks {
		seen = append(seen, body)
		return passAll
	}}
	a, b := newRecorder("").only(0), newRecorder("").only(hasWrite)
	wrap.Body(a, hooks)
	wrap.Body(b, hooks)
	if len(seen) != 2 || seen[0] != a || seen[1] != b {
		t.Errorf("New was called with %v, want each body once", seen)
	}
}
