package tunnel_test

import (
	"fmt"
	"net/http"
	"strings"
)

// shout is a backend that, once upgraded, reads a line, answers in capitals,
// and finishes.
func shout(w http.ResponseWriter, _ *http.Request) {
	conn, brw, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	defer conn.Close()
	fmt.Fprint(conn, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: shout\r\n\r\n")
	line, _ := brw.ReadString('\n') // what came
	fmt.Fprintf(conn, "%s!", strings.ToUpper(strings.TrimSpace(line)))
}
