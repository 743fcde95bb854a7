package main

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"time"

	"github.com/bodywrap/bodywrap/internal/probe"
)

// identityLifetime is how long a certificate is valid that wrapprobe makes.
const identityLifetime = 365 * 24 * time.Hour

// backendIdentity returns the TLS configuration of the backend on the address
// listen, with the certificate and the key in file. If there is no such file,
// backendIdentity makes it, so that the next run has the same certificate.
func backendIdentity(file, listen string) (*tls.Config, error) {
	content, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		content, err = makeIdentity(file, listen)
	}
	if err != nil {
		return nil, err
	}
	cert, err := tls.X509KeyPair(content, content)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	if cert.Leaf != nil && time.Now().After(cert.Leaf.NotAfter) {
		return nil, fmt.Errorf("%s: the certificate expired on %s; without the file, wrapprobe makes a new one", file, cert.Leaf.NotAfter.Format(time.DateOnly))
	}
	return probe.ServeWith(cert), nil
}

// makeIdentity makes a certificate for the host of listen and the name of this
// machine, and writes it into file.
func makeIdentity(file, listen string) ([]byte, error) {
	var names []string
	if host, _, err := net.SplitHostPort(listen); err == nil && host != "" {
		names = append(names, host)
	}
	if name, err := os.Hostname(); err == nil {
		names = append(names, name)
	}
	content, err := probe.NewCertificate(identityLifetime, names...)
	if err != nil {
		return nil, err
	}
	return content, writeWhole(file, content, 0o600)
}
