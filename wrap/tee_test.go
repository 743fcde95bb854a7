package wrap_test

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/bodywrap/bodywrap/wrap"
)

func TestTeeCopiesEveryWay(t *testing.T) {
	var read, written bytes.Buffer
	rec := newRecorder("answer")
	body := wrap.Body(rec, wrap.TeeRead(&read), wrap.TeeWrite(&written))
	_, _ = body.Read(make([]byte, 2))
	_, _ = body.(io.WriterTo).WriteTo(io.Discard)
	_, _ = body.(io.Writer).Write([]byte("ques"))
	_, _ = body.(io.ReaderFrom).ReadFrom(strings.NewReader("tion"))
	if read.String() != "answer" || written.String() != "question" {
		t.Errorf("copies are %q and %q, want answer and question", read.String(), written.String())
	}
	if got := rec.out.String(); got != "question" {
		t.Errorf("the body was given %q, want question", got)
	}
}

// TeeWrite copies only the bytes that the body has accepted.
func TestTeeWriteCopiesWhatTheBodyTook(t *testing.T) {
	var written bytes.Buffer
	broken := errors.New("broken")
	body := wrap.Body(&funcs{write: func([]byte) (int, error) { return 3, broken }}, wrap.TeeWrite(&written))
	if n, err := body.(io.Writer).Write([]byte("question")); n != 3 || err != broken {
		t.Errorf("Write = %d, %v, want 3, %v", n, err, broken)
	}
	if got := written.String(); got != "que" {
		t.Errorf("the copy is %q, want que", got)
	}
}

func TestTeeGoesOnWithoutAWriterThatFails(t *testing.T) {
	tests := []struct {
		name string
		n    func(p []byte) int
		err  error
		why  string
	}{
		{"error", func(p []byte) int { return 0 }, errors.New("disk full"), "the plain case"},
		{"error late", func(p []byte) int { return len(p) }, errors.New("disk full"), "it said so"},
		{"short", func(p []byte) int { return len(p) - 1 }, nil, "the copy has a hole already"},
		{"impossible", func(p []byte) int { return len(p) + 1 }, nil, "it cannot be trusted"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			calls := 0
			failing := writeOnly(func(p []byte) (int, error) { calls++; return tt.n(p), tt.err })
			hooks := []wrap.Hooks{wrap.TeeRead(failing), wrap.TeeWrite(failing)}
			rec := newRecorder("answer")
			body := wrap.Body(rec, hooks...)
			for range 2 {
				if n, err := body.Read(make([]byte, 3)); n != 3 || err != nil {
					t.Errorf("Read = %d, %v, want 3, nil", n, err)
				}
				if n, err := body.(io.Writer).Write([]byte("abc")); n != 3 || err != nil {
					t.Errorf("Write = %d, %v, want 3, nil", n, err)
				}
			}
			if calls != 2 {
				t.Errorf("the writer was called %d times, want once for each direction: %s", calls, tt.why)
			}
			_, _ = wrap.Body(newRecorder("x"), hooks...).Read(make([]byte, 1))
			if calls != 3 {
				t.Error("the failure with one body kept the writer from the next")
			}
		})
	}
}

type writeOnly func([]byte) (int, error)

func (f writeOnly) Write(p []byte) (int, error) { return f(p) }

// Read returns after the copy is made: a slow writer holds the body up.
func TestTeeReadWaitsForTheWriter(t *testing.T) {
	begun, release, returned := make(chan bool), make(chan bool), make(chan bool)
	body := wrap.Body(newRecorder("x"), wrap.TeeRead(writeOnly(func(p []byte) (int, error) {
		begun <- true
		<-release
		return len(p), nil
	})))
	go func() {
		_, _ = body.Read(make([]byte, 1))
		returned <- true
	}()
	receive(t, begun, "the writer's call")
	select {
	case <-returned:
		t.Error("Read returned before the writer did")
	default:
	}
	close(release)
	receive(t, returned, "Read's return")
}
