package hypothesis

import (
	"go/constant"
)

func (fr *frame) builtin(name string, args []set) set {
	switch name {
	case "len", "cap":
		var out set
		for _, a := range args[0] {
			out = join(out, one(length(a)))
		}
		return out
	case "append":
		out := args[0]
		if len(args) > 1 && out.only(null{}) && len(args[1]) == 1 {
			if b, ok := args[1][0].(blob); ok {
				return one(b) // a copy
			}
		}
		if len(args) > 1 {
			for _, a := range args[1] {
				if b, ok := a.(blob); ok {
					return set{blob{b.src, true}}
				}
			}
		}
		if len(args) > 1 && args[1].has(nonNil{}) {
			return one(nonNil{}) // a copy of bytes that may be the body's
		}
		for _, a := range out {
			switch b := a.(type) {
			case blob:
				return set{blob{b.src, true}}
			case list:
				return out
			}
		}
		if len(args) > 1 {
			fr.leak(args[1])
		}
		return one(unknown{})
	case "delete":
		for _, a := range args[0] {
			if h, ok := a.(headers); ok && h.of.kind == response {
				fr.touchHeader(args[1])
			}
		}
	case "close", "recover":
		fr.mayHave(halfClosed)
	case "panic":
		fr.dead = true
	}
	return one(unknown{})
}

func length(a atom) atom {
	switch a := a.(type) {
	case lit:
		return fromConstant(constant.MakeInt64(int64(len(a.text))), a.own)
	case null:
		return fromConstant(constant.MakeInt64(0), true)
	case text, list:
		return positive{}
	case undecided:
		return a
	}
	return unknown{}
}
