package wrap

// Done calls f once for each body, when the body's life is over, with what went
// through it. That is when Close has returned, or, for a body that can only be
// read, when reading reaches EOF, whichever is first. A body that is never
// closed nor read to its end is never done.
//
//	resp.Body = wrap.Body(resp.Body, wrap.Done(func(s wrap.Summary) {
//		bytesIn.Add(s.Read)
//	}))
//
// EOF is not the end of a body with Write: after a half-close the other
// direction goes on. When Close overtakes a WriteTo or ReadFrom in another
// goroutine, f waits for that call to return, so that its bytes count. It does
// not wait for a Read, which then does not count, nor for a Write, which counts
// in full, though Close may cut it short. A Write that panics counts nothing.
// f runs in the goroutine whose call was the last, and may close the body.
// WriteTo and ReadFrom keep their direct way; of a WriteTo that is the first to
// read, the first block goes through Read, which tells when the first byte came.
//
// A Read or Write costs one atomic addition, each other call two; a body, two
// allocations.
//
// Close can block. See [DoneBeforeClose] for being told before that. A nil f
// panics.
func Done(f func(Summary)) Hooks {
	if f == nil {
		panic("wrap: Done: the function is nil; leave the hook out")
	}
	return metered(f, false)
}

// DoneBeforeClose is [Done], but calls f when Close is called and not when it
// has returned. The summary has no CloseErr then, and lacks the bytes of calls
// that are still on their way in other goroutines: it counts a call that has
// returned, Write too. If f panics, the body is closed all the same.
func DoneBeforeClose(f func(Summary)) Hooks {
	if f == nil {
		panic("wrap: DoneBeforeClose: the function is nil; leave the hook out")
	}
	return metered(f, true)
}
