package gen

import (
	"go/ast"
	"go/token"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// A directive is a comment of the form //wrapgen:verb args. Several can follow
// one another in a line.
type directive struct {
	pos  token.Position
	verb string
	args []string
}

const directivePrefix = "//wrapgen:"

// The verbs of a family's directives and of an element's.
var (
	familyVerbs  = []string{"for", "from", "as", "nounwrap", "max", "file", "test", "like", "route", "pass"}
	elementVerbs = []string{"always", "needs", "never", "like", "route", "hide", "pass"}
)

// once are the verbs that a family may have one time.
var once = []string{"for", "from", "as", "nounwrap", "max", "file", "test"}

// misspelt matches a comment that is nearly a directive. Go takes a comment for
// a directive only if it begins with // and lowercase letters, without a space.
var misspelt = regexp.MustCompile(`(?i)^(//|/\*)[ \t]*wrapgen[ \t]*:[ \t]*(` + strings.Join(slices.Concat(familyVerbs, elementVerbs), "|") + `)\b`)

// directives returns the directives in the comment groups.
func (l *loader) directives(groups ...*ast.CommentGroup) []directive {
	var found []directive
	for _, group := range groups {
		if group == nil {
			continue
		}
		for _, c := range group.List {
			if !strings.HasPrefix(c.Text, directivePrefix) {
				continue
			}
			at := c.Pos()
			for _, text := range strings.Split(c.Text, directivePrefix)[1:] {
				d := directive{pos: l.fset.Position(at)}
				at += token.Pos(len(directivePrefix) + len(text))
				text, _, _ = strings.Cut(text, "//") // a remark may follow
				if words := strings.Fields(text); len(words) > 0 {
					d.verb, d.args = words[0], words[1:]
				}
				found = append(found, d)
			}
		}
	}
	return found
}

// A declaration is a family as it is written: an interface whose doc comment
// has a //wrapgen:for line.
type declaration struct {
	pkg        *pkg
	file       *ast.File
	spec       *ast.TypeSpec
	iface      *ast.InterfaceType
	name       string
	source     string // the path of its file
	directives []directive
	target     target

	as       bool   // write a helper that finds a type along Unwrap
	noUnwrap bool   // members have no Unwrap
	test     bool   // write a test
	newCore  string // the function by which the test makes a struct, or ""
	from     string // the function that finds a method behind the original, or ""
	max      int    // the bound on combinations
	fileName string // of the generated file; if empty, by the family's name

	dest   *pkg   // the struct's package, where the generated file goes
	output string // the path of the generated file
}

// families returns the families that p declares, in the order of its files,
// and reports directives that belong to none.
func (g *generator) families(p *pkg) []*declaration {
	var found []*declaration
	for _, file := range p.files {
		used := make(map[token.Position]bool)
		for _, spec := range typeSpecs(file) {
			if d := g.family(p, file, spec.TypeSpec, spec.doc, used); d != nil {
				found = append(found, d)
			}
		}
		for _, group := range file.Comments {
			for _, d := range g.directives(group) {
				if !used[d.pos] {
					g.faults.add(d.pos, "%s%s belongs to no family: it goes on an interface that has %sfor, or on a line of it", directivePrefix, d.verb, directivePrefix)
				}
			}
			for _, c := range group.List {
				if m := misspelt.FindStringSubmatch(c.Text); m != nil && !strings.HasPrefix(c.Text, directivePrefix) {
					g.faults.add(g.fset.Position(c.Pos()), "this comment is not a directive: write %s%s, without a space", directivePrefix, strings.ToLower(m[2]))
				}
			}
		}
	}
	return found
}

// A documentedSpec is a type declaration with its doc comment.
type documentedSpec struct {
	*ast.TypeSpec
	doc *ast.CommentGroup
}

// typeSpecs returns the type declarations at the top level of file.
func typeSpecs(file *ast.File) []documentedSpec {
	var specs []documentedSpec
	for _, decl := range file.Decls {
		gd, ok := decl.(*ast.GenDecl)
		if !ok || gd.Tok != token.TYPE {
			continue
		}
		for _, spec := range gd.Specs {
			spec := spec.(*ast.TypeSpec)
			doc := spec.Doc
			if doc == nil && !gd.Lparen.IsValid() {
				doc = gd.Doc
			}
			specs = append(specs, documentedSpec{spec, doc})
		}
	}
	return specs
}

// family returns the declaration of a type if it is a family, and adds the
// positions of its directives to used.
func (g *generator) family(p *pkg, file *ast.File, spec *ast.TypeSpec, doc *ast.CommentGroup, used map[token.Position]bool) *declaration {
	d := &declaration{
		pkg: p, file: file, spec: spec, name: spec.Name.Name,
		source:     g.fset.Position(spec.Pos()).Filename,
		directives: g.directives(doc),
		max:        defaultMax,
	}
	i := slices.IndexFunc(d.directives, func(d directive) bool { return d.verb == "for" })
	if i < 0 {
		return nil
	}
	g.known(d.directives, familyVerbs, used)
	var ok bool
	if d.iface, ok = spec.Type.(*ast.InterfaceType); !ok {
		g.faults.add(d.directives[i].pos, "%s is not an interface: a family is an interface that lists the optional methods of its members", d.name)
		return nil
	}
	for _, field := range d.iface.Methods.List {
		g.known(g.elementDirectives(d, field), elementVerbs, used)
	}
	if d.target, ok = g.target(p, d.directives[i]); !ok {
		return nil
	}
	g.settings(d)
	d.output = d.path()
	return d
}

// elementDirectives returns the directives above an element and beside it.
func (g *generator) elementDirectives(d *declaration, field *ast.Field) []directive {
	doc := field.Doc
	if doc == nil { // package parser gives none to a literal interface
		line := g.fset.Position(field.Pos()).Line
		for _, group := range d.file.Comments {
			if group.Pos() > d.iface.Methods.Opening && g.fset.Position(group.End()).Line == line-1 && g.fset.Position(group.Pos()).Column == g.fset.Position(field.Pos()).Column {
				doc = group
			}
		}
	}
	return g.directives(doc, field.Comment)
}

// settings reads the directives that say how a family is generated.
func (g *generator) settings(d *declaration) {
	seen := make(map[string]bool)
	for _, s := range d.directives {
		if slices.Contains(once, s.verb) && seen[s.verb] {
			g.faults.add(s.pos, "%s has a second %s%s: delete one of the two", d.name, directivePrefix, s.verb)
		}
		seen[s.verb] = true
		switch s.verb {
		case "as", "nounwrap":
			if len(s.args) > 0 {
				g.faults.add(s.pos, "%s%s takes no argument: delete %q, or begin it with //", directivePrefix, s.verb, strings.Join(s.args, " "))
			}
			d.as = d.as || s.verb == "as"
			d.noUnwrap = d.noUnwrap || s.verb == "nounwrap"
		case "max":
			n := 0
			if len(s.args) == 1 {
				n, _ = strconv.Atoi(s.args[0]) // 0 is out of bounds, too
			}
			if n < 1 || n > maxMax {
				g.faults.add(s.pos, "%smax wants the highest number of combinations, from 1 to %d", directivePrefix, maxMax)
				n = defaultMax
			}
			d.max = n
		case "file":
			if len(s.args) != 1 || strings.ContainsAny(s.args[0], `/\`) || !strings.HasSuffix(s.args[0], ".go") || strings.HasSuffix(s.args[0], "_test.go") {
				g.faults.add(s.pos, "%sfile wants the name of a .go file, which goes into the directory of the struct", directivePrefix)
				continue
			}
			d.fileName = s.args[0]
		case "from":
			if len(s.args) != 1 || !token.IsIdentifier(s.args[0]) {
				g.faults.add(s.pos, "%sfrom wants the name of a function: func name[T any](original) T", directivePrefix)
				continue
			}
			d.from = s.args[0]
		case "test":
			d.test = true
			if len(s.args) > 1 || len(s.args) == 1 && !token.IsIdentifier(s.args[0]) {
				g.faults.add(s.pos, "%stest takes at most the name of a function, which makes a %s from an original", directivePrefix, d.target.name)
				continue
			}
			d.newCore = strings.Join(s.args, "")
		}
	}
}

// known adds the positions of directives to used and reports those whose verb
// is not among verbs.
func (g *generator) known(ds []directive, verbs []string, used map[token.Position]bool) {
	for _, d := range ds {
		used[d.pos] = true
		if !slices.Contains(verbs, d.verb) {
			g.faults.add(d.pos, "no directive %s%s goes here, but %s", directivePrefix, d.verb, strings.Join(verbs, ", "))
		}
	}
}
