// Package transform has hooks for package
// [github.com/bodywrap/bodywrap/wrap] that change the content of HTTP messages.
//
//	var zip = transform.Compress(nil)
//
//	proxy.ModifyResponse = wrap.ModifyResponse(nil, func(resp *http.Response) []wrap.Hooks {
//		return []wrap.Hooks{zip, transform.Replace(secret, "***", nil)}
//	})
//
// [Compress] and [Decompress] change the content coding of whole messages.
// [CompressHandler] does it for the responses of your own handlers.
// [Plain] puts other hooks in front of the decoded content. [Records], [Lines]
// and [Events] call a function for each record of a stream while it flows.
// [Replace] replaces bytes wherever the reads divide them.
//
// # Header
//
// Each hook changes the header together with the bytes, or neither:
// [wrap.Response] and [wrap.Request] decide by the kind of message whether the
// hook runs. It does not run for a 206, which is a part of other content, for a
// 204 or 205, or on an upgraded stream, unless Upgraded is set in the hook. For
// HEAD it changes only the header, and for a 304 only ETag and Vary. A
// ReverseProxy drops the hop-by-hop fields itself. Compress, Decompress and
// Plain are for content alone, and ignore Upgraded.
//
// # Order
//
// The first hook is next to the reader. Give Compress first and Decompress
// last, so that those between them see plain content. The hooks for records
// decode and encode by themselves. To do that once for several of them, put
// them into one Plain.
//
// # Codings
//
// Gzip and Deflate are here. Others come from other modules, in one line each
// with [NewCoding]. There is no registry: give the codings to the hooks.
//
// # Cost
//
// Compress and Decompress cost four allocations a body beside the header. Hooks
// for records hold one buffer of 32 KiB from a pool for each body, and for a
// longer record up to twice its size. A record that does not change costs no
// allocation.
//
// Package transform does not parse JSON, HTML or any other format but event
// streams, does not cache, and starts no goroutine of its own.
package transform
