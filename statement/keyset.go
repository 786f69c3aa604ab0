package statement

import (
	"fmt"
	"slices"

	"detente/agreement"
)

// A KeySet is the keys of one signer at one place of the record, and how many
// of them must sign together. It is a value: changing it gives another.
type KeySet struct {
	by   agreement.Name
	keys []PublicKey
	need int

	hashes []uint32 // of the keys, under this name
}

// NewKeySet is the set of these keys, in their text form, in their order.
func NewKeySet(by agreement.Name, keys []string, need int) (KeySet, error) {
	if !ValidName(by) {
		return KeySet{}, refuse(ErrHeader, "name", "%s", nameForm)
	}
	k := KeySet{by: by, need: need}
	for i, text := range keys {
		key, err := ParsePublicKey(text)
		if err != nil {
			return KeySet{}, fmt.Errorf("key %d of %s: %w", i+1, by, err)
		}
		if slices.Contains(k.keys, key) {
			return KeySet{}, refuse(ErrDuplicate, fmt.Sprintf("key %d of %s", i+1, by), "a key that is not in the list yet")
		}
		k.keys = append(k.keys, key)
	}
	return k.hashed(), k.check()
}

// hashed works out the key hashes once, for every statement is held to them.
func (k KeySet) hashed() KeySet {
	k.hashes = make([]uint32, len(k.keys))
	for i, key := range k.keys {
		k.hashes[i] = key.Hash(string(k.by))
	}
	return k
}

func (k KeySet) check() error {
	if len(k.keys) > MaxKeys {
		return refuse(ErrTooLarge, "keys of "+string(k.by), "at most %d keys, has %d", MaxKeys, len(k.keys))
	}
	if k.need < 1 || k.need > len(k.keys) {
		return refuse(ErrKeyChange, "keys of "+string(k.by), "need from 1 to the number of keys, %d; is %d", len(k.keys), k.need)
	}
	return nil
}

// By is the name of the signer.
func (k KeySet) By() agreement.Name { return k.by }

// Keys are the keys in their order.
func (k KeySet) Keys() []PublicKey { return slices.Clone(k.keys) }

// Need is how many keys must sign together.
func (k KeySet) Need() int { return k.need }

// Has reports whether key is in the set.
func (k KeySet) Has(key PublicKey) bool { return slices.Contains(k.keys, key) }

// A Tally counts the signatures of a note against a key set.
type Tally struct {
	Valid   []PublicKey // distinct keys that signed, in the order of their first lines
	Unknown int         // lines of keys that are not in the set: ignored
}

// Verify judges a statement: at least Need distinct keys of its author signed
// it. Lines of unknown keys are ignored; one line that claims a key of the set
// and does not verify makes the whole statement invalid, as C2SP asks.
func (k KeySet) Verify(s *Signed) error { return k.VerifyBy(nil, s) }

// VerifyBy is Verify with what was verified before.
func (k KeySet) VerifyBy(v *Verified, s *Signed) error {
	t, err := k.tally(v, s)
	if err != nil {
		return err
	}
	if len(t.Valid) < k.need {
		return refuse(ErrUnsigned, "statement "+s.ID.String(), "signatures of %d of the %d keys of %s, has %d and %d of unknown keys",
			k.need, len(k.keys), k.by, len(t.Valid), t.Unknown)
	}
	return nil
}

// Tally counts what Verify would judge: a statement that still waits for
// signatures has fewer than Need.
func (k KeySet) Tally(s *Signed) (Tally, error) { return k.tally(nil, s) }

func (k KeySet) tally(v *Verified, s *Signed) (Tally, error) {
	if k.by == "" || s.By != k.by {
		return Tally{}, refuse(ErrNotSigner, "line 4", "a statement by %s, whose keys these are", k.by)
	}
	var t Tally
	for i, sig := range s.Sigs {
		claimed, signed := false, -1
		// Two keys can share a key hash (32 bits, and keys are chosen by their
		// holders), so a line is bad only if none of them made it.
		for j, key := range k.keys {
			if sig.Name != string(k.by) || sig.Hash != k.hashes[j] {
				continue
			}
			claimed = true
			if v.verify(key[:], s.Text, sig.Sig) {
				signed = j
			}
		}
		switch {
		case !claimed:
			t.Unknown++
		case signed < 0:
			return Tally{}, refuse(ErrSignature, fmt.Sprintf("signature %d", i+1), "a signature by key %08x of %s over this text", sig.Hash, k.by)
		case !slices.Contains(t.Valid, k.keys[signed]):
			t.Valid = append(t.Valid, k.keys[signed])
		}
	}
	return t, nil
}

// Apply is the set after a key statement, which the set itself must have
// signed; the caller has verified that. Revoked keys leave, added ones follow
// at the end. It refuses to add a key that is there, to revoke one that is
// not, and to leave fewer keys than are needed.
func (k KeySet) Apply(b KeyBody) (KeySet, error) {
	next := KeySet{by: k.by, keys: slices.Clone(k.keys), need: b.Need}
	for i, text := range b.Revoke {
		key, err := ParsePublicKey(text)
		if err != nil {
			return KeySet{}, fmt.Errorf("revoke[%d]: %w", i, err)
		}
		at := slices.Index(next.keys, key)
		if at < 0 {
			return KeySet{}, refuse(ErrKeyChange, fmt.Sprintf("revoke[%d]", i), "a key of %s that is in force here", k.by)
		}
		next.keys = slices.Delete(next.keys, at, at+1)
	}
	for i, text := range b.Add {
		key, err := ParsePublicKey(text)
		if err != nil {
			return KeySet{}, fmt.Errorf("add[%d]: %w", i, err)
		}
		if k.Has(key) || next.Has(key) {
			return KeySet{}, refuse(ErrKeyChange, fmt.Sprintf("add[%d]", i), "a key that %s does not have here", k.by)
		}
		next.keys = append(next.keys, key)
	}
	if err := next.check(); err != nil {
		return KeySet{}, err
	}
	return next.hashed(), nil
}
