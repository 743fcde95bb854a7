package wraptest_test

import (
	"os"
	"testing"

	"github.com/bodywrap/bodywrap/internal/testkit"
)

func TestMain(m *testing.M) {
	testkit.Overlap() // most wrong subjects are found by waiting
	os.Exit(m.Run())
}
