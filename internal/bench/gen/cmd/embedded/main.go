// Command embedded is a server with the code of New Relic's generator. Command
// bench measures its size.
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
