// Package tunnel joins two connections, for proxies of one's own.
//
// Two calls of io.Copy are not a tunnel. They lose bytes that were read into a
// buffer before. They do not tell one side that the other has finished, they
// never end when one side ignores that, and they make a reset look like a clean
// end. [Copy] does none of this. [Upgrade] does all that
// [net/http/httputil.ReverseProxy] should do after 101 Switching Protocols.
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
// Copy closes a side by a plain Close, unless bytes for that side are known to
// be missing. Then Copy resets the side if that is TCP, since FIN would say
// that all bytes have come. The two sides are closed at the same time.
//
// # Silence
//
// A tunnel is silent while no side takes bytes. On Linux the kernel tells how
// many bytes a TCP or Unix socket still holds for its peer. So a peer that
// reads slowly is not silent, however long a Write to it lasts. The socket is
// found through wrappers with an Unwrap or NetConn method, and behind the body
// that an [net/http.Transport] makes of a 101. Where no socket is found, as
// with a net.Pipe or an SSH channel, a long Write is split, so that a side
// which takes 1 KiB each second is not silent either.
//
// Options.Linger and Options.Idle limit the silence of a tunnel, which has
// two directions. The hooks [wrap.Linger] and [wrap.Idle] of package wrap limit
// the silence of one body or connection, and say how they measure it.
//
// # Shutdown
//
// A [Group] waits for hijacked connections and tunnels, and ends them when the
// time is over. [net/http.Server.Shutdown] does neither.
//
// # Hooks and splice
//
// On Linux the kernel moves bulk from TCP to TCP by splice, and a direction
// that waits has neither a pipe nor a buffer. Connections and bodies of package
// wrap allow splice, unless a hook needs the bytes, which then gets all of
// them. The body that an [net/http.Transport] makes of a 101 does not allow it;
// see [Upgrade].
//
// Copy never sets a deadline for writing, since that would lose bytes.
//
// Package tunnel does not dial, does not log, and knows nothing of what goes
// through it.
package tunnel
