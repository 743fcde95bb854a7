package analyzer

import (
	"maps"
	"slices"
)

// Rules are the ids of all rules, in the order of the alphabet.
var Rules = slices.Sorted(maps.Keys(says))
