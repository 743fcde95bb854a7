package tunnel

import (
	"errors"
	"fmt"
	"time"
)

// Reasons for which a tunnel ends though neither side is at fault. The error of
// [Copy] wraps them, and so does the Err of each [Direction] that they cut off.
var (
	ErrIdle      = errors.New("both directions were silent for the idle time")
	ErrLinger    = errors.New("silent for the linger time after the other direction had ended")
	ErrHalfClose = errors.New("the other direction had ended, and the side to tell it to cannot half-close")
	ErrShutdown  = errors.New("the group was shut down")
)

// A Result says what went through a tunnel, and how it ended.
type Result struct {
	ToBackend Direction
	ToClient  Direction
}

// A Direction is what one side sent to the other.
type Direction struct {
	// Bytes is how many bytes the receiving side has taken.
	Bytes int64

	// First and Last are when bytes first and last moved. Both are zero if
	// none did.
	First, Last time.Time

	// End is how the direction ended, and Err is why. Err is nil only for
	// EOF.
	End End
	Err error

	// HalfClosed is whether CloseWrite has told the receiving side of the
	// end, while the other direction went on.
	HalfClosed bool

	// Lost is whether bytes may be lost: the sending side has sent them, or
	// was about to, and they are not known to have reached the receiving
	// side. After EOF, Lost is false unless the receiving side was reset
	// while bytes were on the way to it.
	Lost bool
}

// An End is the way in which a direction ended.
type End int

const (
	EOF    End = 1 // the sending side finished, and everything was delivered
	Reset  End = 2 // one of the sides was reset by its peer
	Failed End = 3 // reading or writing failed otherwise
	Closed End = 4 // the tunnel ended for another reason
)

func (e End) String() string {
	switch e {
	case EOF:
		return "EOF"
	case Reset:
		return "reset"
	case Failed:
		return "failed"
	case Closed:
		return "closed"
	}
	return fmt.Sprintf("End(%d)", int(e))
}
