package main

import (
	"math"
	"slices"
)

// A sample is one figure of one contestant, from each of its runs.
type sample []float64

func (s sample) quantile(q float64) float64 {
	if len(s) == 0 {
		return math.NaN()
	}
	sorted := slices.Sorted(slices.Values(s))
	at := q * float64(len(sorted)-1)
	low := int(at)
	high := min(low+1, len(sorted)-1)
	return sorted[low] + (at-float64(low))*(sorted[high]-sorted[low])
}

func (s sample) median() float64 { return s.quantile(0.5) }

// spread is half the distance of the quartiles, as a share of the median.
func (s sample) spread() float64 {
	return (s.quantile(0.75) - s.quantile(0.25)) / 2 / s.median()
}

// differs reports whether the Mann-Whitney U test tells a from b at the level
// of 0.05, by the normal approximation with a correction for ties, which is
// good from eight values a side on.
func differs(a, b sample) bool {
	type value struct {
		v   float64
		isA bool
	}
	var all []value
	for _, v := range a {
		all = append(all, value{v, true})
	}
	for _, v := range b {
		all = append(all, value{v, false})
	}
	slices.SortFunc(all, func(x, y value) int {
		switch {
		case x.v < y.v:
			return -1
		case x.v > y.v:
			return 1
		}
		return 0
	})
	var ranks, ties float64 // of a; and the sum of t³-t over groups of t equal values
	for i := 0; i < len(all); {
		j := i
		for j < len(all) && all[j].v == all[i].v {
			j++
		}
		rank, t := float64(i+j+1)/2, float64(j-i)
		ties += t*t*t - t
		for ; i < j; i++ {
			if all[i].isA {
				ranks += rank
			}
		}
	}
	na, nb := float64(len(a)), float64(len(b))
	n := na + nb
	u := ranks - na*(na+1)/2
	variance := na * nb / 12 * (n + 1 - ties/(n*(n-1)))
	if variance <= 0 {
		return false
	}
	z := (math.Abs(u-na*nb/2) - 0.5) / math.Sqrt(variance)
	return z > 1.959964
}
