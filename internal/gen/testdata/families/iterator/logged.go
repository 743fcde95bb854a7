// Package iterator wraps a generic interface in a generic struct.
package iterator

import "cmp"

// An Iterator returns one value after another.
type Iterator[K cmp.Ordered, V any] interface {
	// Next returns the next value and whether there is one.
	Next() (K, V, bool)
}

// A Seeker can go to a key.
type Seeker[K cmp.Ordered] interface {
	// Seek goes to the first value whose key is not less than key.
	Seek(key K) bool
}

// Log returns it as an iterator that tells note every key.
func Log[K cmp.Ordered, V any](it Iterator[K, V], note func(K)) Iterator[K, V] {
	l := &loggedIterator[K, V]{Iterator: it, note: note}
	return l.logged(loggedSetOf[K, V](it))
}

// logged is what an iterator may do beside the methods that it always has.
//
//wrapgen:for loggedIterator
//wrapgen:test
//wrapgen:as
type logged[K cmp.Ordered, V any] interface {
	Seeker[K]
	Collect(more ...V) map[K][]V
	Close() error
}

type loggedIterator[K cmp.Ordered, V any] struct {
	Iterator[K, V]
	note func(K)
}

func (l *loggedIterator[K, V]) Next() (K, V, bool) {
	k, v, ok := l.Iterator.Next()
	if ok {
		l.note(k)
	}
	return k, v, ok
}
