package testkit

import "time"

// Patience is a deadline that only a fault reaches.
const Patience = time.Minute

// Eventually calls done until it returns true, and reports whether it did so
// within [Patience]. It is for what tells nobody when it happens; wait for a
// channel where there is one.
func Eventually(done func() bool) bool { return within(Patience, done) }

func within(limit time.Duration, done func() bool) bool {
	for deadline := time.Now().Add(limit); ; {
		if done() {
			return true
		}
		if time.Now().After(deadline) {
			return false
		}
		time.Sleep(time.Millisecond)
	}
}
