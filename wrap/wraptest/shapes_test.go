package wraptest

import "testing"

// withTLS are the connections that the kit has with TLS.
var withTLS = map[methods]bool{
	hasConnectionState:                       true,
	hasConnectionState | hasHandshakeContext: true,
	hasCloseWrite | hasNetConn | hasConnectionState | hasHandshakeContext: true,
	ofConn: true,
}

// What the tables promise: each combination, and exactly the methods it names.
func TestShapesAreAllCombinations(t *testing.T) {
	for m := methods(0); m < 1<<len(optional); m++ {
		o := newOriginal(nothing())
		if shape, ok := bodies[m]; ok != (m&^ofBody == 0 && (m&hasReadFrom == 0 || m&hasWrite != 0)) {
			t.Errorf("a body that has %v is among the bodies: %v", m, ok)
		} else if ok && methodsOf(shape(o), ^methods(0)) != m {
			t.Errorf("the body that should have %v has %v", m, methodsOf(shape(o), ^methods(0)))
		}
		if shape, ok := conns[m]; ok != (m&^ofConn == 0 && m&ofTLS == 0 || withTLS[m]) {
			t.Errorf("a connection that has %v is among the connections: %v", m, ok)
		} else if ok && methodsOf(shape(o), ofConn) != m {
			t.Errorf("the connection that should have %v has %v", m, methodsOf(shape(o), ofConn))
		}
	}
}
