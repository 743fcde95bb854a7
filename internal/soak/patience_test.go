package soak_test

import "time"

// patience is reached only by what hangs.
const patience = time.Minute
