// Package transform has ready-made hooks that change the content of messages.
package transform

import "github.com/bodywrap/bodywrap/wrap"

func Plain(codings []int, hooks ...wrap.Hooks) wrap.Hooks {
	return wrap.Hooks{Content: func(m wrap.Message) wrap.Hooks { return m.Apply(hooks...) }}
}
