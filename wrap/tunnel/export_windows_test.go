package tunnel

// ErrNotConnected is the system's error for a socket that is over.
const ErrNotConnected = wsaENOTCONN
