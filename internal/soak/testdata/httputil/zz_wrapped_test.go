package httputil

import "testing"

// The name of this file sorts last, and so does the test in it.
func TestBodiesWereWrapped(t *testing.T) {
	if n, up := wrapped.Load(), wrappedUpgrades.Load(); n < 20 || up < 2 {
		t.Errorf("%d bodies were wrapped, %d of them upgraded; want at least 20 and 2: the patch misses", n, up)
	}
}
