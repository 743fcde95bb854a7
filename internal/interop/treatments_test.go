package interop

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"testing"

	"github.com/bodywrap/bodywrap/wrap"
)

// A treatment is something that a proxy does with the body of an upgrade and
// that the two ends do not notice. use makes a treatment for one connection.
// After that connection, check fails its test unless the treatment was in use.
type treatment struct {
	name string
	use  func() (modify func(*http.Response) error, check func(*testing.T))
}

var treatments = []treatment{
	hooked("hooks of our own", counting),
	hooked("Done", done(wrap.Done)),
	hooked("DoneBeforeClose", done(wrap.DoneBeforeClose)),
	hooked("Log", logging),
	hooked("Count, TeeRead and TeeWrite", copying),
	hooked("LimitRead and LimitWrite", unseen(wrap.LimitRead(1<<30), wrap.LimitWrite(1<<30))),
	hooked("Throttle", unseen(wrap.Throttle(wrap.NewLimiter(1<<30, 1<<16), wrap.NewLimiter(1<<30, 1<<16)))),
	hooked("TransformRead and TransformWrite", transforming),
	hooked("CloseWaits", unseen(wrap.CloseWaits())),
	hooked("Linger", unseen(wrap.Linger(2*patience))),
	hooked("Idle", unseen(wrap.Idle(2*patience))),
	hooked("all of them", all),
	{"Keep", keeping},
}

// A maker makes hooks for one connection, and their check.
type maker func() ([]wrap.Hooks, func(*testing.T))

func hooked(name string, make maker) treatment {
	return treatment{name, func() (func(*http.Response) error, func(*testing.T)) {
		hooks, check := make()
		return wrap.ModifyResponse(nil, func(*http.Response) []wrap.Hooks { return hooks }), check
	}}
}

// unseen is for hooks that do nothing on a connection without a fault, so that
// there is nothing to check.
func unseen(hooks ...wrap.Hooks) maker {
	return func() ([]wrap.Hooks, func(*testing.T)) {
		return hooks, func(*testing.T) {}
	}
}

func counting() ([]wrap.Hooks, func(*testing.T)) {
	var read, written int // each is only changed in one goroutine
	h := wrap.Hooks{
		Read: func(next io.Reader, p []byte) (int, error) {
			n, err := next.Read(p)
			read += n
			return n, err
		},
		Write: func(next io.Writer, p []byte) (int, error) {
			n, err := next.Write(p)
			written += n
			return n, err
		},
	}
	return []wrap.Hooks{h}, func(t *testing.T) {
		if read == 0 || written == 0 {
			t.Errorf("the hooks counted %d bytes read and %d written, want some of each", read, written)
		}
	}
}

func done(hook func(func(wrap.Summary)) wrap.Hooks) maker {
	return func() ([]wrap.Hooks, func(*testing.T)) {
		var all []wrap.Summary
		h := hook(func(s wrap.Summary) { all = append(all, s) })
		return []wrap.Hooks{h}, func(t *testing.T) {
			if len(all) != 1 || all[0].Read == 0 || all[0].Written == 0 {
				t.Errorf("summaries %+v, want one, with bytes read and written", all)
			}
		}
	}
}

func logging() ([]wrap.Hooks, func(*testing.T)) {
	var out bytes.Buffer
	h := wrap.Log(context.Background(), slog.New(slog.NewJSONHandler(&out, nil)), slog.LevelInfo)
	return []wrap.Hooks{h}, func(t *testing.T) {
		if err := oneRecord(&out); err != nil {
			t.Error(err)
		}
	}
}

// oneRecord returns an error unless there is exactly one record of a body that
// is done, with bytes in both directions.
func oneRecord(out io.Reader) error {
	records := 0
	for dec := json.NewDecoder(out); ; {
		var record struct {
			Msg           string
			Read, Written int64
		}
		err := dec.Decode(&record)
		if err == io.EOF {
			break
		}
		if err != nil {
			return fmt.Errorf("the log is not JSON: %w", err)
		}
		if record.Msg != "body done" {
			continue
		}
		if records++; record.Read == 0 || record.Written == 0 {
			return fmt.Errorf("the log says %+v, want bytes read and written", record)
		}
	}
	if records != 1 {
		return fmt.Errorf("%d records say that the body is done, want 1", records)
	}
	return nil
}

func copying() ([]wrap.Hooks, func(*testing.T)) {
	var moved wrap.Counters
	var read, written bytes.Buffer
	return []wrap.Hooks{wrap.Count(&moved), wrap.TeeRead(&read), wrap.TeeWrite(&written)}, func(t *testing.T) {
		if read.Len() == 0 || written.Len() == 0 {
			t.Errorf("the hooks copied %d bytes read and %d written, want some of each", read.Len(), written.Len())
		}
		if r, w := moved.Read.Load(), moved.Written.Load(); r != int64(read.Len()) || w != int64(written.Len()) {
			t.Errorf("counted were %d bytes read and %d written, and copied %d and %d", r, w, read.Len(), written.Len())
		}
	}
}

// transforming inverts all bits twice, so that the bytes stay the same.
func transforming() ([]wrap.Hooks, func(*testing.T)) {
	var read, written [2]inverter
	hooks := []wrap.Hooks{
		wrap.TransformRead(read[0].reader), wrap.TransformRead(read[1].reader),
		wrap.TransformWrite(written[0].writer), wrap.TransformWrite(written[1].writer),
	}
	for i := range hooks {
		hooks[i].Upgraded = true
	}
	return hooks, func(t *testing.T) {
		if read[0].n == 0 || read[0].n != read[1].n || written[0].n == 0 || written[0].n != written[1].n {
			t.Errorf("the hooks inverted %d and %d bytes read, and %d and %d written; want the same number twice, and not 0",
				read[0].n, read[1].n, written[0].n, written[1].n)
		}
	}
}

// An inverter inverts the bits of what is read or written, and counts the
// bytes.
type inverter struct {
	in  io.Reader
	out io.Writer
	n   int
}

func (v *inverter) reader(r io.Reader) (io.Reader, error) { v.in = r; return v, nil }
func (v *inverter) writer(w io.Writer) *inverter          { v.out = w; return v }
func (v *inverter) Close() error                          { return nil }

func (v *inverter) Read(p []byte) (int, error) {
	n, err := v.in.Read(p)
	v.invert(p[:n])
	return n, err
}

func (v *inverter) Write(p []byte) (int, error) {
	q := bytes.Clone(p)
	v.invert(q)
	return v.out.Write(q)
}

func (v *inverter) invert(p []byte) {
	for i := range p {
		p[i] ^= 0xff
	}
	v.n += len(p)
}

// all makes the hooks of all other treatments.
func all() ([]wrap.Hooks, func(*testing.T)) {
	var hooks []wrap.Hooks
	var checks []func(*testing.T)
	for _, make := range []maker{
		logging, done(wrap.Done), done(wrap.DoneBeforeClose), counting, copying,
		unseen(wrap.LimitRead(1<<30), wrap.LimitWrite(1<<30)), transforming,
		unseen(wrap.Throttle(wrap.NewLimiter(1<<30, 1<<16), wrap.NewLimiter(1<<30, 1<<16))),
		unseen(wrap.CloseWaits(), wrap.Linger(2*patience), wrap.Idle(2*patience)),
	} {
		h, check := make()
		hooks, checks = append(hooks, h...), append(checks, check)
	}
	return hooks, func(t *testing.T) {
		for _, check := range checks {
			check(t)
		}
	}
}

// keeping uses wrap.Keep to repair a wrapper that only has Read and Close.
func keeping() (func(*http.Response) error, func(*testing.T)) {
	wrapper := &readCounter{}
	modify := func(resp *http.Response) error {
		wrapper.ReadCloser = resp.Body
		resp.Body = wrap.Keep(resp.Body, wrapper)
		return nil
	}
	return modify, func(t *testing.T) {
		if wrapper.n == 0 {
			t.Error("the wrapper counted no bytes")
		}
	}
}

type readCounter struct {
	io.ReadCloser
	n int
}

func (c *readCounter) Read(p []byte) (int, error) {
	n, err := c.ReadCloser.Read(p)
	c.n += n
	return n, err
}
