package tunnel

// DropPipes closes the pipes that no direction uses.
func DropPipes() {
	pipes.Lock()
	defer pipes.Unlock()
	for _, p := range pipes.free {
		p.close()
	}
	pipes.free = nil
}
