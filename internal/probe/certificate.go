package probe

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"sync"
	"time"
)

// NewCertificate makes a self-signed server certificate for the loopback
// addresses and for hosts, and returns the certificate and its key as PEM. It
// is valid from an hour ago, for clocks that are behind, until lifetime from
// now.
func NewCertificate(lifetime time.Duration, hosts ...string) ([]byte, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{
		SerialNumber: serial,
		Subject:      pkix.Name{CommonName: "wrapprobe"},
		NotBefore:    time.Now().Add(-time.Hour),
		NotAfter:     time.Now().Add(lifetime),
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		IPAddresses:  []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback},
		DNSNames:     []string{"localhost"},

		// The certificate is not a CA: a stolen key serves for these
		// names only.
		BasicConstraintsValid: true,
	}
	for _, host := range hosts {
		if ip := net.ParseIP(host); ip == nil {
			template.DNSNames = append(template.DNSNames, host)
		} else if !ip.IsUnspecified() {
			template.IPAddresses = append(template.IPAddresses, ip)
		}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return nil, err
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	for _, block := range []*pem.Block{{Type: "CERTIFICATE", Bytes: der}, {Type: "PRIVATE KEY", Bytes: private}} {
		if err := pem.Encode(&b, block); err != nil {
			return nil, err
		}
	}
	return b.Bytes(), nil
}

// Certificate returns a server certificate for the loopback addresses, and the
// pool of roots that trusts it. It is made once, and never leaves the process.
var Certificate = sync.OnceValues(func() (tls.Certificate, *x509.CertPool) {
	made, err := NewCertificate(24 * time.Hour)
	if err != nil {
		panic(err) // no randomness
	}
	cert, err := tls.X509KeyPair(made, made)
	if err != nil {
		panic(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(made)
	return cert, roots
})

// ServerTLS is for a listener on loopback that speaks HTTP/1.1.
func ServerTLS() *tls.Config {
	cert, _ := Certificate()
	return ServeWith(cert)
}

// ServeWith is for a listener that shows cert and speaks HTTP/1.1.
func ServeWith(cert tls.Certificate) *tls.Config {
	return &tls.Config{Certificates: []tls.Certificate{cert}, NextProtos: []string{"http/1.1"}}
}

// ClientTLS trusts what ServerTLS shows.
func ClientTLS() *tls.Config {
	_, roots := Certificate()
	return &tls.Config{RootCAs: roots}
}
