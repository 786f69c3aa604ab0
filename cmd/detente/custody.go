package main

import (
	"bytes"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/hex"
	"errors"

	"detente/custodian"
	"detente/internal/keyfile"
	"detente/internal/locked"
	"detente/statement"

	"filippo.io/age"
)

// sealWith is what a custodian's folder is encrypted to: a passphrase, an age
// identity file, or something only a key of an agent or a token can make.
func sealWith(t terminal, how string) (*custodian.Seal, error) {
	if how == "passphrase" {
		secret, err := passphraseFrom(t, "the custodian's folder")()
		if err != nil {
			return nil, usage("%w", err)
		}
		return scryptSeal(secret, sealWork)
	}
	if k, err := heldElsewhere(t, how); k != nil || err != nil {
		return heldSeal(k, how, err)
	}
	content, err := keyfile.ReadPrivate(how)
	if err != nil {
		return nil, usage("--seal-with %s: %w", how, err)
	}
	defer clear(content)
	ids, err := age.ParseIdentities(bytes.NewReader(content))
	if err != nil || len(ids) != 1 {
		return nil, usage("--seal-with %s: want a file with one age identity, as age-keygen makes it", how)
	}
	switch id := ids[0].(type) {
	case *age.HybridIdentity:
		return &custodian.Seal{Recipient: id.Recipient(), Identity: id}, nil
	case *age.X25519Identity:
		return &custodian.Seal{Recipient: id.Recipient(), Identity: id}, nil
	}
	return nil, usage("--seal-with %s: want an age identity of age-keygen, with or without -pq", how)
}

// The work factors of scrypt: a guess at a passphrase costs half a second; a
// secret of 32 random bytes needs none.
const (
	sealWork = 17
	heldWork = 10
)

func scryptSeal(secret string, work int) (*custodian.Seal, error) {
	r, err := age.NewScryptRecipient(secret)
	if err != nil {
		return nil, usage("an empty passphrase protects nothing")
	}
	r.SetWorkFactor(work)
	id, err := age.NewScryptIdentity(secret)
	if err != nil {
		return nil, err
	}
	id.SetMaxWorkFactor(sealWork)
	return &custodian.Seal{Recipient: r, Identity: id}, nil
}

// heldSeal derives a secret from a signature of a fixed text, which nobody signs
// for another purpose, by a key of an agent or a token. A key that signs the
// same text twice in two ways cannot be used: nobody would ever open the folder
// again.
func heldSeal(k *heldKey, how string, err error) (*custodian.Seal, error) {
	if err != nil {
		return nil, err
	}
	text := []byte(statement.PurposeCustody.Line())
	first, err := k.held.Sign(text)
	if err != nil {
		return nil, err
	}
	again, err := k.held.Sign(text)
	if err != nil {
		return nil, err
	}
	defer clear(first)
	defer clear(again)
	if !bytes.Equal(first, again) {
		return nil, usage("--seal-with: key %s signs one text in two ways; a folder sealed with it could not be opened again", how)
	}
	secret, err := hkdf.Key(sha256.New, first, nil, string(statement.PurposeCustody), 32)
	if err != nil {
		return nil, err
	}
	defer clear(secret)
	return scryptSeal(hex.EncodeToString(secret), heldWork)
}

// A guardedSigner is a signer whose private key lies in locked memory. For each
// signature the standard library works on a copy, which is overwritten.
type guardedSigner struct {
	name   string
	public statement.PublicKey
	seed   *locked.Buffer
}

func (s *guardedSigner) Name() string { return s.name }

func (s *guardedSigner) Public() statement.PublicKey { return s.public }

func (s *guardedSigner) Sign(message []byte) ([]byte, error) {
	signer, err := statement.NewSigner(s.name, s.seed.Bytes())
	if err != nil {
		return nil, err
	}
	if w, ok := signer.(interface{ Wipe() }); ok {
		defer w.Wipe()
	}
	return signer.Sign(message)
}

// guarded moves the key of a file into locked memory. A key that is held elsewhere is not here.
func (k *heldKey) guarded(ref string, kind keyfile.Kind) (statement.Signer, error) {
	plain, err := k.signer(ref, kind)
	if err != nil || k.file == nil {
		return plain, err
	}
	name, public := plain.Name(), plain.Public() // what is wiped has none
	seed, err := locked.Of(k.file.Seed())
	k.file.Wipe()
	if w, ok := plain.(interface{ Wipe() }); ok {
		w.Wipe()
	}
	if err != nil {
		return nil, usage("%w", err)
	}
	return &guardedSigner{name, public, seed}, nil
}

// harden is what every process that sees shares, keys of epochs or footage does
// first: no core dump of it is ever written.
func harden() error {
	if err := locked.Harden(); err != nil {
		return &exitError{exitUnknown, err}
	}
	return nil
}

// custodyError gives the exit status of wrong usage to a folder that cannot be
// opened with what was given.
func custodyError(err error) error {
	if errors.Is(err, custodian.ErrSeal) {
		return usage("%w", err)
	}
	return verdict(err)
}
