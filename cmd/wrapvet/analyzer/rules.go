package analyzer

// readme is where the rules are explained.
const readme = "https://github.com/bodywrap/bodywrap/blob/main/cmd/wrapvet/README.md"

// The rules, by the ids that stand in messages.
const (
	losesWrite      = "loses-write"
	losesCloseWrite = "loses-closewrite"
	fakesCloseWrite = "fakes-closewrite"
	blocksOn101     = "blocks-on-101"
	losesClose      = "loses-close"
	staleLength     = "stale-length"
	notRestored     = "not-restored"
)

// unusedIgnore is the category of complaints about ignore comments.
const unusedIgnore = "ignore"

// says is what each rule says; %s is the new body.
var says = map[string]string{
	losesWrite:      "the new Body cannot be written to: an upgrade through this proxy answers 502 (%s has no Write)",
	losesCloseWrite: "the new Body has no CloseWrite: a client's half-close cuts the backend off (%s has none)",
	fakesCloseWrite: "this CloseWrite does not reach the original's: the backend is never told that the client is done",
	blocksOn101:     "the body is read here before the response is passed on: an upgrade hangs (no guard keeps a 101 away)",
	losesClose:      "the original is not closed by the new Body nor before: the connection leaks (%s does not close it)",
	staleLength:     "a body of another length goes out under the old Content-Length (%s): set or delete the header, not only the field",
	notRestored:     "the body is read here and not put back: what is left is forwarded empty",
}
