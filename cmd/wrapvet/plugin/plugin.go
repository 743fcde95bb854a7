// Package plugin makes wrapvet a module plugin of golangci-lint, whose custom build imports it for its effect.
package plugin

import (
	"fmt"

	"github.com/golangci/plugin-module-register/register"
	"golang.org/x/tools/go/analysis"

	"github.com/bodywrap/bodywrap/cmd/wrapvet/analyzer"
)

func init() { register.Plugin("wrapvet", New) } // that is how golangci-lint finds its plugins

// New returns the linter. Its settings are the analyzer's flags.
func New(conf any) (register.LinterPlugin, error) {
	settings, err := register.DecodeSettings[Settings](conf)
	if err != nil {
		return nil, fmt.Errorf("wrapvet: %w", err)
	}
	return linter{settings}, nil
}

// Settings are those in .golangci.yml.
type Settings struct {
	Clients bool `json:"clients"` // look at private client transports too
}

type linter struct{ settings Settings }

func (l linter) BuildAnalyzers() ([]*analysis.Analyzer, error) {
	a := analyzer.New()
	if l.settings.Clients {
		if err := a.Flags.Set("clients", "true"); err != nil {
			return nil, fmt.Errorf("wrapvet: %w", err)
		}
	}
	return []*analysis.Analyzer{a}, nil
}

func (linter) GetLoadMode() string { return register.LoadModeTypesInfo }
