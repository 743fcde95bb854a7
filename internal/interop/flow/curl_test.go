package flow_test

import (
	"bufio"
	"bytes"
	"fmt"
	"net/http"
	"os/exec"
	"testing"

	"github.com/bodywrap/bodywrap/internal/testkit"
)

// TestCurl has curl print a stream of events. It must print each event before
// the backend sends the next.
func TestCurl(t *testing.T) {
	curl, err := exec.LookPath("curl")
	if err != nil {
		t.Skip("curl is not installed (Debian: apt-get install curl)")
	}
	const events = 10
	for _, c := range chains {
		t.Run(c.name, func(t *testing.T) {
			printed := make(chan struct{}, events)
			server := c.start(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Content-Type", "text/event-stream")
				for i := range events {
					// If this fails, curl says so.
					_, _ = fmt.Fprintf(w, ": hint\nid: %d\ndata: a secret %d\n\n", i, i)
					_ = http.NewResponseController(w).Flush()
					select {
					case <-printed:
					case <-r.Context().Done():
						return
					}
				}
			}))
			// Only a fault reaches the time limit of curl.
			cmd := exec.CommandContext(t.Context(), curl, "-N", "-s", "-S", "-f", "--compressed",
				"-m", fmt.Sprint(testkit.Patience.Seconds()), "-w", "%header{content-encoding}\n", server.URL)
			var complaints bytes.Buffer
			cmd.Stderr = &complaints
			out, err := cmd.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			lines := bufio.NewScanner(out)
			next := func() string {
				if !lines.Scan() {
					t.Fatalf("curl prints no more: %v, %s", lines.Err(), complaints.String())
				}
				return lines.Text()
			}
			for i := range events {
				for _, want := range []string{": hint", fmt.Sprintf("id: %d", i), c.sees(fmt.Sprintf("data: a secret %d", i)), ""} {
					if got := next(); got != want {
						t.Errorf("curl printed %q in event %d, want %q", got, i, want)
					}
				}
				printed <- struct{}{}
			}
			if coding := next(); (coding == "gzip") != c.zips {
				t.Errorf("curl got Content-Encoding %q, want gzip %v", coding, c.zips)
			}
			if err := cmd.Wait(); err != nil {
				t.Errorf("curl: %v, %s", err, complaints.String())
			}
		})
	}
}
