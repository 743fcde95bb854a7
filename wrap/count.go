package wrap

import (
	"io"
	"sync/atomic"
)

// Counters are the counts of [Count], in bytes. They may be read at any time,
// while bodies run. The zero value is ready to use.
type Counters struct {
	Read    atomic.Int64 // read from bodies
	Written atomic.Int64 // accepted by bodies
}

// Count adds the bytes of every body to c while they pass. Bodies may share c,
// which then counts the sum.
//
//	var moved wrap.Counters
//	resp.Body = wrap.Body(resp.Body, wrap.Count(&moved))
//
// WriteTo and ReadFrom keep their fast path. Their bytes are counted when they
// return. A body costs one allocation, and a Read or Write one atomic addition.
// For the totals of one body at its end, use [Done]. A nil c panics.
func Count(c *Counters) Hooks {
	if c == nil {
		panic("wrap: Count: there are no Counters to add to; leave the hook out")
	}
	return Hooks{
		Read: func(next io.Reader, p []byte) (int, error) {
			n, err := next.Read(p)
			c.Read.Add(clamp(n, p))
			return n, err
		},
		Write: func(next io.Writer, p []byte) (int, error) {
			n, err := next.Write(p)
			c.Written.Add(clamp(n, p))
			return n, err
		},
		WriteTo: func(next io.WriterTo, w io.Writer) (int64, error) {
			n, err := next.WriteTo(w)
			c.Read.Add(max(n, 0))
			return n, err
		},
		ReadFrom: func(next io.ReaderFrom, r io.Reader) (int64, error) {
			n, err := next.ReadFrom(r)
			c.Written.Add(max(n, 0))
			return n, err
		},
	}
}
