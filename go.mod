module github.com/bodywrap/bodywrap

go 1.24.0

require (
	github.com/google/go-cmp v0.7.0
	golang.org/x/exp v0.0.0-20250718183923-645b1fa84792
)

require golang.org/x/tools v0.35.0 // indirect
