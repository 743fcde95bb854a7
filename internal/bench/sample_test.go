package main

import "testing"

func TestDiffers(t *testing.T) {
	for _, tt := range []struct {
		name string
		a, b sample
		want bool
	}{
		{"same", sample{1, 2, 3, 4, 5, 6, 7, 8}, sample{1, 2, 3, 4, 5, 6, 7, 8}, false},
		{"all equal", sample{1, 1, 1}, sample{1, 1, 1}, false},
		{"apart", sample{1, 2, 3, 4, 5, 6, 7, 8}, sample{11, 12, 13, 14, 15, 16, 17, 18}, true},
		// U is 12 and 14; the tables have 13 for 8 and 8 at 0.05.
		{"just", sample{1, 2, 3, 4, 5, 6, 10.5, 13}, sample{5.5, 7, 8, 9, 10, 11, 14, 15}, true},
		{"not quite", sample{1, 2, 3, 4, 5, 6, 12, 14.5}, sample{5.5, 7, 8, 9, 10, 11, 14, 15}, false},
	} {
		if got := differs(tt.a, tt.b); got != tt.want {
			t.Errorf("%s: differs(%v, %v) = %t, want %t", tt.name, tt.a, tt.b, got, tt.want)
		}
	}
}

func TestMedian(t *testing.T) {
	if got := (sample{4, 1, 3, 2}).median(); got != 2.5 {
		t.Errorf("median of 1 to 4 = %v, want 2.5", got)
	}
}
