// Package treats does things to the responses that others hand it.
package treats

import (
	"bytes"
	"io"
	"net/http"
)

// Record reads the body and puts it back.
func Record(resp *http.Response, to func([]byte)) error { // want Record:`treatsResponse\(reads it\)`
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	to(b)
	resp.Body = io.NopCloser(bytes.NewReader(b))
	return nil
}

// A Log is where responses are noted.
type Log struct{ entries []string }

// Note reads the body in a helper.
func (l *Log) Note(id string, resp *http.Response) error { // want Note:`treatsResponse\(reads it\)`
	return Record(resp, func(b []byte) { l.entries = append(l.entries, id+string(b)) })
}

type counting struct {
	io.ReadCloser
	n *int64
}

func (c *counting) Read(p []byte) (int, error) {
	n, err := c.ReadCloser.Read(p)
	*c.n += int64(n)
	return n, err
}

// Count counts what is read.
func Count(resp *http.Response, n *int64) { // want Count:`treatsResponse\(replaces it\)`
	resp.Body = &counting{resp.Body, n}
}

// Careful leaves upgrades alone.
func Careful(resp *http.Response, n *int64) {
	if resp.StatusCode != http.StatusSwitchingProtocols {
		resp.Body = &counting{resp.Body, n}
	}
}

// Asks looks at the header alone.
func Asks(resp *http.Response, name string) bool { return resp.Header.Get(name) != "" }

// IsEmpty says yes to what is not there.
func IsEmpty(s string) bool { return s == "" }

// IsCompressed says no to it.
func IsCompressed(encoding string) bool { return encoding == "gzip" || encoding == "br" }

// Reasons says why a response is not stored.
func Reasons(resp *http.Response) []string {
	if resp.Header.Get("Cache-Control") == "" {
		return []string{"nobody allows it"}
	}
	return nil
}
