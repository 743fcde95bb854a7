package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"strings"

	"github.com/bodywrap/bodywrap/internal/probe"
)

// remedy says what the user can do if no request reaches the backend.
func (s *settings) remedy(ctx context.Context, p *probe.Proxy, r probe.Result) string {
	if r.Fault == probe.Unreachable {
		return s.reach(r.Err)
	}
	scheme := "http"
	if s.backendTLS != nil {
		scheme = "https"
	}
	backend := scheme + "://" + p.Backend.Addr()
	switch p.Backend.Stranger() {
	case probe.SpeaksTLS:
		return "serve TLS with -listen-tls, or have the proxy speak plain HTTP/1.1 to " + backend
	case probe.SpeaksPlain:
		return "have it pass requests on to " + backend + ", or leave -listen-tls out"
	case probe.SpeaksHTTP2:
		return "have it speak HTTP/1.1 to its backend, as upgrades need"
	case probe.RefusesTLS:
		return "have it trust the certificate in " + s.listenTLS + ", and connect to a name or an address that is in it"
	}
	if isAlert(r.Err) {
		return refusedUs
	}
	if s.url.Scheme == "http" && p.SpeaksTLS(ctx) {
		return "it speaks TLS there: give the URL with https"
	}
	return fmt.Sprintf("have it pass requests for %s on to %s, upgrades included", "/"+strings.TrimPrefix(s.url.Path, "/"), backend)
}

// refusedUs is the remedy for a proxy that ends the handshake with an alert.
const refusedUs = "have it accept TLS 1.2 or 1.3 with HTTP/1.1, for the name in the URL and without a client certificate, which wrapprobe does not have"

// reach says what the user can do if there is no connection to the proxy.
func (s *settings) reach(err error) string {
	var (
		host    x509.HostnameError
		invalid x509.CertificateInvalidError
		verify  *tls.CertificateVerificationError
		record  tls.RecordHeaderError
		shake   *probe.HandshakeError
		lookup  *net.DNSError
	)
	switch {
	case errors.As(err, &host):
		return "give the URL with a name that is in the certificate, or trust every certificate with -insecure"
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return "renew the proxy's certificate and see that the clock is right, or trust every certificate with -insecure"
	case errors.As(err, &verify):
		return "trust the certificate, or that of its issuer, with -ca, or trust every certificate with -insecure"
	case errors.As(err, &record):
		return "it does not speak TLS there: give the URL with http"
	case isAlert(err):
		return refusedUs
	case errors.As(err, &shake):
		return "give the URL at which it speaks TLS, or, if it speaks plain HTTP there, the URL with http"
	case errors.As(err, &lookup):
		return "give the URL with a name that can be looked up, or with an address"
	}
	return "start the proxy there, or give the URL at which it is"
}

// isAlert reports whether err is a TLS alert from the proxy.
func isAlert(err error) bool {
	var op *net.OpError
	return errors.As(err, &op) && op.Op == "remote error"
}
