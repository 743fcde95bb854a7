package upload_test

import (
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/bodywrap/bodywrap/cmd/wrapgen/examples/upload"
)

// A file can be sought and read at an offset. Behind a progress bar it still
// can, and a body that cannot does not claim to.
func Example() {
	file, err := os.CreateTemp("", "upload")
	if err != nil {
		panic(err)
	}
	defer os.Remove(file.Name())
	fmt.Fprint(file, "twelve bytes")
	file.Seek(0, io.SeekStart)

	sent := 0
	body := upload.Progress(file, func(n int) { sent += n })
	io.Copy(io.Discard, body)
	fmt.Println(sent, "bytes sent")

	body.(io.Seeker).Seek(0, io.SeekStart) // a retry
	fmt.Println(sent, "after the retry began")
	io.Copy(io.Discard, body)
	fmt.Println(sent, "bytes sent")
	body.Close()

	body = upload.Progress(io.NopCloser(strings.NewReader("stream")), func(int) {})
	_, seeks := body.(io.Seeker)
	fmt.Println("a stream can be sought:", seeks)
	// Output:
	// 12 bytes sent
	// 0 after the retry began
	// 12 bytes sent
	// a stream can be sought: false
}
