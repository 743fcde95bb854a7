package main

import (
	"bytes"
	"strings"
	"testing"
)

func TestHelpGoesToStdoutAndMisuseToStderr(t *testing.T) {
	for _, tt := range []struct {
		why  string
		args []string
		code int
	}{
		{"help", []string{"-h"}, 0},
		{"help of one", []string{"public", "-h"}, 0},
		{"help of the other", []string{"speed", "-h"}, 0},
		{"nothing to do", nil, 2},
		{"something else to do", []string{"unknown"}, 2},
		{"no such flag", []string{"public", "-unknown"}, 2},
		{"no such flag", []string{"speed", "-unknown"}, 2},
		{"the flag of the other", []string{"public", "-n", "3"}, 2},
		{"the flag of the other", []string{"speed", "-update"}, 2},
		{"at least one pair", []string{"speed", "-n", "0"}, 2},
		{"a module without a package", []string{"speed", "example.com/m@v1.0.0"}, 2},
	} {
		var stdout, stderr bytes.Buffer
		code := run(tt.args, &stdout, &stderr)
		said, silent, says := &stdout, &stderr, "usage: "
		if tt.code != 0 {
			said, silent, says = silent, said, "-h for usage"
		}
		if code != tt.code || !strings.Contains(said.String(), says) || silent.Len() > 0 {
			t.Errorf("%s: survey %q = %d, stdout %q, stderr %q, want %d and %q", tt.why, tt.args, code, stdout.String(), stderr.String(), tt.code, says)
		}
	}
}
