package transform_test

import (
	"strings"
	"testing"

	"github.com/bodywrap/bodywrap/wrap"
	"github.com/bodywrap/bodywrap/wrap/transform"
)

func TestReplace(t *testing.T) {
	for _, tt := range []struct{ old, new, in string }{
		{"secret", "***", "a secret, secretsecret, secre"},
		{"aab", "x", "aaaab aab aaab aa"},
		{"abab", "", "abababab ababa"},
		{"a", "aa", "banana"},
		{"aa", "a", "aaaaa"},
		{"long", "", ""},
		{"abcabd", "Y", "abcabcabd"},
	} {
		checkEverywhere(t, func(write bool) wrap.Hooks {
			return transform.Replace(tt.old, tt.new, &transform.Options{Write: write})
		}, tt.in, strings.ReplaceAll(tt.in, tt.old, tt.new), nil)
	}
}

// Only the beginning of a match waits for more.
func TestReplaceHoldsBackTheBeginningOfAMatch(t *testing.T) {
	body := wrap.Body(&parts{parts: []string{"my se", "cret sec", "ond"}}, transform.Replace("secret", "***", nil))
	p := make([]byte, 100)
	for _, want := range []string{"my ", "*** ", "second"} {
		n, err := body.Read(p)
		if string(p[:n]) != want || err != nil {
			t.Errorf("Read = %q, %v, want %q", p[:n], err, want)
		}
	}
}
