// Package wrap puts hooks in front of an HTTP body, and keeps the methods of
// the body.
//
// Code that replaces [http.Response.Body] with its own wrapper also replaces
// the type of the body. After 101 Switching Protocols the body is a connection.
// It has Write; without it, [net/http/httputil.ReverseProxy] answers 502. It
// has CloseWrite; without it, the backend never learns that the client has
// finished sending, or the backend's last answer is cut off. A struct that
// embeds io.ReadCloser has neither. [Body] returns a body with exactly the
// methods of the original:
//
//	proxy.ModifyResponse = func(resp *http.Response) error {
//		resp.Body = wrap.Body(resp.Body, wrap.Hooks{
//			Read: func(next io.Reader, p []byte) (int, error) {
//				n, err := next.Read(p)
//				received.Add(int64(n))
//				return n, err
//			},
//		})
//		return nil
//	}
//
// [Keep] repairs an existing wrapper with one call:
//
//	resp.Body = wrap.Keep(resp.Body, newMeteredBody(resp.Body))
//
// # What a body can do
//
// A body always has Read and Close. It may have Write and CloseWrite (on an
// upgraded connection), and WriteTo and ReadFrom (with which io.Copy avoids a
// buffer, or the kernel a copy). The wrapped body has exactly those of the four
// that the original has, so that a type assertion on it gives the same answer
// as on the original. There is one exception: if a body has ReadFrom and no
// Write, which makes no sense, its ReadFrom is left out.
//
// # Which calls run at the same time
//
// On an upgraded connection [net/http/httputil.ReverseProxy] reads in one
// goroutine and writes in another. After the last Write, the writing goroutine
// calls CloseWrite. A third goroutine may call Close at any time, when the
// client goes away or a direction fails. These calls therefore never run at the
// same time on one body:
//
//   - Read and WriteTo, since there is one reader;
//   - Write, ReadFrom and CloseWrite, since there is one writer.
//
// A hook may therefore keep state for its own direction without a lock. It
// needs a lock, or an atomic, for state that the other direction or Close
// shares.
//
// A layer holds no lock while it calls a hook or a body. Of the hooks of this
// package, limits and transforms hold a lock for their own direction while they
// call the body. If two goroutines call Read, or two call Write, one waits for
// the other. Close waits for none of them.
//
// A panic of a hook or of a body reaches the caller, even from a goroutine of
// this package. No lock stays held, and the next call works as if the panic had
// been an error. Done counts only those bytes of the call that are known to
// have passed.
//
// # Which entry to use
//
//	in front of                                    entry
//	a proxy's responses, upgraded ones too         ModifyResponse
//	a client's responses, upgraded ones too        Transport
//	one response, or one request with a body       Response, Request
//	a body without its header                      Body
//	a connection                                   Conn
//	each connection that a listener accepts        Listener
//	the client's side of upgrades in a handler     Handler
//	a handler's http.ResponseWriter                Writer
//	a summary of each request to a handler         Exchanges, LogExchanges
//
// The first four see the header of the message. They run hooks that change
// content, and correct the header for them. ModifyResponse and Transport call
// Response. The others see a stream of bytes. A hook that needs the header,
// such as transform.Compress, panics there. Upgraded streams are not content:
// hooks that change content see them in the first four only if [Hooks].Upgraded
// is set, and always in the others.
//
// # Ready-made hooks
//
// [Done], [DoneBeforeClose] and [Log] report the life of a body, and [Count]
// counts its bytes while it runs. [TeeRead] and [TeeWrite] copy its bytes,
// [LimitRead] and [LimitWrite] limit their number, [Throttle] limits their
// rate, and [TransformRead] and [TransformWrite] change them. [Linger] and
// [Idle] close a silent body. [CloseWaits] makes the end of a request's body
// the end of all reads. Each hook can be given to any number of bodies, and
// keeps separate state for each, unless its comment says otherwise. [Join]
// makes one value of several.
//
// Package [github.com/bodywrap/bodywrap/wrap/transform] has hooks for what
// people change in content: compress, decompress, go over lines or events,
// replace.
//
// Hooks combine in any order, and the order has a meaning:
//
//   - Put Done and Log first, which is outermost. They then count the bytes
//     that the caller gets, and see the errors of all other hooks. Behind a
//     transform they count the bytes that were sent.
//   - A limit in front of a transform limits the bytes that the caller gets,
//     such as the output of a small gzip file. Behind the transform, it limits
//     the bytes that are received. Limits hold for upgraded streams, too.
//   - A tee in front of a transform copies the bytes that the caller gets.
//     Behind the transform, it copies the bytes that were sent.
//   - Put Throttle where its bytes should count: in front of a transform, or
//     behind it for the bytes that are sent.
//   - Put Linger and Idle last. In front of a transform they would take the
//     time in which it holds bytes back for silence.
//
// A hook that closes the body, such as a limit, Linger or Idle, closes the body
// behind it. The hooks in front see the error, and see Close when the caller
// closes.
//
// # Connections
//
// [Conn] is Body for a [net.Conn], with the optional methods of a connection:
// CloseWrite, CloseRead, WriteTo, ReadFrom, SyscallConn, NetConn, and the
// methods that net/http looks for on TLS connections. [Listener] puts its hooks
// in front of each connection that a listener accepts. It belongs below TLS.
// [Handler] is for the client's side of an upgrade: it puts hooks in front of
// each connection that a handler hijacks, and makes the bytes readable that the
// client sent early. Package [github.com/bodywrap/bodywrap/wrap/tunnel] joins
// both sides in proxies that do not use ReverseProxy.
//
// [Writer] is Body for an [net/http.ResponseWriter], with [WriterHooks].
// [Exchanges] reports each request of a handler once, at its true end.
//
// # Cost
//
// One layer is one allocation: 160 bytes on 64-bit machines, 176 for a
// connection. A hook that keeps state for each body allocates that state as
// well. A call through a layer allocates nothing, and neither does a call
// through a hook of this package, with these exceptions: the allocations of a
// transform's own reader or writer, the buffers of a transform, which grow to
// the size of the largest call, each [*TimeoutError], and the records of [Log].
// A method without a hook costs one more static call than the original. A
// method with a hook also costs the call of a function value.
//
// Package wrap does not dial, and does not parse the bytes that pass. It starts
// a goroutine for a body in two cases: [TransformRead] does for a body with a
// read deadline, and [Linger] and [Idle] do when they close a body.
package wrap
