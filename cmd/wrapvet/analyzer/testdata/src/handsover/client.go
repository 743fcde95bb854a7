package handsover

import (
	"bytes"
	"encoding/json"
	"io"
	"log"
	"net/http"
	"net/http/httputil"
)

// A Client sends what it is asked to.
type Client struct {
	http  *http.Client
	debug bool
}

// Send puts back what it has read, so its callers want the body.
func (c *Client) Send(req *http.Request) (*http.Response, error) {
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, err
	}
	if c.debug {
		dump, err := httputil.DumpResponse(resp, true) // want `blocks-on-101`
		if err != nil {
			return nil, err
		}
		log.Printf("%s", dump)
	}
	return resp, nil
}

// Into is for the answers of an API: they are read here.
func (c *Client) Into(req *http.Request, v any) (*http.Response, error) {
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, err
	}
	defer func() { _ = resp.Body.Close() }()
	return resp, json.NewDecoder(resp.Body).Decode(v)
}

// A Reply is a response by another name.
type Reply *http.Response

// SendAgain reads everything and puts it back, so its callers want the body.
func (c *Client) SendAgain(req *http.Request) (Reply, error) {
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, err
	}
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, err
	}
	_ = resp.Body.Close()
	log.Printf("%d bytes", len(b))
	resp.Body = io.NopCloser(bytes.NewReader(b)) // want `loses-write`
	return resp, nil
}
