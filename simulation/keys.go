package simulation

import (
	"crypto/ed25519"
	"crypto/sha256"
	"fmt"

	"detente/statement"
)

// Keys are everybody's keys, drawn from a seed. Whoever has them can be
// anybody, which is what the enemies in a story are.
type Keys struct {
	Seed   string
	Agency int // which of its keys the agency signs with: an amendment may give it another
}

func (k *Keys) seed(name string, person int) []byte {
	d := sha256.Sum256(fmt.Appendf(nil, "detente simulation %s %s %d", k.Seed, name, person))
	return d[:]
}

// signer is a person's key under a declared name.
func (k *Keys) signer(name string, person int) statement.Signer {
	s, err := statement.NewSigner(name, k.seed(name, person))
	if err != nil {
		panic(err) // a seed of 32 bytes is one
	}
	return s
}

// Signers are the keys that somebody signs with: two persons for the host.
func (k *Keys) Signers(name string) []statement.Signer {
	if name == Host {
		return []statement.Signer{k.signer(name, 0), k.signer(name, 1)}
	}
	if name == Agency {
		return []statement.Signer{k.signer(name, k.Agency)}
	}
	return []statement.Signer{k.signer(name, 0)}
}

// Private is the key of somebody who has one.
func (k *Keys) Private(name string) ed25519.PrivateKey {
	return ed25519.NewKeyFromSeed(k.seed(name, 0))
}

func (k *Keys) public(name string, person int) string {
	return k.signer(name, person).Public().String()
}

func (k *Keys) witness(name string) string {
	w, err := statement.NewWitnessKey(name, k.signer(name, 0).Public())
	if err != nil {
		panic(err) // the names are ours
	}
	return w.String()
}
