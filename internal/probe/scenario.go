package probe

// A Scenario is one way in which two applications may finish a conversation.
type Scenario struct {
	Name string // short, as in a table
	Says string // what happens, in one sentence
	At   Lane   // the end at which Result.Arrived is counted

	// ProxyOnly is set for a scenario that is not played to find out about a
	// wrapper of the body: a wrapper has no part in what comes out, or would be
	// found only by playing for longer than a test should take.
	ProxyOnly bool

	play func(*run)
}

// answerSize is how much is sent where all of it must arrive.
const answerSize = 64 << 10

// Demo are the scenarios that every wrapper of a body should survive.
var Demo = []Scenario{
	{"echo", "messages of 1 B to 60 KiB go to the backend and come back, 64 KiB in all", Client, false, echo},
	{"client half-closes", "the client sends FIN, and the backend answers 64 KiB only then", Client, false, clientHalfCloses},
	{"client closes", "the client sends 64 KiB and closes", Backend, false, clientCloses},
	{"client resets", "the client sends 4 KiB and then RST", Backend, false, clientResets},
	{"backend half-closes", "the backend sends FIN, and the client sends 64 KiB only then", Backend, false, backendHalfCloses},
	{"backend closes", "the backend sends 64 KiB and closes", Client, false, backendCloses},
}

// More are the scenarios that find out about the proxy itself.
var More = []Scenario{
	{"backend resets", "the backend sends 4 KiB and then RST", Client, false, backendResets},
	{"early request bytes", "the client sends 1000 bytes along with its request", Backend, false, earlyRequestBytes},
	{"early answer bytes", "the backend sends 1000 bytes along with its 101", Client, false, earlyAnswerBytes},
	{"client vanishes", "the client neither reads nor sends; later it reads again", Client, false, clientVanishes},
	{"backend vanishes", "the backend neither reads nor sends; later it reads again", Backend, false, backendVanishes},
	{"backend ignores EOF", "the client sends FIN, and the backend does nothing about it", Backend, false, backendIgnoresEOF},
	{"backend refuses upload", "the backend answers 300,000 B during an upload and closes; the client uploads on and reads later", Client, true, refusesUpload},
	{"slow upload", "the client sends 12 MiB, and the backend reads slowly at first, without a pause", Backend, true, slowUpload},
	{"slow download", "the backend sends 12 MiB, and the client reads slowly at first, without a pause", Client, true, slowDownload},
}

// All are all scenarios, in the order in which a report shows them.
func All() []Scenario {
	all := append([]Scenario(nil), Demo...)
	all = append(all, More...)
	return append(all, Refusals...)
}

const (
	noticeNoUpgrade   = "no WebSocket, docker attach or kubectl exec can be opened"
	noticeLostAnswer  = "the end of the answer is missing, and what is there looks complete"
	noticeHeldSession = "the session stays open, with its memory and its connections, until somebody's timeout"
)

func echo(r *run) {
	if !r.open(handshake{}) {
		return
	}
	total := 0
	for _, n := range []int{1, 1023, 3 << 10, 60 << 10} {
		total += n
		r.client.send(r.ctx, n, r.limit)
		r.backend.awaitBytes(r.ctx, r.limit, total)
		if !r.arrived(r.backend, total, "the tunnel is open", "what the client sent") {
			return
		}
		at := r.backend.send(r.ctx, n, r.limit)
		r.client.awaitBytes(r.ctx, r.limit, total)
		if !r.arrived(r.client, total, "the tunnel is open", "what the backend sent") {
			return
		}
		r.res.Knew, r.res.After = "data", max(0, r.client.state().gotAt.Sub(at))
	}
	r.client.close()
	r.backend.close()
}

func clientHalfCloses(r *run) {
	if !r.open(handshake{}) {
		return
	}
	at := r.client.closeWrite()
	told := r.backend.awaitEnd(r.ctx, r.limit)
	r.knew(r.backend, at)
	r.res.Expected = answerSize
	if !told {
		r.bad(Hang, "the client half-closed, and the backend was not told within %v: it waits for more, and the client for its answer", r.limit)
		r.res.Notice = "the request never ends: both sides wait for each other"
		return
	}
	r.backend.send(r.ctx, answerSize, r.limit)
	r.backend.close()
	r.client.awaitEnd(r.ctx, r.limit)
	if !r.arrived(r.client, answerSize, "the client half-closed", "the backend's last answer") {
		r.res.Notice = noticeLostAnswer
		return
	}
	r.told(r.client, "the backend closed after its last answer")
}

func clientCloses(r *run) {
	if !r.open(handshake{}) {
		return
	}
	r.client.send(r.ctx, answerSize, r.limit)
	at := r.client.close()
	r.backend.awaitEnd(r.ctx, r.limit)
	r.knew(r.backend, at)
	if r.arrived(r.backend, answerSize, "the client sent 64 KiB and closed", "that") {
		r.told(r.backend, "the client closed")
	}
	r.backend.close()
}

func clientResets(r *run) {
	resets(r, Client)
}

func backendResets(r *run) {
	resets(r, Backend)
}

func resets(r *run, who Lane) {
	if !r.open(handshake{}) {
		return
	}
	from, to := r.ends(who)
	from.send(r.ctx, 4<<10, r.limit)
	to.awaitBytes(r.ctx, r.limit, 4<<10)
	if !r.arrived(to, 4<<10, "the tunnel is open", "what the "+string(who)+" sent") {
		return
	}
	at := from.reset()
	told := to.awaitEnd(r.ctx, r.limit)
	r.knew(to, at)
	if !told {
		r.bad(Hang, "the %s reset its connection, and the %s was not told within %v", who, to.lane, r.limit)
		r.res.Notice = noticeHeldSession
		return
	}
	if r.res.Knew == string(eof) {
		r.note("the %s reset its connection, and the %s was told EOF", who, to.lane)
		r.res.Notice = "an abort looks like an orderly end: what was cut off looks complete"
	}
	to.close()
}

func backendHalfCloses(r *run) {
	if !r.open(handshake{}) {
		return
	}
	at := r.backend.closeWrite()
	told := r.client.awaitEnd(r.ctx, r.limit)
	r.knew(r.client, at)
	r.res.Expected = answerSize
	if !told {
		r.bad(Hang, "the backend half-closed, and the client was not told within %v: it waits for more, and the backend for the rest", r.limit)
		r.res.Notice = "the request never ends: both sides wait for each other"
		return
	}
	r.client.send(r.ctx, answerSize, r.limit)
	r.client.close()
	r.backend.awaitEnd(r.ctx, r.limit)
	if !r.arrived(r.backend, answerSize, "the backend half-closed", "what the client sent after that") {
		r.res.Notice = "an upload ends early, and the client does not know how much of it counts"
		return
	}
	r.told(r.backend, "the client closed after the backend had half-closed")
}

func backendCloses(r *run) {
	if !r.open(handshake{}) {
		return
	}
	r.backend.send(r.ctx, answerSize, r.limit)
	at := r.backend.close()
	r.client.awaitEnd(r.ctx, r.limit)
	r.knew(r.client, at)
	if r.arrived(r.client, answerSize, "the backend sent 64 KiB and closed", "that") {
		r.told(r.client, "the backend closed")
	} else {
		r.res.Notice = noticeLostAnswer
	}
	r.client.close()
}

const (
	earlySize = 1000
	afterSize = 7
)

func earlyRequestBytes(r *run) {
	if !r.open(handshake{early: earlySize}) {
		return
	}
	r.client.send(r.ctx, afterSize, r.limit)
	at := r.client.close()
	r.backend.awaitEnd(r.ctx, r.limit)
	r.knew(r.backend, at)
	if !r.arrived(r.backend, earlySize+afterSize, "the client sent 1000 bytes along with its request, and 7 later", "these") {
		r.res.Notice = "a client that does not wait for the 101 loses the beginning of what it says"
	} else {
		r.told(r.backend, "the client closed")
	}
	r.backend.close()
}

func earlyAnswerBytes(r *run) {
	if !r.open(handshake{earlyBack: earlySize}) {
		return
	}
	r.backend.send(r.ctx, afterSize, r.limit)
	at := r.backend.close()
	r.client.awaitEnd(r.ctx, r.limit)
	r.knew(r.client, at)
	if !r.arrived(r.client, earlySize+afterSize, "the backend sent 1000 bytes along with its 101, and 7 later", "these") {
		r.res.Notice = "a server that speaks first loses its greeting"
	} else {
		r.told(r.client, "the backend closed")
	}
	r.client.close()
}

func clientVanishes(r *run) {
	vanishes(r, Client)
}

func backendVanishes(r *run) {
	vanishes(r, Backend)
}

// vanishes watches what the proxy does about an end that hangs. Its kernel
// still answers for it, as it does for an application in a debugger.
func vanishes(r *run, who Lane) {
	if !r.open(handshake{deaf: who}) {
		return
	}
	gone, other := r.ends(who)
	at := other.send(r.ctx, 4<<10, r.limit)
	released := other.awaitEnd(r.ctx, r.hold)
	r.knew(other, at)
	r.tl.add(who, Resumes, 0, "")
	gone.listen()
	if released {
		r.note("the %s neither read nor sent; the proxy told the %s so (%s) after %s", who, other.lane, r.res.Knew, Time(r.res.After))
		r.res.Notice = "an idle session has to send something now and then to stay open"
		return
	}
	gone.awaitBytes(r.ctx, r.limit, 4<<10)
	if r.arrived(gone, 4<<10, "the "+string(who)+" read again after "+r.hold.String(), "what the "+string(other.lane)+" had sent") {
		r.note("the %s neither read nor sent; the proxy still held the tunnel after %v", who, r.hold)
		r.res.Notice = "a peer that is gone without a word is noticed by the application's own pings or not at all"
	}
}

func backendIgnoresEOF(r *run) {
	if !r.open(handshake{}) {
		return
	}
	at := r.client.closeWrite()
	told := r.backend.awaitEnd(r.ctx, r.limit)
	if !told {
		r.knew(r.backend, at)
		r.bad(Hang, "the client half-closed, and the backend was not told within %v", r.limit)
		r.res.Notice = noticeHeldSession
		return
	}
	released := r.client.awaitEnd(r.ctx, r.hold)
	r.knew(r.client, at)
	if released {
		r.note("the backend ignored the client's FIN; the proxy ended the tunnel (%s) after %s", r.res.Knew, Time(r.res.After))
		r.res.Notice = "an answer that comes later than that is lost"
		return
	}
	r.note("the backend ignored the client's FIN; the proxy still held the tunnel after %v", r.hold)
	r.res.Notice = "a backend that ignores FIN keeps the tunnel, for as long as it likes"
}

func (r *run) ends(from Lane) (*peer, *peer) {
	if from == Client {
		return r.client, r.backend
	}
	return r.backend, r.client
}

// told gives the verdict on how p, which has all the data and was waited for,
// learned that the other end had closed.
func (r *run) told(p *peer, when string) {
	switch end := p.state().end; end {
	case open:
		r.bad(Hang, "%s, and the %s was not told within %v", when, p.lane, r.limit)
		r.res.Notice = noticeHeldSession
	case reset, failed:
		r.note("%s, and the %s was told so by an error (%s)", when, p.lane, end)
		r.res.Notice = "an orderly end looks like an abort: an application that heeds errors discards what it got"
	}
}
