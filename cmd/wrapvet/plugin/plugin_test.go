package plugin_test

import (
	"testing"

	"github.com/golangci/plugin-module-register/register"

	_ "github.com/bodywrap/bodywrap/cmd/wrapvet/plugin"
)

func TestPluginIsRegisteredWithItsSettings(t *testing.T) {
	newPlugin, err := register.GetPlugin("wrapvet")
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		why      string
		settings any
		clients  string
	}{
		{"no settings mean the defaults", nil, "false"},
		{"a setting is a flag", map[string]any{"clients": true}, "true"},
	} {
		p, err := newPlugin(tt.settings)
		if err != nil {
			t.Fatalf("New(%v) = %v: %s", tt.settings, err, tt.why)
		}
		as, err := p.BuildAnalyzers()
		if err != nil || len(as) != 1 {
			t.Fatalf("BuildAnalyzers() = %v, %v, want one analyzer", as, err)
		}
		if got := as[0].Flags.Lookup("clients").Value.String(); got != tt.clients {
			t.Errorf("New(%v): clients is %s, want %s: %s", tt.settings, got, tt.clients, tt.why)
		}
		if got := p.GetLoadMode(); got != register.LoadModeTypesInfo {
			t.Errorf("GetLoadMode() = %q, want %q", got, register.LoadModeTypesInfo)
		}
	}
	if _, err := newPlugin(map[string]any{"client": true}); err == nil {
		t.Error("New with an unknown setting = nil error, want one")
	}
}
