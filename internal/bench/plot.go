package main

import (
	"os"
	"path/filepath"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/plotutil"
	"gonum.org/v1/plot/vg"
)

// bars draws the medians of one column.
func (s *settings) bars(file, title, unit string, names []string, samples []sample) error {
	if s.plots == "" {
		return nil
	}
	p := plot.New()
	p.Title.Text, p.X.Label.Text = title, unit
	var values plotter.Values
	var labels []string
	for i := len(names) - 1; i >= 0; i-- { // the first on top
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
	return s.save(p, file)
}

// lines draws figures over the number of connections.
func (s *settings) lines(file, title, unit string, names []string, series []plotter.XYs) error {
	if s.plots == "" {
		return nil
	}
	p := plot.New()
	p.Title.Text, p.X.Label.Text, p.Y.Label.Text = title, "connections", unit
	p.X.Scale, p.X.Tick.Marker = plot.LogScale{}, plot.LogTicks{Prec: -1}
	for i, name := range names {
		if len(series[i]) == 0 {
			continue
		}
		line, points, err := plotter.NewLinePoints(series[i])
		if err != nil {
			return err
		}
		line.Color, points.Color = plotutil.Color(i), plotutil.Color(i)
		p.Add(line, points)
		p.Legend.Add(name, line, points)
	}
	p.Legend.Top = true
	return s.save(p, file)
}

func (s *settings) save(p *plot.Plot, file string) error {
	if err := os.MkdirAll(s.plots, 0o777); err != nil {
		return err
	}
	return p.Save(16*vg.Centimeter, 9*vg.Centimeter, filepath.Join(s.plots, file))
}
