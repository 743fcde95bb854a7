package soak_test

import (
	"flag"
	"time"
)

var (
	long   = flag.Bool("long", false, "the long form: 10,000 connections, 1,000 of them at once, a fault at every byte, and minutes of everything else")
	conns  = flag.Int("conns", 200, "how many upgraded connections to open and end")
	atOnce = flag.Int("at-once", 100, "how many of them at once")
	seed   = flag.Uint64("seed", 0, "the seed of what they do; if 0, another each time")
	hammer = flag.Duration("hammer", 2*time.Minute, "how long the long form sends each proxy requests whose body is in flight")
)
