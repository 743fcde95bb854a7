package tunnel

import (
	"context"
	"errors"
	"sync"
	"time"
)

// This file is between the policy, which decides how a tunnel ends, and the
// sides. Events go in by tell, and the actions that follow are carried out.

// tell tells the policy of e, and carries out what follows from e. It returns
// when that is done, which may include Close of both sides.
func (t *tunnel) tell(e event) {
	t.carryOut(t.step(e, nil))
}

// step gives e to the policy, and returns the actions that follow. If after is
// not nil, step stores the new state there. It is the only place that locks mu.
// The actions that do not block, and that must not overtake each other, are
// carried out here under the lock.
func (t *tunnel) step(e event, after *state) actions {
	t.mu.Lock()
	defer t.mu.Unlock()
	e.now = t.now()
	p := t.opt.policy()
	do := p.step(&t.state, e)
	limit, _ := p.duration(t.state.limit)
	t.limit.Store(int64(limit))
	if do.wake > 0 {
		t.lookAfter(do.wake)
	}
	if do.settle != (sides{}) {
		t.hurry = make(chan struct{})
	}
	if do.hurry {
		close(t.hurry)
	}
	if after != nil {
		*after = t.state
	}
	return do
}

// snapshot returns the state as it is now.
func (t *tunnel) snapshot() (now state) {
	t.step(event{}, &now)
	return now
}

// carryOut carries out the actions that may block, and tells their results.
func (t *tunnel) carryOut(do actions) {
	if do.look {
		t.look()
	}
	switch {
	case do.halfClose != neither:
		t.tell(t.halfClose(do.halfClose))
	case do.discard != neither:
		t.side(do.discard).discard()
		t.tell(event{kind: eventDiscarded, on: do.discard})
	case do.settle != (sides{}):
		t.each(do.settle, t.settle)
	case do.inspect:
		t.tell(event{kind: eventInspected, client: t.toBackend.inspect(), backend: t.toClient.inspect()})
	case do.close:
		t.each(sides{client: true, backend: true}, func(w which) { t.close(w, do.reset.has(w)) })
	}
}

// each calls f for each of the sides, at the same time, since f may block. It
// waits for both calls, even if one of them ends its goroutine.
func (t *tunnel) each(of sides, f func(which)) {
	var other sync.WaitGroup
	defer other.Wait()
	if of == (sides{client: true, backend: true}) {
		other.Add(1)
		go callFor(clientSide, f, &other)
		of.client = false
	}
	if of.client {
		f(clientSide)
	} else {
		f(backendSide)
	}
}

func callFor(w which, f func(which), running *sync.WaitGroup) {
	defer running.Done()
	f(w)
}

// halfClose calls CloseWrite of w, and returns the event of its result.
func (t *tunnel) halfClose(w which) event {
	err := t.noteReset(w, t.side(w).closeWrite())
	switch {
	case err == nil:
		return event{kind: eventTold, on: w}
	case isNotConnected(err):
		return event{kind: eventNotConnected, on: w}
	case errors.Is(err, errors.ErrUnsupported):
		return event{kind: eventUnsupported, on: w}
	}
	return event{kind: eventTellFailed, on: w, err: err, end: endOf(err)}
}

// look tells the policy what the clock and the kernel say of silence.
func (t *tunnel) look() {
	t.tell(event{
		kind:   eventLooked,
		moved:  time.Duration(max(t.toBackend.last.Load(), t.toClient.last.Load())),
		queued: t.client.queuedBytes() + t.backend.queuedBytes(),
	})
}

// lookAfter has the timer call lookAgain after d. It is called with mu held.
func (t *tunnel) lookAfter(d time.Duration) {
	if t.silence == nil {
		t.silence = time.AfterFunc(d, t.lookAgain)
	} else {
		t.silence.Reset(d)
	}
}

// lookAgain runs in the timer's goroutine.
func (t *tunnel) lookAgain() {
	if t.callbacks.enter() {
		defer t.callbacks.leave()
		t.look()
	}
}

// settle asks for what is unsent until the policy has enough of it.
func (t *tunnel) settle(w which) {
	for pause := time.Millisecond; ; pause = min(2*pause, 50*time.Millisecond) {
		n, ok := t.side(w).unsent()
		do := t.step(event{kind: eventUnsent, on: w, unsent: n, known: ok}, nil)
		if !do.again {
			t.carryOut(do)
			return
		}
		select {
		case <-t.hurry: // made before settle was called
		case <-time.After(pause):
		}
	}
}

// close closes w, and tells so even if Close panics or ends the goroutine.
func (t *tunnel) close(w which, abort bool) {
	defer func() { t.tell(event{kind: eventClosed, on: w, panicked: recover()}) }()
	t.side(w).close(abort)
}

// noteReset tells the policy if err, which a call of w has returned, says that
// the peer of w has reset it. It returns err.
func (t *tunnel) noteReset(w which, err error) error {
	if err != nil && isReset(err) {
		t.tell(event{kind: eventReset, on: w, afterEOF: isAfterEOF(err)})
	}
	return err
}

// endOf returns how a direction ends that err has ended.
func endOf(err error) End {
	if isReset(err) {
		return Reset
	}
	return Failed
}

var errExit = errors.New("a hook or a method of a side has ended its goroutine")

// watch is deferred by the goroutines that call the methods of the sides. It
// recovers a panic, and ends the tunnel. It also ends the tunnel if returned is
// false, since [runtime.Goexit] has then ended the goroutine.
func (t *tunnel) watch(returned *bool) {
	if v := recover(); v != nil || !*returned {
		t.tell(event{kind: eventPanicked, err: errExit, panicked: v})
	}
}

// canceled runs when the context is done.
func (t *tunnel) canceled() {
	if t.callbacks.enter() {
		defer t.callbacks.leave()
		t.tell(event{kind: eventAborted, err: context.Cause(t.ctx)})
	}
}

// shutDown runs in a goroutine of its own, since Close may block.
func (t *tunnel) shutDown() {
	if t.callbacks.enter() {
		defer t.callbacks.leave()
		t.tell(event{kind: eventAborted, err: ErrShutdown})
	}
}

// sidesInClose returns how many sides have not returned from Close.
func (t *tunnel) sidesInClose() int {
	s := t.snapshot()
	n := 0
	for _, side := range []sideState{s.client, s.backend} {
		if side.stage == sideClosing {
			n++
		}
	}
	return n
}
