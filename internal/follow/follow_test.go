package follow_test

import (
	"errors"
	"flag"
	"go/build"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/bodywrap/bodywrap/internal/follow"
	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "record what this release asks")

const (
	families  = "../../wrap_gen.go"
	decisions = "testdata/decisions.txt"
)

// recordFile is the record of the release that runs the test.
func recordFile() string {
	tags := build.Default.ReleaseTags
	return filepath.Join("testdata", tags[len(tags)-1]+".txt")
}

var library = sync.OnceValues(follow.Load)

func load(t *testing.T) *follow.Library {
	t.Helper()
	lib, err := library()
	if err != nil {
		t.Fatal(err)
	}
	return lib
}

func readDecisions(t *testing.T) follow.Decisions {
	t.Helper()
	text, err := os.ReadFile(decisions)
	if err != nil {
		t.Fatal(err)
	}
	d, err := follow.ReadDecisions(string(text))
	if err != nil {
		t.Fatalf("%s: %v", decisions, err)
	}
	return d
}

func readRecord(t *testing.T, file string) (release string, asks []follow.Ask) {
	t.Helper()
	text, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		t.Fatalf("nobody has looked at what %s asks: record it with -update, read what is new in it, and decide about that in %s", runtime.Version(), decisions)
	}
	if err != nil {
		t.Fatal(err)
	}
	release, asks, err = follow.ReadRecord(string(text))
	if err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	return release, asks
}

func TestTheStandardLibraryAsksWhatIsRecorded(t *testing.T) {
	now := load(t).Asks()
	if *update {
		if err := os.WriteFile(recordFile(), []byte(follow.WriteRecord(runtime.Version(), now)), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	release, recorded := readRecord(t, recordFile())
	for _, change := range follow.Compare(recorded, now) {
		t.Errorf("since %s was recorded, as %s: %s", release, runtime.Version(), change)
	}
}

func TestEveryQuestionHasATrueDecision(t *testing.T) {
	faults, err := load(t).Judge(readDecisions(t), families)
	if err != nil {
		t.Fatal(err)
	}
	for _, fault := range faults {
		t.Error(fault)
	}
}

func TestEveryDecisionIsNeeded(t *testing.T) {
	files, err := filepath.Glob("testdata/go*.txt")
	if err != nil {
		t.Fatal(err)
	}
	var all []follow.Ask
	for _, file := range files {
		_, asks := readRecord(t, file)
		all = append(all, asks...)
	}
	for _, fault := range readDecisions(t).Unneeded(all) {
		t.Error(fault)
	}
}

// A library that has changed in every way that a question can be put.
func TestNewQuestionsAreFound(t *testing.T) {
	changed, err := load(t).With(map[string]string{
		"net/http": `package http

			import "net"

			type teleporter interface{ Teleport(where string) (err error) }

			func teleports(c net.Conn) bool {
				if t, ok := c.(teleporter); ok {
					_, ok = t.(interface{ Beam() })
					return ok
				}
				return beams(c)
			}

			func beams(v any) bool {
				_, ok := v.(interface{ Beam() })
				return ok
			}

			func (h Header) flies(w ResponseWriter) {
				switch any(w).(type) {
				case nil:
				case *Cookie, interface{ Fly(...int) }:
				}
			}
		`,
	})
	if err != nil {
		t.Fatal(err)
	}
	decide := ": decide what package wrap makes of it, in decisions.txt, and record it with -update"
	want := []string{
		"net/http now asks http.ResponseWriter for *http.Cookie, in (Header).flies" + decide,
		"net/http now asks http.ResponseWriter for interface{ Fly(...int) }, in (Header).flies" + decide,
		"net/http now asks net.Conn for interface{ Beam() }, in beams" + decide,
		"net/http now asks interface{ Teleport(string) error } for interface{ Beam() }, in teleports" + decide,
		"net/http now asks net.Conn for interface{ Teleport(string) error }, in teleports" + decide,
	}
	if diff := cmp.Diff(want, follow.Compare(load(t).Asks(), changed.Asks())); diff != "" {
		t.Errorf("changes that are found (-want +got):\n%s", diff)
	}
	faults, err := changed.Judge(readDecisions(t), families)
	if err != nil {
		t.Fatal(err)
	}
	want = []string{
		"nobody has decided what package wrap makes of it that http.ResponseWriter is asked for *http.Cookie: say so in decisions.txt",
		"nobody has decided what package wrap makes of it that http.ResponseWriter is asked for interface{ Fly(...int) }: say so in decisions.txt",
		"nobody has decided what package wrap makes of it that interface{ Teleport(string) error } is asked for interface{ Beam() }: say so in decisions.txt",
		"nobody has decided what package wrap makes of it that net.Conn is asked for interface{ Beam() }: say so in decisions.txt",
		"nobody has decided what package wrap makes of it that net.Conn is asked for interface{ Teleport(string) error }: say so in decisions.txt",
	}
	if diff := cmp.Diff(want, faults); diff != "" {
		t.Errorf("what nobody has decided (-want +got):\n%s", diff)
	}
}

func TestLostQuestionsAreFound(t *testing.T) {
	lost := follow.Ask{Package: "net/http", Func: "gone", Question: follow.Question{Operand: "net.Conn", Asked: "*tls.Conn"}}
	now := load(t).Asks()
	want := []string{"net/http no longer asks net.Conn for *tls.Conn in gone: look what it does instead, and record it with -update"}
	if diff := cmp.Diff(want, follow.Compare(append([]follow.Ask{lost}, now...), now)); diff != "" {
		t.Errorf("changes that are found (-want +got):\n%s", diff)
	}
}

func TestWrongDecisionsAreFound(t *testing.T) {
	const half = "interface{ CloseWrite() error }"
	tests := []struct {
		q        follow.Question
		decision string
		want     string
		why      string
	}{
		{follow.Question{"net.Conn", "*tls.Conn"}, "kept by conn", `decisions.txt says of net.Conn that is asked for *tls.Conn: "kept by conn"; it is not kept`, "no wrapper is that type"},
		{follow.Question{"net.Conn", "*tls.Conn"}, "not kept: ", "decisions.txt does not say why *tls.Conn is not kept of net.Conn", "a loss has a reason"},
		{follow.Question{"net.Conn", half}, "not kept: it is not needed", `decisions.txt says of net.Conn that is asked for ` + half + `: "not kept"; it is kept by conn`, "the family has it"},
		{follow.Question{"io.ReadCloser", "io.Writer"}, "kept by conn", `decisions.txt says of io.ReadCloser that is asked for io.Writer: "kept by conn"; it is kept by body, conn`, "another family has it, too"},
	}
	for _, tt := range tests {
		d := readDecisions(t)
		if _, ok := d[tt.q]; !ok {
			t.Fatalf("nobody has decided about %v any more", tt.q)
		}
		d[tt.q] = tt.decision
		faults, err := load(t).Judge(d, families)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]string{tt.want}, faults); diff != "" {
			t.Errorf("faults of the decision %q, because %s (-want +got):\n%s", tt.decision, tt.why, diff)
		}
	}
	d := follow.Decisions{{"net.Conn", "io.Seeker"}: "not kept: it is none"}
	want := []string{"decisions.txt decides about net.Conn that is asked for io.Seeker, which no recorded release asks: delete it"}
	if diff := cmp.Diff(want, d.Unneeded(load(t).Asks())); diff != "" {
		t.Errorf("decisions that are not needed (-want +got):\n%s", diff)
	}
}

func TestDecisionsThatCannotBeRead(t *testing.T) {
	for text, want := range map[string]string{
		"\tio.Writer\n":                           "line 1 is indented too far",
		"io.Reader\n\t\tkept by body\n":           "line 2 is indented too far",
		"io.Reader\n\tio.Writer\n\tio.Writer\n":   "line 3: a second decision",
		"io.Reader\n\tio.Writer\n\t\t\tkept by\n": "line 3 is indented too far",
	} {
		if _, err := follow.ReadDecisions(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("ReadDecisions(%q) = %v, want %q", text, err, want)
		}
	}
}
