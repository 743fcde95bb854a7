package probe

import (
	"fmt"
	"strconv"
	"time"
)

// A Verdict says whether applications can live with what came out.
type Verdict string

const (
	OK   Verdict = "ok"
	Note Verdict = "note" // works, at a price that somebody may have to know
	Bad  Verdict = "bad"
)

// A Fault is the kind of a bad verdict.
type Fault string

const (
	Refused     Fault = "refused"     // the upgrade did not come through
	Lost        Fault = "lost"        // not all bytes arrived, and the tunnel has ended
	Hang        Fault = "hang"        // an end waits for what does not come
	Corrupt     Fault = "corrupt"     // other bytes arrived than were sent
	Leak        Fault = "leak"        // something stays behind
	Wrong       Fault = "wrong"       // the client was given another answer
	Unreachable Fault = "unreachable" // no connection to the proxy
	Astray      Fault = "astray"      // the proxy did not connect to our backend
	Cut         Fault = "cut"         // the probe was stopped
)

// A Result is what came out of one run of one scenario.
type Result struct {
	Scenario string        `json:"scenario"`
	Verdict  Verdict       `json:"verdict"`
	Fault    Fault         `json:"fault,omitempty"`
	Status   int           `json:"status,omitempty"` // of the answer that the client got
	Arrived  int           `json:"arrived"`          // bytes, at the end that Scenario.At names
	Expected int           `json:"expected"`
	Knew     string        `json:"knew,omitempty"` // how the other side was told: EOF, reset, data, nothing
	After    time.Duration `json:"after_ns"`       // how soon it knew, or was no longer waited for
	Finding  string        `json:"finding,omitempty"`
	Notice   string        `json:"notice,omitempty"` // what an application would see of it
	Timeline []Event       `json:"timeline"`

	// Err is the error that Unreachable or Astray stands for, or nil if the
	// proxy gave an answer of its own.
	Err error `json:"-"`
}

// Size writes n bytes as a person would.
func Size(n int) string {
	switch {
	case n >= 1<<20 && n%(1<<20) == 0:
		return strconv.Itoa(n>>20) + " MiB"
	case n >= 1<<10 && n%(1<<10) == 0:
		return strconv.Itoa(n>>10) + " KiB"
	}
	return strconv.Itoa(n) + " B"
}

// Time writes d with two digits that count.
func Time(d time.Duration) string {
	switch ms := float64(d) / float64(time.Millisecond); {
	case ms < 9.95:
		return fmt.Sprintf("%.1f ms", ms)
	case ms < 999.5:
		return fmt.Sprintf("%.0f ms", ms)
	case ms < 9950:
		return fmt.Sprintf("%.1f s", ms/1000)
	}
	return fmt.Sprintf("%.0f s", d.Seconds())
}
