package hypothesis

import (
	"go/constant"
	"go/types"
	"mime"
	"strconv"
	"strings"

	"golang.org/x/tools/go/ssa"
)

// A call is a call of a function of the standard library whose meaning is known.
type call struct {
	site ssa.Instruction
	fn   *ssa.Function
	args []set
}

func (c call) arg(i int) set {
	if i < len(c.args) {
		return c.args[i]
	}
	return nil
}

type model func(*frame, call) []set

// makeModels returns what the standard library's functions mean to a response, by full name.
func makeModels() map[string]model {
	m := map[string]model{
		"(net/http.Header).Get":          headerGet,
		"(net/http.Header).Values":       headerValues,
		"(net/http.Header).Set":          headerTouch,
		"(net/http.Header).Add":          headerTouch,
		"(net/http.Header).Del":          headerTouch,
		"(net/http.Header).Clone":        sameAsFirst,
		"(net/textproto.MIMEHeader).Get": headerGet,

		"(*net/http.Request).Clone":       sameAsFirst,
		"(*net/http.Request).WithContext": sameAsFirst,
		"(*net/http.Request).Context":     nothing,
		"(*net/http.Response).Cookies":    nothing,
		"(*net/http.Response).Location":   nothing,
		"(*net/http.Response).ProtoAtLeast": func(fr *frame, c call) []set {
			return []set{{fr.in.vague()}}
		},

		"strings.HasPrefix": stringTest(strings.HasPrefix),
		"strings.HasSuffix": stringTest(strings.HasSuffix),
		"strings.Contains":  stringTest(strings.Contains),
		"strings.EqualFold": stringTest(strings.EqualFold),
		"strings.ToLower":   stringMap(strings.ToLower),
		"strings.ToUpper":   stringMap(strings.ToUpper),
		"strings.TrimSpace": stringMap(strings.TrimSpace),
		"strings.Split":     stringSplit(list{lit{constant.String, "", true}}),
		"strings.SplitN":    stringSplit(list{lit{constant.String, "", true}}),
		"strings.Fields":    stringSplit(null{}),
		"strings.Cut":       stringCut,

		"net/http.CanonicalHeaderKey": sameAsFirst,
		"net/http.StatusText":         nothing,
		"mime.ParseMediaType":         parseMediaType,
		"strconv.Atoi":                parseNumber,
		"strconv.ParseInt":            parseNumber,
		"strconv.ParseUint":           parseNumber,

		"golang.org/x/net/http/httpguts.HeaderValuesContainsToken": containsToken,
		"slices.Contains": containsToken,

		"bytes.Clone":               sameAsFirst,
		"slices.Clone":              sameAsFirst,
		"(*strings.Builder).String": hidden,
	}
	m[wrapPackage+"Keep"] = keep
	m[wrapPackage+"Body"] = body
	addReaders(m)
	addWriters(m)
	return m
}

func modelName(fn *ssa.Function) string {
	if o := fn.Origin(); o != nil {
		fn = o
	}
	if obj, ok := fn.Object().(*types.Func); ok && fn.Synthetic == "" || ok && fn.Pkg == nil {
		return obj.FullName()
	}
	if obj, ok := fn.Object().(*types.Func); ok {
		return obj.FullName()
	}
	return ""
}

func nothing(fr *frame, c call) []set { return fr.fromTypes(c.fn.Signature, nil, false) }

// hidden returns bytes of which it is not known whether they are the body's.
func hidden(fr *frame, c call) []set { return []set{{nonNil{}}} }

func sameAsFirst(fr *frame, c call) []set { return []set{c.arg(0)} }

func headerGet(fr *frame, c call) []set {
	return []set{fr.header(c, func(v atom) atom { return v })}
}

func headerValues(fr *frame, c call) []set {
	return []set{fr.header(c, func(v atom) atom {
		switch v := v.(type) {
		case lit:
			return null{}
		case text:
			return list{v}
		}
		return v
	})}
}

func (fr *frame) header(c call, f func(atom) atom) set {
	var out set
	for _, h := range c.arg(0) {
		for _, k := range c.arg(1) {
			h, ok1 := h.(headers)
			l, ok2 := k.(lit)
			switch {
			case ok1 && ok2:
				out = join(out, one(f(fr.in.header(h, l.text))))
			case ok1:
				out = join(out, one(fr.in.vague()))
			default:
				out = join(out, one(unknown{}))
			}
		}
	}
	return out
}

func headerTouch(fr *frame, c call) []set {
	for _, a := range c.arg(0) {
		if h, ok := a.(headers); ok && h.of.kind == response {
			fr.touchHeader(c.arg(1))
		}
	}
	return nil
}

// touchHeader notes that a header field of the response was set or removed.
func (fr *frame) touchHeader(key set) {
	for _, k := range key {
		l, ok := k.(lit)
		switch {
		case !ok:
			fr.mayHave(lengthFixed)
		case strings.EqualFold(l.text, "Content-Length"):
			fr.mem.store(cell{fr.in.story, lengthFixed}, one(yes))
		}
	}
}

func stringTest(f func(a, b string) bool) model {
	return func(fr *frame, c call) []set {
		var out set
		for _, a := range c.arg(0) {
			for _, b := range c.arg(1) {
				out = join(out, one(fr.stringTest(a, b, f)))
			}
		}
		return []set{out}
	}
}

func (fr *frame) stringTest(a, b atom, f func(a, b string) bool) atom {
	x, ok1 := a.(lit)
	y, ok2 := b.(lit)
	if ok1 && ok2 {
		return lit{constant.Bool, boolText(f(x.text, y.text)), x.own || y.own}
	}
	if ok1 && x.own && x.text == "" {
		return ownBoolean(false) // nobody asks for an empty prefix
	}
	if t, ok := a.(text); ok && ok2 && t.fold != "" {
		if t.fold == "*" {
			return ownBoolean(true)
		}
		return ownBoolean(f(t.fold, strings.ToLower(y.text)))
	}
	if t, ok := b.(text); ok && ok1 && t.fold != "" {
		return ownBoolean(t.fold == "*" || f(strings.ToLower(x.text), t.fold))
	}
	if guardLike(a) || guardLike(b) {
		return fr.in.vague()
	}
	return unknown{}
}

func stringMap(f func(string) string) model {
	return func(fr *frame, c call) []set {
		var out set
		for _, a := range c.arg(0) {
			if l, ok := a.(lit); ok {
				a = lit{constant.String, f(l.text), l.own}
			} else if b, ok := a.(blob); ok {
				a = blob{b.src, true}
			}
			out = join(out, one(a))
		}
		return []set{out}
	}
}

// stringSplit takes what is left of nothing: Fields has no parts then, Split has one.
func stringSplit(ofNothing atom) model {
	return func(fr *frame, c call) []set {
		var out set
		for _, a := range c.arg(0) {
			switch v := a.(type) {
			case lit:
				a = list{v}
				if v.text == "" {
					a = ofNothing
				}
			case text:
				a = list{v}
			case undecided:
			default:
				a = unknown{}
			}
			out = join(out, one(a))
		}
		return []set{out}
	}
}

func stringCut(fr *frame, c call) []set {
	res := make([]set, 3)
	for _, a := range c.arg(0) {
		switch v := a.(type) {
		case lit:
			if v.text == "" {
				res = joinResults(res, []set{{v}, {v}, {lit{constant.Bool, "false", v.own}}})
				continue
			}
		case text:
			res = joinResults(res, []set{{v}, {undecided{}}, {undecided{}}})
			continue
		case undecided:
			res = joinResults(res, []set{{v}, {v}, {v}})
			continue
		}
		res = joinResults(res, []set{{unknown{}}, {unknown{}}, {unknown{}}})
	}
	return res
}

func parseMediaType(fr *frame, c call) []set {
	if s := c.arg(0); len(s) == 1 {
		if l, ok := s[0].(lit); ok {
			t, _, err := mime.ParseMediaType(l.text)
			if err != nil {
				return []set{{lit{constant.String, t, l.own}}, {null{}}, {nonNil{}}}
			}
			return []set{{lit{constant.String, t, l.own}}, {unknown{}}, {null{}}}
		}
	}
	return fr.fromTypes(c.fn.Signature, c.args, true)
}

func parseNumber(fr *frame, c call) []set {
	if s := c.arg(0); len(s) == 1 {
		if l, ok := s[0].(lit); ok && l.kind == constant.String {
			n, err := strconv.ParseInt(l.text, 10, 64)
			if err != nil {
				return []set{{lit{constant.Int, "0", l.own}}, {nonNil{}}}
			}
			return []set{{lit{constant.Int, strconv.FormatInt(n, 10), l.own}}, {null{}}}
		}
	}
	return fr.fromTypes(c.fn.Signature, c.args, true)
}

func containsToken(fr *frame, c call) []set {
	var out set
	for _, a := range c.arg(0) {
		for _, b := range c.arg(1) {
			r := fr.in.vagueIf(ofResponse(a) || ofResponse(b))
			if isMissing(b) {
				r = ownBoolean(false)
			}
			l, isLit := b.(lit)
			switch v := a.(type) {
			case null:
				r = ownBoolean(false)
			case list:
				if t, ok := v.elem.(text); ok && isLit {
					if eq, known := t.is(l.text); known {
						r = ownBoolean(eq)
					}
				}
			}
			out = join(out, one(r))
		}
	}
	return []set{out}
}

func (in *interp) vagueIf(own bool) atom {
	if own {
		return in.vague()
	}
	return unknown{}
}

// Package wrap's own functions, by the names that a program calls them.
const wrapPackage = "github.com/bodywrap/bodywrap/wrap."

// keep runs wrap.Keep.
func keep(fr *frame, c call) []set {
	var out set
	for _, like := range c.arg(0) {
		for _, over := range c.arg(1) {
			out = join(out, one(kept{like, over}))
		}
	}
	return []set{out}
}

// body runs wrap.Body.
func body(fr *frame, c call) []set {
	var out set
	for _, a := range c.arg(0) {
		out = join(out, one(kept{a, a}))
	}
	return []set{out}
}
