package statement

import (
	"bytes"
	"crypto/ed25519"
)

// A Signer makes Ed25519 signatures under a name. The private key may be
// anywhere, for example in a device that never lets it out.
type Signer interface {
	// Name is the key name on the signature line: a declared name for
	// statements, the origin for checkpoints, the witness's own for cosignatures.
	Name() string
	// Public is the public key.
	Public() PublicKey
	// Sign gives the 64 bytes of the Ed25519 signature of message.
	Sign(message []byte) ([]byte, error)
}

// NewSigner is the signer with this name whose private key is the 32-byte seed.
func NewSigner(name string, seed []byte) (Signer, error) {
	if !ValidKeyName(name) {
		return nil, refuse(ErrNote, "key name", "1 to %d bytes without white space and plus", MaxKeyName)
	}
	if len(seed) != ed25519.SeedSize {
		return nil, refuse(ErrPublicKey, "private key", "a seed of %d bytes", ed25519.SeedSize)
	}
	return &seedSigner{name, ed25519.NewKeyFromSeed(seed)}, nil
}

type seedSigner struct {
	name    string
	private ed25519.PrivateKey
}

func (s *seedSigner) Name() string { return s.name }

func (s *seedSigner) Public() PublicKey { return PublicKey(s.private.Public().(ed25519.PublicKey)) }

func (s *seedSigner) Sign(message []byte) ([]byte, error) {
	return ed25519.Sign(s.private, message), nil
}

// Wipe overwrites the private key; nothing can be signed afterwards.
func (s *seedSigner) Wipe() { clear(s.private) }

// signature makes and checks one line: a faulty signer is found here, not by
// the first who verifies.
func signature(text []byte, s Signer) (Signature, error) {
	raw, err := s.Sign(text)
	if err != nil {
		return Signature{}, err
	}
	key := s.Public()
	if !VerifyEd25519(key[:], text, raw) {
		return Signature{}, refuse(ErrSignature, "signer "+shown(s.Name()), "a signature that its own public key verifies")
	}
	return Signature{Name: s.Name(), Hash: key.Hash(s.Name()), Sig: raw}, nil
}

// Sign makes the note of a statement's text with these signers' lines, in
// their order. A signer's name must be the statement's author.
func Sign(text []byte, signers ...Signer) ([]byte, error) {
	if len(signers) == 0 {
		return nil, refuse(ErrUnsigned, "statement", "at least one signer")
	}
	return addLines(text, nil, signers)
}

// AddSignature adds lines to a statement that others signed before: with k of
// n keys the text travels first and each holder adds a line.
func AddSignature(note []byte, signers ...Signer) ([]byte, error) {
	s, err := Parse(note)
	if err != nil {
		return nil, err
	}
	return addLines(s.Text, s.Sigs, signers)
}

// Join puts the signature lines of several notes of one statement together, in
// the order of the notes, each line once. It refuses notes whose texts differ.
func Join(note []byte, more ...[]byte) ([]byte, error) {
	s, err := Parse(note)
	if err != nil {
		return nil, err
	}
	sigs := s.Sigs
	for _, m := range more {
		other, err := Parse(m)
		if err != nil {
			return nil, err
		}
		if !bytes.Equal(other.Text, s.Text) {
			return nil, refuse(ErrOtherText, "statement "+other.ID.String(), "a signature over the text of statement %s", s.ID)
		}
		for _, sig := range other.Sigs {
			if !hasLine(sigs, sig) {
				sigs = append(sigs, sig)
			}
		}
	}
	return entryNote(s.Text, sigs)
}

func addLines(text []byte, sigs []Signature, signers []Signer) ([]byte, error) {
	st, err := ParseText(text)
	if err != nil {
		return nil, err
	}
	for _, signer := range signers {
		if signer.Name() != string(st.By) {
			return nil, refuse(ErrNotSigner, "signer "+shown(signer.Name()), "a key of %s, whose statement it is", st.By)
		}
		sig, err := signature(text, signer)
		if err != nil {
			return nil, err
		}
		for _, have := range sigs {
			if have.Name == sig.Name && have.Hash == sig.Hash {
				return nil, refuse(ErrDuplicate, "signer "+shown(sig.Name), "a key that has not signed yet: %08x has", sig.Hash)
			}
		}
		sigs = append(sigs, sig)
	}
	return entryNote(text, sigs)
}

func entryNote(text []byte, sigs []Signature) ([]byte, error) {
	b, err := NewNote(text, sigs...)
	if err != nil {
		return nil, err
	}
	if len(b) > MaxEntry {
		return nil, refuse(ErrTooLarge, "statement", "at most %d bytes with its signatures, has %d", MaxEntry, len(b))
	}
	return b, nil
}

func hasLine(sigs []Signature, sig Signature) bool {
	for _, s := range sigs {
		if s.Name == sig.Name && s.Hash == sig.Hash && bytes.Equal(s.Sig, sig.Sig) {
			return true
		}
	}
	return false
}
