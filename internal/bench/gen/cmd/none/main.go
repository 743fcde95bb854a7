// Command none is a server with no wrapper. Command bench measures its size.
package main

import (
	"net/http"
)

var n int64

func main() {
	http.ListenAndServe(":0", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w = w
		w.Write([]byte("hello"))
	}))
}
