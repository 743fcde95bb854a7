package tunnel

// ErrNotConnected is the system's error for CloseWrite of a socket that is no
// longer connected.
const ErrNotConnected = wsaENOTCONN
