// Package guards holds tests that compare the module with what is recorded or
// promised of it: its exported API, what its types add to a binary, and the
// lists that name every ready-made hook. It has tests only:
//
//	go test ./internal/guards
//	go test ./internal/guards -update    # records a compatible API change
package guards
