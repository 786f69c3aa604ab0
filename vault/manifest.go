package vault

import (
	"crypto"
	"crypto/ed25519"
	"encoding/binary"
	"fmt"
	"math"
	"unicode/utf8"

	"detente/agreement"
	"detente/statement"
)

// Milliseconds are a length of time, or an instant since 1970-01-01T00:00:00Z.
type Milliseconds int64

// A Manifest describes one segment. Times are the recorder's own claims; the
// checkpoint and the batch that carries the manifest bracket them.
type Manifest struct {
	Agreement  agreement.Digest
	Vault      [32]byte // VaultID
	Camera     string
	Epoch      Digest // the dealing's epoch digest
	Seq        int64  // dense, from 1, for each camera
	Prev       Digest // of the camera's previous manifest; zero for the first
	Size       int64  // of the segment's file
	Root       Digest // of its pieces
	Wall       Milliseconds
	Mono       Milliseconds // since the recorder started
	Duration   Milliseconds
	Checkpoint [32]byte // root of the record at a recent size: recorded not before
}

// A SignedManifest is a manifest with the signature of the recorder's device.
type SignedManifest struct {
	Manifest
	Sig [ed25519.SignatureSize]byte
}

// VaultID is the 32 bytes that stand for a vault in every message.
func VaultID(id agreement.Digest, vault agreement.Name) [32]byte { return [32]byte(vaultID(id, vault)) }

// Bytes is what is signed: the transcript of all fields. It has 312 bytes for
// a camera whose name has four.
func (m *Manifest) Bytes() []byte {
	return newTranscript(statement.PurposeVaultManifest).bytes(m.Agreement[:]).bytes(m.Vault[:]).text(m.Camera).
		bytes(m.Epoch[:]).u64(m.Seq).bytes(m.Prev[:]).u64(m.Size).bytes(m.Root[:]).
		u64(int64(m.Wall)).u64(int64(m.Mono)).u64(int64(m.Duration)).bytes(m.Checkpoint[:])
}

// Digest identifies the manifest: SHA-256 of what is signed.
func (m *Manifest) Digest() Digest { return transcript(m.Bytes()).digest() }

// Sign signs the manifest with the device's key: an ed25519.PrivateKey, or one
// that some hardware holds.
func (m *Manifest) Sign(key crypto.Signer) (*SignedManifest, error) {
	if err := m.check(); err != nil {
		return nil, err
	}
	sig, err := key.Sign(nil, m.Bytes(), crypto.Hash(0))
	if err != nil {
		return nil, fmt.Errorf("signing manifest %d of camera %s: %w", m.Seq, m.Camera, err)
	}
	if len(sig) != ed25519.SignatureSize {
		return nil, fmt.Errorf("signing manifest %d of camera %s: the key gave %d bytes, want %d", m.Seq, m.Camera, len(sig), ed25519.SignatureSize)
	}
	return &SignedManifest{Manifest: *m, Sig: [ed25519.SignatureSize]byte(sig)}, nil
}

// Verify checks the signature by one of the device's keys.
func (s *SignedManifest) Verify(keys ...statement.PublicKey) error {
	signed := s.Bytes()
	for _, k := range keys {
		if statement.VerifyEd25519(k[:], signed, s.Sig[:]) {
			return nil
		}
	}
	return fmt.Errorf("%w: manifest %d of camera %s", ErrSignature, s.Seq, s.Camera)
}

// verifyAll is Verify of each, by one batch for each key.
func verifyAll(manifests []*SignedManifest, keys []statement.PublicKey) []bool {
	verdicts := make([]bool, len(manifests))
	for _, k := range keys {
		var batch statement.Batch
		var of []int // the manifest of each signature
		for i, m := range manifests {
			if !verdicts[i] {
				batch.Add(k[:], m.Bytes(), m.Sig[:])
				of = append(of, i)
			}
		}
		for n, good := range batch.Verify() {
			verdicts[of[n]] = good
		}
	}
	return verdicts
}

// Encode gives the wire form: what is signed, then the signature.
func (s *SignedManifest) Encode() []byte { return append(s.Bytes(), s.Sig[:]...) }

func (m *Manifest) check() error {
	switch {
	case len(m.Camera) < 1 || len(m.Camera) > MaxCameraName || !utf8.ValidString(m.Camera):
		return fmt.Errorf("%w: camera's name has %d bytes, want 1 to %d of UTF-8", ErrManifest, len(m.Camera), MaxCameraName)
	case m.Seq < 1 || m.Seq > statement.MaxInteger:
		return fmt.Errorf("%w: number %d, want 1 to %d, the most that a seal can name", ErrManifest, m.Seq, int64(statement.MaxInteger))
	case m.Seq == 1 && m.Prev != Digest{}:
		return fmt.Errorf("%w: the first manifest names a previous one", ErrManifest)
	case m.Seq > 1 && m.Prev == Digest{}:
		return fmt.Errorf("%w: manifest %d names no previous one", ErrManifest, m.Seq)
	case m.Size < HeaderSize+NonceSize+16 || m.Size > SegmentSize(MaxSegmentBytes):
		return fmt.Errorf("%w: size %d", ErrManifest, m.Size)
	case m.Wall < 0 || m.Wall > maxTime || m.Mono < 0 || m.Mono > maxTime:
		return fmt.Errorf("%w: time out of range", ErrManifest)
	case m.Duration < 0 || m.Duration > maxDuration:
		return fmt.Errorf("%w: duration %d ms, want at most %d", ErrManifest, m.Duration, maxDuration)
	}
	return nil
}

const (
	maxTime     = Milliseconds(statement.MaxInstant) * 1000
	maxDuration = Milliseconds(24 * 60 * 60 * 1000)
)

// ParseManifest reads the wire form of one signed manifest. It does not verify
// the signature.
func ParseManifest(b []byte) (*SignedManifest, error) {
	r := fields{rest: b}
	if statement.Purpose(r.next(len(statement.PurposeVaultManifest))) != statement.PurposeVaultManifest {
		return nil, fmt.Errorf("%w: does not start with the purpose %s", ErrManifest, statement.PurposeVaultManifest)
	}
	var s SignedManifest
	copy(s.Agreement[:], r.next(32))
	copy(s.Vault[:], r.next(32))
	s.Camera = string(r.next(-1))
	copy(s.Epoch[:], r.next(32))
	s.Seq = r.u64()
	copy(s.Prev[:], r.next(32))
	s.Size = r.u64()
	copy(s.Root[:], r.next(32))
	s.Wall, s.Mono, s.Duration = Milliseconds(r.u64()), Milliseconds(r.u64()), Milliseconds(r.u64())
	copy(s.Checkpoint[:], r.next(32))
	if r.bad || len(r.rest) != len(s.Sig) {
		return nil, fmt.Errorf("%w: fields do not fill its %d bytes", ErrManifest, len(b))
	}
	copy(s.Sig[:], r.rest)
	if err := s.check(); err != nil {
		return nil, err
	}
	return &s, nil
}

// fields reads length-prefixed fields; after the first bad one all are empty.
type fields struct {
	rest []byte
	bad  bool
}

// next gives the next field, which has size bytes unless size is negative.
func (f *fields) next(size int) []byte {
	if f.bad || len(f.rest) < 4 {
		f.bad = true
		return nil
	}
	n := binary.BigEndian.Uint32(f.rest)
	if uint64(n) > uint64(len(f.rest)-4) || size >= 0 && int(n) != size {
		f.bad = true
		return nil
	}
	b := f.rest[4 : 4+n]
	f.rest = f.rest[4+n:]
	return b
}

func (f *fields) u64() int64 {
	b := f.next(8)
	if f.bad {
		return 0
	}
	v := binary.BigEndian.Uint64(b)
	if v > math.MaxInt64 {
		f.bad = true
		return 0
	}
	return int64(v)
}
