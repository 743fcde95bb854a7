// Wrapprobe shows how a proxy passes on the end of a conversation.
//
// Without a URL it is a demonstration: on loopback it starts a backend that
// upgrades, an httputil.ReverseProxy and a client, plays six scenarios for each
// of six ways to treat the response's body in ModifyResponse, and prints what
// arrived and how soon the other side knew.
//
//	go run ./cmd/wrapprobe
//
// With the URL of a proxy that runs, wrapprobe is the client of that URL and
// the backend on the address of -listen, to which the proxy has to be pointed:
//
//	wrapprobe -listen 127.0.0.1:9000 http://127.0.0.1:8080/path
//
// For a proxy that speaks TLS to its backends, -listen-tls names a file with
// the certificate and the key that wrapprobe serves with, both as PEM. If
// there is no such file, wrapprobe makes one, with a certificate for the
// loopback addresses, for the address of -listen and for the name of the
// machine. It signs itself and is no CA, so the proxy has to trust that
// certificate.
//
// -hold is how long wrapprobe watches what the proxy does about an end that
// neither reads nor sends, or that reads slowly. To find out about a proxy's
// idle limit, make it longer than that limit.
//
// -header cannot set Connection, Upgrade, Content-Length, Transfer-Encoding and
// Wrapprobe-Run, which wrapprobe sets itself. Host, Sec-WebSocket-Key and
// Sec-WebSocket-Version take the place of its own.
//
// A verdict is ok if the ends saw what they would have seen of each other
// without a proxy. It is a note if an application can live with the
// difference, which is then said, such as a reset that arrives as an orderly
// end. It is bad if data is lost or changed, an end waits in vain, or
// something stays behind.
//
// The exit status is 0 if all is well, 1 if a verdict is bad (in the
// demonstration: if wrap.Body or wrap.Keep fails where the untouched body
// passes) or the probe was interrupted, 2 for misuse, and 3 if the proxy could
// not be reached or did not connect to wrapprobe.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
)

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

func run(args []string, stdout, stderr io.Writer) int {
	s, help, err := parse(args)
	if err == nil && help == "" && s.html != "" {
		if err = checkWritable(s.html); err != nil {
			err = fmt.Errorf("-html: %w", err)
		}
	}
	switch {
	case err != nil:
		fmt.Fprintf(stderr, "wrapprobe: %v\nRun wrapprobe -h for usage.\n", err)
		return 2
	case help != "":
		fmt.Fprint(stdout, help)
		return 0
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	var status int
	if s.url == nil {
		status, err = demonstrate(ctx, s, stdout)
	} else {
		status, err = live(ctx, s, stdout, stderr)
	}
	if err != nil {
		fmt.Fprintf(stderr, "wrapprobe: %v\n", err)
	}
	return status
}
