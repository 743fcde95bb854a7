package probe

import (
	"fmt"
	"io"
	"net/http"
)

// Refusals are the scenarios in which the backend does not switch protocols as
// it was asked to.
var Refusals = []Scenario{
	{
		Name: "refused with 200", At: Client, play: refusedWith(http.StatusOK),
		Says: "the backend answers the upgrade with an ordinary page",
	},
	{
		Name: "refused with 403", At: Client, play: refusedWith(http.StatusForbidden),
		Says: "the backend refuses the upgrade",
	},
	{
		Name: "wrong token", At: Client, play: wrongToken, ProxyOnly: true,
		Says: "the backend switches to a protocol that nobody asked for",
	},
	{
		Name: "unasked 101", At: Client, play: unasked, ProxyOnly: true,
		Says: "the backend switches protocols though nobody asked it to",
	},
}

// attempts is how often a refusal is played. A proxy that leaks connections
// leaks one in each attempt.
const attempts = 4

func refusedWith(status int) func(*run) {
	const page = "not here\n"
	return func(r *run) {
		r.refuse(r.token, plain(status, page), func(resp *http.Response) {
			body, err := io.ReadAll(resp.Body)
			if resp.StatusCode != status || string(body) != page || err != nil {
				r.bad(Wrong, "the backend refused the upgrade with %d and a page of %d bytes; the client got %s and %d bytes", status, len(page), resp.Status, len(body))
				r.res.Notice = "the client cannot tell why it was refused"
			}
			r.res.Arrived, r.res.Expected = len(body), len(page)
		})
	}
}

func wrongToken(r *run) {
	a := answer{head: "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: somethingelse\r\n\r\n", hold: sink}
	r.refuse(r.token, a, func(resp *http.Response) {
		if resp.StatusCode == http.StatusSwitchingProtocols {
			r.note("the backend switched to a protocol that nobody asked for; the proxy passed its 101 on")
			r.res.Notice = "it is up to the client to check the Upgrade header"
		}
	})
}

func unasked(r *run) {
	a := answer{head: "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: " + protocols(r.token)[0] + "\r\n\r\n", hold: sink}
	r.refuse("", a, func(resp *http.Response) {
		if resp.StatusCode == http.StatusSwitchingProtocols {
			r.bad(Wrong, "the client sent a plain request, the backend answered 101, and the proxy passed it on")
			r.res.Notice = "what follows is taken for the answer to the client's next request"
		}
	})
}

// refuse sends a few requests in a row, to each of which the backend gives the
// answer a. It calls check with each response that the client got, and then
// counts the connections to the backend that are still open. If the answer
// leaves its connection usable, the proxy may keep the connection open, but
// must use it for a later request.
func (r *run) refuse(token string, a answer, check func(*http.Response)) {
	r.visit = r.proxy.Backend.expect(r.name, func(req *http.Request) answer {
		r.tl.add(Backend, Asked, 0, req.Method)
		r.tl.add(Backend, Answers, 0, statusOf(a))
		return a
	})
	limit := r.reply
	if a.hold != keepAlive {
		limit = r.limit / attempts // a proxy need not answer
	}
	for range attempts {
		conn, resp, _, err := r.ask(token, 0, limit)
		if conn == nil {
			r.noAnswer(conn, err)
			return
		}
		switch {
		case err == nil:
			r.res.Status = resp.StatusCode
			check(resp)
		case a.hold == keepAlive:
			r.noAnswer(conn, err)
		}
		_ = conn.Close()
		r.tl.add(Client, Closes, 0, "")
		if r.res.Verdict == Bad {
			return
		}
	}
	if !r.proxy.Backend.asked(r.visit) {
		r.bad(Astray, "the proxy answered %d by itself and %s", r.res.Status, r.proxy.Backend.missed(r.ctx))
		return
	}
	idle := 0
	if a.hold == keepAlive {
		if r.pooled(token) {
			return
		}
		idle = attempts - 1
	}
	if left := r.proxy.Backend.awaitClosed(r.ctx, r.visit, idle, r.limit); left > idle {
		r.bad(Leak, "%d refused upgrades left their connection to the backend open, %v after the client had gone", left, r.limit)
		r.res.Notice = fmt.Sprintf("%ss that are refused use up the backend's connections", map[bool]string{true: "request", false: "upgrade"}[token == ""])
	}
}

// pooled reports whether the proxy uses a connection again that has carried a
// refusal: for any request, or at least for the next request on the same client
// connection, as HAProxy does by default.
func (r *run) pooled(token string) bool {
	if r.proxy.Backend.reused(r.visit) {
		return true
	}
	conn, resp, br, err := r.ask(token, 0, r.reply)
	if conn == nil {
		return false
	}
	defer r.tl.add(Client, Closes, 0, "")
	defer conn.Close()
	if err != nil {
		return false
	}
	if _, err := io.Copy(io.Discard, resp.Body); err != nil {
		return false
	}
	if _, err := r.askOn(conn, br, token, 0, r.reply); err != nil { // the proxy does not keep the client's
		return false
	}
	return r.proxy.Backend.reused(r.visit)
}

func statusOf(a answer) string {
	return a.head[len("HTTP/1.1 "):][:3]
}
