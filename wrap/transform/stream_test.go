package transform_test

import (
	"bytes"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/bodywrap/bodywrap/wrap"
)

// parts is a body whose Reads return one part each.
type parts struct {
	parts []string
	err   error // at the end; nil for io.EOF
}

func (p *parts) Read(b []byte) (int, error) {
	if len(p.parts) == 0 {
		if p.err != nil {
			return 0, p.err
		}
		return 0, io.EOF
	}
	n := copy(b, p.parts[0])
	if p.parts[0] = p.parts[0][n:]; p.parts[0] == "" {
		p.parts = p.parts[1:]
	}
	return n, nil
}

func (p *parts) Close() error { return nil }

// divisions are ways to divide s into reads: at every place into two, and into
// single bytes.
func divisions(s string) (all [][]string) {
	all = append(all, strings.Split(s, ""))
	for i := range len(s) + 1 {
		all = append(all, []string{s[:i], s[i:]})
	}
	return all
}

// sink is a connection that keeps what is written to it.
type sink struct {
	parts
	bytes.Buffer
}

func (s *sink) Read(b []byte) (int, error) { return s.parts.Read(b) }
func (s *sink) CloseWrite() error          { return nil }

// passed returns what becomes of stream through a hook, when it is read in
// these parts.
func passed(hook wrap.Hooks, stream ...string) (string, error) {
	body := wrap.Body(&parts{parts: slices.Clone(stream)}, hook)
	defer body.Close()
	got, err := io.ReadAll(body)
	return string(got), err
}

// written returns what becomes of stream through a hook for Write.
func written(hook wrap.Hooks, stream ...string) (string, error) {
	s := &sink{}
	body := wrap.Body(struct {
		io.ReadWriteCloser
		wrap.CloseWriter
	}{struct {
		io.Reader
		io.Writer
		io.Closer
	}{&s.parts, &s.Buffer, &s.parts}, s}, hook)
	for _, part := range stream {
		if _, err := io.WriteString(body.(io.Writer), part); err != nil {
			return s.String(), err
		}
	}
	err := body.(wrap.CloseWriter).CloseWrite()
	return s.String(), err
}

// checkEverywhere fails if the hook does not make want of stream, in any
// division. makeHook gets true for a hook on Write. If wantErr is not nil, it
// is the error that comes after want.
func checkEverywhere(t *testing.T, makeHook func(write bool) wrap.Hooks, stream, want string, wantErr error) {
	t.Helper()
	for _, division := range divisions(stream) {
		got, err := passed(makeHook(false), division...)
		if got != want || err != wantErr {
			t.Errorf("read as %q: %q, %v, want %q, %v", division, got, err, want, wantErr)
			return
		}
		if wantErr != nil {
			continue
		}
		got, err = written(makeHook(true), division...)
		if got != want || err != nil {
			t.Errorf("written as %q: %q, %v, want %q", division, got, err, want)
			return
		}
	}
}

// A body that has ended or is closed returns the same error again, and nothing
// of what it held.
func TestAStreamStaysEnded(t *testing.T) {
	tests := hooksUnderTest()
	for name, hook := range tests {
		t.Run(name, func(t *testing.T) {
			body := wrap.Body(&parts{parts: []string{"data: a\n\ndata: b"}}, hook)
			if _, err := body.Read(make([]byte, 1)); err != nil {
				t.Fatal(err)
			}
			body.Close()
			for range 2 {
				if n, err := body.Read(make([]byte, 1)); n != 0 || err != http.ErrBodyReadAfterClose {
					t.Errorf("Read after Close = %d, %v, want %v", n, err, http.ErrBodyReadAfterClose)
				}
			}
			body = wrap.Body(&parts{parts: []string{"data: a\n\ndata: b"}, err: io.ErrUnexpectedEOF}, hook)
			got, err := io.ReadAll(body)
			if string(got) != "data: a\n\ndata: b" || err != io.ErrUnexpectedEOF {
				t.Errorf("ReadAll = %q, %v, want everything and %v", got, err, io.ErrUnexpectedEOF)
			}
			if _, again := body.Read(make([]byte, 1)); again != err {
				t.Errorf("Read again = %v, want %v", again, err)
			}
		})
	}
}
