// Package keyfile keeps a private signing key in a file.
//
// Promise: a key file is never overwritten, is durable before Create returns,
// and is readable by its owner alone; a file that others could read, or could
// have replaced, is refused with the command that mends it. Under a passphrase
// the file is an ordinary armored age file that `age -d` opens too.
//
// Not promised: protection from the administrator of the machine, from other
// processes of the same user, or wiping of memory (Go's garbage collector
// copies). A key that must not leave a device belongs in one: package
// statement's Signer is an interface for that reason.
//
// BUG: who owns the folders is not looked at, only who may write in them.
//
// BUG: on Windows permissions are not checked, because its files do not have
// these bits.
//
// # File form
//
// Two lines, the whole file, mode 0600; the folder that Create makes for it
// has mode 0700:
//
//	detente-key/1
//	<name> <kind> <32-byte seed in standard base64>
//
// kind is "ed25519" for what signs statements and checkpoints (parties,
// devices, custodians, depositaries), "witness" and "witness-ml-dsa-44" for what
// makes cosignatures; a key serves one of them. For example
//
//	detente-key/1
//	iran ed25519 AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=
//
// whose public key is
//
//	ed25519 iojj3XQJ8ZX9UtstPLpdcspnCb8dlBIb83SIAbQPb1w=
package keyfile

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"

	"filippo.io/mldsa"
)

// A Kind is what a key is for.
type Kind string

// The kinds.
const (
	Ed25519 Kind = "ed25519" // a party, device, custodian or depositary
	Witness Kind = "witness" // C2SP cosignature/v1
	// WitnessMLDSA is a witness's key of ML-DSA-44, made of its seed as FIPS 204 says.
	WitnessMLDSA Kind = "witness-ml-dsa-44"
)

// MaxName is the longest name of a key, in bytes, as on a signature line.
const MaxName = 255

// A Key is a private key with the name it signs under.
type Key struct {
	name string
	kind Kind
	seed [ed25519.SeedSize]byte
}

// New draws a key from random.
func New(random io.Reader, name string, kind Kind) (*Key, error) {
	k := &Key{name: name, kind: kind}
	if err := k.check(); err != nil {
		return nil, err
	}
	if _, err := io.ReadFull(random, k.seed[:]); err != nil {
		return nil, fmt.Errorf("drawing a key: %w", err)
	}
	return k, nil
}

func (k *Key) check() error {
	bad := func(r rune) bool { return unicode.IsSpace(r) || r < 0x20 || r == '+' }
	if k.name == "" || len(k.name) > MaxName || !utf8.ValidString(k.name) || strings.ContainsFunc(k.name, bad) {
		return fmt.Errorf("name of the key: want 1 to %d bytes without white space and plus", MaxName)
	}
	if k.kind != Ed25519 && k.kind != Witness && k.kind != WitnessMLDSA {
		return fmt.Errorf("kind of the key: want %q, %q or %q", Ed25519, Witness, WitnessMLDSA)
	}
	return nil
}

// Name is the name the key signs under.
func (k *Key) Name() string { return k.name }

// Kind is what the key is for.
func (k *Key) Kind() Kind { return k.kind }

// Seed is the private key: handle with care.
func (k *Key) Seed() []byte { return append([]byte(nil), k.seed[:]...) }

// Wipe overwrites the private key: after it the key is of no use. Copies that
// Seed gave are the caller's.
func (k *Key) Wipe() { clear(k.seed[:]) }

// Public is the public key as one pastes it between quotes into an agreement.
func (k *Key) Public() string {
	if k.kind == WitnessMLDSA {
		private, err := mldsa.NewPrivateKey(mldsa.MLDSA44(), k.seed[:])
		if err != nil {
			panic("keyfile: a seed of 32 bytes is no ML-DSA key: " + err.Error())
		}
		return PublicOf(k.name, k.kind, private.PublicKey().Bytes())
	}
	return PublicOf(k.name, k.kind, ed25519.NewKeyFromSeed(k.seed[:]).Public().(ed25519.PublicKey))
}

// PublicOf is the form in which an agreement has the bytes of a public key, 32
// or for ML-DSA 1312: "ed25519 " and base64, for a witness its C2SP verifier key.
func PublicOf(name string, kind Kind, public []byte) string {
	if kind == Ed25519 {
		return "ed25519 " + base64.StdEncoding.EncodeToString(public)
	}
	cosignature := byte(0x04) // the signature types of C2SP cosignatures
	if kind == WitnessMLDSA {
		cosignature = 0x06
	}
	typed := append([]byte{cosignature}, public...)
	hash := sha256.Sum256(append([]byte(name+"\n"), typed...))
	return fmt.Sprintf("%s+%08x+%s", name, binary.BigEndian.Uint32(hash[:]), base64.StdEncoding.EncodeToString(typed))
}

// Format prints the public key whatever the verb, so that no message can show
// the private one by accident.
func (k *Key) Format(f fmt.State, _ rune) { fmt.Fprint(f, k.Public()) }

const firstLine = "detente-key/1\n"

// encode and decode make no copies of the seed but in what they give, so that
// the caller can overwrite it.
func (k *Key) encode() []byte {
	b := append([]byte(firstLine), k.name...)
	b = append(append(append(b, ' '), k.kind...), ' ')
	return append(base64.StdEncoding.AppendEncode(b, k.seed[:]), '\n')
}

var errForm = errors.New(`not a key file: want "detente-key/1" and a line of name, kind and 44 characters of base64`)

// decode accepts exactly what encode makes. Its errors never show the content.
func decode(b []byte) (*Key, error) {
	rest, ok := bytes.CutPrefix(b, []byte(firstLine))
	if !ok {
		return nil, errForm
	}
	fields := bytes.Split(bytes.TrimSuffix(rest, []byte("\n")), []byte(" "))
	if len(fields) != 3 || len(fields[2]) != base64.StdEncoding.EncodedLen(ed25519.SeedSize) {
		return nil, errForm
	}
	var seed [ed25519.SeedSize + 1]byte // room for a 33rd byte, which is refused
	defer clear(seed[:])
	n, err := base64.StdEncoding.Decode(seed[:], fields[2])
	if err != nil || n != ed25519.SeedSize {
		return nil, errForm
	}
	k := &Key{name: string(fields[0]), kind: Kind(fields[1]), seed: [ed25519.SeedSize]byte(seed[:ed25519.SeedSize])}
	if err := k.check(); err != nil {
		return nil, err
	}
	again := k.encode()
	defer clear(again)
	if !bytes.Equal(again, b) {
		return nil, errForm
	}
	return k, nil
}
