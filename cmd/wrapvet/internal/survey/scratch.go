package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// leaveWorkspace keeps the go command to the module that it stands in, from here on.
func leaveWorkspace() error {
	for key, value := range map[string]string{"GOWORK": "off", "GOFLAGS": "-mod=mod"} {
		if err := os.Setenv(key, value); err != nil {
			return err
		}
	}
	return nil
}

// moduleWith returns a directory under parent with a module of its own that requires modules, each a path@version. Public
// modules are looked at in one each, so that none chooses the dependencies of another.
func moduleWith(parent string, modules ...string) (string, error) {
	dir, err := os.MkdirTemp(parent, "")
	if err != nil {
		return "", err
	}
	if err := os.WriteFile(filepath.Join(dir, "go.mod"), []byte("module scratch\n\ngo 1.26\n"), 0o666); err != nil {
		return "", err
	}
	for _, m := range modules {
		if _, err := command(dir, "go", "get", m); err != nil {
			return "", err
		}
	}
	return dir, nil
}

// command runs a command in a directory and returns what it prints.
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
