package hypothesis

import "slices"

// What is known of the bytes in a bytes.Buffer: a cell of the buffer, absent as long as nothing is.
const held = "held"

// bufferOf returns the buffer that a writer is.
func bufferOf(a atom) (cell, bool) {
	if i, ok := a.(iface); ok {
		a = i.val
	}
	p, ok := a.(ptr)
	if !ok || p.field != "" || p.obj.typ == nil {
		return cell{}, false
	}
	return cell{p.obj, held}, isNamed(p.obj.typ, "bytes", "Buffer")
}

// bufferBytes runs Bytes and String of a bytes.Buffer: bytes of which it is not known whether they are the body's, unless
// it is known how they came there.
func bufferBytes(fr *frame, c call) []set {
	var out set
	for _, a := range c.arg(0) {
		got := atom(nonNil{})
		if b, ok := bufferOf(a); ok {
			got = fr.mem.held(b)
		}
		out = join(out, one(got))
	}
	return []set{out}
}

func (m *memory) held(buffer cell) atom {
	if s := m.cells[buffer]; len(s) == 1 {
		return s[0]
	}
	return nonNil{}
}

// makesNew runs a function that writes to its argument at index i what is never what it was given: a compressor, an encoder
// or a template.
func makesNew(i int) model {
	return func(fr *frame, c call) []set {
		for _, a := range c.arg(i) {
			if b, ok := bufferOf(a); ok {
				fr.mem.store(b, one(blob{original{}, true}))
			}
		}
		fr.leakArgs(slices.Concat(c.args[:i], c.args[i+1:]))
		return fr.fromTypes(c.fn.Signature, nil, false)
	}
}

func addWriters(m map[string]model) {
	for i, names := range [][]string{
		{
			"compress/gzip.NewWriter", "compress/gzip.NewWriterLevel", "compress/zlib.NewWriter", "compress/zlib.NewWriterLevel",
			"compress/flate.NewWriter", "github.com/andybalholm/brotli.NewWriter", "github.com/andybalholm/brotli.NewWriterLevel",
			"github.com/klauspost/compress/gzip.NewWriter", "github.com/klauspost/compress/gzip.NewWriterLevel",
			"github.com/klauspost/compress/zstd.NewWriter",
			"encoding/json.NewEncoder", "encoding/xml.NewEncoder", "golang.org/x/net/html.Render",
		},
		{
			"(*html/template.Template).Execute", "(*text/template.Template).Execute",
			"(*html/template.Template).ExecuteTemplate", "(*text/template.Template).ExecuteTemplate",
			"encoding/base64.NewEncoder",
		},
	} {
		for _, name := range names {
			m[name] = makesNew(i)
		}
	}
	m["(*bytes.Buffer).Bytes"], m["(*bytes.Buffer).String"] = bufferBytes, bufferBytes
	m["(*bytes.Buffer).Reset"] = func(fr *frame, c call) []set {
		for _, a := range c.arg(0) {
			if b, ok := bufferOf(a); ok {
				delete(fr.mem.cells, b)
			}
		}
		return nil
	}
}
