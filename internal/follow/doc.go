// Package follow lists what the standard library asks of connections,
// listeners, bodies and response writers beside the methods of their types:
// every type assertion and every case of a type switch on one of these. A
// wrapper that is not what is asked for still works, and something is lost
// without a word.
//
// There are two kinds of files in testdata:
//
//   - go1.27.txt is what the packages of Go 1.27 ask, in the patch release that
//     its first line names. The tests compare it with the release that runs
//     them. After a new release or patch release, read what has changed and
//     record it by
//     GOTOOLCHAIN=go1.27.4 go test ./internal/follow -update
//     A patch release replaces the record of the one before. The supported Go
//     versions are those that have a record.
//   - decisions.txt says of each question what package wrap makes of it. People
//     write it; -update does not. The tests fail for a question without a
//     decision, for a decision that is not true of the families in wrap_gen.go,
//     and for one about a question that no recorded release asks.
//
// The list is that of Linux on amd64 without cgo, on whatever system it is
// made. It has no questions that are put by reflection, to fields and variables
// of type any, or in packages other than those in load.go.
package follow
