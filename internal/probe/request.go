package probe

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// runHeader carries the name of a run from the client to the backend, so that
// the backend knows which connection belongs to which.
const runHeader = "Wrapprobe-Run"

// Ours reports whether the probe sets the request field of that name itself, so
// that [Proxy].Header cannot have it. Such a field frames the request, asks for
// the upgrade, or tells the backend which run the request belongs to.
func Ours(name string) bool {
	switch strings.ToLower(name) {
	case "connection", "upgrade", "content-length", "transfer-encoding", strings.ToLower(runHeader):
		return true
	}
	return false
}

// request returns the head of a request for an upgrade to token, or of a plain
// request if token is empty. Host and Sec-WebSocket-* fields of the proxy's
// Header replace the probe's own.
func (r *run) request(token string) []byte {
	var b strings.Builder
	fmt.Fprintf(&b, "GET %s HTTP/1.1\r\n", r.proxy.URL.RequestURI())
	given := r.proxy.Header
	unlessGiven := func(name, value string) {
		if len(given.Values(name)) == 0 {
			fmt.Fprintf(&b, "%s: %s\r\n", name, value)
		}
	}
	unlessGiven("Host", r.proxy.URL.Host)
	for _, value := range given["Host"] { // RFC 9110, section 7.2: first, for those who read no further
		fmt.Fprintf(&b, "Host: %s\r\n", value)
	}
	if token != "" {
		fmt.Fprintf(&b, "Connection: Upgrade\r\nUpgrade: %s\r\n", token)
		if slices.ContainsFunc(protocols(token), isWebSocket) {
			unlessGiven("Sec-WebSocket-Version", "13")
			unlessGiven("Sec-WebSocket-Key", "AAECAwQFBgcICQoLDA0ODw==")
		}
	}
	fmt.Fprintf(&b, "%s: %s\r\n", runHeader, r.name)
	for _, name := range slices.Sorted(maps.Keys(given)) {
		for _, value := range given[name] {
			if name != "Host" {
				fmt.Fprintf(&b, "%s: %s\r\n", name, value)
			}
		}
	}
	b.WriteString("\r\n")
	return []byte(b.String())
}

// protocols returns the protocols that an Upgrade field lists, in the client's
// order of preference.
func protocols(upgrade string) []string {
	all := strings.Split(upgrade, ",")
	for i := range all {
		all[i] = strings.TrimSpace(all[i])
	}
	return all
}

func isWebSocket(protocol string) bool { return strings.EqualFold(protocol, "websocket") }
