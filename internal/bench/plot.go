package main

import (
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/plotutil"
	"gonum.org/v1/plot/vg"
)

// bars draws the medians of one column as bars.
func (s *settings) bars(file, title, unit string, names []string, samples []sample) error {
	if s.plots == "" {
		return nil
	}
	p := plot.New()
	p.Title.Text, p.X.Label.Text = title, unit
	var values plotter.Values
	var labels []string
	for i := len(names) - 1; i >= 0; i-- { // the first name is on top
		if len(samples[i]) > 0 {
			values, labels = append(values, samples[i].median()), append(labels, names[i])
		}
	}
	chart, err := plotter.NewBarChart(values, vg.Points(12))
	if err != nil {
		return err
	}
	chart.Horizontal = true
	chart.Color = plotutil.Color(2)
	p.Add(chart)
	p.NominalY(labels...)
	p.X.Max *= 1.02 // without this, the frame cuts into the longest bar
	return s.save(p, file)
}

// lines draws one line for each name, with logarithmic scales on both axes.
// over is the label of the X axis.
func (s *settings) lines(file, title, over string, names []string, series []plotter.XYs) error {
	if s.plots == "" {
		return nil
	}
	p := plot.New()
	p.Title.Text, p.X.Label.Text = title, over
	p.X.Scale, p.X.Tick.Marker = plot.LogScale{}, powers{1}
	p.Y.Scale, p.Y.Tick.Marker = plot.LogScale{}, powers{1, 2, 5}
	for i, name := range names {
		positive := slices.DeleteFunc(slices.Clone(series[i]), func(xy plotter.XY) bool { return xy.Y <= 0 }) // 0 has no logarithm
		if len(positive) == 0 {
			continue
		}
		line, points, err := plotter.NewLinePoints(positive)
		if err != nil {
			return err
		}
		line.Color, points.Color = plotutil.Color(i), plotutil.Color(i)
		line.Width, line.Dashes, points.Shape = vg.Points(1.5), plotutil.Dashes(i/7), plotutil.Shape(i)
		p.Add(line, points)
		p.Legend.Add(name, line, points)
	}
	p.X.Max *= 50 // room for the legend beside the lines
	p.Legend.Top, p.Legend.Padding = true, vg.Points(2)
	p.Add(plotter.NewGrid())
	return s.save(p, file)
}

// powers puts ticks at these multiples of the powers of ten.
type powers []float64

func (p powers) Ticks(low, high float64) (ticks []plot.Tick) {
	for e := math.Floor(math.Log10(low)); e <= math.Log10(high); e++ {
		for _, m := range p {
			if v := m * math.Pow(10, e); low <= v && v <= high {
				ticks = append(ticks, plot.Tick{Value: v, Label: strconv.FormatFloat(v, 'g', 6, 64)})
			}
		}
	}
	return ticks
}

func (s *settings) save(p *plot.Plot, file string) error {
	p.Title.Padding = vg.Points(8)
	if err := os.MkdirAll(s.plots, 0o777); err != nil {
		return err
	}
	return p.Save(16*vg.Centimeter, 9*vg.Centimeter, filepath.Join(s.plots, file))
}
