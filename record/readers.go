package record

import (
	"detente/agreement"
	"detente/statement"
)

// ReadKeys are the keys of which any one lets a name read a private record, at
// the end of this one: those that it speaks with, or a reader's. Parties that do
// not sign read with the keys that the text gives them.
func (f *Fold) ReadKeys(name agreement.Name) []statement.PublicKey {
	if s, ok := f.signers[name]; ok {
		return s.keys.Keys()
	}
	var texts []string
	a := f.agreement
	for _, p := range a.Parties {
		if p.Name == name {
			texts = p.Keys.Of
		}
	}
	for _, r := range a.Readers {
		if r.Name == name {
			texts = []string{r.Key}
		}
	}
	var keys []statement.PublicKey
	for _, text := range texts {
		if k, err := statement.ParsePublicKey(text); err == nil { // the text was checked
			keys = append(keys, k)
		}
	}
	return keys
}
