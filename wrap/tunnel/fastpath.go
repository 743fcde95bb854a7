package tunnel

import "io"

// copyFast offers both sides' fast paths to each other. Whatever stands in
// front of the sockets decides for itself whether to let go of the bytes: a
// hook that needs them calls Write on us, or Read, and one that does not hands
// us what it wraps, which in the end is a socket.
func (d *direction) copyFast() error {
	if _, ok := socketOf(d.src.conn); !ok {
		if wt, ok := d.src.conn.(io.WriterTo); ok {
			_, err := wt.WriteTo((*sink)(d))
			return err
		}
	}
	return d.copyFrom(d.src.conn)
}

// copyFrom is copyFast once the source has let go.
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

// copyTo is copyFrom once the destination has let go too.
func (d *direction) copyTo(w io.Writer) error {
	if src, ok := socketOf(d.from); ok {
		if handled, err := d.copySocket(w, src); handled {
			return err
		}
	}
	return d.copyBuffered(w)
}

// A sink is a direction as its source's WriteTo sees it.
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

// A source is a direction as its destination's ReadFrom sees it.
type source direction

func (s *source) WriteTo(w io.Writer) (int64, error) {
	d := (*direction)(s)
	before := d.bytes.Load()
	err := d.copyTo(w)
	return d.bytes.Load() - before, err
}

// Read is called by a destination that needs the bytes. That it asks for more
// tells that it has taken those that it has.
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

// taken accounts for a destination's ReadFrom that has returned n and err.
// before is how many bytes were delivered when it was called.
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
