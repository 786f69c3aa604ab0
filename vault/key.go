package vault

import (
	"crypto/ecdh"
	"crypto/hpke"
	"crypto/sha256"
	"fmt"
	"io"

	"detente/statement"
)

// A PublicKey is the hybrid HPKE key (MLKEM768-X25519) to which one message
// is sent: a custodian's for one dealing, or a beneficiary's for one seat of
// one request. The zero value is no key; ParsePublicKey has checked all others.
type PublicKey struct {
	wire string // 1216 bytes: ML-KEM-768 encapsulation key, X25519
	pq   Digest // fingerprints of the halves
	dh   Digest
}

// A PrivateKey is the private half, drawn from a 32-byte seed that its owner
// can publish later: without that no complaint could be judged. So a key that
// hardware made and will not give out must not be used here.
type PrivateKey struct {
	key    hpke.PrivateKey
	seed   [SeedSize]byte
	public PublicKey
}

// GenerateKey draws a private key from random.
func GenerateKey(random io.Reader) (*PrivateKey, error) {
	seed := make([]byte, SeedSize)
	if _, err := io.ReadFull(random, seed); err != nil {
		return nil, fmt.Errorf("drawing a key: %w", err)
	}
	return NewPrivateKey(seed)
}

// NewPrivateKey gives the private key of a 32-byte seed.
func NewPrivateKey(seed []byte) (*PrivateKey, error) {
	if len(seed) != SeedSize {
		return nil, fmt.Errorf("%w: seed has %d bytes, want %d", ErrKey, len(seed), SeedSize)
	}
	k, err := hpke.MLKEM768X25519().NewPrivateKey(seed)
	if err != nil {
		return nil, fmt.Errorf("%w: %v", ErrKey, err)
	}
	p, err := ParsePublicKey(k.PublicKey().Bytes())
	if err != nil {
		return nil, err
	}
	return &PrivateKey{key: k, seed: [SeedSize]byte(seed), public: p}, nil
}

// Public gives the key to publish.
func (k *PrivateKey) Public() PublicKey { return k.public }

// Seed gives a copy of the 32 bytes the key was drawn from.
func (k *PrivateKey) Seed() []byte { return append([]byte(nil), k.seed[:]...) }

// ParsePublicKey reads the 1216 bytes of a key and refuses one that is not
// canonical in either half or whose X25519 half is of low order. crypto/hpke
// accepts those; with one of them every dealing would stop.
func ParsePublicKey(b []byte) (PublicKey, error) {
	if len(b) != KeySize {
		return PublicKey{}, fmt.Errorf("%w: %d bytes, want %d", ErrKey, len(b), KeySize)
	}
	if _, err := hpke.MLKEM768X25519().NewPublicKey(b); err != nil {
		return PublicKey{}, fmt.Errorf("%w: %v", ErrKey, err)
	}
	dh, err := pointFingerprint(b[mlkemSize:])
	if err != nil {
		return PublicKey{}, err
	}
	return PublicKey{wire: string(b), pq: sha256.Sum256(b[:mlkemSize]), dh: dh}, nil
}

// pointFingerprint identifies an X25519 public key up to the small-order part
// that X25519 ignores: two keys with one fingerprint give the same secrets,
// though their bytes may differ.
func pointFingerprint(u []byte) (Digest, error) {
	if !canonicalX25519(u) {
		return Digest{}, fmt.Errorf("%w: X25519 half is not canonical", ErrKey)
	}
	public, err := ecdh.X25519().NewPublicKey(u)
	if err != nil {
		return Digest{}, fmt.Errorf("%w: %v", ErrKey, err)
	}
	fixed := newTranscript(statement.PurposeVaultHalf).digest()
	private, err := ecdh.X25519().NewPrivateKey(fixed[:])
	if err != nil {
		return Digest{}, fmt.Errorf("%w: %v", ErrRuntime, err)
	}
	shared, err := private.ECDH(public)
	if err != nil {
		return Digest{}, fmt.Errorf("%w: X25519 half is of low order", ErrKey)
	}
	return newTranscript(statement.PurposeVaultHalf).bytes(shared).digest(), nil
}

// canonicalX25519 says whether u, little-endian, is below 2^255 - 19.
func canonicalX25519(u []byte) bool {
	if u[31] != 0x7f {
		return u[31] < 0x7f
	}
	for _, b := range u[1:31] {
		if b != 0xff {
			return true
		}
	}
	return u[0] < 0xed
}

// Bytes gives the wire form; it is empty for the zero value.
func (p PublicKey) Bytes() []byte { return []byte(p.wire) }

// IsZero says whether p is no key.
func (p PublicKey) IsZero() bool { return p.wire == "" }

// Digest identifies the key in a core and in the context of a message.
func (p PublicKey) Digest() Digest {
	return newTranscript(statement.PurposeVaultKey).text(p.wire).digest()
}

// SharesHalf says whether either half of p is the same as q's. Whoever holds
// one half of a hybrid key is one broken algorithm away from reading what is
// sent to it, so no two seats may share one.
func (p PublicKey) SharesHalf(q PublicKey) bool { return p.pq == q.pq || p.dh == q.dh }

// seal encrypts plaintext to p. HPKE draws its encapsulation from the
// system's generator: the interface takes no other.
func (p PublicKey) seal(info, aad, plaintext []byte) ([]byte, error) {
	k, err := hpke.MLKEM768X25519().NewPublicKey([]byte(p.wire))
	if err != nil {
		return nil, fmt.Errorf("%w: %v", ErrKey, err)
	}
	enc, s, err := hpke.NewSender(k, hpke.HKDFSHA256(), hpke.ChaCha20Poly1305(), info)
	if err != nil {
		return nil, fmt.Errorf("encrypting a share: %w", err)
	}
	ct, err := s.Seal(aad, plaintext)
	if err != nil {
		return nil, fmt.Errorf("encrypting a share: %w", err)
	}
	return append(enc, ct...), nil
}

// open decrypts what seal made for the same info and aad.
func (k *PrivateKey) open(info, aad, ciphertext []byte) ([]byte, error) {
	if len(ciphertext) != CiphertextSize {
		return nil, fmt.Errorf("%w: %d bytes, want %d", ErrCiphertext, len(ciphertext), CiphertextSize)
	}
	enc, ct := ciphertext[:CiphertextSize-ShareSize-16], ciphertext[CiphertextSize-ShareSize-16:]
	r, err := hpke.NewRecipient(enc, k.key, hpke.HKDFSHA256(), hpke.ChaCha20Poly1305(), info)
	if err != nil {
		return nil, fmt.Errorf("%w: %v", ErrCiphertext, err)
	}
	plaintext, err := r.Open(aad, ct)
	if err != nil {
		return nil, fmt.Errorf("%w: %v", ErrCiphertext, err)
	}
	return plaintext, nil
}
