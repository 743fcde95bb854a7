package handsover

import (
	"bytes"
	"io"
	"net/http"
)

// A Recorder answers with what it has recorded, in a helper that returns no response.
type Recorder struct{ next http.RoundTripper }

type recording struct {
	status int
	header http.Header
	body   []byte
}

func (r *Recorder) record(req *http.Request) (*recording, error) {
	resp, err := r.next.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	defer func() { _ = resp.Body.Close() }()
	b, err := io.ReadAll(resp.Body) // want `blocks-on-101`
	if err != nil {
		return nil, err
	}
	return &recording{resp.StatusCode, resp.Header, b}, nil
}

func (r *Recorder) RoundTrip(req *http.Request) (*http.Response, error) {
	rec, err := r.record(req)
	if err != nil {
		return nil, err
	}
	return &http.Response{StatusCode: rec.status, Header: rec.header, Body: io.NopCloser(bytes.NewReader(rec.body))}, nil
}
