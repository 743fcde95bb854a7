package probe

import (
	"context"
	"net"
	"time"
)

const (
	// refusal is the size of the backend's answer to the upload, in bytes.
	// It is more than a kernel buffers for a client that does not read.
	refusal = 300_000

	// The client sends uploadPart before the refusal and uploadRest after
	// it. uploadRest is more than a proxy has read when it learns that the
	// backend is gone.
	uploadPart = 64 << 10
	uploadRest = 512 << 10

	// readsAfter is the least time from the end of the upload until the
	// client reads. Within it, a busy proxy must notice that the backend is
	// gone.
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

// resume lets p, which did not listen until now, listen.
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

// closeTaken closes the peer and waits, up to limit rounded up to a second,
// until the proxy's kernel has acknowledged all that the peer sent. taken is
// true if it has, or if the system's Close does not wait.
func (p *peer) closeTaken(limit time.Duration) (at time.Time, taken bool) {
	seconds := int((limit + time.Second - 1) / time.Second)
	if c, ok := underTLS(p.conn).(*net.TCPConn); ok {
		_ = c.SetLinger(seconds) // if that fails, Close does not wait
	}
	at = p.close()
	return at, time.Since(at) < time.Duration(seconds)*time.Second
}
