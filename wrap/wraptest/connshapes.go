package wraptest

import "net"

// A connection's optional methods are written out in two halves, or the table
// of all combinations would be twice as long.
type (
	connCW interface {
		net.Conn
		cw
	}
	connCR interface {
		net.Conn
		cr
	}
	connCWCR interface {
		net.Conn
		cw
		cr
	}
	connNC interface {
		net.Conn
		nc
	}
	connCWNC interface {
		net.Conn
		cw
		nc
	}
	connCRNC interface {
		net.Conn
		cr
		nc
	}
	connCWCRNC interface {
		net.Conn
		cw
		cr
		nc
	}

	wtrf interface {
		wt
		rf
	}
	wtsc interface {
		wt
		sc
	}
	rfsc interface {
		rf
		sc
	}
	wtrfsc interface {
		wt
		rf
		sc
	}
)

// conns are the combinations of a connection's optional methods, as far as they
// have nothing to do with TLS, and then the connections that have TLS.
var conns = map[methods]func(*original) net.Conn{
	0: func(o *original) net.Conn { // net.Pipe
		return struct{ net.Conn }{o}
	},
	hasWriteTo: func(o *original) net.Conn {
		return struct {
			net.Conn
			wt
		}{o, o}
	},
	hasReadFrom: func(o *original) net.Conn {
		return struct {
			net.Conn
			rf
		}{o, o}
	},
	hasWriteTo | hasReadFrom: func(o *original) net.Conn {
		return struct {
			net.Conn
			wtrf
		}{o, o}
	},
	hasSyscallConn: func(o *original) net.Conn {
		return struct {
			net.Conn
			sc
		}{o, o}
	},
	hasWriteTo | hasSyscallConn: func(o *original) net.Conn {
		return struct {
			net.Conn
			wtsc
		}{o, o}
	},
	hasReadFrom | hasSyscallConn: func(o *original) net.Conn {
		return struct {
			net.Conn
			rfsc
		}{o, o}
	},
	hasWriteTo | hasReadFrom | hasSyscallConn: func(o *original) net.Conn {
		return struct {
			net.Conn
			wtrfsc
		}{o, o}
	},
	hasCloseWrite: func(o *original) net.Conn {
		return struct{ connCW }{o}
	},
	hasCloseWrite | hasWriteTo: func(o *original) net.Conn {
		return struct {
			connCW
			wt
		}{o, o}
	},
	hasCloseWrite | hasReadFrom: func(o *original) net.Conn {
		return struct {
			connCW
			rf
		}{o, o}
	},
	hasCloseWrite | hasWriteTo | hasReadFrom: func(o *original) net.Conn {
		return struct {
			connCW
			wtrf
		}{o, o}
	},
	hasCloseWrite | hasSyscallConn: func(o *original) net.Conn {
		return struct {
			connCW
			sc
		}{o, o}
	},
	hasCloseWrite | hasWriteTo | hasSyscallConn: func(o *original) net.Conn {
		return struct {
			connCW
			wtsc
		}{o, o}
	},
	hasCloseWrite | hasReadFrom | hasSyscallConn: func(o *original) net.Conn {
		return struct {
			connCW
			rfsc
		}{o, o}
	},
	hasCloseWrite | hasWriteTo | hasReadFrom | hasSyscallConn: func(o *original) net.Conn {
		return struct {
			connCW
			wtrfsc
		}{o, o}
	},
	hasCloseRead: func(o *original) net.Conn {
		return struct{ connCR }{o}
	},
	hasCloseRead | hasWriteTo: func(o *original) net.Conn {
		return struct {
			connCR
			wt
		}{o, o}
	},
	hasCloseRead | hasReadFrom: func(o *original) net.Conn {
		return struct {
			connCR
			rf
		}{o, o}
	},
	hasCloseRead | hasWriteTo | hasReadFrom: func(o *original) net.Conn {
		return struct {
			connCR
			wtrf
		}{o, o}
	},
	hasCloseRead | hasSyscallConn: func(o *original) net.Conn {
		return struct {
			connCR
			sc
		}{o, o}
	},
	hasCloseRead | hasWriteTo | hasSyscallConn: func(o *original) net.Conn {
		return struct {
			connCR
			wtsc
		}{o, o}
	},
	hasCloseRead | hasReadFrom | hasSyscallConn: func(o *original) net.Conn {
		return struct {
			connCR
			rfsc
		}{o, o}
	},
	hasCloseRead | hasWriteTo | hasReadFrom | hasSyscallConn: func(o *original) net.Conn {
		return struct {
			connCR
			wtrfsc
		}{o, o}
	},
	hasCloseWrite | hasCloseRead: func(o *original) net.Conn {
		return struct{ connCWCR }{o}
	},
	hasCloseWrite | hasCloseRead | hasWriteTo: func(o *original) net.Conn {
		return struct {
			connCWCR
			wt
		}{o, o}
	},
	hasCloseWrite | hasCloseRead | hasReadFrom: func(o *original) net.Conn {
		return struct {
			connCWCR
			rf
		}{o, o}
	},
	hasCloseWrite | hasCloseRead | hasWriteTo | hasReadFrom: func(o *original) net.Conn {
		return struct {
			connCWCR
			wtrf
		}{o, o}
	},
	hasCloseWrite | hasCloseRead | hasSyscallConn: func(o *original) net.Conn { // UnixConn
		return struct {
			connCWCR
			sc
		}{o, o}
	},
	hasCloseWrite | hasCloseRead | hasWriteTo | hasSyscallConn: func(o *original) net.Conn {
		return struct {
			connCWCR
			wtsc
		}{o, o}
	},
	hasCloseWrite | hasCloseRead | hasReadFrom | hasSyscallConn: func(o *original) net.Conn {
		return struct {
			connCWCR
			rfsc
		}{o, o}
	},
	hasCloseWrite | hasCloseRead | hasWriteTo | hasReadFrom | hasSyscallConn: func(o *original) net.Conn { // TCPConn
		return struct {
			connCWCR
			wtrfsc
		}{o, o}
	},
	hasNetConn: func(o *original) net.Conn {
		return struct{ connNC }{o}
	},
	hasNetConn | hasWriteTo: func(o *original) net.Conn {
		return struct {
			connNC
			wt
		}{o, o}
	},
	hasNetConn | hasReadFrom: func(o *original) net.Conn {
		return struct {
			connNC
			rf
		}{o, o}
	},
	hasNetConn | hasWriteTo | hasReadFrom: func(o *original) net.Conn {
		return struct {
			connNC
			wtrf
		}{o, o}
	},
	hasNetConn | hasSyscallConn: func(o *original) net.Conn {
		return struct {
			connNC
			sc
		}{o, o}
	},
	hasNetConn | hasWriteTo | hasSyscallConn: func(o *original) net.Conn {
		return struct {
			connNC
			wtsc
		}{o, o}
	},
	hasNetConn | hasReadFrom | hasSyscallConn: func(o *original) net.Conn {
		return struct {
			connNC
			rfsc
		}{o, o}
	},
	hasNetConn | hasWriteTo | hasReadFrom | hasSyscallConn: func(o *original) net.Conn {
		return struct {
			connNC
			wtrfsc
		}{o, o}
	},
	hasCloseWrite | hasNetConn: func(o *original) net.Conn {
		return struct{ connCWNC }{o}
	},
	hasCloseWrite | hasNetConn | hasWriteTo: func(o *original) net.Conn {
		return struct {
			connCWNC
			wt
		}{o, o}
	},
	hasCloseWrite | hasNetConn | hasReadFrom: func(o *original) net.Conn {
		return struct {
			connCWNC
			rf
		}{o, o}
	},
	hasCloseWrite | hasNetConn | hasWriteTo | hasReadFrom: func(o *original) net.Conn {
		return struct {
			connCWNC
			wtrf
		}{o, o}
	},
	hasCloseWrite | hasNetConn | hasSyscallConn: func(o *original) net.Conn {
		return struct {
			connCWNC
			sc
		}{o, o}
	},
	hasCloseWrite | hasNetConn | hasWriteTo | hasSyscallConn: func(o *original) net.Conn {
		return struct {
			connCWNC
			wtsc
		}{o, o}
	},
	hasCloseWrite | hasNetConn | hasReadFrom | hasSyscallConn: func(o *original) net.Conn {
		return struct {
			connCWNC
			rfsc
		}{o, o}
	},
	hasCloseWrite | hasNetConn | hasWriteTo | hasReadFrom | hasSyscallConn: func(o *original) net.Conn {
		return struct {
			connCWNC
			wtrfsc
		}{o, o}
	},
	hasCloseRead | hasNetConn: func(o *original) net.Conn {
		return struct{ connCRNC }{o}
	},
	hasCloseRead | hasNetConn | hasWriteTo: func(o *original) net.Conn {
		return struct {
			connCRNC
			wt
		}{o, o}
	},
	hasCloseRead | hasNetConn | hasReadFrom: func(o *original) net.Conn {
		return struct {
			connCRNC
			rf
		}{o, o}
	},
	hasCloseRead | hasNetConn | hasWriteTo | hasReadFrom: func(o *original) net.Conn {
		return struct {
			connCRNC
			wtrf
		}{o, o}
	},
	hasCloseRead | hasNetConn | hasSyscallConn: func(o *original) net.Conn {
		return struct {
			connCRNC
			sc
		}{o, o}
	},
	hasCloseRead | hasNetConn | hasWriteTo | hasSyscallConn: func(o *original) net.Conn {
		return struct {
			connCRNC
			wtsc
		}{o, o}
	},
	hasCloseRead | hasNetConn | hasReadFrom | hasSyscallConn: func(o *original) net.Conn {
		return struct {
			connCRNC
			rfsc
		}{o, o}
	},
	hasCloseRead | hasNetConn | hasWriteTo | hasReadFrom | hasSyscallConn: func(o *original) net.Conn {
		return struct {
			connCRNC
			wtrfsc
		}{o, o}
	},
	hasCloseWrite | hasCloseRead | hasNetConn: func(o *original) net.Conn {
		return struct{ connCWCRNC }{o}
	},
	hasCloseWrite | hasCloseRead | hasNetConn | hasWriteTo: func(o *original) net.Conn {
		return struct {
			connCWCRNC
			wt
		}{o, o}
	},
	hasCloseWrite | hasCloseRead | hasNetConn | hasReadFrom: func(o *original) net.Conn {
		return struct {
			connCWCRNC
			rf
		}{o, o}
	},
	hasCloseWrite | hasCloseRead | hasNetConn | hasWriteTo | hasReadFrom: func(o *original) net.Conn {
		return struct {
			connCWCRNC
			wtrf
		}{o, o}
	},
	hasCloseWrite | hasCloseRead | hasNetConn | hasSyscallConn: func(o *original) net.Conn {
		return struct {
			connCWCRNC
			sc
		}{o, o}
	},
	hasCloseWrite | hasCloseRead | hasNetConn | hasWriteTo | hasSyscallConn: func(o *original) net.Conn {
		return struct {
			connCWCRNC
			wtsc
		}{o, o}
	},
	hasCloseWrite | hasCloseRead | hasNetConn | hasReadFrom | hasSyscallConn: func(o *original) net.Conn {
		return struct {
			connCWCRNC
			rfsc
		}{o, o}
	},
	hasCloseWrite | hasCloseRead | hasNetConn | hasWriteTo | hasReadFrom | hasSyscallConn: func(o *original) net.Conn {
		return struct {
			connCWCRNC
			wtrfsc
		}{o, o}
	},

	hasConnectionState: func(o *original) net.Conn { // has shaken hands already
		return struct {
			net.Conn
			cs
		}{o, o}
	},
	hasConnectionState | hasHandshakeContext: func(o *original) net.Conn {
		return struct {
			net.Conn
			cs
			hc
		}{o, o, o}
	},
	hasCloseWrite | hasNetConn | hasConnectionState | hasHandshakeContext: func(o *original) net.Conn { // tls.Conn
		return struct {
			connCWNC
			cs
			hc
		}{o, o, o}
	},
	ofConn: func(o *original) net.Conn {
		return struct {
			connCWCRNC
			wtrfsc
			cs
			hc
		}{o, o, o, o}
	},
}
