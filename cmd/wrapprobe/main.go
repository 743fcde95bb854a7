// Wrapprobe shows how a proxy passes on the end of a conversation.
//
// Without arguments it is a demonstration: on loopback it starts a backend that
// upgrades, an httputil.ReverseProxy and a client, plays six scenarios for each
// of six ways to treat the response's body in ModifyResponse, and prints what
// arrived and how soon the other side knew.
//
//	go run ./cmd/wrapprobe
//
// The exit status is 0 if wrap.Body and wrap.Keep passed all that the body
// passes when it is left alone, and 1 if not.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
)

const usage = `Usage: wrapprobe [-json]

Wrapprobe shows how a proxy passes on the end of a conversation: it plays close
scenarios through httputil.ReverseProxy on loopback, for each way to treat the
response's body in ModifyResponse, and prints what arrived at the other end.

  go run ./cmd/wrapprobe

Exit status 0: wrap.Body and wrap.Keep pass all that the untouched body passes.

`

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

func run(args []string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("wrapprobe", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	asJSON := flags.Bool("json", false, "print JSON")
	err := flags.Parse(args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		fmt.Fprint(stdout, usage)
		flags.SetOutput(stdout)
		flags.PrintDefaults()
		return 0
	case err == nil && flags.NArg() > 0:
		err = fmt.Errorf("unexpected argument %q", flags.Arg(0))
	}
	if err != nil {
		fmt.Fprintf(stderr, "wrapprobe: %v\nRun wrapprobe -h for usage.\n", err)
		return 2
	}
	return demonstrate(context.Background(), *asJSON, stdout, stderr)
}
