// Package upload is an example of wrapgen: the body of a request, with a
// progress bar, that keeps what net/http and clients of object stores look for
// in an upload.
//
// wrap.Body keeps the methods that a response's body may have. An upload is
// often a file or a bytes.Reader, and code that sends it may seek it for a
// retry, read parts of it in parallel, or ask for its length (mpb#114). These
// methods are a family of their own.
package upload

import "io"

//go:generate go run ../..

// uploading is what an upload may do beside Read and Close.
//
//wrapgen:for upload
//wrapgen:test
type uploading interface {
	io.Seeker
	io.ReaderAt
	Len() int
	io.WriterTo //wrapgen:route // so that the bar sees the bytes
}

// upload moves a progress bar.
type upload struct {
	_ [0]func() // saves an equality function for each member

	io.ReadCloser
	progress func(n int)
}

// Progress returns body with the optional methods that it has. It calls
// progress with the number of bytes of each read, and with a negative number
// when a seek goes back. Calls of ReadAt can come from several goroutines, so
// progress must allow that.
func Progress(body io.ReadCloser, progress func(n int)) io.ReadCloser {
	u := &upload{ReadCloser: body, progress: progress}
	return u.uploading(uploadingSetOf(body))
}

func (u *upload) Read(p []byte) (int, error) {
	n, err := u.ReadCloser.Read(p)
	u.progress(n)
	return n, err
}

func (u *upload) ReadAt(p []byte, off int64) (int, error) {
	n, err := u.ReadCloser.(io.ReaderAt).ReadAt(p, off)
	u.progress(n)
	return n, err
}

func (u *upload) Seek(offset int64, whence int) (int64, error) {
	s := u.ReadCloser.(io.Seeker)
	before, err := s.Seek(0, io.SeekCurrent)
	if err != nil {
		return before, err
	}
	after, err := s.Seek(offset, whence)
	if err == nil && after < before {
		u.progress(int(after - before))
	}
	return after, err
}
