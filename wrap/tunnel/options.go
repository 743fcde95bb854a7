package tunnel

import (
	"bufio"
	"sync/atomic"
	"time"
)

// Options are the settings of a tunnel. A nil *Options, like the zero Options,
// is right for most. Options are not changed, and may serve several tunnels at
// once if the two buffers are nil.
type Options struct {
	// Linger is how long the tunnel may be silent once one side has finished
	// sending. Progress restarts it, so that a long answer is never cut, but a
	// backend that ignores the end of its input does not hold the tunnel for
	// ever. It also bounds how long a side may take nothing of what is still on
	// the way to it when the other side has failed. The tunnel may last for up to a
	// quarter longer, since that is how often it is looked at. If zero, 30 seconds;
	// if negative, there is no limit.
	Linger time.Duration

	// Idle is how long both directions may be silent at once before the tunnel
	// is ended, or up to a quarter longer. A trickle in one of them keeps it
	// alive. If zero, there is no limit.
	Idle time.Duration

	// KeepOpen is for a side that must be told the end of the other's input
	// and cannot be, for want of CloseWrite. If false, both sides are closed
	// then, and whatever it had still to send is cut off: [ErrHalfClose]. If
	// true, it is told nothing, and has Linger to finish by itself.
	KeepOpen bool

	// ClientBuffered and BackendBuffered may hold bytes that were already read
	// from that side, as the reader that [http.Hijacker] returns does. They go
	// first. No more is read through them. A server reads the body of a request
	// through that same reader: set ClientBuffered only if there is no body, or
	// if it has been read to EOF.
	ClientBuffered  *bufio.Reader
	BackendBuffered *bufio.Reader

	// Counters, if not nil, is added to while the tunnel runs.
	Counters *Counters

	// Group, if not nil, is the group that the tunnel belongs to while it runs.
	Group *Group
}

// Counters are the bytes that were delivered, and can be read while tunnels
// run. Several tunnels may share one; it then has their sum.
type Counters struct {
	ToBackend atomic.Int64
	ToClient  atomic.Int64
}

const defaultLinger = 30 * time.Second

// policy returns what the options say about how a tunnel ends.
func (o *Options) policy() policy {
	linger := o.Linger
	if linger == 0 {
		linger = defaultLinger
	}
	return policy{idle: o.Idle, linger: max(linger, 0), keepOpen: o.KeepOpen}
}
