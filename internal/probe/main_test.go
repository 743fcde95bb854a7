package probe

import (
	"os"
	"testing"

	"github.com/bodywrap/bodywrap/internal/testkit"
)

func TestMain(m *testing.M) {
	testkit.Overlap() // most faults are found by waiting
	os.Exit(m.Run())
}
