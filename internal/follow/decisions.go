package follow

import (
	"fmt"
	"strings"
)

// Decisions say of each question what package wrap makes of it: "kept by conn",
// with the names of all families that keep it, or "not kept: " and the reason.
// A colon and a remark may follow the names.
type Decisions map[Question]string

// ReadDecisions reads decisions from lines that are not indented (an operand),
// indented by one tab (what it is asked for) and by two (the decision, which
// can have several lines). A line that begins with # is a comment.
func ReadDecisions(text string) (Decisions, error) {
	d := make(Decisions)
	var q Question
	for i, line := range strings.Split(text, "\n") {
		words := strings.TrimLeft(line, "\t")
		switch depth := len(line) - len(words); {
		case words == "" || strings.HasPrefix(words, "#"):
		case depth == 0:
			q = Question{Operand: words}
		case depth == 1 && q.Operand != "":
			q.Asked = words
			if _, ok := d[q]; ok {
				return nil, fmt.Errorf("line %d: a second decision about %s for %s", i+1, q.Operand, q.Asked)
			}
			d[q] = ""
		case depth == 2 && q.Asked != "":
			d[q] = strings.TrimSpace(d[q] + " " + words)
		default:
			return nil, fmt.Errorf("line %d is indented too far", i+1)
		}
	}
	return d, nil
}

// Judge says in one sentence each which of the library's questions have no
// decision, and which decisions are not true of the families that file, which
// is wrap_gen.go, declares.
func (lib *Library) Judge(d Decisions, file string) (faults []string, err error) {
	families, err := lib.families(file)
	if err != nil {
		return nil, err
	}
	s := lib.survey()
	for _, q := range questions(lib.Asks()) {
		decision, ok := d[q]
		if !ok {
			faults = append(faults, fmt.Sprintf("nobody has decided what package wrap makes of it that %s is asked for %s: say so in decisions.txt", q.Operand, q.Asked))
			continue
		}
		says, remark, _ := strings.Cut(decision, ": ")
		truth := "not kept"
		if names := s.keeping(q, families); len(names) > 0 {
			truth = "kept by " + strings.Join(names, ", ")
		}
		switch {
		case says != truth:
			faults = append(faults, fmt.Sprintf("decisions.txt says of %s that is asked for %s: %q; it is %s", q.Operand, q.Asked, says, truth))
		case says == "not kept" && remark == "":
			faults = append(faults, fmt.Sprintf("decisions.txt does not say why %s is not kept of %s", q.Asked, q.Operand))
		}
	}
	return faults, nil
}

// Unneeded returns a sentence for each decision about a question that nobody in
// asks asks.
func (d Decisions) Unneeded(asks []Ask) (faults []string) {
	asked := make(map[Question]bool)
	for _, q := range questions(asks) {
		asked[q] = true
	}
	for q := range d {
		if !asked[q] {
			faults = append(faults, fmt.Sprintf("decisions.txt decides about %s that is asked for %s, which no recorded release asks: delete it", q.Operand, q.Asked))
		}
	}
	return faults
}
