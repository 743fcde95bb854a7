package hypothesis

import (
	"go/constant"
	"go/token"
	"strings"
)

func binary(op token.Token, x, y set) set {
	var out set
	for _, a := range x {
		for _, b := range y {
			out = join(out, one(binaryAtoms(op, a, b)))
		}
	}
	return out
}

func binaryAtoms(op token.Token, a, b atom) atom {
	if op == token.EQL || op == token.NEQ {
		eq := equal(a, b)
		if l, ok := eq.(lit); ok && op == token.NEQ {
			return lit{constant.Bool, boolText(l.text != "true"), l.own}
		}
		return eq
	}
	if op == token.ADD {
		if s, ok := concat(a, b); ok {
			return s
		}
	}
	x, ok1 := a.(lit)
	y, ok2 := b.(lit)
	if ok1 && ok2 && x.kind == y.kind {
		own := x.own || y.own
		switch op {
		case token.LSS, token.GTR, token.LEQ, token.GEQ:
			if x.kind != constant.Bool {
				return lit{constant.Bool, boolText(constant.Compare(x.value(), op, y.value())), own}
			}
		case token.QUO, token.REM:
			if x.kind == constant.Int && y.text != "0" {
				if op == token.QUO {
					op = token.QUO_ASSIGN // integer division
				}
				return fromConstant(constant.BinaryOp(x.value(), op, y.value()), own)
			}
		case token.ADD, token.SUB, token.MUL, token.AND, token.OR, token.XOR, token.AND_NOT:
			if x.kind == constant.Int {
				return fromConstant(constant.BinaryOp(x.value(), op, y.value()), own)
			}
		}
		return vagueIf(own)
	}
	if r, ok := comparePositive(op, asLimit(a, b), asLimit(b, a)); ok {
		return r
	}
	return vagueIf(ofResponse(a) || ofResponse(b))
}

func vagueIf(own bool) atom {
	if own {
		return undecided{}
	}
	return unknown{}
}

// asLimit takes a setting that no length at all is compared with for what it is: more than nothing.
func asLimit(a, with atom) atom {
	if l, ok := with.(lit); ok && l.own && l.kind == constant.Int && l.text == "0" && a == atom(unknown{}) {
		return positive{}
	}
	return a
}

func comparePositive(op token.Token, a, b atom) (atom, bool) {
	if _, ok := a.(positive); ok {
		if l, ok := b.(lit); ok && (l.text == "0" || strings.HasPrefix(l.text, "-")) {
			switch op {
			case token.GTR, token.GEQ:
				return boolean(true), true
			case token.LSS, token.LEQ:
				return boolean(false), true
			}
		}
		if op == token.ADD {
			return unknown{}, true
		}
	}
	if _, ok := b.(positive); ok {
		if l, ok := a.(lit); ok && (l.text == "0" || strings.HasPrefix(l.text, "-")) {
			switch op {
			case token.LSS, token.LEQ:
				return boolean(true), true
			case token.GTR, token.GEQ:
				return boolean(false), true
			}
		}
	}
	return nil, false
}

// concat adds strings.
func concat(a, b atom) (atom, bool) {
	x, ok1 := a.(lit)
	y, ok2 := b.(lit)
	if ok1 && ok2 && x.kind == constant.String && y.kind == constant.String {
		return lit{constant.String, x.text + y.text, x.own || y.own}, true
	}
	for _, s := range []atom{a, b} {
		if bl, ok := s.(blob); ok {
			return blob{bl.src, true}, true
		}
	}
	_, t1 := a.(text)
	_, t2 := b.(text)
	if t1 || t2 {
		return text{}, true
	}
	return nil, false
}

// equal compares; the result is a boolean, unknown or undecided.
func equal(a, b atom) atom {
	if _, ok := b.(null); ok {
		a, b = b, a
	}
	if _, ok := a.(null); ok {
		switch b.(type) {
		case null:
			return boolean(true)
		case unknown, undecided, foreign, lit:
			return unknown{}
		}
		return ownIf(false, b)
	}
	if _, ok := b.(noBody); ok {
		a, b = b, a
	}
	if _, ok := a.(noBody); ok {
		switch b.(type) {
		case noBody:
			return boolean(true)
		case unknown, undecided:
			return unknown{}
		}
		return boolean(false)
	}
	if _, ok := b.(text); ok {
		a, b = b, a
	}
	x, ok1 := a.(lit)
	y, ok2 := b.(lit)
	if ok1 && ok2 && x.kind == y.kind {
		return lit{constant.Bool, boolText(x.text == y.text), x.own || y.own}
	}
	if t, ok := a.(text); ok {
		if ok2 {
			if eq, known := t.is(y.text); known {
				return ownBoolean(eq)
			}
		}
		return undecided{}
	}
	if _, ok := a.(positive); ok && ok2 && (y.text == "0" || strings.HasPrefix(y.text, "-")) {
		return boolean(false)
	}
	if _, ok := b.(positive); ok && ok1 && (x.text == "0" || strings.HasPrefix(x.text, "-")) {
		return boolean(false)
	}
	return vagueIf(guardLike(a) || guardLike(b))
}

// ownIf keeps a comparison of something with nil decided.
func ownIf(v bool, a atom) atom {
	if ofResponse(a) {
		return ownBoolean(v)
	}
	return boolean(v)
}

// guardLike reports whether comparing the value with something unknown may tell an upgrade from other responses.
func guardLike(a atom) bool {
	switch a := a.(type) {
	case lit:
		return a.own
	case undecided, text:
		return true
	}
	return false
}

// is compares a text with a constant.
func (t text) is(s string) (eq, known bool) {
	switch {
	case s == "":
		return false, true
	case t.fold == "*", strings.EqualFold(t.fold, s):
		return true, true
	case t.fold != "":
		return false, true
	}
	return false, false
}
