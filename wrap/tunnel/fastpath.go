package tunnel

import "io"

// copyFast calls WriteTo of the source, and copyFrom calls ReadFrom of the
// destination, so that each wrapper in front of the sockets can decide whether
// it needs the bytes. A wrapper that needs them calls Write of the sink, or
// Read of the source. A wrapper that does not passes on what it wraps, which in
// the end is a socket.
func (d *direction) copyFast() error {
	if _, ok := socketOf(d.src.conn); !ok {
		if wt, ok := d.src.conn.(io.WriterTo); ok {
			_, err := wt.WriteTo((*sink)(d))
			return err
		}
	}
	return d.copyFrom(d.src.conn)
}

// copyFrom is copyFast after the source has passed on r.
func (d *direction) copyFrom(r io.Reader) error {
	d.from = r
	if _, ok := socketOf(d.dst.conn); !ok {
		if rf, ok := d.dst.conn.(io.ReaderFrom); ok {
			before := d.bytes.Load()
			n, err := rf.ReadFrom((*source)(d))
			return d.taken(before, n, err)
		}
	}
	return d.copyTo(d.dst.conn)
}

// copyTo is copyFrom after the destination has passed on w.
func (d *direction) copyTo(w io.Writer) error {
	if src, ok := socketOf(d.from); ok {
		if handled, err := d.copySocket(w, src); handled {
			return err
		}
	}
	return d.copyBuffered(w)
}

// A sink is what WriteTo of a direction's source writes to.
type sink direction

func (s *sink) Write(p []byte) (int, error) {
	d := (*direction)(s)
	d.arrived(len(p))
	before := d.bytes.Load()
	err := d.deliver(d.dst.conn, p)
	return int(d.bytes.Load() - before), err
}

func (s *sink) ReadFrom(r io.Reader) (int64, error) {
	d := (*direction)(s)
	before := d.bytes.Load()
	err := d.copyFrom(r)
	return d.bytes.Load() - before, err
}

// A source is what ReadFrom of a direction's destination reads from.
type source direction

func (s *source) WriteTo(w io.Writer) (int64, error) {
	d := (*direction)(s)
	before := d.bytes.Load()
	err := d.copyTo(w)
	return d.bytes.Load() - before, err
}

// Read is called by a destination that needs the bytes. A destination that
// reads again has taken the bytes that it got before.
func (s *source) Read(p []byte) (int, error) {
	d := (*direction)(s)
	d.unblocked()
	if n := d.inHand.Load(); n > 0 {
		d.delivered(int(n))
	}
	n, err := d.from.Read(p[:min(len(p), d.piece())])
	if n > 0 {
		d.arrived(n)
		d.blocked()
	}
	if err != nil && err != io.EOF {
		d.readErr = d.t.noteReset(d.src.id, err)
	}
	return n, err
}

// taken counts what the destination's ReadFrom has taken, which returned n and
// err. before is how many bytes were delivered when ReadFrom was called.
func (d *direction) taken(before, n int64, err error) error {
	d.unblocked()
	if rest := min(before+n-d.bytes.Load(), d.inHand.Load()); rest > 0 {
		d.delivered(int(rest))
	}
	if err != nil && d.readErr == nil && d.writeErr == nil {
		d.writeErr = d.t.noteReset(d.dst.id, err)
	}
	return err
}
