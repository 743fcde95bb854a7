package hypothesis

import (
	"go/constant"
	"go/token"
	"go/types"
	"slices"

	"golang.org/x/tools/go/ssa"
)

// An atom is one thing that a value may be. All atoms are comparable.
type atom any

// A set holds what a value may be, in the order of discovery; an empty one has not been computed yet.
type set []atom

type (
	// unknown is a value that has nothing to do with the response: a setting, the clock.
	unknown struct{}

	// undecided is a value that depends on the response in a way that is not understood. A branch on it may well be the
	// author's guard, so neither side of it is reported.
	undecided struct{}

	tooMany struct{} // of which nothing is known any more, since it may be too much

	null   struct{} // nil, of any type
	nonNil struct{} // anything but nil

	// lit is a boolean, number or string; own says that it was taken from the response.
	lit struct {
		kind constant.Kind
		text string
		own  bool
	}

	// text is a string from the response that is not empty. fold is what it says apart from letter case, if known, and
	// "*" for the name of a protocol, which equals whatever the code compares it with.
	text struct{ fold string }

	positive struct{} // a number greater than zero

	// ptr points to an object, or to the named field of it.
	ptr struct {
		obj   *object
		field string
	}
	strct struct{ obj *object } // the struct itself, by value

	iface struct { // an interface that holds a concrete type
		typ types.Type
		val atom
	}
	closure struct {
		fn  *ssa.Function
		env *object // its free variables
	}
	list    struct{ elem atom }  // a slice that is not empty
	element struct{ elem atom }  // the address of an element of a list
	headers struct{ of *object } // the Header of a response or request
	stored  struct {             // what a cell for a Body holds once something was assigned
		site    ssa.Instruction
		val     atom
		guarded bool
		first   bool // nothing had replaced the original before
	}

	original struct{} // the body as net/http made it
	noBody   struct{} // http.NoBody

	// kept is a body made by package wrap: it can do what like can, and over's bytes come out of it.
	kept struct{ like, over atom }

	// stream is a reader made by the standard library.
	stream struct {
		name    string
		src     atom
		changed bool // yields other bytes than src
		closes  bool // Close closes src
		depth   int
	}

	// blob is a byte slice or string with what was read from src; changed if with other bytes.
	blob struct {
		src     atom
		changed bool
	}

	// foreign is a body from a constructor in another package.
	foreign struct {
		made Constructed
		name string
	}

	// mark is an entry in the story of a response.
	mark struct {
		word string
		site ssa.Instruction
	}
)

type objectKind int

const (
	plain    objectKind = iota // allocated in the code that runs, zero at first
	opaque                     // not seen being made
	response                   // the response that the hypothesis is about
	request                    // the request that belongs to it
	story                      // not of the program: what happened to the response
)

// An object is something that pointers point to.
type object struct {
	kind objectKind
	typ  types.Type
	from *object // copied from
	many bool    // stands for all elements of an array
}

const maxAtoms = 16

func isResponse(a atom) bool {
	p, ok := a.(ptr)
	return ok && p.field == "" && p.obj.kind == response
}

func (s set) has(a atom) bool {
	for _, b := range s {
		if a == b {
			return true
		}
	}
	return false
}

// only reports whether a is all that the value can be.
func (s set) only(a atom) bool { return len(s) == 1 && s[0] == a }

// sole returns all that the value can be, or nil if it can be several things.
func sole(s set) atom {
	if len(s) == 1 {
		return s[0]
	}
	return nil
}

// join returns the union. A pointer that may be the response is taken for the response: that is the hypothesis.
func join(a, b set) set {
	if len(b) == 0 {
		return a
	}
	if len(a) == 0 {
		return b
	}
	out := a
	for _, x := range b {
		if !out.has(x) {
			out = append(out[:len(out):len(out)], x)
		}
	}
	if len(out) > maxAtoms || out.has(tooMany{}) {
		return set{tooMany{}}
	}
	for _, x := range out {
		if isResponse(x) {
			return set{x}
		}
	}
	return out
}

func one(a atom) set { return set{a} }

func boolean(b bool) atom { return lit{kind: constant.Bool, text: boolText(b)} }

func ownBoolean(b bool) atom { return lit{constant.Bool, boolText(b), true} }

func boolText(b bool) string {
	if b {
		return "true"
	}
	return "false"
}

func isBool(a atom, want bool) bool {
	l, ok := a.(lit)
	return ok && l.kind == constant.Bool && l.text == boolText(want)
}

func fromConstant(v constant.Value, own bool) atom {
	switch v.Kind() {
	case constant.String:
		return lit{constant.String, constant.StringVal(v), own}
	case constant.Bool, constant.Int:
		return lit{v.Kind(), v.ExactString(), own}
	}
	return unknown{}
}

func (l lit) value() constant.Value {
	switch l.kind {
	case constant.String:
		return constant.MakeString(l.text)
	case constant.Bool:
		return constant.MakeBool(l.text == "true")
	default:
		return constant.MakeFromLiteral(l.text, token.INT, 0)
	}
}

// ofResponse reports whether the value says something of the response.
func ofResponse(a atom) bool {
	switch a := a.(type) {
	case lit:
		return a.own
	case undecided, text, headers, original, kept, stream, blob, foreign:
		return true
	case ptr:
		return a.obj.kind == response || a.obj.kind == request
	case strct:
		return a.obj.kind == response || a.obj.kind == request
	case list:
		return ofResponse(a.elem)
	case iface:
		return ofResponse(a.val)
	}
	return false
}

// handsResponse reports whether an argument is the response itself.
func handsResponse(args []set) bool {
	return slices.ContainsFunc(args, func(s set) bool { return slices.ContainsFunc(s, isResponse) })
}

func anyOfResponse(args []set) bool {
	for _, s := range args {
		for _, a := range s {
			if ofResponse(a) {
				return true
			}
		}
	}
	return false
}
