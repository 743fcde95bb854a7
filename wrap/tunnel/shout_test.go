package tunnel_test

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/bodywrap/bodywrap/internal/testkit"
)

// shout is a backend that upgrades, reads a line, answers it in capitals, and
// finishes.
func shout(w http.ResponseWriter, _ *http.Request) {
	conn, brw, err := testkit.Switch(w, "shout")
	if err != nil {
		return
	}
	defer conn.Close()
	line, _ := brw.ReadString('\n') // on an error, line is what came before
	fmt.Fprintf(conn, "%s!", strings.ToUpper(strings.TrimSpace(line)))
}
