package record

import (
	"detente/agreement"
	"detente/statement"
)

// ReadKeys are the keys of which any one lets a name read a private record, at
// the end of this one: those that it speaks with, or those of a
// reader in the text in force.
func (f *Fold) ReadKeys(name agreement.Name) []statement.PublicKey {
	if s, ok := f.signers[name]; ok {
		return s.keys.Keys()
	}
	var keys []statement.PublicKey
	for _, r := range f.InForce().Readers {
		if k, err := statement.ParsePublicKey(r.Key); r.Name == name && err == nil { // the text was checked
			keys = append(keys, k)
		}
	}
	return keys
}
