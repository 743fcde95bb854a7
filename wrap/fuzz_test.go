package wrap_test

import (
	"bytes"
	"io"
	"testing"

	"github.com/bodywrap/bodywrap/wrap"
)

// The fuzz targets let a script of bytes decide how a body is used. Whatever
// mixture of calls that is, the bytes that pass must be those that the hook
// makes of the original's, each once and in order.

// FuzzReadHook reads a body whose hook changes, doubles and drops bytes.
func FuzzReadHook(f *testing.F) {
	f.Add([]byte("the backend's answer"), []byte{3, 0, 250})
	f.Add([]byte{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}, []byte{0, 1, 255, 2})
	f.Add(bytes.Repeat([]byte("long "), 20_000), []byte{200, 251})
	f.Fuzz(func(t *testing.T, data, script []byte) {
		var want []byte
		for _, c := range data {
			want = append(want, garble(c)...)
		}
		var pending []byte
		hook := func(next io.Reader, p []byte) (int, error) {
			if len(pending) == 0 {
				raw := make([]byte, max(1, len(p)/2))
				n, err := next.Read(raw)
				if n == 0 {
					return 0, err
				}
				for _, c := range raw[:n] {
					pending = append(pending, garble(c)...)
				}
			}
			n := copy(p, pending)
			pending = pending[n:]
			return n, nil
		}
		for mask := range allMethods + 1 {
			pending = nil
			rec := newRecorder("")
			rec.in = bytes.NewReader(data)
			body := wrap.Body(rec.only(mask), wrap.Hooks{Read: hook}, closeOnly)
			var got bytes.Buffer
			for _, step := range script {
				switch {
				case step == 255:
					if _, err := io.Copy(&got, body); err != nil {
						t.Fatalf("io.Copy = %v", err)
					}
				case step == 254:
					if wt, ok := body.(io.WriterTo); ok {
						if _, err := wt.WriteTo(&got); err != nil {
							t.Fatalf("WriteTo = %v", err)
						}
					}
				case step >= 250:
					if _, err := io.CopyN(&got, body, int64(step)); err != nil && err != io.EOF {
						t.Fatalf("io.CopyN = %v", err)
					}
				default:
					p := make([]byte, step)
					n, err := body.Read(p)
					if err != nil && err != io.EOF {
						t.Fatalf("Read = %v", err)
					}
					got.Write(p[:n])
				}
			}
			if _, err := io.Copy(&got, body); err != nil {
				t.Fatalf("io.Copy = %v", err)
			}
			if !bytes.Equal(got.Bytes(), want) {
				t.Fatalf("a body with %s gave %q, want %q", methodNames(mask), got.Bytes(), want)
			}
		}
	})
}

// FuzzWriteHook writes to a body whose hook changes, doubles and drops bytes.
func FuzzWriteHook(f *testing.F) {
	f.Add([]byte("the client's message"), []byte{3, 0, 250})
	f.Add([]byte{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}, []byte{0, 1, 255, 2})
	f.Add(bytes.Repeat([]byte("long "), 20_000), []byte{200, 251})
	f.Fuzz(func(t *testing.T, data, script []byte) {
		var want []byte
		for _, c := range data {
			want = append(want, garble(c)...)
		}
		hook := func(next io.Writer, p []byte) (int, error) {
			for i, c := range p {
				if _, err := next.Write(garble(c)); err != nil {
					return i, err
				}
			}
			return len(p), nil
		}
		for mask := range allMethods + 1 {
			if mask&hasWrite == 0 {
				continue
			}
			rec := newRecorder("")
			body := wrap.Body(rec.only(mask), closeOnly, wrap.Hooks{Write: hook}).(io.Writer)
			src := bytes.NewReader(data)
			for _, step := range script {
				switch {
				case step == 255:
					if _, err := io.Copy(body, src); err != nil {
						t.Fatalf("io.Copy = %v", err)
					}
				case step >= 250:
					if rf, ok := body.(io.ReaderFrom); ok {
						if _, err := rf.ReadFrom(io.LimitReader(src, int64(step))); err != nil {
							t.Fatalf("ReadFrom = %v", err)
						}
					}
				default:
					p := make([]byte, step)
					n, _ := src.Read(p) // at its end there is nothing to write
					if m, err := body.Write(p[:n]); m != n || err != nil {
						t.Fatalf("Write of %d bytes = %d, %v", n, m, err)
					}
				}
			}
			if _, err := io.Copy(body, src); err != nil {
				t.Fatalf("io.Copy = %v", err)
			}
			if !bytes.Equal(rec.out.Bytes(), want) {
				t.Fatalf("a body with %s was given %q, want %q", methodNames(mask), rec.out.Bytes(), want)
			}
		}
	})
}

// garble drops some bytes, doubles some and changes all others.
func garble(c byte) []byte {
	switch c % 4 {
	case 0:
		return nil
	case 1:
		return []byte{c, c}
	}
	return []byte{^c}
}
