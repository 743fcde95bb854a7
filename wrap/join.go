package wrap

// Join returns hooks as one value. The first of hooks is outermost, as with
// [Body]. Join is for hooks that are kept or returned together:
//
//	logged := wrap.Join(wrap.Log(ctx, logger, slog.LevelInfo), wrap.LimitRead(10<<20))
//
// Do not combine hooks by copying single fields from one value to another. Most
// hooks of this package consist of New alone, and their other fields are nil.
func Join(hooks ...Hooks) Hooks {
	n, last := 0, -1
	for i, h := range hooks {
		if !h.IsZero() {
			n, last = n+1, i
		}
	}
	switch n {
	case 0:
		return Hooks{}
	case 1:
		return hooks[last]
	}
	joined := make([]Hooks, 0, n)
	for _, h := range hooks {
		if !h.IsZero() {
			joined = append(joined, h)
		}
	}
	return Hooks{joined: joined}
}
