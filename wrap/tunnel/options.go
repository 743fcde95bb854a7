package tunnel

import (
	"bufio"
	"sync/atomic"
	"time"
)

// Options are the settings of a tunnel. A nil *Options means the zero Options,
// which is right for most tunnels. Copy and Upgrade do not change Options, so
// that several tunnels may share them if both buffers are nil.
type Options struct {
	// Linger is how long the tunnel may be silent once one side has
	// finished sending. Bytes that move in either direction restart the
	// time, so that an answer that flows is never cut off. A backend that
	// ignores the end of its input does not hold the tunnel for ever.
	// Linger also bounds how long a side may take nothing of what is on the
	// way to it when the other side has failed. The tunnel may last for up
	// to a quarter of Linger longer, since it is looked at that often. If
	// zero, 30 seconds; if negative, no limit.
	//
	// wrap.Linger is a hook for one body, for proxies that do not use this
	// package. It only counts the time in which a Read of that body waits.
	Linger time.Duration

	// Idle is how long both directions may be silent at the same time
	// before the tunnel ends, or up to a quarter of Idle longer. A few
	// bytes in one direction keep the tunnel alive. If zero or negative,
	// there is no limit.
	//
	// wrap.Idle is a hook for one body or connection, and only sees the
	// bytes of that one.
	Idle time.Duration

	// KeepOpen says what happens when one side has finished and the other
	// side cannot be told, since that has no CloseWrite. If false, both
	// sides are closed, and what the other side had still to send is cut
	// off: ErrHalfClose. If true, the other side is told nothing, and has
	// Linger to finish by itself.
	KeepOpen bool

	// ClientBuffered and BackendBuffered may hold bytes that were already
	// read from that side, like the reader that http.Hijacker returns.
	// These bytes are delivered first, and nothing more is read through the
	// readers. A server reads the body of a request through the reader of
	// its Hijacker. So set ClientBuffered only if the request has no body,
	// or if its body was read to EOF.
	ClientBuffered  *bufio.Reader
	BackendBuffered *bufio.Reader

	// Counters, if not nil, count while the tunnel runs.
	Counters *Counters

	// Group, if not nil, is the group that the tunnel belongs to while it
	// runs.
	Group *Group
}

// Counters count the bytes that were delivered. They can be read while tunnels
// run. If several tunnels share Counters, these count the sum.
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
