package tunnel

import "errors"

var errReset = errors.New("connection reset by peer")

// Plan 9 only has texts for errors, and resets are not looked for there.

func isReset(error) bool { return false }

func isNotConnected(error) bool { return false }

func isAfterEOF(error) bool { return false }
