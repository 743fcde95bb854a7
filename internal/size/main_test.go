package main

import "testing"

// budgets are what a program pays at most for all combinations of a family
// together, in bytes.
var budgets = map[string]int64{
	"wrap.Body": 40 << 10,
	"wrap.Conn": 700 << 10, // 192 types
}

func TestFamiliesStayWithinTheirBudgets(t *testing.T) {
	sizes, err := measure()
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range additions {
		with, without := sizes[a.with], sizes[a.without]
		cost, budget := with-without, budgets[a.name]
		t.Logf("%s adds %d bytes to a program, of %d", a.name, cost, budget)
		if cost <= 0 || cost > budget {
			t.Errorf("%s adds %d bytes to a program (%d - %d), want at most %d", a.name, cost, with, without, budget)
		}
	}
}
