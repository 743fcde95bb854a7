// Package flow tests that events flow through the hooks of package
// wrap/transform one by one, with programs that other people wrote: server and
// client of the Model Context Protocol, and curl. The sender withholds the next
// event until the receiver has this one. Package flow exports nothing.
package flow
