package flow_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/bodywrap/bodywrap/internal/testkit"
	"github.com/google/go-cmp/cmp"
	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// A protocol is a transport of MCP in one version.
type protocol struct {
	name, version string
	noTransform   bool  // its streams must not be compressed
	streams       int32 // that a call of a tool needs, and the server to tell of tools
	handler       func(func(*http.Request) *mcp.Server) http.Handler
	transport     func(endpoint string, client *http.Client) mcp.Transport
}

var protocols = []protocol{
	{"streamable HTTP", "2026-07-28", true, 3, statelessHandler, streamableTransport},
	{"streamable HTTP", "2025-11-25", true, 3, streamableHandler, streamableTransport},
	{
		"SSE", "2024-11-05", false, 1,
		func(server func(*http.Request) *mcp.Server) http.Handler { return mcp.NewSSEHandler(server, nil) },
		func(endpoint string, client *http.Client) mcp.Transport {
			return &mcp.SSEClientTransport{Endpoint: endpoint, HTTPClient: client}
		},
	},
}

func streamableHandler(server func(*http.Request) *mcp.Server) http.Handler {
	return mcp.NewStreamableHTTPHandler(server, nil)
}

// statelessHandler has no sessions, as the newer versions want.
func statelessHandler(server func(*http.Request) *mcp.Server) http.Handler {
	return mcp.NewStreamableHTTPHandler(server, &mcp.StreamableHTTPOptions{Stateless: true})
}

func streamableTransport(endpoint string, client *http.Client) mcp.Transport {
	return &mcp.StreamableClientTransport{Endpoint: endpoint, HTTPClient: client, MaxRetries: -1}
}

// TestMCP has a client of the Model Context Protocol call a tool that reports
// its progress. The tool goes on when the client knows of the last report. Then
// the server tells the client, unasked, of a new tool.
func TestMCP(t *testing.T) {
	for _, p := range protocols {
		for _, c := range chains {
			t.Run(p.name+" "+p.version+"/"+c.name, func(t *testing.T) {
				t.Parallel()
				p.talk(t, c)
			})
		}
	}
}

const reports = 5

func (p protocol) talk(t *testing.T, c chain) {
	ctx, cancel := context.WithTimeout(t.Context(), testkit.Patience)
	defer cancel()
	reported := make(chan string, reports) // what the client was told
	goOn := make(chan struct{}, reports)
	server := mcp.NewServer(&mcp.Implementation{Name: "backend", Version: "1"}, nil)
	mcp.AddTool(server, &mcp.Tool{Name: "work"}, func(ctx context.Context, r *mcp.CallToolRequest, _ struct{}) (*mcp.CallToolResult, any, error) {
		for i := range reports {
			err := r.Session.NotifyProgress(ctx, &mcp.ProgressNotificationParams{
				ProgressToken: r.Params.GetProgressToken(),
				Message:       fmt.Sprintf("a secret %d", i),
				Progress:      float64(i),
			})
			if err != nil {
				return nil, nil, err
			}
			select {
			case <-goOn:
			case <-ctx.Done():
				return nil, nil, ctx.Err()
			}
		}
		return &mcp.CallToolResult{Content: []mcp.Content{&mcp.TextContent{Text: "the secret"}}}, nil, nil
	})
	proxy := c.start(t, p.handler(func(*http.Request) *mcp.Server { return server }))

	changed := make(chan struct{}, 1)
	client := mcp.NewClient(&mcp.Implementation{Name: "client", Version: "1"}, &mcp.ClientOptions{
		ProgressNotificationHandler: func(_ context.Context, r *mcp.ProgressNotificationClientRequest) {
			reported <- r.Params.Message
			goOn <- struct{}{}
		},
		ToolListChangedHandler: func(context.Context, *mcp.ToolListChangedRequest) {
			select {
			case changed <- struct{}{}:
			default:
			}
		},
	})
	wire := &wire{base: &http.Transport{}}
	defer wire.base.CloseIdleConnections()
	session, err := client.Connect(ctx, p.transport(proxy.URL, &http.Client{Transport: wire}), &mcp.ClientSessionOptions{ProtocolVersion: p.version})
	if err != nil {
		t.Fatalf("connect: %v", err)
	}
	defer session.Close()
	if got := session.InitializeResult().ProtocolVersion; got != p.version {
		t.Errorf("they speak version %s, want %s", got, p.version)
	}

	params := &mcp.CallToolParams{Name: "work"}
	params.SetProgressToken("token")
	result, err := session.CallTool(ctx, params)
	if err != nil {
		t.Fatalf("CallTool: %v", err)
	}
	close(reported)
	var got, want []string
	for message := range reported {
		want = append(want, c.sees(fmt.Sprintf("a secret %d", len(got))))
		got = append(got, message)
	}
	if diff := cmp.Diff(want, got); diff != "" || len(got) != reports {
		t.Errorf("%d reports, want %d (-want +got):\n%s", len(got), reports, diff)
	}
	if got, ok := result.Content[0].(*mcp.TextContent); !ok || got.Text != c.sees("the secret") {
		t.Errorf("the tool returned %+v, want %q", result.Content[0], c.sees("the secret"))
	}

	if !testkit.Eventually(func() bool { return wire.streams.Load() >= p.streams }) {
		t.Fatalf("%d streams are open, want %d", wire.streams.Load(), p.streams)
	}
	mcp.AddTool(server, &mcp.Tool{Name: "secret"}, func(context.Context, *mcp.CallToolRequest, struct{}) (*mcp.CallToolResult, any, error) {
		return &mcp.CallToolResult{}, nil, nil
	})
	select {
	case <-changed:
	case <-ctx.Done():
		t.Fatal("the client was not told of a new tool")
	}
	tools, err := session.ListTools(ctx, nil)
	if err != nil {
		t.Fatalf("ListTools: %v", err)
	}
	var names []string
	for _, tool := range tools.Tools {
		names = append(names, tool.Name)
	}
	if diff := cmp.Diff([]string{c.sees("secret"), "work"}, names); diff != "" {
		t.Errorf("tools (-want +got):\n%s", diff)
	}
	zips := c.zips && (c.permits || !p.noTransform)
	if n := wire.unzipped.Load(); (n > 0) != zips {
		t.Errorf("%d streams came as gzip, want some: %v", n, zips)
	}
}

// A wire counts the streams of events.
type wire struct {
	base     *http.Transport // asks for gzip, and decodes it
	streams  atomic.Int32
	unzipped atomic.Int32 // those that came as gzip
}

func (w *wire) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := w.base.RoundTrip(req)
	if err == nil && strings.HasPrefix(resp.Header.Get("Content-Type"), "text/event-stream") {
		w.streams.Add(1)
		if resp.Uncompressed {
			w.unzipped.Add(1)
		}
	}
	return resp, err
}
