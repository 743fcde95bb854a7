// Command theirs is a server with httpsnoop's wrapper. Command bench measures
// its size.
package main

import (
	"net/http"

	"github.com/bodywrap/bodywrap/internal/bench/gen/snoop"
)

var n int64

func main() {
	http.ListenAndServe(":0", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w = snoop.Count(w, &n)
		w.Write([]byte("hello"))
	}))
}
