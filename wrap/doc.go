// Package wrap puts hooks in front of an HTTP body, and loses nothing that the
// body could do.
//
// Whoever replaces [http.Response.Body] with a wrapper of their own replaces
// its type too. After 101 Switching Protocols that type is a connection. It has
// Write, without which [net/http/httputil.ReverseProxy] answers 502, and
// CloseWrite, without which the backend never learns that the client has
// finished sending, or its last answer is cut off. A struct that embeds
// io.ReadCloser has neither. [Body] returns a body with exactly the methods of
// the original:
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
// [Keep] repairs a wrapper that exists already, with one word:
//
//	resp.Body = wrap.Keep(resp.Body, newMeteredBody(resp.Body))
//
// # What a body can do
//
// A body always has Read and Close. It may have Write and CloseWrite (on an
// upgraded connection), and WriteTo and ReadFrom (with which io.Copy avoids a
// buffer, or the kernel a copy). The wrapped body has those of the four that
// the original has and no others, so that a type assertion on it gives the
// answer that it would have given on the original. The one exception is a body
// with ReadFrom and without Write, which makes no sense: its ReadFrom is left
// out.
//
// # Which calls run at the same time
//
// On an upgraded connection [net/http/httputil.ReverseProxy] reads from one
// goroutine and writes from another. In the writing one, CloseWrite follows the
// last Write. Close comes from a third, at any time, when the client goes away
// or either direction fails. So these never run at the same time on one body:
//
//   - Read, WriteTo: there is one reader;
//   - Write, ReadFrom, CloseWrite: there is one writer.
//
// A hook may therefore keep state for its own direction without a lock, and
// needs one (or an atomic) for state that the other direction or Close shares.
//
// A layer holds no lock while it calls a hook or a body. Of the hooks of this
// package, limits and transforms hold one for their own direction while they
// call what is behind them: of two Reads at the same time, or two Writes, one
// waits for the other. Close waits for none of them.
//
// A panic of a hook or of a body reaches the caller, also if it happens in a
// goroutine of this package, and no lock stays held: the next call is as good
// as if the panic had been an error. Done counts of that call only the bytes
// that are known to have passed.
//
// # Hooks that are there already
//
// [Done], [DoneBeforeClose] and [Log] report what became of a body, [TeeRead]
// and [TeeWrite] copy what goes through it, [LimitRead] and [LimitWrite] bound
// that, [TransformRead] and [TransformWrite] change it, [Linger] and [Idle] end
// what is silent. Each of them may be given to any number of bodies, and keeps
// for each its own state. [Response] and [Request] put hooks in front of a
// whole message and keep its header true; [ModifyResponse] and [Transport] do
// it for each one.
//
// They combine in any order, and the order says something:
//
//   - Done and Log go first, which is outermost. They then count what the
//     caller gets, and know the errors of all others. Behind a transform they
//     count what was sent.
//   - A limit in front of a transform bounds what the caller has to store, such
//     as what a small gzip file becomes. Behind it, it bounds what is received.
//     Limits bound upgraded streams, too.
//   - A tee in front of a transform copies what the caller gets, one behind it
//     what was sent.
//   - Linger and Idle go last. In front of a transform they would take bytes
//     that it holds back for silence.
//
// A hook that closes the body, as limits, Linger and Idle do, closes what is
// behind it. Those in front learn of it by the error, and of Close when the
// caller closes.
//
// # Connections
//
// [Conn] is Body for a [net.Conn], with what a connection may be able to do:
// CloseWrite, CloseRead, WriteTo, ReadFrom, SyscallConn, NetConn, and what
// net/http asks of TLS. [Listener] puts its hooks in front of each connection
// that a listener accepts; it belongs below TLS. [Handler] is the other end of
// an upgrade: it puts hooks in front of each connection that a handler hijacks,
// and sees to it that bytes which the client sent early are read. Package
// [github.com/bodywrap/bodywrap/wrap/tunnel] joins the two ends in proxies that
// do not use ReverseProxy.
//
// # Cost
//
// One layer is one allocation: of 160 bytes on 64-bit machines, for a
// connection of 176. A hook that keeps a state for each body allocates that as
// well. A call through a layer allocates nothing, and neither does a call
// through the hooks of this package, with these exceptions: what a transform's
// own reader or writer allocates, the buffers of a transform, which grow to the
// size of the largest call, each [*TimeoutError], and what [Log] writes. A
// method without a hook costs one more static call than the original, one with
// a hook the call of a function value besides.
//
// Package wrap does not dial and does not parse what goes through it. It starts
// a goroutine for a body in two cases: [TransformRead] does for a body with a
// read deadline, and [Linger] and [Idle] do to close the body that they end.
package wrap
