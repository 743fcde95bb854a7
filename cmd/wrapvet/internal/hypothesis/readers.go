package hypothesis

import (
	"go/types"
	"slices"
	"strings"

	"golang.org/x/tools/go/ssa"
)

// addReaders adds the functions that read bodies, and those that make readers of them.
func addReaders(m map[string]model) {
	for _, name := range []string{"io.ReadAll", "io/ioutil.ReadAll"} {
		m[name] = func(fr *frame, c call) []set {
			var out set
			for _, a := range c.arg(0) {
				out = join(out, one(fr.readFrom(a)))
			}
			fr.read(c.site, c.arg(0))
			return []set{out, {null{}}}
		}
	}
	reads := func(i int, names ...string) {
		for _, name := range names {
			m[name] = func(fr *frame, c call) []set {
				fr.read(c.site, c.arg(i))
				return fr.fromTypes(c.fn.Signature, nil, false)
			}
		}
	}
	reads(0, "io.ReadFull", "io.ReadAtLeast", "golang.org/x/net/html.Parse", "encoding/binary.Read",
		"image.Decode", "golang.org/x/net/html/charset.NewReader", "github.com/PuerkitoBio/goquery.NewDocumentFromReader")
	reads(1, "io.Copy", "io.CopyBuffer", "io.CopyN", "(*bytes.Buffer).ReadFrom", "(*bufio.Writer).ReadFrom",
		"(*compress/gzip.Reader).Reset", "(*github.com/klauspost/compress/gzip.Reader).Reset")
	m["(*net/http.Response).Write"] = func(fr *frame, c call) []set {
		for _, a := range c.arg(0) {
			if isResponse(a) {
				fr.read(c.site, fr.in.load(fr.mem, cell{fr.in.resp, "Body"}))
			}
		}
		return []set{{null{}}}
	}
	m["net/http/httputil.DumpResponse"] = dumpResponse

	reader := func(i int, s stream, names ...string) {
		for _, name := range names {
			s := s
			s.name = name
			m[name] = func(fr *frame, c call) []set {
				res := fr.fromTypes(c.fn.Signature, nil, false)
				res[0] = nil
				for _, a := range c.arg(i) {
					res[0] = join(res[0], one(over(s, a)))
				}
				return res
			}
		}
	}
	reader(0, stream{}, "io.NopCloser", "io/ioutil.NopCloser", "io.LimitReader", "io.TeeReader", "io.MultiReader",
		"bufio.NewReader", "bufio.NewReaderSize", "bufio.NewScanner", "bytes.NewReader", "bytes.NewBuffer",
		"bytes.NewBufferString", "strings.NewReader", "encoding/json.NewDecoder", "encoding/xml.NewDecoder",
		"encoding/csv.NewReader", "io.NewSectionReader")
	reader(0, stream{changed: true}, "compress/flate.NewReader", "compress/bzip2.NewReader",
		"github.com/andybalholm/brotli.NewReader", "golang.org/x/text/transform.NewReader",
		"github.com/klauspost/compress/flate.NewReader")
	reader(1, stream{closes: true}, "net/http.MaxBytesReader")
	reader(1, stream{changed: true}, "encoding/base64.NewDecoder")

	// These read a header from the body before they return.
	for _, name := range []string{"compress/gzip.NewReader", "compress/zlib.NewReader",
		"github.com/klauspost/compress/gzip.NewReader", "github.com/klauspost/compress/zlib.NewReader",
		"github.com/klauspost/pgzip.NewReader"} {
		m[name] = func(fr *frame, c call) []set {
			var out set
			for _, a := range c.arg(0) {
				out = join(out, one(over(stream{name: name, changed: true}, a)))
			}
			if fr.in.world.upgrade() {
				fr.read(c.site, c.arg(0))
			}
			return []set{out, {null{}}}
		}
	}
}

// readFrom returns what is read from a reader to its end.
func (fr *frame) readFrom(a atom) atom {
	switch fr.in.content(fr.mem, a) {
	case sameBytes:
		return blob{a, false}
	case otherBytes:
		return blob{a, true}
	}
	if fr.in.reaches(fr.mem, a) {
		return nonNil{}
	}
	return blob{a, true}
}

func over(s stream, src atom) atom {
	if inner, ok := src.(stream); ok {
		s.depth = inner.depth + 1
	}
	if s.depth > maxNested {
		return unknown{}
	}
	s.src = src
	return s
}

func dumpResponse(fr *frame, c call) []set {
	res := []set{{nonNil{}}, {null{}}}
	if !fr.in.world.upgrade() {
		return res // puts back what it read
	}
	for _, a := range c.arg(0) {
		if !isResponse(a) {
			continue
		}
		for _, withBody := range c.arg(1) {
			if isBool(withBody, false) {
				continue
			}
			fr.read(c.site, fr.in.load(fr.mem, cell{fr.in.resp, "Body"}))
			if !c.arg(1).only(boolean(true)) {
				fr.dead = false // only where it is asked for
			}
		}
	}
	return res
}

// A Read is a call that reads the response's body before the function returns.
type Read struct {
	Site    ssa.Instruction
	Path    []ssa.Instruction // the calls that lead there, outermost first
	Guarded bool              // behind a branch that is not understood
}

// read notes that a body is read. In an upgraded connection nothing may ever come.
func (fr *frame) read(site ssa.Instruction, from set) {
	in := fr.in
	from = unwrapStored(from)
	found := false
	for _, a := range from {
		if _, ok := a.(foreign); ok || in.reaches(fr.mem, a) {
			found = true
		}
	}
	if !found {
		return
	}
	if !in.world.upgrade() {
		c := cell{in.story, consumed}
		if in.muted == 0 {
			word := consumed
			switch {
			case in.retried && discards(site):
				word = drained
			case samples(site) || slices.ContainsFunc(from, isLimited):
				word = sampled
			}
			fr.mem.store(c, join(in.load(fr.mem, c), one(mark{word, site})))
		}
		return
	}
	if in.muted > 0 {
		return
	}
	if in.collect {
		r := Read{Site: site, Guarded: fr.isGuarded()}
		for p := fr.path; p.call != nil; p = p.parent {
			r.Path = append([]ssa.Instruction{p.call}, r.Path...)
		}
		in.reads = append(in.reads, r)
	}
	fr.dead = !in.world.Client // there it is an answer to be read, unless it is put back
}

// samples reports whether a call reads some of a body and leaves the rest.
func samples(site ssa.Instruction) bool {
	c, ok := site.(ssa.CallInstruction)
	if !ok {
		return false
	}
	if c.Common().IsInvoke() {
		return c.Common().Method.Name() == "Read"
	}
	fn := c.Common().StaticCallee()
	if fn == nil {
		return false
	}
	switch fn.Name() {
	case "Read", "ReadFull", "ReadAtLeast", "CopyN", "Peek", "Discard", "Scan", "ReadByte", "ReadBytes", "ReadLine", "ReadRune", "ReadSlice", "ReadString":
		return true
	}
	return false
}

// isLimited reports whether a reader ends before what it reads from does.
func isLimited(a atom) bool {
	if i, ok := a.(iface); ok {
		a = i.val
	}
	s, ok := a.(stream)
	return ok && (s.name == "io.LimitReader" || isLimited(s.src))
}

// streamMethod runs a method of a standard reader.
func (fr *frame) streamMethod(site ssa.Instruction, fn *ssa.Function, args []set) ([]set, bool) {
	if fn.Signature.Recv() == nil || len(args) == 0 || fn.Pkg == fr.in.Pkg {
		return nil, false
	}
	for _, a := range args[0] {
		if _, ok := a.(stream); ok {
			return fr.bodyMethod(site, a, fn.Name(), fn.Signature, args[1:]), true
		}
	}
	return nil, false
}

// bodyMethod runs a method of a body or reader that is not the package's own.
func (fr *frame) bodyMethod(site ssa.Instruction, recv atom, name string, sig *types.Signature, args []set) []set {
	in := fr.in
	switch name {
	case "Close":
		in.closeBody(fr.mem, recv)
	case "CloseWrite":
		if in.reaches(fr.mem, recv) {
			fr.mem.store(cell{in.story, halfClosed}, one(yes))
		}
	case "Decode", "Token":
		fr.read(site, one(recv))
		return fr.fromTypes(sig, []set{{blob{recv, true}}}, true)
	case "WriteTo", "Peek", "Scan", "Discard", "More":
		fr.read(site, one(recv))
	default:
		if strings.HasPrefix(name, "Read") {
			fr.read(site, one(recv))
		}
	}
	return fr.fromTypes(sig, nil, false)
}

func (in *interp) closeBody(m *memory, a atom) {
	c := cell{in.story, closed}
	switch a := a.(type) {
	case original:
		m.store(c, one(yes))
	case kept:
		in.closeBody(m, a.like)
	case stream:
		if a.closes {
			in.closeBody(m, a.src)
		}
	case foreign:
		if a.made.Closes != No {
			m.store(c, join(in.load(m, c), maybe))
		}
	}
}

// PutsBack reports whether what is read can be read again from the response.
func (r Read) PutsBack() bool {
	c, ok := r.Site.(ssa.CallInstruction)
	if !ok {
		return false
	}
	fn := c.Common().StaticCallee()
	return fn != nil && modelName(fn) == "net/http/httputil.DumpResponse"
}
