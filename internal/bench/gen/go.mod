module github.com/bodywrap/bodywrap/internal/bench/gen

go 1.25

require github.com/felixge/httpsnoop v1.1.0

require github.com/bodywrap/bodywrap v0.0.0 // indirect

replace github.com/bodywrap/bodywrap => ../../..

tool github.com/bodywrap/bodywrap/cmd/wrapgen
