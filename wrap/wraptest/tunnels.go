package wraptest

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/bodywrap/bodywrap/internal/probe"
)

// tunnels plays every scenario of package probe that o does not skip.
func tunnels(config probe.LocalConfig, o Options) findings {
	var wanted []probe.Scenario
	for _, s := range probe.All() {
		if o.skips(over(config.Secure) + "/" + s.Name) {
			continue
		}
		if config.Proxy != nil || !s.ProxyOnly && passes(s, config.Secure) {
			wanted = append(wanted, s)
		}
	}
	local, err := config.Start()
	if err != nil {
		return findings{{"start", []*Finding{{"start", err.Error()}}}}
	}
	local.Limit = o.Timeout
	all := make(findings, len(wanted))
	var playing sync.WaitGroup
	for i, s := range wanted {
		playing.Add(1)
		go func() {
			defer playing.Done()
			all[i] = judged(over(config.Secure), local.Run(context.Background(), s))
		}()
	}
	playing.Wait()
	end := checked{name: over(config.Secure) + "/end"}
	if !local.Close(o.Timeout) {
		end.found = []*Finding{{end.name, fmt.Sprintf("%v after both ends of every tunnel were closed, the handler has not returned", o.Timeout)}}
	}
	return append(all, end)
}

// judged turns a probe's result into findings.
func judged(over string, r probe.Result) checked {
	c := checked{name: over + "/" + r.Scenario}
	if r.Verdict == probe.Bad {
		c.found = []*Finding{{c.name, r.Finding}}
	}
	return c
}

// A control knows the scenarios that ReverseProxy passes with an unchanged
// response.
type control struct {
	once sync.Once
	ok   map[string]bool // by the scenario's name; set by once
}

var controls [2]control // TCP, TLS

// controlLimit is how long a control waits for each event.
const controlLimit = 10 * time.Second

// passes reports whether ReverseProxy passes s with an unchanged response. The
// first call plays all scenarios.
func passes(s probe.Scenario, secure bool) bool {
	c := &controls[0]
	if secure {
		c = &controls[1]
	}
	c.once.Do(func() { c.ok = playControl(secure) })
	return c.ok[s.Name]
}

func playControl(secure bool) map[string]bool {
	ok := make(map[string]bool)
	local, err := probe.LocalConfig{Secure: secure}.Start()
	if err != nil {
		return ok // the check itself will say so
	}
	defer local.Close(controlLimit)
	local.Limit = controlLimit
	var (
		playing sync.WaitGroup
		mu      sync.Mutex
	)
	for _, s := range probe.All() {
		if s.ProxyOnly {
			continue
		}
		playing.Add(1)
		go func() {
			defer playing.Done()
			r := local.Run(context.Background(), s)
			mu.Lock()
			defer mu.Unlock()
			ok[s.Name] = r.Verdict != probe.Bad
		}()
	}
	playing.Wait()
	return ok
}
