package probe

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func TestTimelineJoinsDataThatFollowsData(t *testing.T) {
	type add struct {
		lane   Lane
		action Action
		bytes  int
	}
	tests := []struct {
		why  string
		adds []add
		want []Event
	}{
		{"one stream is one event, however many reads it takes",
			[]add{{Client, Gets, 1}, {Client, Gets, 2}},
			[]Event{{Lane: Client, Action: Gets, Bytes: 3}}},
		{"what the other end does in between does not part it",
			[]add{{Client, Sends, 1}, {Backend, Gets, 1}, {Client, Sends, 2}, {Backend, Gets, 2}},
			[]Event{{Lane: Client, Action: Sends, Bytes: 3}, {Lane: Backend, Action: Gets, Bytes: 3}}},
		{"an answer in between does: who spoke when must be seen",
			[]add{{Client, Sends, 1}, {Client, Gets, 5}, {Client, Sends, 2}},
			[]Event{{Lane: Client, Action: Sends, Bytes: 1}, {Lane: Client, Action: Gets, Bytes: 5}, {Lane: Client, Action: Sends, Bytes: 2}}},
		{"so does a FIN",
			[]add{{Client, Gets, 1}, {Client, SendsFIN, 0}, {Client, Gets, 2}},
			[]Event{{Lane: Client, Action: Gets, Bytes: 1}, {Lane: Client, Action: SendsFIN}, {Lane: Client, Action: Gets, Bytes: 2}}},
		{"what is not data is never joined",
			[]add{{Client, Asks, 0}, {Client, Asks, 0}},
			[]Event{{Lane: Client, Action: Asks}, {Lane: Client, Action: Asks}}},
	}
	for _, tt := range tests {
		tl := &timeline{start: time.Now()}
		for _, a := range tt.adds {
			tl.add(a.lane, a.action, a.bytes, "")
		}
		if diff := cmp.Diff(tt.want, tl.events(), cmpopts.IgnoreFields(Event{}, "At", "Until")); diff != "" {
			t.Errorf("%s: events (-want +got):\n%s", tt.why, diff)
		}
	}
}

func TestTimelineTellsWhenAndHowLong(t *testing.T) {
	tl := &timeline{start: time.Now().Add(-3 * time.Second)}
	tl.span(tl.start.Add(time.Second), Backend, Silence, 0, "")
	e := tl.events()[0]
	if e.At != time.Second || e.Until < 3*time.Second {
		t.Errorf("a silence from 1s until now, at least 3s, is noted as %v to %v", e.At, e.Until)
	}
}

func TestSizeAndTimeAreShort(t *testing.T) {
	for n, want := range map[int]string{0: "0 B", 7: "7 B", 1007: "1007 B", 1 << 10: "1 KiB", 65536: "64 KiB", 65537: "65537 B", 12 << 20: "12 MiB", 1<<20 + 1<<10: "1025 KiB"} {
		if got := Size(n); got != want {
			t.Errorf("Size(%d) = %q, want %q", n, got, want)
		}
	}
	for d, want := range map[time.Duration]string{
		40 * time.Microsecond:    "0.0 ms",
		9940 * time.Microsecond:  "9.9 ms",
		9960 * time.Microsecond:  "10 ms",
		999 * time.Millisecond:   "999 ms",
		1000 * time.Millisecond:  "1.0 s",
		12400 * time.Millisecond: "12 s",
	} {
		if got := Time(d); got != want {
			t.Errorf("Time(%v) = %q, want %q", d, got, want)
		}
	}
}
