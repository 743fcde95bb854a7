package analyzer_test

import (
	"os"
	"testing"

	"golang.org/x/tools/go/analysis/analysistest"

	"github.com/bodywrap/bodywrap/cmd/wrapvet/analyzer"
)

// sources has a folder for the shapes of each rule, and one for each
// subject that does not belong to a rule.
const sources = "testdata/src"

func TestAnalyzer(t *testing.T) {
	t.Parallel() // most of the time goes into reading the standard library, once for each test
	entries, err := os.ReadDir(sources)
	if err != nil {
		t.Fatal(err)
	}
	var folders []string
	for _, e := range entries {
		switch e.Name() {
		case "fixes", "clients": // for the tests below
		case "github.com": // for the others to import
		default:
			folders = append(folders, e.Name())
		}
	}
	analysistest.Run(t, analysistest.TestData(), analyzer.New(), folders...)
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
