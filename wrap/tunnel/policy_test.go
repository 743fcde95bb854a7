package tunnel_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/bodywrap/bodywrap/wrap/tunnel"
)

// A policyRow says what the policy does with an event. The row is for all
// states in which when holds and no earlier row fits. tunnel.Keys has the names
// of the values.
type policyRow struct {
	event string // one name, or several with "|" between them
	when  string // conditions; "or" begins an alternative; "!" before a value means any other value
	then  string // the new values; all others stay as they are
	do    string // the actions
	why   string
}

// These are parts of rows. "$" and a name stand for the value that the function
// variable returns: often that of another key, as it is after the event.
const (
	closing  = "; phase=closing; this=closing; that=closing"
	settling = "; phase=settling"
	drains   = "; phase=draining; limit=draining"
	broken   = "own=broken; ownEnd=$end; ownErr=$error"
	discards = "own=discarding; ownEnd=$end; ownErr=$error"
	blames   = "; fault=$error; faultAt=$at; faultEnd=$end; deliver=yes"
	cannot   = "; fault=this: $ErrHalfClose; faultAt=neither; faultEnd=closed; deliver=yes"
	noTell   = "; fault=that to this: failed; faultAt=this; faultEnd=$with; deliver=yes"
	over     = "phase=settling|closing|closed"
	readable = "; with=hook failed|write reset|write failed"

	falseEOF = "own=broken; ownEnd=reset; ownErr=this to that: read: $ErrReset"
	isFalse  = "thisReset=midway or with=hung up; thisReset=no; thisShut=no"
)

var policyRows = []policyRow{
	{"none", "", "", "", "this event only reads the state"},

	{"begin", "phase=running; limit=none", "limit=idle", "look", "the tunnel begins"},
	{"begin", "", "", "", "something has ended the tunnel before it began"},

	{"EOF", "own=!open", "", "", "the direction has ended"},
	{"EOF", and(isFalse, "phase=running"), falseEOF + settling + "; that=settling; fault=$ownErr; faultAt=this; faultEnd=reset; deliver=yes", "settle that", "the EOF is a reset"},
	{"EOF", and(isFalse, "phase=draining"), falseEOF + settling + "; that=settling", "settle that", "the side is dead"},
	{"EOF", and(isFalse, "faultAt=this"), "own=broken; ownEnd=$faultEnd; ownErr=the fault", "", "the tunnel has ended for this"},
	{"EOF", isFalse, "own=broken; ownEnd=closed; ownErr=the fault", "", "the tunnel has ended"},
	{"EOF", "phase=running; reverse=open", "own=telling; ownEnd=EOF; thatShut=yes; limit=linger", "CloseWrite that", "one side finishes"},
	{"EOF", "phase=running; reverse=telling", "own=finished; ownEnd=EOF", "", "both finish at the same time"},
	{"EOF", "phase=running; reverse=finished", "own=finished; ownEnd=EOF" + closing, "close", "both have finished"},
	{"EOF", "phase=draining", "own=telling; ownEnd=EOF; thatShut=yes", "CloseWrite that", "what the dead side had sent is delivered"},
	{"EOF", "", "own=finished; ownEnd=EOF", "", "the side had finished before the tunnel ended"},

	{"broke", "own=!open", "", "", "the direction has ended"},
	{"broke", "phase=running; with=write reset; reverse=open", discards + drains + blames, "look, discard this", "what the dead side had sent comes first"},
	{"broke", "phase=running; reverse=telling|finished" + readable, discards + drains + blames, "look, discard this", "the other side had finished: bytes that still come are dropped"},
	{"broke", "phase=running; with=write failed", broken + blames + settling + "; this=settling", "settle this", "the other side fails"},
	{"broke", "phase=running", broken + blames + settling + "; that=settling", "settle that", "the side is reset, or fails"},
	{"broke", "phase=draining", broken + settling + "; that=settling", "settle that", "what the dead side had sent cannot all be delivered"},
	{"broke", "phase=settling; faultAt=that; deliver=yes" + readable, "own=discarding; ownEnd=closed; ownErr=the fault", "discard this", "the side still receives what the dead side had sent"},
	{"broke", "faultAt=this", "own=broken; ownEnd=$faultEnd; ownErr=the fault", "", "the tunnel has ended for this"},
	{"broke", "", "own=broken; ownEnd=closed; ownErr=the fault", "", "the tunnel has ended"},

	{"discarded", "own=!discarding", "", "", "discard was not called"},
	{"discarded", "phase=draining; reverse=telling|finished; faultAt=that", "own=discarded" + settling, "inspect", "both sides have sent FIN"},
	{"discarded", "phase=draining; reverse=telling|finished", "own=discarded" + settling + "; that=settling", "settle that", "a hook failed; its receiver is sent the rest"},
	{"discarded", "", "own=discarded", "", "the other direction goes on, or the tunnel has ended"},

	{tells, "reverse=!telling", "", "", "CloseWrite was not called"},
	{"told", over, "reverse=finished; reverseTold=yes", "", "the tunnel has ended in the meantime"},
	{"not connected|tell failed", over, "reverse=finished", "", "the tunnel has ended in the meantime"},
	{"unsupported", over, "reverse=finished; thisShut=no", "", "the tunnel has ended in the meantime"},
	{"told", "phase=running; own=open", "reverse=finished; reverseTold=yes; limit=linger", "look", "the other direction goes on, and Linger begins"},
	{"told", "phase=running", "reverse=finished; reverseTold=yes" + closing, "close", "the other has finished in the meantime"},
	{"not connected", "phase=running; own=open", "reverse=finished; limit=linger", "look", "the side has ended already, and needs no FIN"},
	{"not connected", "phase=running", "reverse=finished" + closing, "close", "the other has finished in the meantime"},
	{"unsupported", "phase=running; own=open; keepOpen=yes", "reverse=finished; thisShut=no; limit=linger", "look", "KeepOpen: Linger begins"},
	{"unsupported", "phase=running; own=open", "reverse=finished; thisShut=no" + cannot + settling + "; this=settling; that=settling", "settle this, settle that", "the other cannot half-close"},
	{"unsupported", "phase=running", "reverse=finished; thisShut=no" + closing, "close", "both have finished, so that neither must be told"},
	{"tell failed", "phase=running; with=reset; own=open", "reverse=finished" + noTell + drains, "look", "what the dead side had sent comes first"},
	{"tell failed", "phase=running; own=open", "reverse=finished" + noTell + settling + "; that=settling", "settle that", "CloseWrite fails"},
	{"tell failed", "phase=running; with=reset", "reverse=finished" + noTell + settling, "inspect", "both have finished, and one is not told"},
	{"tell failed", "phase=running", "reverse=finished" + noTell + settling, "inspect", "both have finished, and one is not told"},
	{"told", "own=finished|discarded", "reverse=finished; reverseTold=yes" + settling, "inspect", "everything is delivered"},
	{"told", "", "reverse=finished; reverseTold=yes; limit=draining", "look", "the side that is told has not finished"},
	{"unsupported", "own=finished or own=discarded; faultAt=that", "reverse=finished; thisShut=no" + settling, "inspect", "the fault that is known comes first"},
	{"unsupported", "faultAt=that", "reverse=finished; thisShut=no" + settling + "; this=settling", "settle this", "the fault that is known comes first"},
	{"unsupported", "", "reverse=finished; thisShut=no" + settling + "; that=settling", "settle that", "the fault that is known comes first"},
	{tells, "own=finished or own=discarded; faultAt=that", "reverse=finished" + settling, "inspect", "the fault that is known comes first"},
	{tells, "faultAt=that", "reverse=finished" + settling + "; this=settling", "settle this", "the fault that is known comes first"},
	{tells, "", "reverse=finished" + settling + "; that=settling", "settle that", "the fault that is known comes first"},

	{"reset", "thisReset=no", "thisReset=$with", "", "a call returned a reset"},
	{"reset", "", "", "", "only the first report counts"},

	{"looked", "limit=none or phase=closing|closed", "", "", "no limit is set now"},
	{"looked", "with=alive", "", "wake", "bytes have moved"},
	{"looked", "phase=running; limit=idle", "fault=$ErrIdle; faultAt=neither; faultEnd=closed; deliver=no; silent=yes" + settling, "inspect", "both are silent"},
	{"looked", "phase=running; limit=linger", "fault=$ErrLinger; faultAt=neither; faultEnd=closed; deliver=no; silent=yes" + settling, "inspect", "one has finished, and the other ignores it"},
	{"looked", "phase=draining", "deliver=no" + settling, "inspect", "the other side had Linger to take what the dead side had sent"},

	{"stalled", "with=; thisReset=!midway", "", "", "the kernel knows of no reset"},
	{"stalled", "phase=running|draining", "fault=this to that: read: $ErrReset; faultAt=this; faultEnd=reset; deliver=no" + settling, "inspect", "one side is reset while the other does not read"},

	{"aborted", "phase=running|draining", "fault=failed; faultAt=neither; faultEnd=closed; deliver=no" + settling, "inspect", "the context is cancelled, or the group shut down"},
	{"panicked", "phase=running|draining", "panicked=$panic; fault=failed; faultAt=neither; faultEnd=failed; deliver=no" + settling, "inspect", "a hook panics, or ends its goroutine"},

	{"looked|stalled|aborted", "phase=settling; deliver=yes; this=settling or phase=settling; deliver=yes; that=settling", "deliver=no", "hurry", "nothing is waited for any more"},
	{"looked|stalled|aborted", "phase=settling", "deliver=no", "", "nothing is waited for"},
	{"stalled|aborted", "", "", "", "both sides are closed already"},
	{"panicked", "phase=settling; deliver=yes; this=settling or phase=settling; deliver=yes; that=settling", "panicked=$panic; deliver=no", "hurry", "nothing is waited for any more"},
	{"panicked", "phase=settling", "panicked=$panic; deliver=no", "", "nothing is waited for"},
	{"panicked", "", "panicked=$panic", "", "both sides are closed already"},

	{"unsent", "this=!settling", "", "", "settle was not called"},
	{"unsent", and(settled, "that=settling"), "this=settled; asked=-", "", "all bytes are delivered or given up; the other side takes longer"},
	{"unsent", settled, "this=settled; asked=-", "inspect", "all bytes are delivered or given up"},
	{"unsent", "with=some; asked=-", "asked=0s", "again", "bytes are unsent"},
	{"unsent", "with=the same; asked=-", "asked=1h0m0s", "again", "bytes are unsent"},
	{"unsent", "", "", "again", "the peer has Linger to take some of the bytes"},

	{"inspected", "phase=!settling or this=settling or that=settling", "", "", "inspect was not called"},
	{"inspected", "", "ownLost=$lost; reverseLost=$reverseLost" + closing, "$close", "see judgeRows"},

	{"closed", "this=!closing", "", "", "close was not called"},
	{"closed", "that=closed", "panicked=$panic; this=closed; phase=closed", "", "the tunnel is over"},
	{"closed", "", "panicked=$panic; this=closed", "", "the other Close takes longer"},
}

const (
	tells   = "told|not connected|unsupported|tell failed"
	settled = "with=unknown|nothing or deliver=no or with=the same; asked=0s"
)

// and returns a condition that holds if both arguments hold. Only the first may
// have alternatives.
func and(alternatives, condition string) string {
	return strings.ReplaceAll(alternatives, " or ", "; "+condition+" or ") + "; " + condition
}

// A judgeRow says how the policy judges one direction when it has inspected
// both sides. An empty string fits every value.
type judgeRow struct {
	finished        string // whether the direction has finished: "yes" or "no"
	sender          string // what inspect found at the side that sends
	receiver        string // what inspect found at the side that receives
	fault           string // which of the two has the fault: "sender" or "receiver"
	silent, isReset string // whether the tunnel was silent, and whether the receiver was reset
	lost, reset     bool   // the result: whether bytes are lost, and whether to reset the receiver
	why             string
}

var judgeRows = []judgeRow{
	{"yes", "", "", "", "", "yes", true, false, "the peer has dropped the bytes that it had not read"},
	{"yes", "", "unread and unsent", "", "", "", true, false, "the kernel drops the bytes that it has not sent yet"},
	{"yes", "", "", "", "", "", false, false, "no reset follows an end that the side was told"},
	{"no", "unread|unread and unsent|in hand", "", "", "", "", true, true, "bytes are missing"},
	{"no", "", "", "sender", "", "", true, true, "the sender did not finish"},
	{"no", "", "", "receiver", "", "", true, false, "nothing more can be delivered"},
	{"no", "", "unread and unsent", "", "", "", true, false, "the kernel drops the bytes that it has not sent yet"},
	{"no", "unknown", "", "", "no", "", true, false, "the kernel does not say whether bytes are missing"},
	{"no", "", "", "", "", "", false, false, "no bytes were on the way"},
}

// judge applies judgeRows to one direction. prefix is "own" or "reverse".
func judge(t *testing.T, v tunnel.View, prefix, sender, receiver string) (lost string, reset bool) {
	faults := map[string]string{"this": "receiver", "that": "sender", "neither": "neither"}
	isReset := v.Get("thisReset")
	if prefix == "own" {
		faults = map[string]string{"this": "sender", "that": "receiver", "neither": "neither"}
		isReset = v.Get("thatReset")
	}
	yes := map[bool]string{true: "yes", false: "no"}
	got := []string{
		yes[v.Get(prefix+"End") == "EOF"], sender, receiver, faults[v.Get("faultAt")],
		yes[v.Get("silent") == "yes"], yes[isReset != "no"],
	}
	for i, row := range judgeRows {
		fits := true
		for j, want := range []string{row.finished, row.sender, row.receiver, row.fault, row.silent, row.isReset} {
			fits = fits && (want == "" || slices.Contains(strings.Split(want, "|"), got[j]))
		}
		if fits {
			judgeRowsUsed[i] = true
			return yes[row.lost], row.reset
		}
	}
	t.Fatalf("no judgeRow for %q", got)
	return "", false
}

var judgeRowsUsed = make(map[int]bool)

// compiled is a policyRow in a form that is fast: TestPolicyFollowsItsTable
// compares half a million moves with it.
type compiled struct {
	policyRow
	alternatives [][]condition
	changes      []change
	used         bool
}

type condition struct {
	key    int
	deny   bool
	values []string
}

type change struct {
	key             int
	value, variable string // the new value is value, and then that of variable
}

func compile(row policyRow) *compiled {
	c := &compiled{policyRow: row}
	for _, alternative := range strings.Split(row.when, " or ") {
		var all []condition
		for _, s := range strings.Split(alternative, "; ") {
			if key, values, ok := strings.Cut(s, "="); ok { // if not, s is empty
				values, deny := strings.CutPrefix(values, "!")
				all = append(all, condition{keyIndex(key), deny, strings.Split(values, "|")})
			}
		}
		c.alternatives = append(c.alternatives, all)
	}
	for _, s := range strings.Split(row.then, "; ") {
		if key, value, ok := strings.Cut(s, "="); ok { // if not, s is empty
			value, variable, _ := strings.Cut(value, "$")
			c.changes = append(c.changes, change{keyIndex(key), value, variable})
		}
	}
	return c
}

func keyIndex(key string) int {
	i := slices.Index(tunnel.Keys, key)
	if i < 0 {
		panic("a row names " + key + ", which is no value of a tunnel.View")
	}
	return i
}

func (c *compiled) fits(v *tunnel.View) bool {
	return slices.ContainsFunc(c.alternatives, func(all []condition) bool {
		return !slices.ContainsFunc(all, func(c condition) bool {
			return slices.Contains(c.values, v[c.key]) == c.deny
		})
	})
}

// want returns the state after m and the actions, as the row says.
func (c *compiled) want(t *testing.T, m *tunnel.Move) (after tunnel.View, actions string) {
	after, actions = m.Before, c.do
	var lost, reverseLost string
	if actions == "$close" {
		lost, reverseLost, actions = judgeBoth(t, m.Before)
	}
	for _, change := range c.changes {
		after[change.key] = change.value
		switch change.variable {
		case "":
		case "lost":
			after[change.key] += lost
		case "reverseLost":
			after[change.key] += reverseLost
		default:
			after[change.key] += variable(t, change.variable, m)
		}
	}
	return after, actions
}

// variable returns the value of a name that follows "$" in a row.
func variable(t *testing.T, name string, m *tunnel.Move) string {
	with := m.Before.Get("with")
	writes := strings.HasPrefix(with, "write")
	switch name {
	case "with", "faultEnd":
		return m.Before.Get(name)
	case "ownErr":
		return m.After.Get(name)
	case "panic":
		if with == "" {
			return "-"
		}
		return with
	case "ErrIdle":
		return tunnel.ErrIdle.Error()
	case "ErrLinger":
		return tunnel.ErrLinger.Error()
	case "ErrHalfClose":
		return tunnel.ErrHalfClose.Error()
	case "ErrReset":
		return tunnel.ErrReset.Error()
	case "end":
		if strings.HasSuffix(with, "reset") {
			return "reset"
		}
		return "failed"
	case "at":
		if writes {
			return "that"
		}
		return "this"
	case "error":
		if writes {
			return "this to that: write: failed"
		}
		return "this to that: read: failed"
	}
	t.Fatalf("a row names $%s, and there is no such variable", name)
	return ""
}

// judgeBoth applies judgeRows to both directions. The event says what inspect
// found at this side. The other side is clean.
func judgeBoth(t *testing.T, v tunnel.View) (lost, reverseLost, actions string) {
	with := v.Get("with")
	lost, resetThat := judge(t, v, "own", with, "clean")
	reverseLost, resetThis := judge(t, v, "reverse", "clean", with)
	actions = "close"
	if resetThis {
		actions += ", reset this"
	}
	if resetThat {
		actions += ", reset that"
	}
	return lost, reverseLost, actions
}

// For every event in every state that can be reached, the policy does what the
// table says, and changes no other value. Every row is used.
func TestPolicyFollowsItsTable(t *testing.T) {
	t.Parallel()
	rows := make(map[string][]*compiled)
	for _, row := range policyRows {
		c := compile(row)
		for _, event := range strings.Split(row.event, "|") {
			rows[event] = append(rows[event], c)
		}
	}
	check := func(m *tunnel.Move) {
		i := slices.IndexFunc(rows[m.Event], func(c *compiled) bool { return c.fits(&m.Before) })
		if i < 0 {
			t.Fatalf("no row for %s in %s", m.Event, show(m.Before))
		}
		row := rows[m.Event][i]
		row.used = true
		after, actions := row.want(t, m)
		if after != m.After || actions != m.Actions {
			t.Fatalf("%s, by the row %q, in %s:\nthe actions are %q, want %q; the state is (-want +got)\n%s",
				m.Event, row.why, show(m.Before), m.Actions, actions, cmp.Diff(show(after), show(m.After)))
		}
	}
	opt := tunnel.Options{Idle: time.Minute}
	everyMove(opt, tunnel.Cases(), check)
	opt.KeepOpen = true // only one event depends on it
	everyMove(opt, slices.DeleteFunc(tunnel.Cases(), func(c tunnel.Case) bool { return c.Event() != "unsupported" }), check)
	for _, event := range tunnel.Events() {
		if len(rows[event]) == 0 {
			t.Errorf("no row for the event %s", event)
		}
	}
	for _, all := range rows {
		for _, row := range all {
			if !row.used {
				t.Errorf("no state needs the row %q when %q", row.why, row.when)
			}
		}
	}
	for i, row := range judgeRows {
		if !judgeRowsUsed[i] {
			t.Errorf("no state needs the judgeRow %q", row.why)
		}
	}
}

// everyMove calls f for each of the cases in every state that can be reached.
func everyMove(opt tunnel.Options, cases []tunnel.Case, f func(*tunnel.Move)) {
	half := len(cases) / 2
	for _, state := range tunnel.NewModel(opt).Reachable() {
		for i := range half {
			m := state.Try(cases[i], cases[half+i])
			f(&m)
		}
	}
}

// show returns the values of v by their names.
func show(v tunnel.View) map[string]string {
	all := make(map[string]string)
	for i, key := range tunnel.Keys {
		all[key] = v[i]
	}
	return all
}
