package main

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"flag"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/bodywrap/bodywrap/internal/probe"
)

const usage = `Usage: wrapprobe [-json] [-html file]
       wrapprobe -listen address [flags] URL

Wrapprobe shows how a proxy passes on the end of a conversation. Without a URL
it demonstrates what wrappers of a body lose in httputil.ReverseProxy. With one
it is the client of that URL and the backend on address: point the proxy there.

  wrapprobe -listen 127.0.0.1:9000 http://127.0.0.1:8080/path

Exit status: 0 all is well, 1 a verdict is bad, 2 misuse, 3 nothing came through.

`

// settings are the options and arguments of the command line.
type settings struct {
	json      bool
	html      string
	listen    string
	listenTLS string   // the file with the backend's certificate and key, or none
	url       *url.URL // nil for the demonstration
	token     string
	header    http.Header
	tls       *tls.Config // to the proxy
	timeout   time.Duration
	hold      time.Duration
	runs      int
	scenarios []probe.Scenario

	backendTLS *tls.Config // nil without listenTLS
}

// parse returns the settings, or the text for -h.
func parse(args []string) (s *settings, help string, err error) {
	s = &settings{header: make(http.Header), scenarios: probe.All()}
	f := flag.NewFlagSet("wrapprobe", flag.ContinueOnError)
	var out bytes.Buffer
	f.SetOutput(&out)
	f.Usage = func() {}
	var (
		only     string
		insecure bool
		ca       string
	)
	f.BoolVar(&s.json, "json", false, "print JSON")
	f.StringVar(&s.html, "html", "", "write a page with drawn timelines to `file`")
	f.StringVar(&s.listen, "listen", "", "be the backend on `address`")
	f.StringVar(&s.listenTLS, "listen-tls", "", "be it over TLS: certificate and key in `file`, made if missing")
	f.StringVar(&s.token, "upgrade", "websocket", "ask for `protocol`, or for several: a,b,...")
	f.Func("header", "send `name:value` along; may be repeated", s.addHeader)
	f.StringVar(&ca, "ca", "", "trust the certificates in `file`, for https")
	f.BoolVar(&insecure, "insecure", false, "trust every certificate")
	f.DurationVar(&s.timeout, "timeout", 5*time.Second, "wait this long for what must come")
	f.DurationVar(&s.hold, "hold", 2*time.Second, "watch an end that is idle or slow this long")
	f.IntVar(&s.runs, "runs", 1, "play each scenario `n` times")
	f.StringVar(&only, "scenarios", "", "play those whose names contain one of `a,b,...`")
	err = f.Parse(args)
	if errors.Is(err, flag.ErrHelp) {
		return nil, usage + flagList(f), nil
	}
	if err != nil {
		return nil, "", err
	}
	if f.NArg() == 0 {
		other := ""
		f.Visit(func(g *flag.Flag) {
			if g.Name != "json" && g.Name != "html" {
				other = g.Name
			}
		})
		if other != "" {
			return nil, "", fmt.Errorf("-%s is for a running proxy: give its URL", other)
		}
		return s, "", nil
	}
	if f.NArg() > 1 {
		return nil, "", fmt.Errorf("unexpected argument %q", f.Arg(1))
	}
	if s.url, err = parseURL(f.Arg(0)); err != nil {
		return nil, "", err
	}
	if _, _, err := net.SplitHostPort(s.listen); err != nil {
		return nil, "", fmt.Errorf("-listen %q: want the address and port to which the proxy connects, such as 127.0.0.1:9000", s.listen)
	}
	if s.timeout <= 0 || s.hold <= 0 || s.runs < 1 {
		return nil, "", errors.New("-timeout and -hold must be positive, -runs at least 1")
	}
	if err := checkUpgrade(s.token); err != nil {
		return nil, "", err
	}
	if s.scenarios, err = choose(only); err != nil {
		return nil, "", err
	}
	s.tls = &tls.Config{InsecureSkipVerify: insecure}
	if ca != "" {
		if s.tls.RootCAs, err = readRoots(ca); err != nil {
			return nil, "", err
		}
	}
	if s.listenTLS != "" {
		if s.backendTLS, err = backendIdentity(s.listenTLS, s.listen); err != nil {
			return nil, "", fmt.Errorf("-listen-tls: %w", err)
		}
	}
	return s, "", nil
}

// flagList returns a line for each flag.
func flagList(f *flag.FlagSet) string {
	var b strings.Builder
	f.VisitAll(func(g *flag.Flag) {
		name, text := flag.UnquoteUsage(g)
		if g.DefValue != "" && g.DefValue != "false" {
			text += " (default " + g.DefValue + ")"
		}
		fmt.Fprintf(&b, "  %-20s%s\n", strings.TrimSpace("-"+g.Name+" "+name), text)
	})
	return b.String()
}

func parseURL(arg string) (*url.URL, error) {
	u, err := url.Parse(arg)
	if err != nil {
		return nil, err
	}
	if u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return nil, fmt.Errorf("%q is not an http or https URL", arg)
	}
	if u.User != nil {
		return nil, errors.New("the user in the URL would not be sent: give -header 'Authorization: ...'")
	}
	if port := u.Port(); port != "" {
		if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
			return nil, fmt.Errorf("%q has a port that is not from 1 to 65535", arg)
		}
	}
	return u, nil
}

// choose returns the scenarios whose name contains one of the comma-separated
// parts of list, or all if list is empty.
func choose(list string) ([]probe.Scenario, error) {
	all := probe.All()
	if list == "" {
		return all, nil
	}
	var chosen []probe.Scenario
	parts := strings.Split(list, ",")
	for _, part := range parts {
		if !slices.ContainsFunc(all, func(s probe.Scenario) bool { return strings.Contains(s.Name, strings.TrimSpace(part)) }) {
			return nil, fmt.Errorf("-scenarios: no scenario's name contains %q", part)
		}
	}
	for _, s := range all {
		if slices.ContainsFunc(parts, func(part string) bool { return strings.Contains(s.Name, strings.TrimSpace(part)) }) {
			chosen = append(chosen, s)
		}
	}
	return chosen, nil
}

func readRoots(file string) (*x509.CertPool, error) {
	pem, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("-ca %s: no certificate in it", file)
	}
	return roots, nil
}
