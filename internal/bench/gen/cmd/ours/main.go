// Command ours is a server with the code of wrapgen. Command bench measures its
// size.
package main

import (
	"net/http"

	bench "github.com/bodywrap/bodywrap/internal/bench/gen"
)

var n int64

func main() {
	http.ListenAndServe(":0", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w = bench.Count(w, &n)
		w.Write([]byte("hello"))
	}))
}
