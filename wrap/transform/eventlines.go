package transform

import "bytes"

// lines goes over the lines of data, which end in LF, CR or CRLF. The last one
// may have no end.
type lines struct {
	data []byte

	// The line of the last next is data[start:end], and the next line
	// begins at after.
	start, end, after int

	nextLF int // data[start:nextLF] has no LF; len(data) or the index of one
	noCR   int // data[start:noCR] has no CR
}

// next goes on to the next line, if there is one.
func (l *lines) next() bool {
	l.start = l.after
	if l.start >= len(l.data) {
		return false
	}
	l.nextLF = max(l.nextLF, l.start)
	if i := bytes.IndexByte(l.data[l.nextLF:], '\n'); i >= 0 {
		l.nextLF += i
	} else {
		l.nextLF = len(l.data)
	}
	l.end, l.after = l.nextLF, min(l.nextLF+1, len(l.data))
	if l.noCR < l.end {
		l.findCR()
	}
	return true
}

// findCR ends the line at a CR, if there is one. Streams have a CR in each line
// or none at all, so findCR looks at the following lines, too.
func (l *lines) findCR() {
	const ahead = 4 << 10
	from := max(l.start, l.noCR)
	l.noCR = max(l.end, min(from+ahead, len(l.data)))
	i := bytes.IndexByte(l.data[from:l.noCR], '\r')
	if i < 0 {
		return
	}
	l.noCR = from + i
	if l.noCR >= l.end {
		return
	}
	if l.end = l.noCR; l.end+1 != l.nextLF {
		l.after = l.end + 1
	}
}

func (l *lines) line() []byte { return l.data[l.start:l.end] }

// hasEnd reports whether the line has a line end.
func (l *lines) hasEnd() bool { return l.after > l.end }

// A span is a line in the bytes of an event, without its line end.
type span struct{ start, end int }

// An eventFinder finds events. Bytes may come one by one, so that a CR can be
// the last byte of data, and an LF that belongs to it the first byte later.
type eventFinder struct {
	started bool // the byte order mark, if any, has passed
	lastCR  bool // an event has ended in a CR that was the last byte of data

	// scanned is the start of the first line in data that has not been
	// looked at. The lines before it, spans, are part of an event.
	scanned int
	spans   []span

	nextLF, noCR int // of lines, for the data of the next find

	incomplete bool // the stream has ended within the last event

	// These say what was before data, if an event that is too long has
	// passed in part.
	within  bool // a part of an event
	midLine bool // a part of a line
	afterCR bool // a CR
}

var byteOrderMark = []byte("\ufeff")

func (f *eventFinder) find(data []byte, atEOF bool) (found, error) {
	if !f.started {
		if bytes.HasPrefix(byteOrderMark, data) && len(data) < len(byteOrderMark) && !atEOF {
			return found{}, nil
		}
		f.started = true
		if bytes.HasPrefix(data, byteOrderMark) {
			return found{advance: len(byteOrderMark)}, nil
		}
	}
	if f.lastCR {
		f.lastCR = false
		if data[0] == '\n' {
			return found{advance: 1, kind: lateLF}, nil
		}
	}
	l := lines{data: data, after: f.scanned, nextLF: f.nextLF, noCR: f.noCR}
	if f.scanned == 0 {
		f.spans = f.spans[:0]
	}
	if l.after < len(data) && data[l.after] == '\n' && (l.after == 0 && f.afterCR || l.after > 0 && data[l.after-1] == '\r') {
		l.after++ // the LF of a CRLF
	}
	for l.next() && l.hasEnd() {
		empty := l.start == l.end && !(f.midLine && l.start == 0)
		switch {
		case empty && l.start == 0 && !f.within:
			f.looked(&l, l.after)
			return found{advance: l.after}, nil // between events
		case empty:
			f.lastCR = l.after == len(data) && data[l.after-1] == '\r'
			return f.record(&l, l.after), nil
		}
		f.spans = append(f.spans, span{l.start, l.end})
		f.scanned = l.after
	}
	f.looked(&l, 0)
	if atEOF {
		if l.start < l.end {
			f.spans = append(f.spans, span{l.start, l.end})
		}
		at := f.record(&l, len(data))
		f.incomplete = true
		return at, nil
	}
	return found{}, nil
}

func (f *eventFinder) record(l *lines, size int) found {
	f.looked(l, size)
	f.scanned, f.within, f.midLine, f.afterCR = 0, false, false, false
	return found{advance: size, end: size, kind: record}
}

// looked keeps what l knows of the data behind the first size bytes.
func (f *eventFinder) looked(l *lines, size int) {
	f.nextLF, f.noCR = max(0, l.nextLF-size), max(0, l.noCR-size)
}

func (f *eventFinder) passed(data []byte) {
	last := data[len(data)-1]
	f.scanned, f.nextLF, f.noCR, f.within = 0, 0, 0, true
	f.midLine, f.afterCR = last != '\n' && last != '\r', last == '\r'
}
