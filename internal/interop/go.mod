module github.com/bodywrap/bodywrap/internal/interop

go 1.26.0

require (
	github.com/bodywrap/bodywrap v0.0.0
	github.com/bodywrap/bodywrap/cmd/wrapvet v0.0.0
)

replace (
	github.com/bodywrap/bodywrap => ../..
	github.com/bodywrap/bodywrap/cmd/wrapvet => ../../cmd/wrapvet
)
