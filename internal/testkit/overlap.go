package testkit

import (
	"flag"
	"runtime"
	"strconv"
)

// Overlap lets twice as many parallel tests run at the same time as there are
// processors. It is for packages whose tests wait for most of their time. If
// the flag -parallel was given, Overlap does nothing. Call it in TestMain,
// before m.Run.
func Overlap() {
	flag.Parse()
	overlap(flag.CommandLine)
}

func overlap(flags *flag.FlagSet) {
	const name = "test.parallel"
	given := false
	flags.Visit(func(f *flag.Flag) { given = given || f.Name == name })
	if given {
		return
	}
	if err := flags.Set(name, strconv.Itoa(2*runtime.GOMAXPROCS(0))); err != nil {
		panic(err) // package testing has no such flag any more
	}
}
