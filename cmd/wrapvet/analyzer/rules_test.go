package analyzer_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"testing"

	"github.com/bodywrap/bodywrap/cmd/wrapvet/analyzer"
)

// Each rule has a folder of shapes with its name, and a row and a section in
// the README. No other row or section is about a rule.
func TestEachRuleHasShapesAndIsInTheReadme(t *testing.T) {
	for _, rule := range analyzer.Rules {
		if _, err := os.Stat(filepath.Join(sources, rule)); err != nil {
			t.Errorf("the rule %s has no shapes: %v", rule, err)
		}
	}
	readme, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	for what, line := range map[string]string{
		"rows of the table of rules": `(?m)^\| \[([a-z0-9-]+)\]\(#`,
		"sections of rules":          `(?m)^### ([a-z0-9-]+)$`,
	} {
		var names []string
		for _, m := range regexp.MustCompile(line).FindAllSubmatch(readme, -1) {
			if name := string(m[1]); name != "ignore" { // a section on comments
				names = append(names, name)
			}
		}
		slices.Sort(names)
		if !slices.Equal(names, analyzer.Rules) {
			t.Errorf("%s in the README: %q, want one for each rule: %q", what, names, analyzer.Rules)
		}
	}
}
