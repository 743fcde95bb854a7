// Package wrap stands in for the library, so that fixed files compile.
package wrap

import "io"

func Keep(original, replacement io.ReadCloser) io.ReadCloser { return replacement }

func Body(body io.ReadCloser, hooks ...Hooks) io.ReadCloser { return body }

type Hooks struct{}
