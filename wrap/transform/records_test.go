package transform_test

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/bodywrap/bodywrap/wrap"
	"github.com/bodywrap/bodywrap/wrap/transform"
)

func same(record []byte) ([]byte, error) { return record, nil }

// hooksUnderTest are the hooks of this package that change nothing in a stream
// without a match.
func hooksUnderTest() map[string]wrap.Hooks {
	return map[string]wrap.Hooks{
		"Records": transform.Records(bufio.ScanWords, same, nil),
		"Lines":   transform.Lines(same, nil),
		"Events":  transform.Events(func(e *transform.Event) (*transform.Event, error) { return e, nil }, nil),
		"Replace": transform.Replace("no match", "", nil),
	}
}

var errStop = errors.New("stop")

// onLines is the function of most tests: each line says what becomes of it.
func onLines(line []byte) ([]byte, error) {
	switch string(line) {
	case "drop":
		return nil, nil
	case "empty":
		return []byte{}, nil
	case "add":
		return []byte("one\ntwo"), nil
	case "in place":
		copy(line, "IN")
		return line, nil
	case "stop":
		return line, errStop
	case "end":
		return nil, io.EOF
	case "last":
		return []byte("LAST"), io.EOF
	case "last, as it is":
		return line, io.EOF
	}
	return bytes.Replace(line, []byte("secret"), []byte("***"), 1), nil
}

func TestLines(t *testing.T) {
	for _, tt := range []struct {
		in, want string
		err      error
		why      string
	}{
		{"", "", nil, "no line"},
		{"a", "a", nil, "the last line without an end"},
		{"a\n", "a\n", nil, "no empty line follows"},
		{"a\r\nb\n\n\rc\r\n\r", "a\r\nb\n\n\rc\r\n\r", nil, "unchanged lines, byte for byte"},
		{"a secret\r\nb secret\nc secret", "a ***\r\nb ***\nc ***", nil, "each keeps its line end"},
		{"a\ndrop\r\nb\ndrop", "a\nb\n", nil, "a dropped line has no line end either"},
		{"empty\r\nempty\n", "\r\n\n", nil, "an empty line is not dropped"},
		{"add\r\n", "one\ntwo\r\n", nil, "records are added"},
		{"in place\n", "IN place\n", nil, "a function may change the bytes"},
		{"a\nb secret\nstop\nc\n", "a\nb ***\n", errStop, "an error comes after the lines before it"},
		{"a\nend\nc\n", "a\n", nil, "io.EOF is the end"},
		{"a\nlast\r\nc\n", "a\nLAST\r\n", nil, "and comes after the record"},
		{"a\nlast, as it is\nc\n", "a\nlast, as it is\n", nil, "and comes after the record"},
	} {
		t.Run(tt.why, func(t *testing.T) {
			for _, division := range divisions(tt.in) {
				got, err := passed(transform.Lines(onLines, nil), division...)
				if got != tt.want || err != tt.err {
					t.Errorf("read as %q: %q, %v, want %q, %v", division, got, err, tt.want, tt.err)
				}
				if tt.err != nil || strings.Contains(tt.in, "end") || strings.Contains(tt.in, "last") {
					continue // Write returns an error
				}
				got, err = written(transform.Lines(onLines, &transform.Options{Write: true}), division...)
				if got != tt.want || err != nil {
					t.Errorf("written as %q: %q, %v, want %q", division, got, err, tt.want)
				}
			}
		})
	}
}

// Write tells that the stream has ended, and sends nothing more.
func TestLinesEndAWrite(t *testing.T) {
	hook := transform.Lines(onLines, &transform.Options{Write: true})
	for _, stream := range [][]string{{"a\nstop\nb\n"}, {"a\nend\nb\n"}, {"a\n", "end\n", "b\n"}} {
		if got, err := written(hook, stream...); got != "a\n" || err == nil {
			t.Errorf("written as %q: %q, %v, want a line and an error", stream, got, err)
		}
	}
}

func TestRecordsKeepTheirSeparators(t *testing.T) {
	upper := func(record []byte) ([]byte, error) { return bytes.ToUpper(record), nil }
	comma := func(data []byte, atEOF bool) (int, []byte, error) { // returns a copy, and its last record is final
		i := bytes.IndexByte(data, ',')
		switch {
		case i >= 0:
			return i + 1, bytes.Clone(data[:i+1]), nil
		case !atEOF:
			return 0, nil, nil
		}
		return 0, data, bufio.ErrFinalToken
	}
	stop := func(data []byte, _ bool) (int, []byte, error) {
		if i := bytes.IndexByte(data, '.'); i >= 0 {
			return i + 1, data[:i], bufio.ErrFinalToken
		}
		return 0, nil, nil
	}
	lines := func(record func(line []byte) []byte) bufio.SplitFunc {
		return func(data []byte, _ bool) (int, []byte, error) {
			i := bytes.IndexByte(data, '\n')
			if i < 0 {
				return 0, nil, nil
			}
			return i + 1, record(data[:i]), nil
		}
	}
	x := func([]byte) ([]byte, error) { return []byte("x"), nil }
	for _, tt := range []struct {
		name     string
		split    bufio.SplitFunc
		f        func([]byte) ([]byte, error)
		in, want string
	}{
		{"words", bufio.ScanWords, upper, "  a bc\t\nd  ", "  A BC\t\nD  "},
		{"words, unchanged", bufio.ScanWords, same, "  a bc\t\nd  ", "  a bc\t\nd  "},
		{"runes that are not UTF-8", bufio.ScanRunes, upper, "a\xffb", "A\ufffdB"},
		{"bytes", bufio.ScanBytes, upper, "abc", "ABC"},
		{"copies, and a final one", comma, upper, "a,b,c", "A,B,C"},
		{"the rest after a final one", stop, upper, "a.b.c", "A.b.c"},
		{"no end", stop, upper, "abc", "abc"},
		{"slices without capacity", lines(slices.Clip[[]byte]), upper, "a\nbc\n\n", "A\nBC\n\n"},
		{"the ends of lines", lines(func(line []byte) []byte { return line[len(line):] }), x, "a\nbc\n\n", "ax\nbcx\nx\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			checkEverywhere(t, func(write bool) wrap.Hooks {
				return transform.Records(tt.split, tt.f, &transform.Options{Write: write})
			}, tt.in, tt.want, nil)
		})
	}
}

// f is called for each record, also if split returns copies, the data fills the
// buffer to its end, and an empty copy has the place of that end.
func TestRecordsThatAreCopies(t *testing.T) {
	split := func(data []byte, _ bool) (int, []byte, error) {
		i := bytes.IndexByte(data, '\n')
		if i < 0 {
			return 0, nil, nil
		}
		return i + 1, append([]byte{}, data[:i]...), nil
	}
	in := strings.Repeat("\n", 32<<10)
	x := func([]byte) ([]byte, error) { return []byte("x"), nil }
	got, err := passed(transform.Records(split, x, nil), in)
	if want := strings.Repeat("x\n", len(in)); got != want || err != nil {
		t.Errorf("%d blank lines became %d bytes, %v, want %d", len(in), len(got), err, len(want))
	}
}

// The separators of the last record stay, even if nothing else of it does.
func TestAnEmptyLastRecordKeepsItsSeparator(t *testing.T) {
	hook := transform.Lines(func(line []byte) ([]byte, error) {
		if len(line) == 0 {
			return []byte{}, io.EOF
		}
		return []byte("x"), nil
	}, nil)
	if got, err := passed(hook, "a\n\nb\n"); got != "x\n\n" || err != nil {
		t.Errorf("%q, %v, want an empty line at the end", got, err)
	}
	if got, err := passed(hook, "\nb\n"); got != "\n" || err != nil {
		t.Errorf("%q, %v, want an empty line", got, err)
	}
}

func TestASplitFunctionThatMisbehavesIsAnError(t *testing.T) {
	for name, split := range map[string]bufio.SplitFunc{
		"advances back":    func([]byte, bool) (int, []byte, error) { return -1, nil, nil },
		"advances too far": func(data []byte, _ bool) (int, []byte, error) { return len(data) + 1, data, nil },
		"does not advance": func(data []byte, _ bool) (int, []byte, error) { return 0, data, nil },
		"fails":            func([]byte, bool) (int, []byte, error) { return 0, nil, errStop },
	} {
		if got, err := passed(transform.Records(split, same, nil), "abc"); got != "" || err == nil {
			t.Errorf("%s: %q, %v, want an error", name, got, err)
		}
	}
}

func TestLongRecords(t *testing.T) {
	const line = "0123456789" // with its line end 11 bytes
	never := func(record []byte) ([]byte, error) {
		if len(record) > len(line) {
			t.Errorf("the function got %q", record)
		}
		return append([]byte("<"), record...), nil
	}
	for _, tt := range []struct {
		in, passed, stopped string
		tooLong             bool
		why                 string
	}{
		{line + "\n", "<" + line + "\n", "<" + line + "\n", false, "as long as allowed"},
		{"a\n" + line + "\r\nb\n", "<a\n" + line + "\r\n<b\n", "<a\n", true, "its line end counts"},
		{strings.Repeat(line, 10) + "\nb\n", strings.Repeat(line, 10) + "\n<b\n", "", true, "it is never held as a whole"},
		{strings.Repeat(line, 10), strings.Repeat(line, 10), "", true, "it has no end"},
	} {
		opt := transform.Options{MaxSize: len(line) + 1}
		for _, division := range divisions(tt.in) {
			opt.PassLong = true
			if got, err := passed(transform.Lines(never, &opt), division...); got != tt.passed || err != nil {
				t.Errorf("read as %q with PassLong: %q, %v, want %q: %s", division, got, err, tt.passed, tt.why)
			}
			opt.PassLong = false
			got, err := passed(transform.Lines(never, &opt), division...)
			var tooLong *transform.TooLongError
			if got != tt.stopped || errors.As(err, &tooLong) != tt.tooLong {
				t.Errorf("read as %q: %q, %v, want %q: %s", division, got, err, tt.stopped, tt.why)
			}
		}
	}
}

// The bytes of a record that is too long are not kept.
func TestMemoryIsBounded(t *testing.T) {
	const size = 16 << 20
	for name, hook := range map[string]wrap.Hooks{
		"Lines":  transform.Lines(same, &transform.Options{PassLong: true}),
		"Events": transform.Events(func(e *transform.Event) (*transform.Event, error) { return e, nil }, &transform.Options{PassLong: true}),
	} {
		body := wrap.Body(io.NopCloser(io.LimitReader(zeros{}, size)), hook)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		n, err := io.Copy(io.Discard, body)
		runtime.ReadMemStats(&after)
		if err != nil {
			t.Errorf("%s: Copy = %v", name, err)
		}
		allocated := after.TotalAlloc - before.TotalAlloc
		if n != size || allocated > 8<<20 {
			t.Errorf("%s: %d bytes passed, want %d; %d bytes of memory, want a few MiB", name, n, size, allocated)
		}
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { return len(p), nil }

// A record goes out before the next one comes.
func TestRecordsDoNotWait(t *testing.T) {
	for name, hook := range hooksUnderTest() {
		t.Run(name, func(t *testing.T) {
			in, out := io.Pipe()
			body := wrap.Body(in, hook)
			defer body.Close()
			for _, event := range []string{"data: a\n\n", "data: b\r\n\r\n", "data: c\r\r"} {
				go io.WriteString(out, event)
				got := make([]byte, len(event))
				if name == "Lines" && strings.HasSuffix(event, "\r") {
					return // no line
				}
				if _, err := io.ReadFull(body, got); string(got) != event || err != nil {
					t.Errorf("read %q, %v, want %q", got, err, event)
				}
			}
		})
	}
}

// A panic of the function reaches the caller, who finds an error afterwards.
func TestAPanicOfTheFunction(t *testing.T) {
	body := wrap.Body(&parts{parts: []string{"a\n", "b\nc\n"}}, transform.Lines(func(line []byte) ([]byte, error) {
		if string(line) == "b" {
			panic("b")
		}
		return line, nil
	}, nil))
	var got []byte
	func() {
		defer func() {
			if v := recover(); v != "b" {
				t.Errorf("recovered %v, want b", v)
			}
		}()
		for {
			p := make([]byte, 1)
			n, err := body.Read(p)
			got = append(got, p[:n]...)
			if err != nil {
				t.Fatalf("Read = %v, want a panic", err)
			}
		}
	}()
	if string(got) != "a\n" {
		t.Errorf("read %q before the panic, want a line", got)
	}
	if n, err := body.Read(make([]byte, 1)); n != 0 || err == nil || !strings.Contains(err.Error(), "panicked") {
		t.Errorf("Read after the panic = %d, %v", n, err)
	}
}
