package main

import (
	"bytes"
	"context"
	"image"
	"image/color"
	_ "image/png"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bodywrap/bodywrap/internal/probe"
)

// writeReport probes a ReverseProxy and returns the page that it made.
func writeReport(t *testing.T) (file string, content []byte) {
	t.Helper()
	addr := freeAddr(t)
	proxy := runningProxy(t, addr, ignore)
	file = filepath.Join(t.TempDir(), "report.html")
	_, stderr, status := wrapprobe(t, "-listen", addr, "-html", file, "-hold", "50ms", "-scenarios", "echo,early request,client vanishes,slow upload", proxy.URL)
	if status != 1 { // the early bytes are lost
		t.Fatalf("exit status %d, want 1; stderr: %s", status, stderr)
	}
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return file, content
}

var loads = regexp.MustCompile(`(?i)<script|<link|<img|<iframe|@import|url\(|(src|href)="[^#]`)

func TestPageIsSelfContained(t *testing.T) {
	t.Parallel()
	_, content := writeReport(t)
	if found := loads.Find(content); found != nil {
		t.Errorf("the page loads something: %s", found)
	}
	for _, want := range []string{"early request bytes", "7 B of 1007 B", "silence", "reads slowly", "12 MiB", "prefers-color-scheme: dark", "@media print"} {
		if !bytes.Contains(content, []byte(want)) {
			t.Errorf("the page lacks %q", want)
		}
	}
	if got, want := bytes.Count(content, []byte("<svg")), 4; got != want {
		t.Errorf("the page has %d drawings, want %d", got, want)
	}
}

// checkDemonstrationPage checks that the page in file has a drawing for each
// cell of the demonstration.
func checkDemonstrationPage(t *testing.T, file string) {
	t.Helper()
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := bytes.Count(content, []byte("<svg")), len(treatments)*len(probe.Demo); got != want {
		t.Errorf("the page has %d drawings, want %d", got, want)
	}
}

// If the page cannot be written, the command says so before it plays anything.
func TestPageIntoNowhereIsMisuse(t *testing.T) {
	t.Parallel()
	var requests atomic.Int32
	addr := freeAddr(t)
	proxy := runningProxy(t, addr, func(*http.Request) { requests.Add(1) })
	dir := t.TempDir()
	missing := filepath.Join(dir, "missing", "report.html")
	for file, says := range map[string]string{missing: filepath.Dir(missing), dir: "is a folder"} {
		checkMisuse(t, says, "-listen", addr, "-html", file, proxy.URL)
		checkMisuse(t, says, "-html", file)
	}
	if n := requests.Load(); n > 0 {
		t.Errorf("%d requests before the misuse was found, want 0", n)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("%v, %v is left behind, want nothing", left, err)
	}
}

// The command prints the table even if it then cannot write the page.
func TestTableSurvivesThePage(t *testing.T) {
	addr := freeAddr(t)
	dir := filepath.Join(t.TempDir(), "gone")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	proxy := runningProxy(t, addr, func(*http.Request) { _ = os.RemoveAll(dir) }) // while the probe runs
	stdout, stderr, status := wrapprobe(t, "-listen", addr, "-scenarios", "echo", "-html", filepath.Join(dir, "report.html"), proxy.URL)
	if status != 1 || !strings.Contains(stderr, dir) || !strings.Contains(stdout, "\necho ") {
		t.Errorf("exit status %d, stderr %q, want 1, the folder, and a table in\n%s", status, stderr, stdout)
	}
}

func TestBrowserShowsThePageInLightAndDark(t *testing.T) {
	if os.Getenv("CI") == "" {
		t.Skip("starts a browser three times: set CI=true for that")
	}
	t.Parallel() // it takes the longest
	browser, err := exec.LookPath("chromium")
	if err != nil {
		t.Skip("chromium is not installed (Debian package chromium)")
	}
	file, _ := writeReport(t)
	address := (&url.URL{Scheme: "file", Path: file}).String()
	light := screenshot(t, browser, address)
	dark := screenshot(t, browser, address, "--blink-settings=preferredColorScheme=0")
	if l, d := brightness(light.At(2, 2)), brightness(dark.At(2, 2)); l < 200 || d > 60 {
		t.Errorf("brightness of the paper is %d in light and %d in dark, want over 200 and under 60", l, d)
	}
	for name, img := range map[string]image.Image{"light": light, "dark": dark} {
		if n := colors(img); n < 20 {
			t.Errorf("the %s page has %d colors, want text and drawings", name, n)
		}
	}
	pdf := filepath.Join(t.TempDir(), "page.pdf")
	runBrowser(t, browser, "--print-to-pdf="+pdf, address)
	printed, err := os.ReadFile(pdf)
	if err != nil || !bytes.HasPrefix(printed, []byte("%PDF-")) {
		t.Errorf("printing the page gives %.8q, %v, want a PDF", printed, err)
	}
}

func runBrowser(t *testing.T, browser string, args ...string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	args = append([]string{
		"--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
		"--disable-background-networking", "--disable-component-update", "--disable-sync",
		"--hide-scrollbars", "--user-data-dir=" + t.TempDir(),
	}, args...)
	cmd := exec.CommandContext(ctx, browser, args...)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s %v: %v\n%s", browser, args, err, out)
	}
}

func screenshot(t *testing.T, browser, address string, args ...string) image.Image {
	t.Helper()
	file := filepath.Join(t.TempDir(), "page.png")
	runBrowser(t, browser, append(args, "--window-size=1200,1400", "--screenshot="+file, address)...)
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	img, _, err := image.Decode(f)
	if err != nil {
		t.Fatal(err)
	}
	return img
}

func brightness(c color.Color) int {
	return int(color.GrayModel.Convert(c).(color.Gray).Y)
}

func colors(img image.Image) int {
	seen := make(map[color.Color]bool)
	for y := img.Bounds().Min.Y; y < img.Bounds().Max.Y; y++ {
		for x := img.Bounds().Min.X; x < img.Bounds().Max.X; x++ {
			seen[img.At(x, y)] = true
		}
	}
	return len(seen)
}
