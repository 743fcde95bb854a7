package tunnel

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// agree returns an error unless the client asked for every protocol to which
// the backend has switched (RFC 9110, section 7.8). The case of names does not
// matter. A backend may switch several layers at once, and then names all of
// them.
func agree(request, response http.Header) error {
	asked, switched := upgradeTokens(request), upgradeTokens(response)
	// What is no protocol may have letters that fold to ASCII ones.
	asked = slices.DeleteFunc(asked, func(a string) bool { return !isProtocol(a) })
	if len(asked) == 0 {
		return errors.New("the client did not ask for it")
	}
	if len(switched) == 0 {
		return errors.New("the backend does not say to which protocol it has switched")
	}
	for _, protocol := range switched {
		if !isProtocol(protocol) {
			return fmt.Errorf("the backend has switched to %q, which is no protocol", protocol)
		}
		if !slices.ContainsFunc(asked, func(a string) bool { return strings.EqualFold(a, protocol) }) {
			return fmt.Errorf("the backend has switched to %q, and the client asked for %q", protocol, asked)
		}
	}
	return nil
}

// upgradeTokens returns the elements of Upgrade, if Connection names it.
func upgradeTokens(h http.Header) []string {
	if !slices.ContainsFunc(elements(h, "Connection"), func(option string) bool {
		return strings.EqualFold(option, "Upgrade")
	}) {
		return nil
	}
	return elements(h, "Upgrade")
}

// elements splits the fields of that name into the elements of their lists
// (RFC 9110, section 5.6.1).
func elements(h http.Header, name string) (all []string) {
	for _, field := range h.Values(name) {
		for _, e := range strings.Split(field, ",") {
			if e = strings.Trim(e, " \t"); e != "" {
				all = append(all, e)
			}
		}
	}
	return all
}

// isProtocol reports whether s is a name with or without a version, both of
// them tokens (RFC 9110, section 5.6.2).
func isProtocol(s string) bool {
	name, version, versioned := strings.Cut(s, "/")
	return isToken(name) && (!versioned || isToken(version))
}

func isToken(s string) bool {
	for _, c := range []byte(s) {
		switch {
		case '0' <= c && c <= '9', 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z':
		case strings.IndexByte("!#$%&'*+-.^_`|~", c) >= 0:
		default:
			return false
		}
	}
	return s != ""
}

// hopByHop are fields that only concern the next recipient, as the fields do
// that Connection names (RFC 9110, section 7.6.1).
var hopByHop = []string{
	"Connection",
	"Keep-Alive",
	"Proxy-Authenticate",
	"Proxy-Authentication-Info",
	"Proxy-Authorization",
	"Proxy-Connection",
	"Te",
	"Trailer",
	"Transfer-Encoding",
	"Upgrade",
}

func removeHopByHop(h http.Header) {
	for _, name := range elements(h, "Connection") {
		h.Del(name)
	}
	for _, name := range hopByHop {
		h.Del(name)
	}
}
