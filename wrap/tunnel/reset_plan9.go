package tunnel

import "errors"

var errReset = errors.New("connection reset by peer")

// Plan 9 tells resets from other errors by their text alone.

func isReset(error) bool { return false }

func isNotConnected(error) bool { return false }

func isAfterEOF(error) bool { return false }
