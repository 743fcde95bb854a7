package main

import (
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/bodywrap/bodywrap/internal/probe"
)

// addHeader adds the field in line, which is name:value, to the request. It
// refuses fields to which a proxy may rightly answer 400, so that the report
// does not blame the proxy.
func (s *settings) addHeader(line string) error {
	name, value, ok := strings.Cut(line, ":")
	name, value = strings.TrimSpace(name), strings.TrimSpace(value)
	switch key := http.CanonicalHeaderKey(name); {
	case !ok:
		return errors.New("want name:value")
	case !isToken(name):
		return fmt.Errorf("%q is not the name of a field: want letters, digits and any of %s", name, tokenMarks)
	case !isFieldValue(value):
		return fmt.Errorf("the value of %s has a control character", name)
	case key == "Upgrade":
		return errors.New("the Upgrade field is given with -upgrade")
	case probe.Ours(name):
		return fmt.Errorf("wrapprobe sets %s itself", name)
	case oneOnly[key] && s.header.Get(key) != "":
		return fmt.Errorf("a request has one %s", key)
	case key == "Host" && (value == "" || strings.ContainsAny(value, " \t,/@")):
		return fmt.Errorf("%q is not a host with or without a port", value)
	}
	s.header.Add(name, value)
	return nil
}

// oneOnly are the fields that a server must or may refuse if they come twice.
var oneOnly = map[string]bool{
	"Host":                  true, // RFC 9112, section 3.2
	"Sec-Websocket-Key":     true, // RFC 6455, section 11.3.1
	"Sec-Websocket-Version": true, // RFC 6455, section 11.3.5
}

// checkUpgrade returns an error if value is not a list of protocols (RFC 9110,
// section 7.8).
func checkUpgrade(value string) error {
	for _, protocol := range strings.Split(value, ",") {
		name, version, versioned := strings.Cut(strings.Trim(protocol, " \t"), "/")
		if !isToken(name) || versioned && !isToken(version) {
			return fmt.Errorf("-upgrade %q: want a protocol, such as websocket or chat/2, or several with commas between them", value)
		}
	}
	return nil
}

const tokenMarks = "!#$%&'*+-.^_`|~"

// isToken reports whether s is a token (RFC 9110, section 5.6.2).
func isToken(s string) bool {
	for _, c := range []byte(s) {
		letter := 'a' <= c|0x20 && c|0x20 <= 'z'
		digit := '0' <= c && c <= '9'
		if !letter && !digit && strings.IndexByte(tokenMarks, c) < 0 {
			return false
		}
	}
	return s != ""
}

// isFieldValue reports whether s may be the value of a field (RFC 9110, section
// 5.5).
func isFieldValue(s string) bool {
	return !strings.ContainsFunc(s, func(c rune) bool { return c < ' ' && c != '\t' || c == 0x7f })
}
