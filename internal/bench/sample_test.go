package main

import (
	"strings"
	"testing"
)

func TestDiffers(t *testing.T) {
	for _, tt := range []struct {
		why  string
		a, b sample
		want bool
	}{
		{"the same", sample{1, 2, 3, 4, 5, 6, 7, 8}, sample{1, 2, 3, 4, 5, 6, 7, 8}, false},
		{"far apart", sample{1, 2, 3, 4, 5, 6, 7, 8}, sample{11, 12, 13, 14, 15, 16, 17, 18}, true},
		{"far apart, but too few to tell", sample{1, 2}, sample{11, 12}, false},
		{"U is 12, and the tables have 13 for 8 and 8", sample{1, 2, 3, 4, 5, 6, 10.5, 13}, sample{5.5, 7, 8, 9, 10, 11, 14, 15}, true},
		{"U is 14", sample{1, 2, 3, 4, 5, 6, 12, 14.5}, sample{5.5, 7, 8, 9, 10, 11, 14, 15}, false},
	} {
		if got := differs(tt.a, tt.b); got != tt.want {
			t.Errorf("differs(%v, %v) = %t, want %t: %s", tt.a, tt.b, got, tt.want, tt.why)
		}
	}
}

func TestMedian(t *testing.T) {
	if got := (sample{4, 1, 3, 2}).median(); got != 2.5 {
		t.Errorf("median of 1 to 4 = %v, want 2.5", got)
	}
}

func TestTableSaysWhatIsNotSignificant(t *testing.T) {
	first := sample{100, 101, 102, 103, 104, 105, 106, 107, 108, 109}
	var out strings.Builder
	s := &settings{out: &out}
	s.table("T", []string{"first", "same", "twice", "absent", "uncounted"}, column{name: "ns", format: "%.0f", samples: []sample{
		first, first, {200, 202, 204, 206, 208, 210, 212, 214, 216, 218}, nil, first,
	}}, column{name: "allocations", format: "%.0f", samples: []sample{{1}, {1}, {2}, nil, nil}, exact: true})
	want := `
### T

| | ns | allocations |
|---|---|---|
| first | 104 ±3% | 1 |
| same | 104 ±3% (~) | 1 |
| twice | 209 ±3% (2.00) | 2 |
| uncounted | 104 ±3% (~) |  |
`
	if got := out.String(); got != want {
		t.Errorf("table prints %s, want %s", got, want)
	}
}
