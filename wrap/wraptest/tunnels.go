package wraptest

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/bodywrap/bodywrap/internal/probe"
)

// tunnels starts a proxy with a backend. The function that it returns plays
// every scenario of package probe that o does not skip, and stops both.
func tunnels(config probe.LocalConfig, o settings) func() findings {
	local, err := config.Start()
	if err != nil {
		return cannotStart(err)
	}
	return func() findings {
		var plays []func() checked
		for _, s := range probe.All() {
			name := over(config.Secure) + "/" + s.Name
			if o.skips(name) {
				continue
			}
			if config.Proxy != nil || !s.ProxyOnly && passes(s, config.Secure) {
				proxy := *local.Proxy
				proxy.Limit = o.timeout(name)
				plays = append(plays, func() checked {
					return judged(over(config.Secure), proxy.Run(context.Background(), s))
				})
			}
		}
		all := findings(together(plays))
		end := checked{name: over(config.Secure) + "/end"}
		limit := o.timeout(end.name)
		if !local.Close(limit) {
			end.found = []*Finding{{end.name, fmt.Sprintf("%v after both ends of every tunnel were closed, the handler has not returned", limit)}}
		}
		return append(all, end)
	}
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

// controlLimit is how long a control waits for each event. It is generous: a
// scenario that ReverseProxy does not pass in time is left out of every test.
const controlLimit = time.Minute

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
	var scenarios []probe.Scenario
	var plays []func() probe.Result
	for _, s := range probe.All() {
		if s.ProxyOnly {
			continue
		}
		scenarios = append(scenarios, s)
		plays = append(plays, func() probe.Result { return local.Run(context.Background(), s) })
	}
	for i, r := range together(plays) {
		ok[scenarios[i].Name] = r.Verdict != probe.Bad
	}
	return ok
}
