package transform

import (
	"bufio"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"errors"
	"io"
)

var (
	errNoReader = errors.New("transform: the function of a Coding returned no reader and no error")
	errNoWriter = errors.New("transform: the function of a Coding returned no writer and no error")
)

// Gzip is the coding gzip, also known as x-gzip.
var Gzip *Coding = NewCoding("gzip", gzip.NewReader, func(w io.Writer) (*gzip.Writer, error) { return gzip.NewWriter(w), nil })

// Deflate is the coding deflate, which is the zlib format (RFC 9110, section
// 8.4.1.2). Some servers send the bare deflate format. Deflate decodes both.
var Deflate *Coding = NewCoding("deflate", newInflater, func(w io.Writer) (*zlib.Writer, error) { return zlib.NewWriter(w), nil })

// known are the codings that are used where none are given.
var known = []*Coding{Gzip, Deflate}

// An inflater reads the zlib or the deflate format.
type inflater struct {
	zlib      io.ReadCloser // nil until the first stream in this format
	flate     io.ReadCloser // nil until the first stream in this format
	io.Reader               // one of the two
}

func newInflater(r io.Reader) (*inflater, error) {
	i := new(inflater)
	return i, i.Reset(r)
}

// Reset finds out the format. The first two bytes of the zlib format are a
// multiple of 31 with method 8 in the low bits (RFC 1950, section 2.2). The
// bare format with these bits would be a block without compression whose
// padding is not zero. Encoders do not write that.
func (i *inflater) Reset(r io.Reader) error {
	in, ok := r.(*bufio.Reader)
	if !ok {
		return nil // the empty reader between two bodies
	}
	head, err := in.Peek(2)
	if len(head) == 2 && head[0]&0x0f == 8 && (uint(head[0])<<8|uint(head[1]))%31 == 0 {
		if i.zlib == nil {
			i.zlib, err = zlib.NewReader(in)
		} else {
			err = i.zlib.(zlib.Resetter).Reset(in, nil)
		}
		i.Reader = i.zlib
		return err
	}
	if i.flate == nil {
		i.flate = flate.NewReader(in)
	} else {
		err = i.flate.(flate.Resetter).Reset(in, nil)
	}
	i.Reader = i.flate
	return err
}
