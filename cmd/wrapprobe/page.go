package main

import (
	"bytes"
	_ "embed"
	"fmt"
	"html/template"

	"github.com/bodywrap/bodywrap/internal/probe"
)

//go:embed page.html
var pageText string

var pageTemplate = template.Must(template.New("page").Parse(pageText))

// A page is a report as HTML. It loads nothing from elsewhere.
type page struct {
	Title, Subtitle string
	Head            []string
	Rows            [][]tableCell
	Groups          []group
}

type tableCell struct {
	Text  string
	Pill  string // the verdict that chooses the color, or ""
	Link  string // the ID of the card to link to, or ""
	Tight bool   // no line breaks
}

type group struct {
	Name  string
	Cards []card
}

// A card is one scenario with its timeline.
type card struct {
	ID, Name, Says  string
	Verdict         probe.Verdict
	Runs            string
	Expected, Came  string
	Finding, Notice string
	Drawing         template.HTML
}

func newCard(id, says string, r probe.Result) card {
	return card{
		ID: id, Name: r.Scenario, Says: sentence(says), Verdict: r.Verdict,
		Expected: expected(r), Came: came(r),
		Finding: sentence(r.Finding), Notice: sentence(r.Notice),
		Drawing: draw(r),
	}
}

func expected(r probe.Result) string {
	switch {
	case r.Fault == probe.Refused:
		return "a tunnel"
	case r.Expected == 0:
		return "that the other side is told, and nothing stays behind"
	}
	return "all of " + probe.Size(r.Expected) + ", and that the other side is told"
}

func came(r probe.Result) string {
	s := arrived(r)
	switch {
	case r.Fault == probe.Refused:
		return "no tunnel"
	case s == "-":
		s = "no data"
	}
	switch r.Knew {
	case "":
		return s
	case "nothing":
		return s + "; the other side was told nothing for " + probe.Time(r.After)
	}
	return s + "; the other side got " + r.Knew + " after " + probe.Time(r.After)
}

// sentence returns s with a capital and a full stop, or "" if s is empty.
func sentence(s string) string {
	if s == "" {
		return ""
	}
	return string(bytes.ToUpper([]byte(s[:1]))) + s[1:] + "."
}

func (p *page) render() ([]byte, error) {
	var b bytes.Buffer
	err := pageTemplate.Execute(&b, p)
	return b.Bytes(), err
}

func (rep *report) page() *page {
	p := &page{
		Title:    "How " + rep.URL + " ends conversations",
		Subtitle: fmt.Sprintf("wrapprobe was the client, and the backend on %s.", rep.Listen),
		Head:     []string{"Scenario", "Verdict", "Arrived", "The other side knew", "What an application notices"},
	}
	var g group
	for i, o := range rep.Scenarios {
		r := o.worst()
		c := newCard(fmt.Sprintf("s%d", i+1), o.Says, r)
		if len(o.Runs) > 1 {
			c.Runs = fmt.Sprintf("%d of %d runs; the drawing is of one of them", o.count(o.Verdict), len(o.Runs))
		}
		p.Rows = append(p.Rows, []tableCell{
			{Text: o.Scenario, Link: c.ID, Tight: true},
			{Text: string(o.Verdict), Pill: string(o.Verdict)},
			{Text: arrived(r), Tight: true},
			{Text: knew(o), Tight: true},
			{Text: sentence(r.Notice)},
		})
		g.Cards = append(g.Cards, c)
	}
	p.Groups = []group{g}
	return p
}

func (d *demonstration) page() *page {
	p := &page{
		Title:    "Who loses what on an upgraded connection",
		Subtitle: fmt.Sprintf("httputil.ReverseProxy, %s, for each way in which ModifyResponse treats the body: the bytes that arrived, and how soon the other side knew.", d.Go),
		Head:     []string{"The body"},
	}
	for _, s := range probe.Demo {
		p.Head = append(p.Head, s.Name)
	}
	for i, row := range d.Rows {
		cells := []tableCell{{Text: row.Body, Tight: true}}
		g := group{Name: row.Body}
		for j, r := range row.Cells {
			c := newCard(fmt.Sprintf("b%ds%d", i+1, j+1), probe.Demo[j].Says, r)
			cells = append(cells, tableCell{Text: cell(r), Pill: string(r.Verdict), Link: c.ID, Tight: true})
			g.Cards = append(g.Cards, c)
		}
		p.Rows = append(p.Rows, cells)
		p.Groups = append(p.Groups, g)
	}
	return p
}

// writePage renders p into file. If it fails, file stays as it was.
func writePage(file string, p *page) error {
	content, err := p.render()
	if err != nil {
		return err
	}
	return writeWhole(file, content, 0o644)
}
