package gen

var proofImports = []string{"testing"}

func (l *loader) emitProof(b *binding, combos []*combination) ([]byte, error) { return nil, nil }
