package analyzer

import (
	"go/token"
	"strings"
)

const directive = "//wrapvet:ignore"

// An ignore is a comment that keeps a finding quiet.
type ignore struct {
	pos    token.Pos
	file   string
	line   int
	rule   string
	reason string
	used   bool
}

func (c *checker) ignores() []*ignore {
	var out []*ignore
	for _, f := range c.pass.Files {
		if c.skipped(f) {
			continue
		}
		for _, group := range f.Comments {
			for _, comment := range group.List {
				rest, ok := strings.CutPrefix(comment.Text, directive)
				if !ok || rest != "" && rest[0] != ' ' && rest[0] != '\t' {
					continue
				}
				rest, _, _ = strings.Cut(rest, "//") // a comment on the comment
				rule, reason, _ := strings.Cut(strings.TrimSpace(rest), " ")
				p := c.pass.Fset.Position(comment.Pos())
				out = append(out, &ignore{
					pos: comment.Pos(), file: p.Filename, line: p.Line,
					rule: rule, reason: strings.TrimSpace(reason),
				})
			}
		}
	}
	return out
}

// ignored reports whether a comment on the finding's line, or on the one above, names its rule and a reason.
func (c *checker) ignored(f finding, ignores []*ignore) bool {
	p := c.pass.Fset.Position(f.pos)
	for _, ig := range ignores {
		if ig.file == p.Filename && (ig.line == p.Line || ig.line == p.Line-1) && ig.rule == f.rule && ig.reason != "" {
			ig.used = true
			return true
		}
	}
	return false
}

// uselessIgnores complains about comments that keep nothing quiet.
func (c *checker) uselessIgnores(ignores []*ignore) []finding {
	var out []finding
	for _, ig := range ignores {
		msg := ""
		switch {
		case ig.used:
			continue
		case says[ig.rule] == "":
			msg = "ignore: there is no rule " + quoted(ig.rule) + ": write " + directive + " RULE REASON"
		case ig.reason == "":
			msg = "ignore: no reason is given: write " + directive + " " + ig.rule + " REASON"
		default:
			msg = "ignore: nothing here is reported as " + ig.rule + ": remove the comment"
		}
		out = append(out, finding{ig.pos, token.NoPos, unusedIgnore, msg, nil})
	}
	return out
}

func quoted(s string) string { return `"` + s + `"` }
