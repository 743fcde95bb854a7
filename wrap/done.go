package wrap

// Done calls f once for each body, when the body's life is over, with a summary
// of it. The life is over when Close has returned or, for a body without Write,
// when reading reaches EOF, whichever is first. If a body is neither closed nor
// read to EOF, f is not called.
//
//	resp.Body = wrap.Body(resp.Body, wrap.Done(func(s wrap.Summary) {
//		bytesIn.Add(s.Read)
//	}))
//
// EOF is not the end of a body with Write, because the other direction goes on
// after a half-close. If Close returns while a call is in flight in another
// goroutine, the call counts as follows:
//
//   - Done calls f after a WriteTo or ReadFrom has returned, and counts its
//     bytes.
//   - Done does not wait for a Read, and does not count it.
//   - Done does not wait for a Write, and counts all its bytes, although Close
//     may interrupt it.
//
// A Write that panics counts 0 bytes. f runs in the goroutine of the last call,
// and may close the body. WriteTo and ReadFrom keep their fast path. If WriteTo
// is the first call that reads, Done moves its first block through Read, to
// learn the time of the first byte.
//
// A Read or Write costs one atomic addition, each other call two. A body costs
// two allocations.
//
// Close can block. [DoneBeforeClose] reports before Close. A nil f panics.
func Done(f func(Summary)) Hooks {
	if f == nil {
		panic("wrap: Done: the function is nil; leave the hook out")
	}
	return metered(f, false)
}

// DoneBeforeClose is [Done], but calls f when Close is called, before the body
// is closed. The summary then has no CloseErr. It counts the calls that have
// returned, and not the bytes of calls that are in flight in other goroutines.
// If f panics, the body is closed all the same. A nil f panics.
func DoneBeforeClose(f func(Summary)) Hooks {
	if f == nil {
		panic("wrap: DoneBeforeClose: the function is nil; leave the hook out")
	}
	return metered(f, true)
}
