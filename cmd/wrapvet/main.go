// Wrapvet finds the code of HTTP proxies that loses what a response's body could do: an upgraded connection (WebSocket,
// docker attach, kubectl exec) is written to and half-closed through Response.Body, and a ModifyResponse hook or
// RoundTripper that replaces the body with less breaks it without a word.
//
//	wrapvet [-fix] [-json] [-clients] [package ...]
//	go vet -vettool=$(which wrapvet) [package ...]
//
// Alone it prints findings as file:line:col: message and exits 1 if there are any, 2 if it could not look. The rules, and
// what it does not see: https://github.com/bodywrap/bodywrap/blob/main/cmd/wrapvet/README.md
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/tools/go/analysis/unitchecker"

	"github.com/bodywrap/bodywrap/cmd/wrapvet/analyzer"
	"github.com/bodywrap/bodywrap/cmd/wrapvet/internal/alone"
)

func main() {
	if byGo(os.Args[1:]) {
		unitchecker.Main(analyzer.Analyzer) // does not return
	}
	os.Exit(run(os.Args[1:], os.Stdout, os.Stderr))
}

// byGo reports whether go vet runs the command: it asks for version and flags, and hands over a .cfg file.
func byGo(args []string) bool {
	for _, a := range args {
		if strings.HasPrefix(a, "-V=") || a == "-flags" || strings.HasSuffix(a, ".cfg") {
			return true
		}
	}
	return false
}

const usage = `usage: wrapvet [-fix] [-json] [-clients] [package ...]

Wrapvet finds ModifyResponse hooks and RoundTrippers that lose what the body of an
HTTP response could do: above all that an upgraded connection can be written to and
half-closed through it. Findings are file:line:col: message; the exit status is 1 if
there are any. //wrapvet:ignore RULE REASON keeps one, on its line or the one above.

	wrapvet ./...
	go vet -vettool=$(which wrapvet) ./...

`

func run(args []string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("wrapvet", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	var opts alone.Options
	flags.BoolVar(&opts.Fix, "fix", false, "apply the suggested fixes")
	flags.BoolVar(&opts.JSON, "json", false, "print findings as JSON, one a line")
	clients := flags.Bool("clients", false, "look at RoundTrippers of the package's own http.Clients too")
	switch err := flags.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		fmt.Fprint(stdout, usage)
		flags.SetOutput(stdout)
		flags.PrintDefaults()
		return 0
	case err != nil:
		fmt.Fprintf(stderr, "wrapvet: %v\nRun wrapvet -h for usage.\n", err)
		return 2
	}
	a := analyzer.New()
	if *clients {
		if err := a.Flags.Set("clients", "true"); err != nil {
			panic(err) // it is the analyzer's own flag
		}
	}
	patterns := flags.Args()
	if len(patterns) == 0 {
		patterns = []string{"."}
	}
	n, err := alone.Run(a, patterns, opts, stdout)
	switch {
	case err != nil:
		fmt.Fprintf(stderr, "wrapvet: %v\n", err)
		return 2
	case n > 0:
		return 1
	}
	return 0
}
