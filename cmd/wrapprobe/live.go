package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/bodywrap/bodywrap/internal/probe"
)

// A report holds the results of all scenarios at a running proxy.
type report struct {
	URL       string        `json:"url"`
	Listen    string        `json:"listen"`
	Timeout   time.Duration `json:"timeout_ns"`
	Verdict   probe.Verdict `json:"verdict"` // the worst of all
	Stopped   bool          `json:"stopped,omitempty"`
	Scenarios []outcome     `json:"scenarios"`
}

// An outcome holds the results of all runs of one scenario.
type outcome struct {
	Scenario string         `json:"scenario"`
	Says     string         `json:"says"`
	Verdict  probe.Verdict  `json:"verdict"` // the worst
	Runs     []probe.Result `json:"runs"`
}

var severity = map[probe.Verdict]int{probe.OK: 0, probe.Note: 1, probe.Bad: 2}

// worst returns the first of the runs with the worst verdict.
func (o *outcome) worst() probe.Result {
	w := o.Runs[0]
	for _, r := range o.Runs[1:] {
		if severity[r.Verdict] > severity[w.Verdict] {
			w = r
		}
	}
	return w
}

// live probes a running proxy.
func live(ctx context.Context, s *settings, stdout, stderr io.Writer) (status int, err error) {
	backend, err := probe.Listen(s.listen, s.backendTLS)
	if err != nil {
		return 2, fmt.Errorf("-listen: %w", err)
	}
	defer backend.Close()
	p := &probe.Proxy{
		URL: s.url, Backend: backend,
		Token: s.token, Header: s.header, TLS: s.tls,
		Limit: s.timeout, Hold: s.hold,
	}
	rep := &report{URL: s.url.String(), Listen: backend.Addr(), Timeout: s.timeout, Verdict: probe.OK}
	show := progress(stderr)
	for i, sc := range s.scenarios {
		o := outcome{Scenario: sc.Name, Says: sc.Says}
		for n := range s.runs {
			show(fmt.Sprintf("%d of %d: %s, run %d of %d", i+1, len(s.scenarios), sc.Name, n+1, s.runs))
			r := p.Run(ctx, sc)
			if ctx.Err() != nil {
				break
			}
			if backend.Reached() == 0 && (r.Fault == probe.Unreachable || r.Fault == probe.Astray) {
				show("")
				return 3, fmt.Errorf("%s: %s", r.Finding, s.remedy(ctx, p, r))
			}
			o.Runs = append(o.Runs, r)
		}
		if len(o.Runs) > 0 {
			o.Verdict = o.worst().Verdict
			if severity[o.Verdict] > severity[rep.Verdict] {
				rep.Verdict = o.Verdict
			}
			rep.Scenarios = append(rep.Scenarios, o)
		}
		if ctx.Err() != nil {
			rep.Stopped = true
			break
		}
	}
	show("")
	if err := rep.write(s, stdout); err != nil {
		return 1, err
	}
	if rep.Stopped {
		return 1, fmt.Errorf("interrupted: the report is of %d of %d scenarios", len(rep.Scenarios), len(s.scenarios))
	}
	if rep.Verdict == probe.Bad {
		return 1, nil
	}
	return 0, nil
}

// write prints the report and then writes the page, so that the report is
// printed even if the page cannot be written.
func (rep *report) write(s *settings, stdout io.Writer) error {
	var err error
	if s.json {
		err = writeJSON(stdout, rep)
	} else {
		err = rep.print(stdout)
	}
	if s.html != "" {
		err = errors.Join(err, writePage(s.html, rep.page()))
	}
	return err
}

func writeJSON(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "\t")
	return enc.Encode(v)
}

// progress returns a function that replaces the line that was shown last, if w
// is a terminal, and does nothing if not.
func progress(w io.Writer) func(line string) {
	f, ok := w.(*os.File)
	if !ok {
		return func(string) {}
	}
	if info, err := f.Stat(); err != nil || info.Mode()&os.ModeCharDevice == 0 || os.Getenv("TERM") == "dumb" {
		return func(string) {}
	}
	return func(line string) { fmt.Fprintf(f, "\r\x1b[K%s", line) }
}
