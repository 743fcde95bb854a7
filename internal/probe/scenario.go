package probe

import "slices"

// A Scenario is one way in which two applications may finish a conversation.
type Scenario struct {
	Name string // short, as in a table
	Says string // what happens, in one sentence
	At   Lane   // the end at which Result.Arrived is counted

	// ProxyOnly is set for a scenario that finds nothing out about a
	// wrapper of the body: a wrapper does not change what comes out, or
	// only after longer than a test should take.
	ProxyOnly bool

	play   func(*run)
	finish finish // what an inspection of the body can explain
}

// A finish says how a scenario uses the half-close of the upgraded body. An
// [inspection] explains faults of these scenarios by the methods of the body.
type finish int

const (
	noFinish          finish = iota // it does not, or much else has a part in it
	clientHalfCloses                // the proxy calls CloseWrite, and the answer comes after that
	clientCloses                    // the proxy calls CloseWrite or Close
	backendHalfCloses               // the proxy reads EOF, and the rest of the upload comes after that
)

// answerSize is how much is sent where all of it must arrive, in bytes.
const answerSize = 64 << 10

// Demo are the scenarios that every wrapper of a body should survive.
var Demo = []Scenario{
	{
		Name: "echo", At: Client, play: echo,
		Says: "messages of 1 B to 60 KiB go to the backend and come back, 64 KiB in all",
	},
	{
		Name: "client half-closes", At: Client, play: by(Client, halfCloses), finish: clientHalfCloses,
		Says: "the client sends FIN, and the backend answers 64 KiB only then",
	},
	{
		Name: "client closes", At: Backend, play: by(Client, closes), finish: clientCloses,
		Says: "the client sends 64 KiB and closes",
	},
	{
		Name: "client resets", At: Backend, play: by(Client, resets),
		Says: "the client sends 4 KiB and then RST",
	},
	{
		Name: "backend half-closes", At: Backend, play: by(Backend, halfCloses), finish: backendHalfCloses,
		Says: "the backend sends FIN, and the client sends 64 KiB only then",
	},
	{
		Name: "backend closes", At: Client, play: by(Backend, closes),
		Says: "the backend sends 64 KiB and closes",
	},
}

// ProxyScenarios are the scenarios that find out about the proxy itself.
var ProxyScenarios = []Scenario{
	{
		Name: "backend resets", At: Client, play: by(Backend, resets),
		Says: "the backend sends 4 KiB and then RST",
	},
	{
		Name: "early request bytes", At: Backend, play: by(Client, sendsEarly),
		Says: "the client sends 1000 bytes along with its request",
	},
	{
		Name: "early answer bytes", At: Client, play: by(Backend, sendsEarly),
		Says: "the backend sends 1000 bytes along with its 101",
	},
	{
		Name: "client vanishes", At: Client, play: by(Client, vanishes),
		Says: "the client neither reads nor sends; later it reads again",
	},
	{
		Name: "backend vanishes", At: Backend, play: by(Backend, vanishes),
		Says: "the backend neither reads nor sends; later it reads again",
	},
	{
		Name: "backend ignores EOF", At: Backend, play: backendIgnoresEOF,
		Says: "the client sends FIN, and the backend does nothing about it",
	},
	{
		Name: "backend refuses upload", At: Client, play: refusesUpload, ProxyOnly: true,
		Says: "the backend answers 300,000 B during an upload and closes; the client uploads on and reads later",
	},
	{
		Name: "slow upload", At: Backend, play: by(Client, sendsToSlowReader), ProxyOnly: true,
		Says: "the client sends 12 MiB, and the backend reads slowly at first, without a pause",
	},
	{
		Name: "slow download", At: Client, play: by(Backend, sendsToSlowReader), ProxyOnly: true,
		Says: "the backend sends 12 MiB, and the client reads slowly at first, without a pause",
	},
}

// All returns all scenarios, in the order in which a report shows them.
func All() []Scenario {
	return slices.Concat(Demo, ProxyScenarios, Refusals)
}

// by returns play with who as the end that acts first. It serves scenarios that
// are the same for both ends.
func by(who Lane, play func(*run, Lane)) func(*run) {
	return func(r *run) { play(r, who) }
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

// halfCloses has who send FIN, and the other end send only then.
func halfCloses(r *run, who Lane) {
	texts := map[Lane]struct{ waits, rest, lost, after string }{
		Client: {
			waits: "it waits for more, and the client for its answer",
			rest:  "the backend's last answer",
			lost:  noticeLostAnswer,
			after: "the backend closed after its last answer",
		},
		Backend: {
			waits: "it waits for more, and the backend for the rest",
			rest:  "what the client sent after that",
			lost:  "an upload ends early, and the client does not know how much of it counts",
			after: "the client closed after the backend had half-closed",
		},
	}[who]
	if !r.open(handshake{}) {
		return
	}
	first, other := r.ends(who)
	at := first.closeWrite()
	told := other.awaitEnd(r.ctx, r.limit)
	r.knew(other, at)
	r.res.Expected = answerSize
	if !told {
		r.bad(Hang, "the %s half-closed, and the %s was not told within %v: %s", who, other.lane, r.limit, texts.waits)
		r.res.Notice = "the request never ends: both sides wait for each other"
		return
	}
	other.send(r.ctx, answerSize, r.limit)
	other.close()
	first.awaitEnd(r.ctx, r.limit)
	if !r.arrived(first, answerSize, "the "+string(who)+" half-closed", texts.rest) {
		r.res.Notice = texts.lost
		return
	}
	r.told(first, texts.after)
}

// closes has who send data and close both directions.
func closes(r *run, who Lane) {
	if !r.open(handshake{}) {
		return
	}
	from, to := r.ends(who)
	from.send(r.ctx, answerSize, r.limit)
	at := from.close()
	to.awaitEnd(r.ctx, r.limit)
	r.knew(to, at)
	if r.arrived(to, answerSize, "the "+string(who)+" sent 64 KiB and closed", "that") {
		r.told(to, "the "+string(who)+" closed")
	} else if who == Backend {
		r.res.Notice = noticeLostAnswer
	}
	to.close()
}

// resets has who send data and then RST.
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

const (
	earlySize = 1000
	afterSize = 7
)

// sendsEarly has who send bytes along with its part of the handshake, and some
// more later.
func sendsEarly(r *run, who Lane) {
	texts := map[Lane]struct {
		handshake
		when, notice string
	}{
		Client: {
			handshake{early: earlySize},
			"the client sent 1000 bytes along with its request, and 7 later",
			"a client that does not wait for the 101 loses the beginning of what it says",
		},
		Backend: {
			handshake{earlyBack: earlySize},
			"the backend sent 1000 bytes along with its 101, and 7 later",
			"a server that speaks first loses its greeting",
		},
	}[who]
	if !r.open(texts.handshake) {
		return
	}
	from, to := r.ends(who)
	from.send(r.ctx, afterSize, r.limit)
	at := from.close()
	to.awaitEnd(r.ctx, r.limit)
	r.knew(to, at)
	if !r.arrived(to, earlySize+afterSize, texts.when, "these") {
		r.res.Notice = texts.notice
	} else {
		r.told(to, "the "+string(who)+" closed")
	}
	to.close()
}

// vanishes has who neither read nor send, and watches what the proxy does. The
// kernel of who still acknowledges data, as for an application in a debugger.
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

// ends returns the peer at who, and the other one.
func (r *run) ends(who Lane) (at, other *peer) {
	if who == Client {
		return r.client, r.backend
	}
	return r.backend, r.client
}

// told gives the verdict on how p learned that the other end had closed. Call
// it after p has received all data, and after waiting for p's end. when says
// what the other end did.
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
