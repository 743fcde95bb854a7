package probe

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"sync/atomic"
	"time"
)

// A run is one scenario that is being played. play uses it in one goroutine;
// the peers read in goroutines of their own.
type run struct {
	proxy *Proxy
	ctx   context.Context
	name  string
	token string
	limit time.Duration // how long to wait for what must come
	reply time.Duration // how long to wait for the answer to a request
	hold  time.Duration // how long to watch what need not come

	tl    *timeline
	res   Result
	visit *visit // this run at the backend

	client, backend *peer        // nil until the tunnel is open
	conn            *backendConn // the connection of backend
}

// A handshake is how a tunnel is opened.
type handshake struct {
	early     int  // bytes that the client sends along with its request
	earlyBack int  // bytes that the backend sends along with its answer
	deaf      Lane // the end that does not listen at first
}

// open has the proxy join the two ends. It returns false if there is no tunnel;
// then it has given the verdict.
func (r *run) open(h handshake) bool {
	var plainly atomic.Bool
	r.visit = r.proxy.Backend.expect(r.name, func(req *http.Request) answer {
		if req.Header.Get("Upgrade") == "" {
			plainly.Store(true)
			r.tl.add(Backend, Asked, 0, req.Method)
			r.tl.add(Backend, Answers, 0, "426")
			return plain(http.StatusUpgradeRequired, "")
		}
		r.tl.add(Backend, Asked, 0, req.Method+" Upgrade")
		r.tl.add(Backend, Answers, 0, "101")
		if h.earlyBack > 0 {
			r.tl.add(Backend, Sends, h.earlyBack, "")
		}
		return switching(req, protocols(r.token)[0], h.earlyBack)
	})
	conn, resp, br, err := r.ask(r.token, h.early, r.reply)
	if err != nil {
		r.noAnswer(conn, err)
		return false
	}
	_ = conn.SetDeadline(time.Time{})
	r.res.Status = resp.StatusCode
	if resp.StatusCode != http.StatusSwitchingProtocols {
		_ = conn.Close()
		if !r.proxy.Backend.asked(r.visit) {
			r.bad(Astray, "the proxy answered %s by itself and %s", resp.Status, r.proxy.Backend.missed(r.ctx))
			return false
		}
		if plainly.Load() {
			r.bad(Refused, "the request came to the backend without its Upgrade header, and the client was answered %s", resp.Status)
		} else {
			r.bad(Refused, "the backend agreed, and the client was answered %s", resp.Status)
		}
		r.res.Notice = noticeNoUpgrade
		return false
	}
	select {
	case r.conn = <-r.visit.tunnel:
	case <-time.After(r.reply):
		_ = conn.Close()
		r.bad(Astray, "the client was answered 101 by something that is not the backend at %s", r.proxy.Backend.Addr())
		return false
	case <-r.ctx.Done():
		_ = conn.Close()
		return false
	}
	r.client = newPeer(Client, conn, br, r.tl)
	r.client.sent = h.early
	r.backend = newPeer(Backend, r.conn.Conn, r.conn.br, r.tl)
	r.backend.sent = h.earlyBack
	for _, p := range []*peer{r.client, r.backend} {
		if p.lane == h.deaf {
			r.tl.add(p.lane, Pauses, 0, "")
		} else {
			p.listen()
		}
	}
	return true
}

// ask dials the proxy, sends an upgrade request for token, or a plain request
// if token is empty, and reads the head of the answer. early is how many bytes
// ask sends along with the request. The connection's deadline is limit from
// now.
func (r *run) ask(token string, early int, limit time.Duration) (net.Conn, *http.Response, *bufio.Reader, error) {
	conn, err := r.proxy.dial(r.ctx, limit)
	if err != nil {
		return nil, nil, nil, err
	}
	br := bufio.NewReader(conn)
	resp, err := r.askOn(conn, br, token, early, limit)
	return conn, resp, br, err
}

// askOn is ask on an open connection.
func (r *run) askOn(conn net.Conn, br *bufio.Reader, token string, early int, limit time.Duration) (*http.Response, error) {
	_ = conn.SetDeadline(time.Now().Add(limit))
	what := "GET"
	if token != "" {
		what += " Upgrade"
	}
	r.tl.add(Client, Asks, 0, what)
	if early > 0 {
		r.tl.add(Client, Sends, early, "")
	}
	if _, err := conn.Write(append(r.request(token), upstream.bytes(0, early)...)); err != nil {
		return nil, err
	}
	for {
		resp, err := http.ReadResponse(br, &http.Request{Method: "GET"})
		if err != nil {
			return nil, err
		}
		if resp.StatusCode/100 == 1 && resp.StatusCode != http.StatusSwitchingProtocols {
			continue // 100 Continue, 103 Early Hints
		}
		r.tl.add(Client, Answered, 0, strconv.Itoa(resp.StatusCode))
		return resp, nil
	}
}

// noAnswer gives the verdict on a request that got no answer. conn is nil if
// there was no connection either.
func (r *run) noAnswer(conn net.Conn, err error) {
	if conn == nil {
		r.res.Err = err
		what := "connection to"
		if shake := (*HandshakeError)(nil); errors.As(err, &shake) {
			what, err = "TLS with", shake.Err
		}
		r.bad(Unreachable, "no %s the proxy at %s: %s", what, r.proxy.URL.Host, reason(err))
		return
	}
	defer conn.Close()
	how := "closed the connection"
	fault := Refused
	if ne := net.Error(nil); errors.As(err, &ne) && ne.Timeout() {
		how = fmt.Sprintf("did not answer within %v", r.reply)
		fault = Hang
	} else if !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, io.EOF) {
		how = "failed: " + reason(err)
	}
	if !r.proxy.Backend.asked(r.visit) {
		r.bad(Astray, "the proxy %s and %s", how, r.proxy.Backend.missed(r.ctx))
		r.res.Err = err
		return
	}
	r.bad(fault, "the backend agreed, and the proxy %s", how)
	r.res.Notice = noticeNoUpgrade
}

// end closes both ends and waits for their readers.
func (r *run) end() {
	if r.client != nil {
		r.client.done()
	}
	if r.conn != nil {
		r.conn.finish()
		r.backend.done()
	}
	r.proxy.Backend.endVisit(r.name)
}

// bad gives the verdict, unless an earlier one has been given.
func (r *run) bad(fault Fault, format string, args ...any) {
	if r.res.Verdict == Bad {
		return
	}
	r.res.Verdict, r.res.Fault, r.res.Finding = Bad, fault, fmt.Sprintf(format, args...)
}

// note makes the verdict a note, unless one has been given.
func (r *run) note(format string, args ...any) {
	if r.res.Verdict == OK {
		r.res.Verdict, r.res.Finding = Note, fmt.Sprintf(format, args...)
	}
}

// knew records how p learned that the other end had finished, and how long
// after at.
func (r *run) knew(p *peer, at time.Time) {
	s := p.state()
	switch s.end {
	case open:
		r.res.Knew, r.res.After = "nothing", time.Since(at)
	default:
		r.res.Knew, r.res.After = string(s.end), max(0, s.endAt.Sub(at))
	}
}

// arrived records how many of want bytes p has received, and gives the verdict
// if p did not receive exactly these. The finding begins with when; what names
// the bytes, as in "the backend's last answer".
func (r *run) arrived(p *peer, want int, when, what string) bool {
	s := p.state()
	r.res.Arrived, r.res.Expected = s.got, want
	switch {
	case s.wrong >= 0 && s.got >= want:
		r.bad(Corrupt, "%s; byte %d of %s is not the one that was sent", when, s.wrong, what)
	case s.got > want:
		r.bad(Corrupt, "%s; %d bytes too many followed %s", when, s.got-want, what)
	case s.got == want:
		return true
	case s.end == open:
		r.bad(Hang, "%s; %d of %d bytes of %s arrived within %v, and nothing followed", when, s.got, want, what, r.limit)
	default:
		r.bad(Lost, "%s; %d of %d bytes of %s arrived", when, s.got, want, what)
	}
	return false
}
