package transform

import (
	"net/http"
	"strconv"
	"strings"
)

// list returns the elements of a field whose value is a list, such as
// Content-Encoding. The field may stand in several lines.
func list(h http.Header, field string) (elements []string) {
	for _, line := range h.Values(field) {
		for element := range strings.SplitSeq(line, ",") {
			if element = strings.TrimSpace(element); element != "" {
				elements = append(elements, element)
			}
		}
	}
	return elements
}

// has reports whether one of the elements of a list is name, without regard to
// case and to parameters of the element.
func has(h http.Header, field, name string) bool {
	for _, element := range list(h, field) {
		element, _, _ = strings.Cut(element, "=")
		if strings.EqualFold(strings.TrimSpace(element), name) {
			return true
		}
	}
	return false
}

// encodings returns the codings in Content-Encoding, in the order in which they
// were applied. Identity is none.
func encodings(h http.Header) (names []string) {
	for _, name := range list(h, "Content-Encoding") {
		if !strings.EqualFold(name, "identity") {
			names = append(names, name)
		}
	}
	return names
}

// accepted returns the coding that a client wants, by the field Accept-Encoding
// in h: the one of the highest weight, and of several such ones the first of
// codings. It returns nil for no coding at all: without the field, if identity
// has a higher weight, or if none is acceptable (RFC 9110, section 12.5.3).
func accepted(h http.Header, codings []*Coding) (best *Coding) {
	fields := list(h, "Accept-Encoding")
	identity := weight(fields, func(name string) bool { return strings.EqualFold(name, "identity") }, 0)
	most := 0.0
	for _, c := range codings {
		if w := weight(fields, c.is, weight(fields, func(name string) bool { return name == "*" }, 0)); w > most && w >= identity {
			best, most = c, w
		}
	}
	return best
}

// weight returns the weight of the first of the fields whose name is right, or
// otherwise if there is none.
func weight(fields []string, right func(name string) bool, otherwise float64) float64 {
	for _, field := range fields {
		name, parameters, _ := strings.Cut(field, ";")
		if !right(strings.TrimSpace(name)) {
			continue
		}
		for parameter := range strings.SplitSeq(parameters, ";") {
			key, value, _ := strings.Cut(parameter, "=")
			if !strings.EqualFold(strings.TrimSpace(key), "q") {
				continue
			}
			w, err := strconv.ParseFloat(strings.TrimSpace(value), 64)
			if err != nil || w != w || w < 0 {
				return 0 // not a weight: do not send what the client may not want
			}
			return min(w, 1)
		}
		return 1
	}
	return otherwise
}
