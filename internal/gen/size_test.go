package gen_test

import (
	"fmt"
	"strings"
	"testing"
)

// TestSizeOfTheLargestFamily generates a family of ten optional methods, as
// many as there can be, and holds the size of its file.
func TestSizeOfTheLargestFamily(t *testing.T) {
	for _, test := range []struct {
		elements, combinations int
		test                   string
		budget                 int // in bytes
	}{
		{1, 2, "", 1_400},
		{10, 1024, "", 600_000},
		{10, 1024, "//wrapgen:test\n", 612_000},
	} {
		methods := strings.Join(strings.Split("ABCDEFGHIJ"[:test.elements], ""), "(); ") + "()"
		result, err := source(t, fmt.Sprintf("package p\n\n//wrapgen:for s\n//wrapgen:max 1024\n%stype family interface { %s }\n\ntype base interface{ Base() }\n\ntype s struct{ base }\n", test.test, methods)).Generate()
		if err != nil {
			t.Fatal(err)
		}
		f, size := result.Families[0], 0
		for _, file := range result.Files {
			size += len(file.Content)
		}
		t.Logf("%d elements: %d combinations, %d bytes", test.elements, f.Combinations, f.Size)
		if f.Combinations != test.combinations || f.Size != size || size > test.budget {
			t.Errorf("%d elements: %d combinations and a size of %d, want %d and that of the files, %d, at most %d",
				test.elements, f.Combinations, f.Size, test.combinations, size, test.budget)
		}
	}
}
