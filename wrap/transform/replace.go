package transform

import (
	"bytes"

	"github.com/bodywrap/bodywrap/wrap"
)

// Replace puts new in place of each old in a stream, as [bytes.ReplaceAll] does
// in a slice, wherever the reads of the stream divide it. An empty new removes
// old.
//
//	hidden := transform.Replace("sk-live-1234", "***", nil)
//
// Bytes at the end of a read that may be the beginning of old wait for the next
// read: at most len(old)-1 bytes. All others go out at once. Of o, Replace uses
// only Write. With Write, bytes may wait until the next Write or CloseWrite.
//
// Content with a Content-Encoding is decoded, and encoded again afterwards, as
// with [Records]. Any number of bodies may use the hook at the same time. An
// empty old panics.
func Replace(old, new string, o *Options) wrap.Hooks {
	if old == "" {
		panic("transform: Replace: there is nothing to replace; leave the hook out")
	}
	r := &replacement{old: []byte(old), new: []byte(new)}
	r.borders = bordersOf(r.old)
	return contentHooks(o != nil && o.Write, anyContent, func() cutter { return r })
}

// A replacement is the cutter of Replace. It never changes, so that all bodies
// share it.
type replacement struct {
	old, new []byte
	borders  []int
}

func (r *replacement) cut(data []byte, atEOF bool) (piece, error) {
	if i := bytes.Index(data, r.old); i >= 0 {
		return piece{pass: i, insert: r.new, drop: len(r.old)}, nil
	}
	if atEOF {
		return piece{pass: len(data)}, nil
	}
	return piece{pass: len(data) - r.begun(data)}, nil
}

// begun returns the length of the longest end of data that is a beginning of
// old.
func (r *replacement) begun(data []byte) (n int) {
	for _, c := range data[max(0, len(data)-len(r.old)+1):] {
		for n > 0 && r.old[n] != c {
			n = r.borders[n-1]
		}
		if r.old[n] == c {
			n++
		}
	}
	return n
}

// bordersOf returns, for each beginning of s, the length of its longest proper
// end that is a beginning of s, too (Knuth, Morris and Pratt). The length of
// the beginning is the index plus one.
func bordersOf(s []byte) []int {
	borders := make([]int, len(s))
	n := 0
	for i := 1; i < len(s); i++ {
		for n > 0 && s[n] != s[i] {
			n = borders[n-1]
		}
		if s[n] == s[i] {
			n++
		}
		borders[i] = n
	}
	return borders
}
