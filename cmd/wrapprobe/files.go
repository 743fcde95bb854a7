package main

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// writeWhole replaces file by one with content. If it fails, file stays as it
// was.
func writeWhole(file string, content []byte, mode fs.FileMode) error {
	tmp, err := besides(file)
	if err != nil {
		return err
	}
	_, err = tmp.Write(content)
	if err == nil {
		err = tmp.Chmod(mode)
	}
	if cerr := tmp.Close(); err == nil {
		err = cerr
	}
	if err == nil {
		err = os.Rename(tmp.Name(), file)
	}
	if err != nil {
		_ = os.Remove(tmp.Name()) // already failing with err
	}
	return err
}

// checkWritable returns an error if writeWhole would fail now.
func checkWritable(file string) error {
	if info, err := os.Stat(file); err == nil && info.IsDir() {
		return fmt.Errorf("%s is a folder", file)
	}
	tmp, err := besides(file)
	if err != nil {
		return err
	}
	_ = tmp.Close() // nothing was written
	return os.Remove(tmp.Name())
}

// besides creates a temporary file in the folder of file.
func besides(file string) (*os.File, error) {
	dir := filepath.Dir(file)
	if _, err := os.Stat(dir); err != nil {
		return nil, err // CreateTemp's error would name the temporary file
	}
	return os.CreateTemp(dir, filepath.Base(file)+".*")
}
