// Package vet runs the shapes of wrapvet's tests through a real proxy. It
// checks that the analyzer and the network agree on which shapes are faulty.
package vet

import (
	"io"
	"log"
	"net/http"
	"net/http/httputil"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	blocks "github.com/bodywrap/bodywrap/cmd/wrapvet/analyzer/testdata/src/blocks-on-101"
	fakes "github.com/bodywrap/bodywrap/cmd/wrapvet/analyzer/testdata/src/fakes-closewrite"
	losesCloseWrite "github.com/bodywrap/bodywrap/cmd/wrapvet/analyzer/testdata/src/loses-closewrite"
	losesWrite "github.com/bodywrap/bodywrap/cmd/wrapvet/analyzer/testdata/src/loses-write"
	"github.com/bodywrap/bodywrap/wrap/wraptest"
)

// ofUpgrades are the shapes of the rules that are about upgrades, by rule.
var ofUpgrades = map[string]map[string]func(*httputil.ReverseProxy){
	"loses-write":      losesWrite.Shapes,
	"loses-closewrite": losesCloseWrite.Shapes,
	"fakes-closewrite": fakes.Shapes,
	"blocks-on-101":    blocks.Shapes,
}

// The README of wrapvet says for each rule whether it is about an ordinary
// response. The shapes of all other rules are played here.
func TestTheRulesOfUpgradesArePlayed(t *testing.T) {
	readme, err := os.ReadFile("../../../cmd/wrapvet/README.md")
	if err != nil {
		t.Fatal(err)
	}
	rules := 0
	for _, row := range regexp.MustCompile(`(?m)^\| \[([a-z0-9-]+)\]\(#.*\| (.*) \|$`).FindAllStringSubmatch(string(readme), -1) {
		rule, decidedFor := row[1], row[2]
		rules++
		if _, played := ofUpgrades[rule]; played != (decidedFor != "an ordinary response") {
			t.Errorf("%s is decided for %s; its shapes are played through a proxy: %v", rule, decidedFor, played)
		}
	}
	if rules < len(ofUpgrades) {
		t.Errorf("the README of wrapvet has %d rules, want at least %d", rules, len(ofUpgrades))
	}
}

// A shape breaks an upgrade if and only if wrapvet reports it.
func TestTheNetworkAgreesWithWrapvet(t *testing.T) {
	for rule, shapes := range ofUpgrades {
		for name, shape := range shapes {
			t.Run(rule+"/"+name, func(t *testing.T) {
				t.Parallel()
				err := probe(shape)
				switch bad := strings.HasPrefix(name, "bad"); {
				case bad && err == nil:
					t.Errorf("wrapvet reports %s, but all checks of an upgrade pass", name)
				case !bad && err != nil:
					t.Errorf("wrapvet does not report %s, but a check of an upgrade fails:\n%v", name, err)
				}
			})
		}
	}
}

// beside are the checks that wrapvet has no rule for: those of ordinary
// responses, and of tunnels that end by a reset or without a word.
var beside = []string{
	"sized", "chunked", "HEAD", "204", "304", "gzip", "trailers", "reuse", "early close", "gives up",
	"refused with 200", "refused with 403", "wrong token", "unasked 101",
	"client resets", "backend resets", "client vanishes", "backend vanishes",
}

func TestMain(m *testing.M) {
	log.SetOutput(io.Discard) // some shapes log whole responses
	os.Exit(m.Run())
}

// probe runs the checks of wraptest on a proxy that shape has changed.
func probe(shape func(*httputil.ReverseProxy)) error {
	opts := wraptest.Options{Timeout: 3 * time.Second, Skip: beside}
	var p httputil.ReverseProxy
	shape(&p)
	if p.ModifyResponse != nil {
		return wraptest.CheckModifyResponse(p.ModifyResponse, opts)
	}
	return wraptest.CheckTransport(func(next http.RoundTripper) http.RoundTripper {
		p := httputil.ReverseProxy{Transport: next}
		shape(&p)
		return p.Transport
	}, opts)
}
