package tunnel

import (
	"fmt"
	"time"
)

// A policy decides how a tunnel ends. Its method step gets the present state
// and one event. It makes the new state of that, and returns the actions that
// follow. The result depends on nothing else, and step has no other effect: it
// asks no clock and no socket, and it never blocks. It does not know which
// goroutine, or which loop, tells it the events.
//
// step changes the state in place. If it took and returned the state by value,
// a goroutine of each idle tunnel would have a stack of 8 KiB instead of 4 KiB
// (BenchmarkIdleMemory).
//
// A tunnel is in one of these phases. It only moves down the list, and may skip
// draining and settling:
//
//	running   Both sides work. One direction may have finished.
//	draining  One side is dead, and the tunnel will end for that fault. What the
//	          dead side had sent is still delivered to the other side.
//	settling  The tunnel ends, and its fault no longer changes. The peers get
//	          time to receive what was written to them. Then both sides are
//	          inspected.
//	closing   Both sides are being closed.
//	closed    Close of both sides has returned.
//
// Each of the two directions follows one of these paths:
//
//	open -> telling -> finished        The sender finished, and everything was
//	                                   delivered. telling lasts while CloseWrite
//	                                   tells that to the receiver, and is skipped
//	                                   if both directions have finished.
//	open -> discarding -> discarded    The receiver takes nothing more. What the
//	                                   sender still sends is read and dropped,
//	                                   until the sender has finished.
//	open -> broken                     Nothing more is read.
//
// Each of the two sides follows this path, and may skip settling and settled:
//
//	open -> settling -> settled -> closing -> closed
//
// The events come from the goroutines of the two directions, from the timers
// for silence and stalls, from the context and from the group. Each event goes
// through tunnel.step, which calls policy.step with tunnel.mu held. No other
// code reads or writes the state while the tunnel runs. Then tunnel.carryOut
// carries the actions out without the lock, and tells their results as events.
type policy struct {
	idle     time.Duration // limit on silence while both go on; none if <= 0
	linger   time.Duration // limit once a direction has ended; none if 0
	keepOpen bool          // go on if a side cannot half-close
}

// which names a side, and also the direction that comes from that side.
type which int8

const (
	neither which = iota
	clientSide
	backendSide
)

func (w which) other() which { return clientSide + backendSide - w }

func (w which) String() string {
	if w == clientSide {
		return "client"
	}
	return "backend"
}

// sides is a set of sides.
type sides struct{ client, backend bool }

func (s sides) has(w which) bool {
	if w == clientSide {
		return s.client
	}
	return s.backend
}

func (s *sides) add(w which) {
	if w == clientSide {
		s.client = true
	} else {
		s.backend = true
	}
}

// The phases of a tunnel, as policy explains them.
type phase int8

const (
	phaseRunning phase = iota
	phaseDraining
	phaseSettling
	phaseClosing
	phaseClosed
)

// A state is everything that a policy knows of a tunnel. The zero state is that
// of a tunnel that has not begun.
type state struct {
	phase               phase
	toBackend, toClient flow
	client, backend     sideState

	// fault is why the tunnel ends. It is zero until phaseDraining, and if
	// both sides have finished.
	fault fault

	limit  silenceLimit  // the limit on silence that applies now
	since  time.Duration // when limit began to apply, or queued last changed
	queued int           // bytes that the kernel held for both peers then

	// panicked is the value of the first panic of a hook or of a side's
	// method, or nil.
	panicked any
}

// The stages of a direction, as policy explains them.
type flowStage int8

const (
	flowOpen flowStage = iota
	flowTelling
	flowFinished
	flowDiscarding
	flowDiscarded
	flowBroken
)

// A flow is the state of one direction. Copy returns all of it but the stage as
// a Direction.
type flow struct {
	stage      flowStage
	end        End // 0 while the stage is open
	err        error
	halfClosed bool
	lost       bool
}

func (f *flow) finished() bool { return f.stage == flowTelling || f.stage == flowFinished }

// drained reports whether nothing more can be read, since the sender finished.
func (f *flow) drained() bool { return f.finished() || f.stage == flowDiscarded }

// The stages of a side, as policy explains them.
type sideStage int8

const (
	sideOpen sideStage = iota
	sideSettling
	sideSettled
	sideClosing
	sideClosed
)

// A sideState is the state of one side.
type sideState struct {
	stage sideStage
	reset resetTime // what calls of the side have reported
	shut  bool      // CloseWrite was called, and is not known to be unsupported

	// While the side is settling, unsent is how many bytes the peer's
	// kernel did not have when last asked, or -1 before that, and since is
	// when unsent last changed. Otherwise they are 0.
	unsent int
	since  time.Duration
}

// A resetTime is when a side was reset by its peer.
type resetTime int8

const (
	notReset      resetTime = iota
	resetMidway             // the peer had not finished
	resetAfterEOF           // the peer had finished
)

// A fault is a reason to end the tunnel.
type fault struct {
	err    error
	end    End   // how the direction from the side at fault ended
	at     which // the side at fault
	silent bool  // nothing had moved for the limit on silence

	// deliver is whether Close waits until the peers have what was written
	// to them. It becomes false when the wait must end.
	deliver bool
}

// A silenceLimit is one of the limits on silence.
type silenceLimit int8

const (
	limitNone     silenceLimit = iota // the tunnel has not begun
	limitIdle                         // both directions go on: policy.idle
	limitLinger                       // one has ended: the shorter of the two
	limitDraining                     // one side is dead: policy.linger
)

// duration returns how long the tunnel may be silent, and the reason to end it
// after that. The tunnel may be silent for ever if the duration is 0 or less.
func (p policy) duration(l silenceLimit) (time.Duration, error) {
	switch {
	case l == limitNone:
		return 0, nil
	case l == limitDraining:
		return p.linger, ErrLinger
	case l == limitLinger && p.linger > 0 && (p.idle <= 0 || p.linger < p.idle):
		return p.linger, ErrLinger
	}
	return p.idle, ErrIdle
}

// The kernel's queues are looked at several times within a limit. A slow reader
// empties them, and that counts as a move at the time of the look. So the
// tunnel may be silent for longer than the limit, by the time between two
// looks: a sixteenth of the limit while the queues hold something, otherwise a
// quarter.
const (
	looksFull  = 16
	looksEmpty = 4
)

// An event is something that happened to a tunnel. An event sets kind, on if it
// is about one side or direction, now, and the fields that its kind names.
type event struct {
	kind eventKind
	on   which         // the side, or the side that the direction comes from
	now  time.Duration // since the tunnel began

	err      error         // what the side, the hook or the context returned
	end      End           // how a direction that returns err ends
	at       which         // the side that returned err
	readable bool          // on may have more to read
	hungUp   bool          // on is shut down both ways, and has no error
	afterEOF bool          // the peer had finished before the reset
	pending  bool          // the kernel has an error for the next read of on
	moved    time.Duration // when bytes last moved, in either direction
	queued   int           // bytes that the kernel holds for both peers
	unsent   int           // bytes that the peer's kernel does not have yet
	known    bool          // unsent is known
	panicked any           // the value of a panic; nil if there was none
	client   inspection
	backend  inspection
}

// An inspection is what there is to know of a side just before Close.
type inspection struct {
	unread bool // there are bytes that the peer has sent and nobody has read
	known  bool // unread is known
	unsent bool // there are bytes that the peer's kernel does not have yet
	inHand bool // bytes were read from the side and not taken by the other
}

type eventKind int8

const (
	// The zero event changes nothing. It serves to read the state.
	eventNone eventKind = iota

	// The tunnel begins.
	eventBegin

	// The direction on delivered everything, and its next read returned
	// EOF. Sets hungUp.
	eventEOF

	// The direction on cannot go on. Sets err, end, at and readable.
	eventBroke

	// The action discard is done: the sender of on has finished or failed.
	eventDiscarded

	// CloseWrite of the side on returned: nil; or that the side was over
	// already, so that nobody must be told; or that it is unsupported; or
	// another error, which sets err and end.
	eventTold
	eventNotConnected
	eventUnsupported
	eventTellFailed

	// A call of the side on returned an error which says that the peer has
	// reset the side. This event comes first, and eventBroke or
	// eventTellFailed when the hooks in front of the side have returned.
	// Sets afterEOF.
	eventReset

	// The action look is done. Sets moved and queued.
	eventLooked

	// The receiver of the direction on has taken nothing for a while, so
	// that on is not read. Sets pending.
	eventStalled

	// The context or the group ends the tunnel. Sets err.
	eventAborted

	// A hook or a method of a side has panicked, or has ended its
	// goroutine. Sets err, and panicked.
	eventPanicked

	// The kernel was asked what it has still to send to the side on, which
	// is settling. Sets unsent and known.
	eventUnsent

	// The action inspect is done. Sets client and backend.
	eventInspected

	// Close of the side on has returned. Sets panicked.
	eventClosed

	eventKinds // how many kinds there are
)

// actions are what a step asks for. An action with a result tells it as an
// event. A step asks for at most one of halfClose, discard, settle, inspect and
// close. halfClose and discard may block, and only follow from an event that is
// told by the direction itself, or by CloseWrite.
type actions struct {
	// look: ask the clock and the kernel for silence, and tell eventLooked.
	// Also do that after wake, and not when an earlier wake said; 0 changes
	// nothing.
	look bool
	wake time.Duration

	// halfClose: call CloseWrite of this side, and tell its result.
	halfClose which

	// discard: read this side and drop the bytes until EOF or an error, and
	// tell eventDiscarded.
	discard which

	// settle: ask for each of these sides what is unsent, and tell
	// eventUnsent. The answer to that is again, to ask once more after a
	// pause. hurry ends the pauses of all sides.
	settle sides
	again  bool
	hurry  bool

	// inspect: inspect both sides, and tell eventInspected.
	inspect bool

	// close: close both sides at the same time, these by a reset, and tell
	// eventClosed for each.
	close bool
	reset sides
}

// step turns s into the state after e, and returns the actions that follow from
// e. An event that cannot happen in s changes nothing.
func (p policy) step(s *state, e event) (do actions) {
	t := transition{p, s, &e, &do}
	switch e.kind {
	case eventBegin:
		t.begin()
	case eventEOF:
		t.reachedEOF()
	case eventBroke:
		t.broke()
	case eventDiscarded:
		t.discarded()
	case eventTold, eventNotConnected, eventUnsupported, eventTellFailed:
		t.told()
	case eventReset:
		t.sawReset()
	case eventLooked:
		t.looked()
	case eventStalled:
		t.stalled()
	case eventAborted:
		t.abort(fault{err: e.err, end: Closed})
	case eventPanicked:
		t.keepPanic()
		t.abort(fault{err: e.err, end: Failed})
	case eventUnsent:
		t.settle()
	case eventInspected:
		t.inspected()
	case eventClosed:
		t.closed()
	}
	return do
}

// A transition is one call of step at work.
type transition struct {
	policy
	*state
	e  *event
	do *actions
}

// from returns the direction that comes from w.
func (s *state) from(w which) *flow {
	if w == clientSide {
		return &s.toBackend
	}
	return &s.toClient
}

// side returns the state of w.
func (s *state) side(w which) *sideState {
	if w == clientSide {
		return &s.client
	}
	return &s.backend
}

func (t *transition) begin() {
	if t.phase == phaseRunning && t.limit == limitNone {
		t.applyLimit(limitIdle)
	}
}

// applyLimit makes l the limit on silence, which begins to count now.
func (t *transition) applyLimit(l silenceLimit) {
	t.limit, t.since = l, t.e.now
	d, _ := t.duration(l)
	t.do.look = d > 0
}

// reachedEOF follows from eventEOF.
func (t *transition) reachedEOF() {
	receiver := t.e.on.other()
	d, reverse := t.from(t.e.on), t.from(receiver)
	if d.stage != flowOpen {
		return
	}
	if t.falseEOF() {
		t.e.err, t.e.end, t.e.at, t.e.readable = errReset, Reset, t.e.on, false
		t.broke()
		return
	}
	d.stage, d.end = flowFinished, EOF
	switch {
	case t.phase > phaseDraining:
		// The tunnel ends already.
	case t.phase == phaseRunning && reverse.stage == flowTelling:
		// The tunnel ends when CloseWrite has returned.
	case t.phase == phaseRunning && reverse.stage == flowFinished:
		t.closeBoth(sides{})
	default:
		d.stage = flowTelling
		t.side(receiver).shut = true
		t.do.halfClose = receiver
		if t.phase == phaseRunning {
			t.limit, t.since = limitLinger, t.e.now
		}
	}
}

// falseEOF reports whether the EOF of a read was in truth a reset. The kernel
// reports a reset to one call only: if a Write got it, the next Read returns
// EOF.
func (t *transition) falseEOF() bool {
	s := t.side(t.e.on)
	if s.reset == notReset {
		return t.e.hungUp && !s.shut // not we, but a reset has shut it down
	}
	return s.reset == resetMidway
}

// broke follows from eventBroke.
func (t *transition) broke() {
	receiver := t.e.on.other()
	d, reverse := t.from(t.e.on), t.from(receiver)
	if d.stage != flowOpen {
		return
	}
	d.stage = flowBroken
	if t.phase > phaseDraining {
		t.cutOff(d)
		return
	}
	operation := "read: "
	if t.e.at == receiver {
		operation = "write: "
	}
	f := t.blame(t.e.on, operation)
	d.end, d.err = f.end, f.err
	switch {
	case t.phase == phaseDraining:
		t.giveUp(t.fault)
	case f.at == receiver && f.end == Reset && reverse.stage == flowOpen,
		t.e.readable && reverse.finished():
		// What the receiver had sent before, or the end of it, is still
		// on its way to the sender of d.
		t.discard(d)
		t.drain(f)
	default:
		t.giveUp(f)
	}
}

// cutOff notes that d has broken because the tunnel ends.
func (t *transition) cutOff(d *flow) {
	d.end, d.err = Closed, t.fault.err
	if t.fault.at == t.e.on {
		d.end = t.fault.end
	}
	if t.phase == phaseSettling && t.fault.deliver && t.fault.at == t.e.on.other() && t.e.readable {
		t.discard(d) // the sender still receives what the other had sent
	}
}

// discard has the rest of what the sender of d sends read and dropped. If the
// sender were closed with input unread, the kernel would reset it, and would
// destroy what the sender has still to receive.
func (t *transition) discard(d *flow) {
	d.stage = flowDiscarding
	t.do.discard = t.e.on
}

// blame makes a fault of the event's error, which ended the direction from w.
func (t *transition) blame(w which, operation string) fault {
	err := fmt.Errorf("%v to %v: %s%w", w, w.other(), operation, t.e.err)
	return fault{err: err, end: t.e.end, at: t.e.at, deliver: true}
}

// discarded follows from eventDiscarded.
func (t *transition) discarded() {
	d, reverse := t.from(t.e.on), t.from(t.e.on.other())
	if d.stage != flowDiscarding {
		return
	}
	d.stage = flowDiscarded
	if t.phase == phaseDraining && reverse.drained() {
		t.giveUp(t.fault)
	}
}

// told follows from the events that CloseWrite has returned.
func (t *transition) told() {
	d, reverse := t.from(t.e.on.other()), t.from(t.e.on)
	if d.stage != flowTelling {
		return
	}
	d.stage = flowFinished
	d.halfClosed = t.e.kind == eventTold
	if t.e.kind == eventUnsupported {
		t.side(t.e.on).shut = false
	}
	switch {
	case t.phase > phaseDraining:
		// The tunnel ends already.
	case t.phase == phaseDraining && t.e.kind != eventTold:
		t.giveUp(t.fault) // the fault that is known comes first
	case t.e.kind == eventTellFailed:
		t.e.at = t.e.on
		t.tellFailed(t.blame(t.e.on.other(), ""))
	case t.e.kind == eventUnsupported && !t.keepOpen && !reverse.finished():
		t.giveUp(fault{err: fmt.Errorf("%v: %w", t.e.on, ErrHalfClose), end: Closed, deliver: true})
	default:
		t.goOn()
	}
}

// tellFailed follows from a CloseWrite that failed.
func (t *transition) tellFailed(f fault) {
	if f.end == Reset {
		t.drain(f)
	} else {
		t.giveUp(f)
	}
}

// drain begins to drain: f ends the tunnel when both directions are drained.
func (t *transition) drain(f fault) {
	t.phase, t.fault = phaseDraining, f
	t.goOn()
}

// goOn ends the tunnel if both directions are drained. If not, the limit on
// silence begins anew.
func (t *transition) goOn() {
	done := t.toBackend.drained() && t.toClient.drained()
	switch {
	case t.phase == phaseDraining && done:
		t.giveUp(t.fault)
	case t.phase == phaseDraining:
		t.applyLimit(limitDraining)
	case done:
		t.closeBoth(sides{})
	default:
		t.applyLimit(limitLinger)
	}
}

// sawReset follows from eventReset.
func (t *transition) sawReset() {
	s := t.side(t.e.on)
	switch {
	case s.reset != notReset:
	case t.e.afterEOF:
		s.reset = resetAfterEOF
	default:
		s.reset = resetMidway
	}
}

// looked follows from eventLooked. Bytes that move do not touch the timer. Only
// a look finds out that they have moved. Package wrap measures the silence of
// one body, for its hooks Linger and Idle, in its own silence.go.
func (t *transition) looked() {
	limit, reason := t.duration(t.limit)
	if limit <= 0 || t.phase > phaseSettling {
		return
	}
	if t.e.queued != t.queued {
		t.queued, t.since = t.e.queued, t.e.now
	}
	left := limit - (t.e.now - max(t.since, t.e.moved))
	switch {
	case left <= 0 && t.phase == phaseDraining:
		f := t.fault
		f.deliver = false // there was time enough
		t.giveUp(f)
	case left <= 0:
		t.abort(fault{err: reason, end: Closed, silent: true})
	case t.queued > 0:
		t.do.wake = min(left, limit/looksFull+1)
	default:
		t.do.wake = min(left, limit/looksEmpty+1)
	}
}

// stalled follows from eventStalled. Nobody reads from the sender, so that
// nobody else notices that it was reset.
func (t *transition) stalled() {
	if t.e.pending || t.side(t.e.on).reset == resetMidway {
		t.e.err, t.e.end, t.e.at = errReset, Reset, t.e.on
		f := t.blame(t.e.on, "read: ")
		f.deliver = false // the receiver takes nothing
		t.abort(f)
	}
}

// abort ends the tunnel for f, which must not wait. If the tunnel ends already,
// it stops waiting.
func (t *transition) abort(f fault) {
	switch {
	case t.phase < phaseSettling:
		t.giveUp(f)
	case t.phase == phaseSettling && t.fault.deliver:
		t.fault.deliver = false
		t.do.hurry = t.client.stage == sideSettling || t.backend.stage == sideSettling
	}
}

// giveUp begins to end the tunnel for f.
func (t *transition) giveUp(f fault) {
	t.phase, t.fault = phaseSettling, f
	for _, w := range []which{clientSide, backendSide} {
		if f.deliver && w != f.at && !t.survivesClose(w) {
			s := t.side(w)
			s.stage, s.unsent, s.since = sideSettling, -1, t.e.now
			t.do.settle.add(w)
		}
	}
	t.do.look = false
	t.do.inspect = t.do.settle == sides{}
}

// survivesClose reports whether what was written to w is delivered even after
// Close. That is so if both sides have sent FIN.
func (t *transition) survivesClose(w which) bool {
	return t.from(w.other()).finished() && t.from(w).drained()
}

// settle follows from eventUnsent. The side has settled when the peer's kernel
// has everything, or has taken nothing for policy.linger.
func (t *transition) settle() {
	s := t.side(t.e.on)
	if s.stage != sideSettling {
		return
	}
	if t.fault.deliver && t.e.known && t.e.unsent > 0 {
		if t.e.unsent != s.unsent {
			s.unsent, s.since = t.e.unsent, t.e.now
		}
		t.do.again = t.linger <= 0 || t.e.now-s.since <= t.linger
	}
	if !t.do.again {
		s.stage, s.unsent, s.since = sideSettled, 0, 0
		t.do.inspect = t.side(t.e.on.other()).stage != sideSettling
	}
}

// inspected follows from eventInspected. Both directions are judged before
// either side is closed, since a closed socket tells nothing.
func (t *transition) inspected() {
	if t.phase != phaseSettling || t.client.stage == sideSettling || t.backend.stage == sideSettling {
		return
	}
	t.closeBoth(sides{
		client:  t.judge(backendSide, t.e.backend, t.e.client),
		backend: t.judge(clientSide, t.e.client, t.e.backend),
	})
}

// judge decides whether bytes of the direction from w are lost. It reports
// whether the receiver must be reset, so that its peer does not take the bytes
// that it received for all there were. A receiver that got everything, and was
// told so, is never reset.
func (t *transition) judge(w which, sender, receiver inspection) (reset bool) {
	d := t.from(w)
	// Close of a side with input unread makes the kernel drop what is
	// unsent.
	dropped := receiver.unsent && receiver.unread
	if d.finished() {
		d.lost = t.side(w.other()).reset != notReset || dropped
		return false
	}
	cut := sender.inHand || sender.unread
	unsure := !sender.known && !t.fault.silent
	d.lost = cut || dropped || unsure || t.fault.at != neither
	return cut || t.fault.at == w
}

// closeBoth has both sides closed.
func (t *transition) closeBoth(reset sides) {
	t.phase = phaseClosing
	t.client.stage, t.backend.stage = sideClosing, sideClosing
	t.do.close, t.do.reset = true, reset
}

// closed follows from eventClosed.
func (t *transition) closed() {
	s := t.side(t.e.on)
	if s.stage != sideClosing {
		return
	}
	t.keepPanic()
	s.stage = sideClosed
	if t.client.stage == sideClosed && t.backend.stage == sideClosed {
		t.phase = phaseClosed
	}
}

// keepPanic keeps the event's panic, unless there was one before.
func (t *transition) keepPanic() {
	if t.panicked == nil {
		t.panicked = t.e.panicked
	}
}
