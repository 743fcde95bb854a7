package transform

import (
	"bufio"
	"io"
	"strings"
	"sync"

	"github.com/bodywrap/bodywrap/wrap/internal/chain"
	"github.com/bodywrap/bodywrap/wrap/internal/encode"
)

// A Coding is a content coding, such as gzip (RFC 9110, section 8.4.1), that
// can encode and decode. Make one for the whole program and not one for each
// message: its readers and writers are used again. Any number of goroutines may
// use a Coding.
type Coding struct {
	name    string // in lower case
	reader  func(io.Reader) (io.Reader, error)
	writer  func(io.Writer) (io.WriteCloser, error)
	readers sync.Pool // of *decoder
	writers sync.Pool // of *encoder
}

// NewCoding returns the coding of that name in Content-Encoding. reader makes a
// decoder, and writer makes an encoder:
//
//	br := transform.NewCoding("br",
//		func(r io.Reader) (*brotli.Reader, error) { return brotli.NewReader(r), nil },
//		func(w io.Writer) (*brotli.Writer, error) { return brotli.NewWriter(w), nil })
//
// After a body the decoder is used again if it has a method
// `Reset(io.Reader) error` or `Reset(io.Reader, []byte) error`, and the encoder
// if it has `Reset(io.Writer)`. It then has been reset to an empty reader, or
// to a writer that drops everything. Otherwise the decoder is closed if it has
// a Close method, with or without an error as its result. An encoder is closed
// at the end of each body. If it has a `Flush() error` method, this is called
// whenever a body of unknown length has brought bytes, so that none waits for
// more.
//
// An empty name, or a nil function, panics.
func NewCoding[R io.Reader, W io.WriteCloser](name string, reader func(io.Reader) (R, error), writer func(io.Writer) (W, error)) *Coding {
	if name == "" || reader == nil || writer == nil {
		panic("transform: NewCoding: it needs a name, such as br, a function that makes a decoder, and one that makes an encoder")
	}
	return &Coding{
		name:   strings.ToLower(name),
		reader: func(r io.Reader) (io.Reader, error) { return reader(r) },
		writer: func(w io.Writer) (io.WriteCloser, error) { return writer(w) },
	}
}

// is reports whether name, from a header, is the name of c.
func (c *Coding) is(name string) bool {
	return strings.EqualFold(name, c.name) || strings.EqualFold(name, "x-"+c.name) // x-gzip: RFC 9110, section 8.4.1.3
}

// A decoder is a reader of a coding with the buffer in front of it.
type decoder struct {
	coding *Coding
	in     bufio.Reader
	io.Reader
}

// bufferSize is how many bytes of a body a decoder reads ahead.
const bufferSize = 4 << 10

// decode returns a reader of what body decodes to. Its Close does not close the
// body.
func (c *Coding) decode(body io.Reader) (*decoder, error) {
	d, _ := c.readers.Get().(*decoder)
	if d == nil {
		d = &decoder{coding: c, in: *bufio.NewReaderSize(body, bufferSize)}
	}
	d.in.Reset(body)
	if err := d.start(); err != nil {
		d.in.Reset(nothing{})
		c.readers.Put(d)
		return nil, err
	}
	return d, nil
}

// start makes the reader, or resets the one from the pool. It returns io.EOF
// for an empty body, which not every decoder takes.
func (d *decoder) start() error {
	if _, err := d.in.Peek(1); err != nil {
		return err
	}
	if d.Reader != nil {
		return reset(d.Reader, &d.in)
	}
	r, err := d.coding.reader(&d.in)
	if err == nil && chain.IsNil(r) {
		err = errNoReader
	}
	if err == nil {
		d.Reader = r
	}
	return err
}

// Close gives the reader back to the pool, without the body.
func (d *decoder) Close() error {
	r := d.Reader
	if canReset(r) {
		_ = reset(r, nothing{}) // nothing is not in its format
	} else {
		d.Reader = nil
		closeReader(r)
	}
	d.in.Reset(nothing{}) // last: until here r may read ahead in a goroutine
	d.coding.readers.Put(d)
	return nil
}

// canReset reports whether reset can reset r.
func canReset(r io.Reader) bool {
	switch r.(type) {
	case interface{ Reset(io.Reader) error }, interface {
		Reset(io.Reader, []byte) error
	}:
		return true
	}
	return false
}

// reset makes r read from in.
func reset(r, in io.Reader) error {
	switch r := r.(type) {
	case interface{ Reset(io.Reader) error }:
		return r.Reset(in)
	case interface {
		Reset(io.Reader, []byte) error
	}:
		return r.Reset(in, nil)
	}
	return errNoReader
}

// closeReader closes r if it has a Close method. The error says nothing about
// the body, which is read.
func closeReader(r io.Reader) {
	switch c := r.(type) {
	case io.Closer:
		_ = c.Close()
	case interface{ Close() }:
		c.Close()
	}
}

// nothing is an empty reader. Package compress/flate would put a buffer in
// front of a reader without ReadByte. The zstd decoder of klauspost/compress
// starts no goroutine for a reader with Bytes and Len.
type nothing struct{}

func (nothing) Read([]byte) (int, error) { return 0, io.EOF }
func (nothing) ReadByte() (byte, error)  { return 0, io.EOF }
func (nothing) Bytes() []byte            { return nil }
func (nothing) Len() int                 { return 0 }

// An encoder is a writer of a coding with the reader of its output.
type encoder struct {
	encode.Reader
	coding *Coding
	writer io.WriteCloser
}

// encode returns a reader of what body encodes to. Its Close does not close the
// body. With flush, no byte waits for more.
func (c *Coding) encode(body io.Reader, flush bool) (*encoder, error) {
	e, err := c.encodeTo(nil)
	if err == nil {
		e.Reset(body, e.writer, flush)
	}
	return e, err
}

// encodeTo returns an encoder whose writer writes to w, or to its Out if w is
// nil.
func (c *Coding) encodeTo(w io.Writer) (*encoder, error) {
	e, _ := c.writers.Get().(*encoder)
	if e == nil {
		e = &encoder{coding: c}
	}
	if w == nil {
		w = &e.Out
	}
	if e.writer != nil {
		e.writer.(resetter).Reset(w)
		return e, nil
	}
	writer, err := c.writer(w)
	if err == nil && chain.IsNil(writer) {
		err = errNoWriter
	}
	if err != nil {
		return nil, err
	}
	e.writer = writer
	return e, nil
}

type resetter interface{ Reset(io.Writer) }

// Close closes the writer, and gives it back to the pool.
func (e *encoder) Close() error {
	err := e.Reader.Close()
	e.free()
	return err
}

// free gives the writer back to the pool, if it can be used again.
func (e *encoder) free() {
	if w, ok := e.writer.(resetter); ok {
		w.Reset(io.Discard)
		e.Reset(nothing{}, e.writer, false)
		e.coding.writers.Put(e)
	}
}
