package probe

import (
	"fmt"
	"net"
	"time"
)

const (
	// slowSize is more than the buffers between the two ends hold, so that
	// the proxy waits for the slow reader within a Write. In bytes.
	slowSize = 12 << 20

	// A slow reader takes slowPart bytes in slowSteps steps. That is too
	// little for a writer whose buffer is full to be woken: Linux wakes it
	// once a third of the buffer is free, which is about 800 KiB on
	// loopback. It is enough for the buffer to be seen to drain several
	// times while the reader is slow.
	slowPart  = 512 << 10
	slowSteps = 64

	// slowBuffer is the receive buffer of a slow reader, in bytes. With a
	// large buffer, the proxy would not notice for a long time that the
	// reader reads. With a buffer smaller than a segment, which is 64 KiB
	// on loopback, TCP waits for its timers.
	slowBuffer = 64 << 10
	fastBuffer = 4 << 20
)

// sendsToSlowReader has who send 12 MiB. The other end reads slowly and
// without a pause for r.hold, and then as fast as it can. A proxy whose timer
// counts only Writes that have returned takes the slow reader for dead. The
// scenario finds timers between a quarter of r.hold and r.hold.
func sendsToSlowReader(r *run, who Lane) {
	reader := Backend
	if who == Backend {
		reader = Client
	}
	if !r.open(handshake{deaf: reader}) {
		return
	}
	from, to := r.ends(who)
	to.listenSlowly(r.hold)
	from.send(r.ctx, slowSize, r.hold+r.limit)
	at := from.close()
	to.awaitEnd(r.ctx, r.hold+r.limit)
	r.knew(to, at)
	when := fmt.Sprintf("the %s sent 12 MiB, and the %s read slowly for %v, without a pause", who, reader, r.hold)
	if !r.arrived(to, slowSize, when, "that") {
		r.res.Notice = "a reader that is slow is taken for dead, and what it is sent is cut off"
	} else {
		r.told(to, "the "+string(who)+" closed")
	}
	to.close()
}

// listenSlowly starts to read: slowly for the time over, and then all that
// comes.
func (p *peer) listenSlowly(over time.Duration) {
	p.setReadBuffer(slowBuffer)
	p.tl.add(p.lane, Slows, 0, "")
	p.reading.Add(1)
	go p.readSlowly(over)
}

func (p *peer) readSlowly(over time.Duration) {
	defer p.reading.Done()
	pace := time.NewTicker(max(over/slowSteps, 1))
	defer pace.Stop()
	buf := make([]byte, slowPart/slowSteps)
	for range slowSteps {
		select {
		case <-pace.C:
		case <-p.quit:
			return
		}
		n, err := p.r.Read(buf)
		p.note(buf[:n], err)
		if err != nil {
			return
		}
	}
	p.setReadBuffer(fastBuffer)
	p.tl.add(p.lane, Resumes, 0, "")
	p.readAll()
}

// setReadBuffer sets the size of the kernel's receive buffer as far as the
// system allows. Without it, a slow reader finds fewer proxies.
func (p *peer) setReadBuffer(size int) {
	if c, ok := underTLS(p.conn).(*net.TCPConn); ok {
		_ = c.SetReadBuffer(size) // an error only makes the scenario less sharp
	}
}
