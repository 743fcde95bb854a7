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
//	one side is reset while the other takes nothing: noticed within 2 s (Linux)
//	both sides are silent   nothing, or after Options.Idle: ErrIdle
//	ctx is cancelled        both are closed at once
//
// Closing by us is a plain Close, unless bytes are known to be missing: then it
// is a reset, since FIN would say that this was all.
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
