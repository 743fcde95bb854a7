// Public runs wrapvet over public modules and records what it finds, each finding with a verdict of somebody who has read
// the code.
//
//	go run ./internal/public
//
// It fetches the modules, rewrites testdata/public.txt with the findings, keeps the verdicts that are there, and exits 1 if
// a finding has none, or if a verdict has lost its finding.
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/bodywrap/bodywrap/cmd/wrapvet/analyzer"
	"github.com/bodywrap/bodywrap/cmd/wrapvet/internal/alone"
)

// modules are what is looked at: those that wrap bodies, then those that do not.
var modules = []struct{ module, packages string }{
	{"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp@v0.72.0", "go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp/..."},
	{"github.com/opentracing-contrib/go-stdlib@v1.1.1", "github.com/opentracing-contrib/go-stdlib/nethttp"},
	{"go.opencensus.io@v0.24.0", "go.opencensus.io/plugin/ochttp/..."},
	{"github.com/imroc/req/v3@v3.48.0", "github.com/imroc/req/v3/..."},
	{"go.elastic.co/apm/module/apmhttp/v2@v2.7.1", "go.elastic.co/apm/module/apmhttp/v2/..."},
	{"github.com/openzipkin/zipkin-go@v0.4.3", "github.com/openzipkin/zipkin-go/middleware/http"},
	{"github.com/gregjones/httpcache@v0.0.0-20190611155906-901d90724c79", "github.com/gregjones/httpcache"},
	{"github.com/ory/x@v0.0.729", "github.com/ory/x/proxy github.com/ory/x/httpx"},
	{"github.com/klauspost/compress@v1.20.3", "github.com/klauspost/compress/..."},
	{"github.com/DataDog/dd-trace-go/contrib/net/http/v2@v2.12.0", "github.com/DataDog/dd-trace-go/contrib/net/http/v2/..."},

	{"", "net/http net/http/httputil"},
	{"golang.org/x/net@v0.47.0", "golang.org/x/net/..."},
	{"github.com/go-chi/chi/v5@v5.2.3", "github.com/go-chi/chi/v5/..."},
	{"github.com/gorilla/websocket@v1.5.3", "github.com/gorilla/websocket"},
	{"github.com/hashicorp/go-retryablehttp@v0.7.8", "github.com/hashicorp/go-retryablehttp"},
	{"github.com/google/go-github/v75@v75.0.0", "github.com/google/go-github/v75/github"},
	{"github.com/go-resty/resty/v2@v2.16.5", "github.com/go-resty/resty/v2/..."},
	{"github.com/labstack/echo/v4@v4.13.4", "github.com/labstack/echo/v4/..."},
	{"github.com/gin-gonic/gin@v1.11.0", "github.com/gin-gonic/gin/..."},
	{"golang.org/x/oauth2@v0.32.0", "golang.org/x/oauth2 golang.org/x/oauth2/internal"},
	{"github.com/minio/minio-go/v7@v7.0.95", "github.com/minio/minio-go/v7/..."},
}

const recorded = "testdata/public.txt"

func main() { os.Exit(run(os.Stdout, os.Stderr)) }

func run(stdout, stderr io.Writer) int {
	unjudged, err := record(stdout)
	if err != nil {
		fmt.Fprintf(stderr, "public: %v\n", err)
		return 2
	}
	if unjudged > 0 {
		return 1
	}
	return 0
}

func record(stdout io.Writer) (unjudged int, err error) {
	verdicts, err := readVerdicts()
	if err != nil {
		return 0, err
	}
	scratch, err := os.MkdirTemp("", "wrapvet-public-")
	if err != nil {
		return 0, err
	}
	defer func() { _ = os.RemoveAll(scratch) }() // nothing of it is needed
	for key, value := range map[string]string{"GOWORK": "off", "GOFLAGS": "-mod=mod"} {
		if err := os.Setenv(key, value); err != nil {
			return 0, err
		}
	}
	cache, err := command(scratch, "go", "env", "GOMODCACHE")
	if err != nil {
		return 0, err
	}
	root, err := command(scratch, "go", "env", "GOROOT")
	if err != nil {
		return 0, err
	}
	var out bytes.Buffer
	out.WriteString("# What wrapvet finds in public modules, written by: go run ./internal/public\n" +
		"# A finding is followed by the verdict of somebody who has read the code.\n")
	for i, m := range modules {
		dir := filepath.Join(scratch, strconv.Itoa(i)) // a module each, so that none chooses another's dependencies
		if err := os.Mkdir(dir, 0o777); err != nil {
			return 0, err
		}
		if err := os.WriteFile(filepath.Join(dir, "go.mod"), []byte("module scratch\n\ngo 1.26\n"), 0o666); err != nil {
			return 0, err
		}
		name := m.module
		if name == "" {
			name = "standard library: " + m.packages
		} else if _, err := command(dir, "go", "get", m.module); err != nil {
			return 0, err
		}
		var found bytes.Buffer
		n, err := alone.Run(analyzer.New(), strings.Fields(m.packages), alone.Options{JSON: true, Dir: dir}, &found)
		if err != nil {
			return 0, fmt.Errorf("%s: %w", name, err)
		}
		fmt.Fprintf(stdout, "%s: %d\n", name, n)
		fmt.Fprintf(&out, "\n## %s: %d\n", name, n)
		for dec := json.NewDecoder(&found); dec.More(); {
			var f struct {
				File string
				Line int
				Rule string
			}
			if err := dec.Decode(&f); err != nil {
				return 0, err
			}
			file := strings.TrimPrefix(strings.TrimPrefix(f.File, cache+"/"), root+"/src/")
			key := fmt.Sprintf("%s:%d: %s", file, f.Line, f.Rule)
			verdict := verdicts[key]
			if verdict == "" {
				unjudged++
				verdict = "?"
				fmt.Fprintf(stdout, "no verdict: %s\n", key)
			}
			delete(verdicts, key)
			fmt.Fprintf(&out, "%s\n\t%s\n", key, verdict)
		}
	}
	for _, key := range slices.Sorted(maps.Keys(verdicts)) {
		unjudged++
		fmt.Fprintf(stdout, "no longer found: %s\n", key)
	}
	return unjudged, os.WriteFile(recorded, out.Bytes(), 0o666)
}

// readVerdicts returns what was said of each finding.
func readVerdicts() (map[string]string, error) {
	verdicts := map[string]string{}
	data, err := os.ReadFile(recorded)
	if os.IsNotExist(err) {
		return verdicts, nil
	}
	if err != nil {
		return nil, err
	}
	key := ""
	for _, line := range strings.Split(string(data), "\n") {
		if verdict, ok := strings.CutPrefix(line, "\t"); ok {
			if verdict != "?" {
				verdicts[key] = verdict
			}
			continue
		}
		key = line
	}
	return verdicts, nil
}

func command(dir, name string, args ...string) (string, error) {
	cmd := exec.Command(name, args...)
	cmd.Dir = dir
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("%s %s: %w\n%s", name, strings.Join(args, " "), err, stderr.Bytes())
	}
	return strings.TrimSpace(string(out)), nil
}
