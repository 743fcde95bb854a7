package main

import (
	"math"
	"slices"

	"golang.org/x/perf/benchmath"
)

// A sample has one figure of one contestant from each of its runs.
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

// spread returns the 95 % confidence interval of the median as text.
func (s sample) spread() string {
	sum := benchmath.AssumeNothing.Summary(s.forBenchmath(), 0.95)
	return "±" + sum.PctRangeString()
}

// differs reports whether the Mann-Whitney U test finds that a and b differ, at
// the level of 0.05.
func differs(a, b sample) bool {
	c := benchmath.AssumeNothing.Compare(a.forBenchmath(), b.forBenchmath())
	return c.P <= c.Alpha
}

func (s sample) forBenchmath() *benchmath.Sample {
	return benchmath.NewSample(slices.Clone(s), &benchmath.DefaultThresholds)
}
