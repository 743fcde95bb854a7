package interop

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/bodywrap/bodywrap/internal/probe"
)

// TestProxies runs the scenarios through other people's proxies, and compares
// the verdicts with the recorded ones. The proxies have the configuration that
// their manuals give for WebSocket.
func TestProxies(t *testing.T) {
	tests := []struct {
		record    string
		scenarios []probe.Scenario
		daemon    daemon
	}{
		{"nginx.md", probe.All(), daemon{
			program: "nginx",
			version: []string{"-v"},
			config:  "nginx.conf",
			args:    func(config string) []string { return []string{"-c", config, "-e", "stderr"} },
		}},
		{"haproxy.md", probe.All(), daemon{
			program: "haproxy",
			version: []string{"-v"},
			config:  "haproxy.cfg",
			args:    func(config string) []string { return []string{"-db", "-f", config} },
		}},
		{"caddy.md", settled(), caddy("Caddyfile")},
		{"caddy-log.md", settled(), caddy("Caddyfile.log")}, // the log wraps the client's connection
	}
	for _, tt := range tests {
		t.Run(tt.record, func(t *testing.T) {
			t.Parallel()
			versions := tt.daemon.says(t)
			backend, err := probe.Listen("127.0.0.1:0", nil)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(backend.Close)
			p := &probe.Proxy{
				URL:     tt.daemon.start(t, backend.Addr()),
				Backend: backend,
				Limit:   10 * time.Second,
				Hold:    time.Second,
			}
			r := record{versions: versions, head: []string{"what happens", "verdict", "arrived", "told by", "what an application notices"}}
			for _, res := range runAll(t, p, tt.scenarios) {
				r.rows = append(r.rows, []string{res.Scenario, verdict(res), arrived(res), res.Knew, res.Notice})
				t.Logf("%s: %s %s", res.Scenario, res.Verdict, res.Finding)
			}
			r.compare(t, tt.record)
		})
	}
}

func caddy(config string) daemon {
	return daemon{
		program: "caddy",
		version: []string{"version"},
		config:  config,
		args: func(config string) []string {
			return []string{"run", "--config", config, "--adapter", "caddyfile"}
		},
	}
}

// settled returns the scenarios whose verdict is the same each time for a proxy
// that is written in Go. In the other scenarios such a proxy may drop a 101
// without closing the connection. That stays open until the garbage collector
// finds it.
func settled() []probe.Scenario {
	return slices.DeleteFunc(probe.All(), func(s probe.Scenario) bool {
		return s.Name == "wrong token" || s.Name == "unasked 101"
	})
}

// runAll plays all scenarios at the same time, since they mostly wait.
func runAll(t *testing.T, p *probe.Proxy, scenarios []probe.Scenario) []probe.Result {
	results := make([]probe.Result, len(scenarios))
	var wg sync.WaitGroup
	for i, s := range scenarios {
		wg.Go(func() { results[i] = p.Run(t.Context(), s) })
	}
	wg.Wait()
	return results
}

func verdict(r probe.Result) string {
	if r.Verdict == probe.Bad {
		return fmt.Sprintf("%s: %s", r.Verdict, r.Fault)
	}
	return string(r.Verdict)
}

// arrived says how many bytes arrived. If only a part did, the number differs
// each time, and arrived does not give it.
func arrived(r probe.Result) string {
	switch {
	case r.Expected == 0:
		return ""
	case r.Arrived > 0 && r.Arrived < r.Expected:
		return fmt.Sprintf("a part of %d", r.Expected)
	}
	return fmt.Sprintf("%d of %d", r.Arrived, r.Expected)
}
