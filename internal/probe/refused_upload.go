package probe

import (
	"context"
	"net"
	"time"
)

const (
	// refusal is how much the backend answers to an upload that it refuses. It
	// is more than a client's kernel takes for a client that does not read.
	refusal = 300_000

	// uploadPart comes before the refusal, uploadRest after it. The rest is more
	// than a proxy has read by the time it learns that the backend is gone.
	uploadPart = 64 << 10
	uploadRest = 512 << 10

	// readsAfter is the least time from the end of the upload until the client
	// reads. A proxy that is busy has to get to know of the backend in this time.
	readsAfter = time.Second
)

// refusesUpload has the backend answer an upload before its end, and close. The
// client uploads on, finishes, and reads r.hold later, or readsAfter if that is
// longer. The backend's Close returns once the proxy's kernel has all of the
// answer. From then on the proxy alone can lose any of it.
func refusesUpload(r *run) {
	if !r.open(handshake{deaf: Client}) {
		return
	}
	r.client.send(r.ctx, uploadPart, r.limit)
	r.backend.awaitBytes(r.ctx, r.limit, uploadPart)
	if !r.arrived(r.backend, uploadPart, "the tunnel is open", "what the client sent") {
		return
	}
	r.backend.send(r.ctx, refusal, r.limit)
	at, taken := r.backend.closeTaken(r.limit)
	if !taken { // the proxy has no room until the client reads
		r.resume(r.client)
		r.client.awaitBytes(r.ctx, r.limit, refusal)
	}
	later := max(r.hold, readsAfter)
	r.client.send(r.ctx, uploadRest, later) // a proxy need not read all of it
	r.client.closeWrite()
	if taken {
		pause(r.ctx, later)
		r.resume(r.client)
	}
	r.client.awaitEnd(r.ctx, r.limit)
	r.knew(r.client, at)
	const when = "the backend answered 300000 bytes during an upload and closed; the client finished its upload and read later"
	if !r.arrived(r.client, refusal, when, "the answer") {
		r.res.Notice = "the client sees a broken connection, and not why its upload is refused"
		return
	}
	r.told(r.client, "the backend closed")
}

// resume has an end that was deaf listen.
func (r *run) resume(p *peer) {
	r.tl.add(p.lane, Resumes, 0, "")
	p.listen()
}

// pause waits for d, or until ctx is over.
func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// closeTaken closes the peer, and reports whether the proxy's kernel has taken
// all that the peer had sent before limit, rounded up to a second, was over.
// Where the system does not let Close wait for that, the answer is true.
func (p *peer) closeTaken(limit time.Duration) (at time.Time, taken bool) {
	seconds := int((limit + time.Second - 1) / time.Second)
	if c, ok := underTLS(p.conn).(*net.TCPConn); ok {
		_ = c.SetLinger(seconds) // without it, all is as with a Close that does not wait
	}
	at = p.close()
	return at, time.Since(at) < time.Duration(seconds)*time.Second
}
