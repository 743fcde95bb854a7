package tunnel_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
)

// shout is a backend that, once upgraded, reads all and then answers in capitals.
func shout(w http.ResponseWriter, _ *http.Request) {
	conn, brw, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	defer conn.Close()
	fmt.Fprint(conn, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: shout\r\n\r\n")
	words, _ := io.ReadAll(brw) // what came
	fmt.Fprintf(conn, "%s!", bytes.ToUpper(words))
}
