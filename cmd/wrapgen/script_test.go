package main

import (
	"bytes"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/bodywrap/bodywrap/internal/gen"
)

var long = flag.Bool("long", false, "also build, vet and test what the scripts generate, and build wrapgen from vendored sources")

// asCommand is the environment variable that makes the test binary wrapgen.
const asCommand = "WRAPGEN_TEST_AS_COMMAND"

func TestMain(m *testing.M) {
	if os.Getenv(asCommand) != "" {
		main()
	}
	flag.Parse()
	os.Exit(m.Run())
}

// TestScripts runs the scripts in testdata/script, each in an empty directory
// with the files that follow it in the txtar format. A script has the commands
//
//	[!] wrapgen [args]      do what the command does, in this process, which asks
//	                        only once about the standard library; it has to
//	                        succeed [or fail]
//	[!] exec wrapgen [args] run the command itself
//	[!] go [args]           run the go command
//	[long] command          with -long only: build, vet and test what wrapgen has
//	                        type-checked; build wrapgen from vendored sources
//	status n                the last command exited with n
//	stdout | stderr regexp  the last command printed a match, on several lines (?m)
//	! stdout | ! stderr     it printed nothing there
//	[!] grep file regexp    the file has [no] match
//	cmp a b                 two files are equal; stdout and stderr are files
//	[!] exists file ...     there are [no] such files
//	same file ...           the files have not been touched since the script began
//	cp | mv a b, rm file    change files; a name with a space is in quotes
//	mkdir dir               make a directory
//	crlf file ...           give the files the line ends of Windows
//	env NAME=value          set a variable for the commands that follow; $ROOT is
//	                        the directory of the script, $MODULE that of this module.
//	                        Files in $ROOT/bin are executable
//	cd dir                  go there
func TestScripts(t *testing.T) {
	scripts, err := filepath.Glob("testdata/script/*.txt")
	if err != nil || len(scripts) == 0 {
		t.Fatalf("no scripts: %v", err)
	}
	for _, path := range scripts {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txt"), func(t *testing.T) {
			t.Parallel()
			content, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			newScript(t, content).run()
		})
	}
}

type script struct {
	t      *testing.T
	lines  []string
	root   string
	module string // the directory of this module
	dir    string
	begin  map[string]fs.FileInfo // by path
	stdout string
	stderr string
	status int
	env    []string
}

// fileMark is the line in front of a file's content.
var fileMark = regexp.MustCompile(`(?m)^-- (.+) --\n`)

// newScript unpacks a script.
func newScript(t *testing.T, content []byte) *script {
	root, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	module, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	s := &script{t: t, root: root, module: module, dir: root, begin: make(map[string]fs.FileInfo)}
	marks := fileMark.FindAllSubmatchIndex(content, -1)
	end := len(content)
	for _, m := range slices.Backward(marks) {
		path := filepath.Join(root, string(content[m[2]:m[3]]))
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		mode := fs.FileMode(0o666)
		if filepath.Base(filepath.Dir(path)) == "bin" {
			mode = 0o777
		}
		if err := os.WriteFile(path, content[m[1]:end], mode); err != nil {
			t.Fatal(err)
		}
		if s.begin[path], err = os.Stat(path); err != nil {
			t.Fatal(err)
		}
		end = m[0]
	}
	s.lines = strings.Split(string(content[:end]), "\n")
	return s
}

func (s *script) run() {
	for i, line := range s.lines {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		if err := s.command(line); err != nil {
			s.t.Fatalf("line %d: %s: %v\nstdout:\n%s\nstderr:\n%s", i+1, line, err, s.stdout, s.stderr)
		}
	}
}

// command does one line.
func (s *script) command(line string) error {
	line, onlyLong := strings.CutPrefix(line, "[long] ")
	if onlyLong && !*long {
		return nil
	}
	rest, not := strings.CutPrefix(line, "! ")
	name, arg, _ := strings.Cut(rest, " ")
	arg = strings.TrimSpace(arg)
	args := words(arg)
	switch name {
	case "wrapgen":
		return s.wrapgen(args, not)
	case "exec":
		return s.exec(args[0], args[1:], not)
	case "go":
		return s.exec(name, args, not)
	case "status":
		if got := fmt.Sprint(s.status); got != arg {
			return fmt.Errorf("exit status %s", got)
		}
	case "stdout", "stderr", "grep":
		if name == "grep" {
			name, arg, _ = strings.Cut(arg, " ")
		}
		out := s.read(name)
		if not && arg == "" {
			if out != "" {
				return fmt.Errorf("not empty")
			}
			return nil
		}
		re, err := regexp.Compile("(?m)" + arg)
		if err != nil {
			return err
		}
		if re.MatchString(out) == not {
			return fmt.Errorf("match: %v", not)
		}
	case "cmp":
		if a, b := s.read(args[0]), s.read(args[1]); a != b {
			return fmt.Errorf("they differ; %s:\n%s\n%s:\n%s", args[0], a, args[1], b)
		}
	case "exists":
		for _, path := range args {
			if _, err := os.Stat(s.path(path)); (err == nil) == not {
				return fmt.Errorf("%s: exists: %v", path, !not)
			}
		}
	case "same":
		for _, path := range args {
			begin := s.begin[s.path(path)]
			now, err := os.Stat(s.path(path))
			if err != nil || begin == nil || !os.SameFile(begin, now) || !begin.ModTime().Equal(now.ModTime()) {
				return fmt.Errorf("%s has been touched: %v", path, err)
			}
		}
	case "crlf":
		for _, path := range args {
			if err := os.WriteFile(s.path(path), []byte(strings.ReplaceAll(s.read(path), "\n", "\r\n")), 0o666); err != nil {
				return err
			}
		}
	case "env":
		s.env = append(s.env, s.expand(arg))
	case "cp":
		return os.WriteFile(s.path(args[1]), []byte(s.read(args[0])), 0o666)
	case "mv":
		return os.Rename(s.path(args[0]), s.path(args[1]))
	case "rm":
		return os.Remove(s.path(arg))
	case "mkdir":
		return os.MkdirAll(s.path(arg), 0o777)
	case "cd":
		s.dir = s.path(arg)
	default:
		return fmt.Errorf("no such command")
	}
	return nil
}

// words splits at spaces outside of quotes.
func words(arg string) []string {
	var found []string
	for i, part := range strings.Split(arg, `"`) {
		if i%2 == 1 {
			found = append(found, part)
		} else {
			found = append(found, strings.Fields(part)...)
		}
	}
	return found
}

// expand replaces the variables of an argument.
func (s *script) expand(arg string) string {
	return strings.NewReplacer("$ROOT", s.root, "$MODULE", s.module, "$PATH", os.Getenv("PATH")).Replace(arg)
}

func (s *script) path(name string) string { return filepath.Join(s.dir, filepath.FromSlash(name)) }

// read returns a file's content, or what the last command printed.
func (s *script) read(name string) string {
	switch name {
	case "stdout":
		return s.stdout
	case "stderr":
		return s.stderr
	}
	content, err := os.ReadFile(s.path(name))
	if err != nil {
		s.t.Fatal(err)
	}
	return string(content)
}

// environ is the environment of the script's commands. Without the names of
// temporary directories, the go command finds in its cache what it has built
// for an earlier run of the script.
func (s *script) environ(more ...string) []string {
	return slices.Concat(os.Environ(), []string{"GOWORK=off", "GOFLAGS=-ldflags=-w -trimpath -vet=off", "GOPROXY=off"}, more, s.env)
}

// exec runs a program. The program wrapgen is this test binary.
func (s *script) exec(name string, args []string, fail bool) error {
	for i := range args {
		args[i] = s.expand(args[i])
	}
	isWrapgen := name == "wrapgen"
	cmd := exec.Command(name, args...)
	cmd.Env = s.environ()
	if isWrapgen {
		self, err := os.Executable()
		if err != nil {
			return err
		}
		cmd = exec.Command(self, args...)
		cmd.Env = s.environ(asCommand + "=1")
	}
	cmd.Dir = s.dir
	return s.outcome(isWrapgen, fail, func(stdout, stderr io.Writer) int {
		cmd.Stdout, cmd.Stderr = stdout, stderr
		if err := cmd.Run(); cmd.ProcessState == nil {
			fmt.Fprintln(stderr, err) // it has not started
		}
		return cmd.ProcessState.ExitCode() // -1 if it has not started
	})
}

// wrapgen does in this process what the command does.
func (s *script) wrapgen(args []string, fail bool) error {
	return s.outcome(true, fail, func(stdout, stderr io.Writer) int {
		return run(gen.Config{Dir: s.dir, Run: s.runGo}, args, stdout, stderr)
	})
}

// outcome keeps what a command prints and its exit status. It returns an error
// if the command failed or succeeded against the script's will, or if wrapgen
// failed and wrote something nevertheless.
func (s *script) outcome(isWrapgen, fail bool, command func(stdout, stderr io.Writer) (status int)) error {
	var before map[string]string
	if isWrapgen && fail {
		before = s.listing()
	}
	var stdout, stderr bytes.Buffer
	s.status = command(&stdout, &stderr)
	s.stdout, s.stderr = stdout.String(), stderr.String()
	if (s.status != 0) != fail {
		return fmt.Errorf("exit status %d; want failure: %v", s.status, fail)
	}
	if isWrapgen && fail {
		if after := s.listing(); !maps.Equal(before, after) {
			return fmt.Errorf("failed, but changed files: %v, then %v", before, after)
		}
	}
	return nil
}

// standard are the packages of the standard library that the scripts' families
// and the generated files import.
var standard = []string{
	"bufio", "bytes", "context", "errors", "fmt", "io", "io/fs", "net", "net/http",
	"os", "reflect", "runtime", "slices", "strings", "sync", "testing", "time",
}

// answer is what the go command says of the export data of standard. It is the
// same for all scripts that have set no variable.
var answer struct {
	once sync.Once
	out  []byte
	err  error
}

// runGo runs a go command of wrapgen. If the command asks for export data of
// standard packages alone, runGo gives it the answer about all of them.
func (s *script) runGo(cmd *exec.Cmd) error {
	cmd.Env = s.environ()
	paths := slices.Index(cmd.Args, "--") + 1
	isOther := func(path string) bool { return !slices.Contains(standard, path) }
	if len(s.env) > 0 || !slices.Contains(cmd.Args, "-export") || slices.ContainsFunc(cmd.Args[paths:], isOther) {
		return cmd.Run()
	}
	answer.once.Do(func() {
		all := exec.Command(cmd.Path, slices.Concat(cmd.Args[1:paths], standard)...)
		all.Dir, all.Env = cmd.Dir, cmd.Env
		answer.out, answer.err = all.Output()
	})
	_, _ = cmd.Stdout.Write(answer.out) // into memory
	return answer.err
}

// listing returns all files with their content.
func (s *script) listing() map[string]string {
	files := make(map[string]string)
	_ = filepath.WalkDir(s.root, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			content, err := os.ReadFile(path)
			files[path] = fmt.Sprint(string(content), err)
		}
		return nil // what cannot be read shows in files
	})
	return files
}
