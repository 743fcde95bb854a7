package wrap_test

import (
	"bytes"
	"io"
	"testing"

	"github.com/bodywrap/bodywrap/wrap"
)

// The fuzz targets let a script of bytes decide how a body with the methods in
// mask is used. Whatever mixture of calls that is, the bytes that pass must be
// those that the hook makes of the original's, each once and in order.

func addSeeds(f *testing.F) {
	for mask := range allMethods + 1 {
		f.Add([]byte("the backend's answer"), []byte{3, 0, 250}, mask)
		f.Add([]byte{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}, []byte{0, 1, 255, 2}, mask)
		f.Add([]byte{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}, []byte{1, 254, 1}, mask)
	}
	f.Add(bytes.Repeat([]byte("longer than one buffer "), 2000), []byte{200, 251}, allMethods)
}

// garbled appends to dst what the hooks make of src: some bytes dropped, some
// doubled, and all others changed.
func garbled(dst, src []byte) []byte {
	for _, c := range src {
		switch c % 4 {
		case 0:
		case 1:
			dst = append(dst, c, c)
		default:
			dst = append(dst, ^c)
		}
	}
	return dst
}

// FuzzReadHook reads a body whose hook changes, doubles and drops bytes.
func FuzzReadHook(f *testing.F) {
	addSeeds(f)
	f.Fuzz(func(t *testing.T, data, script []byte, mask int) {
		var pending []byte
		hook := func(next io.Reader, p []byte) (int, error) {
			if len(pending) == 0 {
				raw := make([]byte, max(1, len(p)/2))
				n, err := next.Read(raw)
				if n == 0 {
					return 0, err
				}
				pending = garbled(pending, raw[:n])
			}
			n := copy(p, pending)
			pending = pending[n:]
			return n, nil
		}
		mask &= allMethods
		rec := newRecorder("")
		rec.in = bytes.NewReader(data)
		body := wrap.Body(rec.only(mask), wrap.Hooks{Read: hook}, closeOnly)
		var got bytes.Buffer
		for _, step := range append(script, 255) {
			var err error
			switch {
			case step == 255:
				_, err = io.Copy(&got, body)
			case step == 254:
				if wt, ok := body.(io.WriterTo); ok {
					_, err = wt.WriteTo(&got)
				}
			case step >= 250:
				_, err = io.CopyN(&got, body, int64(step))
			default:
				p := make([]byte, step)
				var n int
				n, err = body.Read(p)
				got.Write(p[:n])
			}
			if err != nil && err != io.EOF {
				t.Fatalf("step %d of %v = %v", step, script, err)
			}
		}
		if want := garbled(nil, data); !bytes.Equal(got.Bytes(), want) {
			t.Fatalf("a body with %s gave %q, want %q", methodNames(mask), got.Bytes(), want)
		}
	})
}

// FuzzWriteHook writes to a body whose hook changes, doubles and drops bytes,
// and writes them in two parts.
func FuzzWriteHook(f *testing.F) {
	addSeeds(f)
	f.Fuzz(func(t *testing.T, data, script []byte, mask int) {
		hook := func(next io.Writer, p []byte) (int, error) {
			for _, half := range [][]byte{p[:len(p)/2], p[len(p)/2:]} {
				if _, err := next.Write(garbled(nil, half)); err != nil {
					return 0, err
				}
			}
			return len(p), nil
		}
		mask = mask&allMethods | hasWrite
		rec := newRecorder("")
		body := wrap.Body(rec.only(mask), closeOnly, wrap.Hooks{Write: hook}).(io.Writer)
		src := bytes.NewReader(data)
		for _, step := range append(script, 255) {
			var err error
			switch {
			case step == 255:
				_, err = io.Copy(body, src)
			case step >= 250:
				if rf, ok := body.(io.ReaderFrom); ok {
					_, err = rf.ReadFrom(io.LimitReader(src, int64(step)))
				}
			default:
				p := make([]byte, step)
				n, _ := src.Read(p) // at its end there is nothing to write
				var m int
				if m, err = body.Write(p[:n]); m != n {
					t.Fatalf("Write of %d bytes = %d, %v", n, m, err)
				}
			}
			if err != nil {
				t.Fatalf("step %d of %v = %v", step, script, err)
			}
		}
		if want := garbled(nil, data); !bytes.Equal(rec.out.Bytes(), want) {
			t.Fatalf("a body with %s was given %q, want %q", methodNames(mask), rec.out.Bytes(), want)
		}
	})
}
