package wraptest

import (
	"slices"
	"testing"
)

// withTLS has the sets of methods of the kit's connections with TLS.
var withTLS = []methods{
	hasConnectionState,
	hasConnectionState | hasHandshakeContext,
	hasCloseWrite | hasNetConn | hasConnectionState | hasHandshakeContext,
	connFamily,
}

// The shapes are all combinations of methods, and have exactly those methods.
func TestShapesAreAllCombinations(t *testing.T) {
	for m := methods(0); m < 1<<len(optional); m++ {
		o := newOriginal(nothing())
		if ok := slices.Contains(bodyShapes(), m); ok != (m&^bodyFamily == 0 && (m&hasReadFrom == 0 || m&hasWrite != 0)) {
			t.Errorf("a body that has %v is among the bodies: %v", m, ok)
		} else if ok && methodsOf(o.body(m), ^methods(0)) != m {
			t.Errorf("the body that should have %v has %v", m, methodsOf(o.body(m), ^methods(0)))
		}
		if ok := slices.Contains(connShapes(), m); ok != (m&^connFamily == 0 && m&ofTLS == 0 || slices.Contains(withTLS, m)) {
			t.Errorf("a connection that has %v is among the connections: %v", m, ok)
		} else if ok && methodsOf(o.conn(m), connFamily) != m {
			t.Errorf("the connection that should have %v has %v", m, methodsOf(o.conn(m), connFamily))
		}
	}
}
