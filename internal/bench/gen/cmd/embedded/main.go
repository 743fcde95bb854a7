// Command embedded is a server to measure the size of.
package main

import (
	"net/http"

	"github.com/bodywrap/bodywrap/internal/bench/gen/embedded"
)

var n int64

func main() {
	http.ListenAndServe(":0", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w = embedded.Count(w, &n)
		w.Write([]byte("hello"))
	}))
}
