// Package families generates wrappers of other people's interfaces: the writers
// of httpsnoop, chi, gin and slok, rows behind ngrok's sqlmw, the files of
// afero and the streams of grpc. Families of the standard library are in
// internal/gen/testdata/families.
//
// The packages in testdata are a module of their own, since they do not compile
// before wrapgen has run. The files that it generates are not committed. To
// test with newer versions of the modules:
//
//	go -C internal/interop/families/testdata get -u ./...
//	go -C internal/interop/families/testdata mod tidy
//
// Package families exports nothing.
package families
