package main

import "testing"

// The body family's budget: what a program pays for all combinations together.
const budget = 40 << 10

func TestBodyFamilyStaysWithinItsBudget(t *testing.T) {
	with, without, err := measure()
	if err != nil {
		t.Fatal(err)
	}
	if cost := with - without; cost <= 0 || cost > budget {
		t.Errorf("wrap.Body adds %d bytes to a program (%d - %d), want at most %d", cost, with, without, budget)
	}
}
