package analyzer_test

import (
	"testing"

	"golang.org/x/tools/go/analysis/analysistest"

	"github.com/bodywrap/bodywrap/cmd/wrapvet/analyzer"
)

func TestRules(t *testing.T) {
	for _, rule := range []string{
		"loses-write", "loses-closewrite", "fakes-closewrite", "blocks-on-101", "loses-close", "stale-length", "not-restored",
	} {
		t.Run(rule, func(t *testing.T) {
			analysistest.Run(t, analysistest.TestData(), analyzer.Analyzer, rule)
		})
	}
}
