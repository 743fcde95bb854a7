package main

import (
	"context"
	"errors"
	"io"
	"net/http"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/bodywrap/bodywrap/internal/probe"
	"github.com/bodywrap/bodywrap/wrap"
)

// A treatment is one way in which ModifyResponse treats the body.
type treatment struct {
	name string
	wrap func(io.ReadCloser) io.ReadCloser
	ours bool
}

// counted is how many bytes the demonstration's counting hook has seen.
var counted struct{ read, written atomic.Int64 }

var counting = wrap.Hooks{
	Read: func(next io.Reader, p []byte) (int, error) {
		n, err := next.Read(p)
		counted.read.Add(int64(n))
		return n, err
	},
	Write: func(next io.Writer, p []byte) (int, error) {
		n, err := next.Write(p)
		counted.written.Add(int64(n))
		return n, err
	},
}

var treatments = []treatment{
	{"left alone", nil, false},
	{"struct{ io.ReadCloser }", func(body io.ReadCloser) io.ReadCloser { return readCloser{body} }, false},
	{"struct{ io.ReadWriteCloser }", readWriteCloserOf, false},
	{"CloseWrite that lies", lyingOf, false},
	{"wrap.Body, counting", func(body io.ReadCloser) io.ReadCloser { return wrap.Body(body, counting) }, true},
	{"wrap.Keep", func(body io.ReadCloser) io.ReadCloser { return wrap.Keep(body, readCloser{body}) }, true},
}

// Wrappers of the kinds that people write. Each loses methods of the body.
type (
	readCloser      struct{ io.ReadCloser }
	readWriteCloser struct{ io.ReadWriteCloser }
	lying           struct{ io.ReadWriteCloser }
)

func (lying) CloseWrite() error { return nil } //wrapvet:ignore fakes-closewrite this is what the demonstration shows

func readWriteCloserOf(body io.ReadCloser) io.ReadCloser {
	if rwc, ok := body.(io.ReadWriteCloser); ok {
		return readWriteCloser{rwc}
	}
	return body
}

func lyingOf(body io.ReadCloser) io.ReadCloser {
	if rwc, ok := body.(io.ReadWriteCloser); ok {
		return lying{rwc}
	}
	return body
}

func (t treatment) modify() func(*http.Response) error {
	if t.wrap == nil {
		return nil
	}
	return func(resp *http.Response) error {
		resp.Body = t.wrap(resp.Body)
		return nil
	}
}

const (
	// demoLimit is how long a scenario of the demonstration waits for
	// anything. After it, the verdict is a hang.
	demoLimit = 2 * time.Second
	// atOnce is how many scenarios are played at the same time, so that the
	// waiting times of those that hang overlap.
	atOnce = 4
)

// A demonstration is the table that wrapprobe prints without arguments.
type demonstration struct {
	Go     string        `json:"go"`
	Limit  time.Duration `json:"limit_ns"` // after which a scenario is a hang
	Passed bool          `json:"passed"`
	Rows   []row         `json:"rows"`
}

type row struct {
	Body  string         `json:"body"` // what ModifyResponse did with it
	Cells []probe.Result `json:"cells"`
}

func demonstrate(ctx context.Context, s *settings, stdout io.Writer) (status int, err error) {
	d, err := play(ctx)
	if err != nil {
		return 1, err
	}
	if s.json {
		err = writeJSON(stdout, d)
	} else {
		err = d.print(stdout)
	}
	if s.html != "" { // after the table, which must not be lost if this fails
		err = errors.Join(err, writePage(s.html, d.page()))
	}
	switch {
	case err != nil:
		return 1, err
	case ctx.Err() != nil:
		return 1, errors.New("interrupted: not all scenarios were played")
	case !d.Passed:
		return 1, nil
	}
	return 0, nil
}

// play plays every scenario for every treatment.
func play(ctx context.Context) (*demonstration, error) {
	d := &demonstration{Go: runtime.Version(), Limit: demoLimit}
	free := make(chan struct{}, atOnce)
	var cells sync.WaitGroup
	defer cells.Wait()
	for _, t := range treatments {
		local, err := probe.LocalConfig{ModifyResponse: t.modify()}.Start()
		if err != nil {
			return nil, err
		}
		defer local.Close(demoLimit)
		local.Limit = demoLimit
		r := row{Body: t.name, Cells: make([]probe.Result, len(probe.Demo))}
		d.Rows = append(d.Rows, r)
		for i, s := range probe.Demo {
			free <- struct{}{}
			cells.Add(1)
			go func() {
				defer cells.Done()
				r.Cells[i] = local.Run(ctx, s)
				<-free
			}()
		}
	}
	cells.Wait()
	d.Passed = d.oursPass()
	return d, nil
}

// oursPass reports whether wrap.Body and wrap.Keep pass all that the body
// passes when it is left alone.
func (d *demonstration) oursPass() bool {
	for i, alone := range d.Rows[0].Cells {
		for j, t := range treatments {
			if t.ours && alone.Verdict != probe.Bad && d.Rows[j].Cells[i].Verdict == probe.Bad {
				return false
			}
		}
	}
	return true
}
