// Package copybuf copies bytes through memory. Its pool of buffers, and its
// bound on reads that bring nothing, also serve loops elsewhere.
package copybuf

import "sync"

// Size is the size of a buffer in bytes.
const Size = 32 << 10

// A Buffer is what a loop reads into.
type Buffer = [Size]byte

// MaxEmptyReads is how many reads in a row may bring neither bytes nor an
// error before a loop gives up with [io.ErrNoProgress]. Package bufio has the
// same bound.
const MaxEmptyReads = 100

var pool = sync.Pool{New: func() any { return new(Buffer) }}

// Get returns a buffer with any content. It may be called at any time by any
// goroutine.
func Get() *Buffer { return pool.Get().(*Buffer) }

// Put takes back a buffer that Get has returned, and that nobody uses any more.
func Put(b *Buffer) { pool.Put(b) }
