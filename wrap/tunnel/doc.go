// Package tunnel joins two connections, for proxies of one's own.
//
// Two calls of io.Copy are not a tunnel. They lose what was read into a buffer
// before, do not tell one side that the other has finished, never end when one
// side ignores that, and make a reset look like a clean end. [Copy] does none
// of that, and [Upgrade] is what [net/http/httputil.ReverseProxy] does after
// 101 Switching Protocols, done whole.
//
//	result, err := tunnel.Copy(ctx, client, backend, nil)
//
// # What happens on each kind of close
//
//	one side finishes       the rest is delivered, then CloseWrite tells the other side,
//	                        whose own direction goes on
//	both have finished      both are closed; the error is nil
//	... and the other       silence for Options.Linger ends the tunnel: ErrLinger;
//	    ignores it          an answer that flows is never cut
//	... and the other       both are closed: ErrHalfClose; or, with Options.KeepOpen,
//	    cannot half-close   the other has Linger to finish
//	one side is reset,      what it had sent is delivered, then the other is reset too;
//	or fails                Direction.Lost is true
//	... after it had        the other is told of the end, and is not reset: what it
//	    finished            goes on to send is dropped until it finishes, within Linger
//	one side is reset while the other takes nothing: noticed within 2 s (Linux)
//	both sides are silent   nothing, or after Options.Idle: ErrIdle
//	ctx is cancelled        both are closed at once
//	a hook panics           both are closed at once, and Copy panics
//
// Copy closes a side by a plain Close, unless bytes for it are known to be
// missing: then it resets the side where that is TCP, since FIN would say that
// this was all. The two sides are closed at the same time.
//
// # Silence
//
// Every byte that a side takes is a move. On Linux the kernel tells how much of
// what was written a TCP or Unix socket still holds for its peer, so a peer that
// reads slowly is not silent, however long a Write lasts. The socket is found
// through wrappers with an Unwrap or NetConn method, and behind the body that an
// [net/http.Transport] makes of a 101. Where it is not found, as with a
// net.Pipe or an SSH channel, a Write is split, so that a side which takes a
// KiB each second is not silent either.
//
// # Hooks and splice
//
// From TCP to TCP the kernel moves bulk by splice on Linux, and while a
// direction waits it has neither a pipe nor a buffer. Connections and bodies
// of package wrap keep that, unless a hook needs the bytes; it then gets all of
// them. The body that an [net/http.Transport] makes of a 101 does not; see
// [Upgrade].
//
// A deadline for writing is never set: it would lose bytes.
//
// Package tunnel does not dial, does not log, and knows nothing of what goes
// through it.
package tunnel
