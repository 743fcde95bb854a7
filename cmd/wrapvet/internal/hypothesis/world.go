package hypothesis

import (
	"go/constant"
	"go/token"
	"go/types"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/tools/go/ssa"
)

// A World is one hypothesis about a response.
type World struct {
	Status int    // its StatusCode
	Method string // of its request; "" when it may be any

	// Client lets the response come from http.Client.Do as well as from a RoundTripper.
	Client bool
}

// Upgrade returns the worlds in which an upgrade is answered: WebSocket handshakes are GETs, docker attach and kubectl
// exec are POSTs.
func Upgrade() []World {
	return []World{
		{Status: http.StatusSwitchingProtocols, Method: "GET"},
		{Status: http.StatusSwitchingProtocols, Method: "POST"},
	}
}

// Ordinary returns the worlds of responses with a body of known length: a success, a failure on each side, and what else
// the functions ask for by its status code.
func Ordinary(funcs ...*ssa.Function) []World {
	statuses := []int{http.StatusOK, http.StatusNotFound, http.StatusInternalServerError}
	for _, fn := range funcs {
		for _, status := range asked(fn) {
			if !slices.Contains(statuses, status) && len(statuses) < maxStatuses {
				statuses = append(statuses, status)
			}
		}
	}
	var worlds []World
	for _, status := range statuses {
		worlds = append(worlds, World{Status: status})
	}
	return worlds
}

const maxStatuses = 10

// asked returns the status codes that a function compares that of a response with, but for those without a body.
func asked(fn *ssa.Function) (statuses []int) {
	for _, b := range fn.Blocks {
		for _, instr := range b.Instrs {
			cmp, ok := instr.(*ssa.BinOp)
			if !ok || cmp.Op != token.EQL && cmp.Op != token.NEQ || !isStatusCode(cmp.X) {
				continue
			}
			c, ok := cmp.Y.(*ssa.Const)
			if !ok || c.Value == nil {
				continue
			}
			switch n := int(c.Int64()); {
			case n < 200, n > 599, n == http.StatusNoContent, n == http.StatusNotModified:
			default:
				statuses = append(statuses, n)
			}
		}
	}
	return statuses
}

// isStatusCode reports whether a value is read from the StatusCode of a response.
func isStatusCode(v ssa.Value) bool {
	load, ok := v.(*ssa.UnOp)
	if !ok {
		return false
	}
	a, ok := load.X.(*ssa.FieldAddr)
	if !ok || !IsHTTP(a.X.Type(), "Response") {
		return false
	}
	st, _ := structOf(a.X.Type().Underlying().(*types.Pointer).Elem())
	return st.Field(a.Field).Name() == "StatusCode"
}

func (w World) upgrade() bool { return w.Status == http.StatusSwitchingProtocols }

// The story of a response: what happened to it so far, as cells of an object of its own.
const (
	lengthFixed = "length fixed" // the Content-Length header was set or removed
	closed      = "closed"       // the original body was closed
	halfClosed  = "half-closed"  // CloseWrite of the original body was called
	consumed    = "consumed"     // the original body was read from, and where
	sampled     = "sampled"      // an entry of consumed: not read to its end
	drained     = "drained"      // an entry of consumed: read to nowhere, before another attempt
	inside      = "inside"       // a new body that a later one is made of
	escaped     = "escaped"      // code that is not seen got hold of the body
)

var (
	no    = mark{word: "no"}
	yes   = mark{word: "yes"}
	maybe = set{no, yes}
)

// given returns what the hypothesis says of a cell.
func (in *interp) given(c cell) set {
	switch c.obj.kind {
	case story:
		if c.name == consumed || c.name == inside {
			return nil
		}
		return one(no)
	case request:
		switch c.name {
		case "Method":
			if in.world.Method != "" {
				return one(lit{constant.String, in.world.Method, true})
			}
		case "Header":
			return one(headers{c.obj})
		case "Response":
			return one(null{})
		case "URL":
			return one(nonNil{})
		}
		return one(unknown{})
	}
	up := in.world.upgrade()
	switch c.name {
	case "StatusCode":
		return one(lit{constant.Int, strconv.Itoa(in.world.Status), true})
	case "Status":
		return one(lit{constant.String, strconv.Itoa(in.world.Status) + " " + http.StatusText(in.world.Status), true})
	case "ContentLength":
		if up {
			return one(lit{constant.Int, "0", true})
		}
		return one(positive{})
	case "Header":
		return one(headers{c.obj})
	case "Body":
		return one(original{})
	case "Request":
		return one(ptr{in.req, ""})
	case "Uncompressed":
		if up {
			return one(ownBoolean(false))
		}
	case "ProtoMajor":
		if up {
			return one(lit{constant.Int, "1", true})
		}
	case "Trailer", "TransferEncoding":
		if up {
			return one(null{})
		}
	}
	return one(unknown{})
}

// header returns what the hypothesis says of a header field.
func (in *interp) header(h headers, name string) atom {
	name = http.CanonicalHeaderKey(name)
	up := in.world.upgrade()
	empty := lit{constant.String, "", true}
	switch {
	case name == "Upgrade":
		if up {
			return text{"*"}
		}
		return empty
	case name == "Connection":
		if up {
			return text{"upgrade"}
		}
		return unknown{}
	case strings.HasPrefix(name, "Sec-Websocket-"):
		if up {
			return text{}
		}
		return empty
	}
	if h.of.kind == request || !up {
		if h.of.kind == response && name == "Content-Length" {
			return text{}
		}
		return unknown{}
	}
	switch name {
	case "Date", "Server":
		return text{}
	case "Set-Cookie":
		return unknown{}
	}
	return empty
}
