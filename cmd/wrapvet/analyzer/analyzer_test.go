package analyzer_test

import (
	"testing"

	"golang.org/x/tools/go/analysis/analysistest"

	"github.com/bodywrap/bodywrap/cmd/wrapvet/analyzer"
)

// One folder has the shapes of one rule, and one each what does not belong to a rule.
func TestAnalyzer(t *testing.T) {
	t.Parallel() // most of the time goes into reading the standard library, once for each test
	analysistest.Run(t, analysistest.TestData(), analyzer.New(),
		"loses-write", "loses-closewrite", "fakes-closewrite", "blocks-on-101", "loses-close", "stale-length", "not-restored",
		"quiet", "private", "ignores", "wrappers", "proxies", "treats", "facts", "handsover", "conns")
}

func TestFixesAreAsRecorded(t *testing.T) {
	t.Parallel()
	analysistest.RunWithSuggestedFixes(t, analysistest.TestData(), analyzer.New(), "fixes")
}

func TestClientsFlagLooksAtPrivateTransports(t *testing.T) {
	t.Parallel()
	a := analyzer.New()
	if err := a.Flags.Set("clients", "true"); err != nil {
		t.Fatal(err)
	}
	analysistest.Run(t, analysistest.TestData(), a, "clients")
}
