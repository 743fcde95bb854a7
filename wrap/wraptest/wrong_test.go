package wraptest_test

import (
	"errors"
	"io"
	"net"
	"path"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bodywrap/bodywrap/internal/testkit"
	"github.com/bodywrap/bodywrap/wrap"
	"github.com/bodywrap/bodywrap/wrap/wraptest"
)

// findingsIn returns the findings that err joins.
func findingsIn(t *testing.T, err error) (all []*wraptest.Finding) {
	t.Helper()
	if err == nil {
		return nil
	}
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok {
		t.Fatalf("%v is not joined", err)
	}
	for _, err := range joined.Unwrap() {
		var f *wraptest.Finding
		if !errors.As(err, &f) {
			t.Fatalf("%v is not a Finding", err)
		}
		all = append(all, f)
	}
	return all
}

// onlyFinding fails t unless err has exactly one finding, which is by check and
// contains says.
func onlyFinding(t *testing.T, err error, check, says string) {
	t.Helper()
	all := findingsIn(t, err)
	if len(all) != 1 || path.Base(all[0].Check) != check || !strings.Contains(all[0].Text, says) {
		t.Errorf("findings %v, want one, by the check %q, that says %q", all, check, says)
	}
}

// patient waits long enough for a machine that is busy with other tests.
var patient = wraptest.Options{Timeout: testkit.Patience}

// allOfBody is the one combination of methods in which wrongBody is wrong.
const allOfBody = "Read+Close+Write+CloseWrite+WriteTo+ReadFrom"

// blocked is how long a check waits for a call that waits for another one.
const blocked = 500 * time.Millisecond

func TestEachWrongBodyIsCaughtByOneFinding(t *testing.T) {
	tests := []struct {
		name        string
		wrong       func(everything) io.ReadCloser
		check, says string
	}{
		{"loses Write", func(b everything) io.ReadCloser { return losesWrite{b, b, b, b} }, "methods", "no Write: ReverseProxy answers an upgrade with 502"},
		{"loses CloseWrite", func(b everything) io.ReadCloser { return losesCloseWrite{b, b, b} }, "methods", "no CloseWrite: a half-close ends the whole tunnel"},
		{"loses WriteTo", func(b everything) io.ReadCloser { return losesWriteTo{b, b, b} }, "methods", "no WriteTo"},
		{"loses ReadFrom", func(b everything) io.ReadCloser { return losesReadFrom{b, b, b} }, "methods", "no ReadFrom"},
		{"drops the bytes that come with EOF", func(b everything) io.ReadCloser { return dropsBytesWithEOF{b} }, "Read", "returns 3, EOF; the wrapper's returns 0, EOF"},
		{"wraps errors", func(b everything) io.ReadCloser { return wrapsErrors{b} }, "Read", "metered: the original's own error"},
		{"hides a read error", func(b everything) io.ReadCloser { return hidesReadError{b} }, "Read", "own error; the wrapper's returns 3, EOF"},
		{"reads on after nothing", func(b everything) io.ReadCloser { return readsOnAfterNothing{b} }, "Read", "returns 0, <nil>"},
		{"fills the buffer", func(b everything) io.ReadCloser { return fillsTheBuffer{b} }, "Read", "unexpected EOF"},
		{"changes what is read", func(b everything) io.ReadCloser { return changesWhatIsRead{b} }, "Read", "other bytes"},
		{"invents EOF", func(b everything) io.ReadCloser { return inventsEOF{b} }, "Read", "the wrapper's returns 0, EOF"},
		{"skips a byte in WriteTo", func(b everything) io.ReadCloser { return skipsOneByte{b} }, "WriteTo", "not the same ones"},
		{"counts wrong in WriteTo", func(b everything) io.ReadCloser { return countsWrong{b} }, "WriteTo", "WriteTo returns 40961 for 40960 bytes"},
		{"hides WriteTo's error", func(b everything) io.ReadCloser { return hidesCopyError{b} }, "WriteTo", "not that error"},
		{"stops WriteTo at one buffer", func(b everything) io.ReadCloser { return stopsAtOneBuffer{b} }, "WriteTo", "32768 of 40960 bytes"},
		{"changes its caller's bytes", func(b everything) io.ReadCloser { return changesCallers{b} }, "Write", "of its caller's slice"},
		{"claims to have written all", func(b everything) io.ReadCloser { return claimsAll{b} }, "Write", "returns 3, the original's own error; the wrapper's returns 5"},
		{"hides a write error", func(b everything) io.ReadCloser { return hidesWriteError{b} }, "Write", "the wrapper's returns 3, <nil>"},
		{"writes in two", func(b everything) io.ReadCloser { return writesInTwo{b} }, "Write", "one Write reaches the original 2 times"},
		{"drops the last byte", func(b everything) io.ReadCloser { return dropsTheLastByte{b} }, "Write", "Write passes other bytes on"},
		{"stops ReadFrom at one buffer", func(b everything) io.ReadCloser { return readsFromNoMore{b} }, "ReadFrom", "32768 of 40960 bytes"},
		{"hides the source's error", func(b everything) io.ReadCloser { return hidesSourceError{b} }, "ReadFrom", "not that error"},
		{"counts wrong in ReadFrom", func(b everything) io.ReadCloser { return miscountsReadFrom{b} }, "ReadFrom", "ReadFrom returns 0 for 40960 bytes"},
		{"lies about CloseWrite", func(b everything) io.ReadCloser { return liesAboutCloseWrite{b} }, "CloseWrite", "the backend is not told"},
		{"closes altogether", func(b everything) io.ReadCloser { return closesAltogether{b} }, "CloseWrite", "altogether"},
		{"closes the write side twice", func(b everything) io.ReadCloser { return closesWriteTwice{b} }, "CloseWrite", "2 times"},
		{"hides CloseWrite's error", func(b everything) io.ReadCloser { return hidesCloseWrite{b} }, "CloseWrite", "the wrapper's returns <nil>"},
		{"stops reading at CloseWrite", func(b everything) io.ReadCloser { return stopsReading{b, new(atomic.Bool)} }, "CloseWrite", "0 of 6 bytes: the answer that was to come is lost"},
		{"does not close", func(b everything) io.ReadCloser { return doesNotClose{b} }, "Close", "its connection leaks"},
		{"hides Close's error", func(b everything) io.ReadCloser { return hidesCloseError{b} }, "Close", "the wrapper's returns <nil>"},
		{"panics at the second Close", func(b everything) io.ReadCloser { return panicsAtSecond{b, new(atomic.Bool)} }, "Close", "a second Close panics"},
		{"lets Write wait for Read", func(b everything) io.ReadCloser { return locksWrite{b, new(sync.Mutex)} }, "concurrency", "Write waits for a Read"},
		{"lets CloseWrite wait for Read", func(b everything) io.ReadCloser { return locksCloseWrite{b, new(sync.Mutex)} }, "concurrency", "CloseWrite waits for a Read"},
		{"lets Close wait for Read", func(b everything) io.ReadCloser { return locksClose{b, new(sync.Mutex)} }, "concurrency", "Close waits for a Read"},
		{"unwraps to something else", func(b everything) io.ReadCloser { return unwrapsElsewhere{b} }, "Unwrap", "does not lead to the original"},
		{"unwraps to itself", func(b everything) io.ReadCloser { return unwrapsToItself{b} }, "Unwrap", "circle"},
		{"returns nil", func(everything) io.ReadCloser { return nil }, allOfBody, "returns nil"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var waits []string
			if tt.check == "concurrency" {
				waits = []string{allOfBody + "/concurrency"}
			}
			onlyFinding(t, wraptest.WaitsInVain(patient, blocked, waits...).CheckBody(wrongBody(tt.wrong)), tt.check, tt.says)
		})
	}
}

func TestMethodsThatTheBodyLacksAreFound(t *testing.T) {
	isRWC := func(body io.ReadCloser) bool {
		_, w := body.(io.Writer)
		_, cw := body.(interface{ CloseWrite() error })
		_, wt := body.(io.WriterTo)
		_, rf := body.(io.ReaderFrom)
		return w && !cw && !wt && !rf
	}
	onlyFinding(t, wraptest.CheckBody(func(body io.ReadCloser) io.ReadCloser {
		if isRWC(body) {
			return addsCloseWrite{body.(io.ReadWriteCloser)}
		}
		return body
	}), "methods", "has CloseWrite and the original does not")
	onlyFinding(t, wraptest.CheckBody(func(body io.ReadCloser) io.ReadCloser {
		if _, ok := body.(io.Writer); !ok && !hasAny(body) {
			return addsWrite{body}
		}
		return body
	}), "methods", "has Write and the original does not")
}

func hasAny(body io.ReadCloser) bool {
	_, cw := body.(interface{ CloseWrite() error })
	_, wt := body.(io.WriterTo)
	return cw || wt
}

func TestEachWrongConnIsCaughtByOneFinding(t *testing.T) {
	tests := []struct {
		name        string
		wrong       func(tcpConn) net.Conn
		check, says string
	}{
		{"loses CloseWrite", func(c tcpConn) net.Conn { return connLosesCloseWrite{c, c, c, c, c} }, "methods", "no CloseWrite"},
		{"loses CloseRead", func(c tcpConn) net.Conn { return connLosesCloseRead{c, c, c, c, c} }, "methods", "no CloseRead"},
		{"loses SyscallConn", func(c tcpConn) net.Conn { return connLosesSyscallConn{c, c, c, c, c} }, "methods", "no SyscallConn"},
		{"loses WriteTo", func(c tcpConn) net.Conn { return connLosesWriteTo{c, c, c, c, c} }, "methods", "no WriteTo"},
		{"lies about CloseRead", func(c tcpConn) net.Conn { return connLiesAboutCloseRead{c} }, "CloseRead", "reaches the original 0 times"},
		{"forgets a deadline", func(c tcpConn) net.Conn { return connForgetsDeadline{c} }, "deadlines", "one SetReadDeadline reaches the original 0 times"},
		{"moves a deadline", func(c tcpConn) net.Conn { return connMovesDeadline{c} }, "deadlines", "SetWriteDeadline passes on another time"},
		{"has no peer", func(c tcpConn) net.Conn { return connHasNoPeer{c} }, "addresses", "RemoteAddr"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			onlyFinding(t, wraptest.CheckConn(wrongConn(tt.wrong), patient), tt.check, tt.says)
		})
	}
}

func TestEachWrongTLSConnIsCaughtByOneFinding(t *testing.T) {
	tests := []struct {
		name        string
		wrong       func(tlsConn) net.Conn
		check, says string
	}{
		{"loses ConnectionState", func(c tlsConn) net.Conn { return connLosesConnectionState{c, c, c, c} }, "methods", "no ConnectionState: net/http does not see that there is TLS"},
		{"loses HandshakeContext", func(c tlsConn) net.Conn { return connLosesHandshake{c, c, c, c} }, "methods", "no HandshakeContext: net/http asks what TLS has agreed on before the handshake"},
		{"forgets the state", func(c tlsConn) net.Conn { return connForgetsState{c} }, "ConnectionState", "does not return what the original's returns"},
		{"forgets the handshake", func(c tlsConn) net.Conn { return connForgetsHandshake{c} }, "HandshakeContext", "reaches the original 0 times"},
		{"forgets the context", func(c tlsConn) net.Conn { return connForgetsContext{c} }, "HandshakeContext", "passes on another context"},
		{"hides the handshake's error", func(c tlsConn) net.Conn { return connHidesHandshakeErr{c} }, "HandshakeContext", "the wrapper's returns <nil>"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			onlyFinding(t, wraptest.CheckConn(wrongTLSConn(tt.wrong), patient), tt.check, tt.says)
		})
	}
}

// A wrapper that hangs in every combination is found once. To find it in each
// of the 68 combinations, at the default Timeout, takes longer than the ten
// minutes that go test allows.
func TestCheckThatHasWaitedInVainIsNotRepeated(t *testing.T) {
	oneLock := func(mu *sync.Mutex) wrap.Hooks {
		return wrap.Hooks{
			Read:  func(next io.Reader, p []byte) (int, error) { mu.Lock(); defer mu.Unlock(); return next.Read(p) },
			Write: func(next io.Writer, p []byte) (int, error) { mu.Lock(); defer mu.Unlock(); return next.Write(p) },
			Close: func(next io.Closer) error { mu.Lock(); defer mu.Unlock(); return next.Close() },
		}
	}
	err := wraptest.WaitsInVain(patient, blocked, "concurrency").CheckConn(func(c net.Conn) net.Conn {
		return wrap.Conn(c, oneLock(new(sync.Mutex)))
	})
	onlyFinding(t, err, "concurrency", "Write waits for a Read")

	over := make(chan struct{})
	defer close(over)
	o := patient
	o.Skip = []string{"concurrency"}
	err = wraptest.WaitsInVain(o, blocked, "Read+Close+CloseWrite/CloseWrite").CheckBody(func(body io.ReadCloser) io.ReadCloser {
		return wrap.Body(body, wrap.Hooks{CloseWrite: func(wrap.CloseWriter) error { <-over; return net.ErrClosed }})
	})
	onlyFinding(t, err, "CloseWrite", "did not return from a call within 1s")
}

func TestOptionsChangeWhatIsExpected(t *testing.T) {
	losing := wrongBody(func(b everything) io.ReadCloser { return losesWriteTo{b, b, b} })
	if err := wraptest.CheckBody(losing, wraptest.Options{Skip: []string{"methods"}}); err != nil {
		t.Errorf("CheckBody with the check skipped = %v, want nil", err)
	}
	err := wraptest.CheckBody(func(body io.ReadCloser) io.ReadCloser { return body }, wraptest.Options{Hides: []string{"ReadFrom"}})
	all := findingsIn(t, err)
	if len(all) != 4 || slices.ContainsFunc(all, func(f *wraptest.Finding) bool { return !strings.Contains(f.Text, "Options.Hides") }) {
		t.Errorf("CheckBody of what does not hide ReadFrom finds %v, want it in each of 4 combinations", all)
	}
	defer func() {
		if recover() == nil {
			t.Error("two Options do not panic")
		}
	}()
	_ = wraptest.CheckBody(losing, wraptest.Options{}, wraptest.Options{})
}

// recorder is a testing.TB that records failures and does not fail the test.
type recorder struct {
	testing.TB
	errors []string
}

func (r *recorder) Helper()           {}
func (r *recorder) Error(args ...any) { r.errors = append(r.errors, args[0].(error).Error()) }

func TestFindingsFailTheTest(t *testing.T) {
	r := &recorder{TB: t}
	wraptest.Body(r, wrongBody(func(b everything) io.ReadCloser { return losesWriteTo{b, b, b} }))
	want := "Read+Close+Write+CloseWrite+WriteTo+ReadFrom/methods: the wrapper has no WriteTo"
	if len(r.errors) != 1 || !strings.HasPrefix(r.errors[0], want) {
		t.Errorf("Body reports %q, want one that begins with %q", r.errors, want)
	}
}
