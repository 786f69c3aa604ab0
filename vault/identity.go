package vault

import (
	"crypto/fips140"
	"crypto/hkdf"
	"crypto/sha256"
	"fmt"
	"strings"

	"detente/statement"

	"filippo.io/age"
)

// CheckRuntime says whether this process can do what the package needs. Under
// GODEBUG=fips140=only age v1.3.1 never returns, so every program that
// seals, deals, opens or judges calls this first and refuses to start.
func CheckRuntime() error {
	if fips140.Enforced() {
		return fmt.Errorf("%w: FIPS 140-3 mode is enforced and forbids ChaCha20-Poly1305 and X25519; start without GODEBUG=fips140=only", ErrRuntime)
	}
	return nil
}

// deriveSeed gives the seed of a dealing's age identity from its scalar.
func deriveSeed(a *scalar, core *Core) ([]byte, error) {
	t := newTranscript(statement.PurposeVaultSeed).bytes(core.Agreement[:]).bytes(vaultID(core.Agreement, core.Vault)).
		u64(core.Epoch).u16(core.Attempt)
	for _, c := range core.Commitments {
		t = t.bytes(c)
	}
	secret := a.Bytes()
	defer clear(secret)
	seed, err := hkdf.Key(sha256.New, secret, nil, string(t), SeedSize)
	if err != nil {
		return nil, fmt.Errorf("deriving an epoch's seed: %w", err)
	}
	return seed, nil
}

// An Identity opens what was sealed in one epoch: an ordinary age hybrid
// identity. String gives the text that stock age reads from a file.
type Identity struct {
	age  *age.HybridIdentity
	seed []byte
}

// NewIdentity gives the identity of a 32-byte seed.
func NewIdentity(seed []byte) (*Identity, error) {
	if len(seed) != SeedSize {
		return nil, fmt.Errorf("epoch seed has %d bytes, want %d", len(seed), SeedSize)
	}
	id, err := age.ParseHybridIdentity(strings.ToUpper(bech32("age-secret-key-pq-", seed)))
	if err != nil {
		return nil, fmt.Errorf("making an age identity: %w", err)
	}
	return &Identity{age: id, seed: append([]byte(nil), seed...)}, nil
}

// Recipient is the public key to seal to, 1959 characters.
func (i *Identity) Recipient() string { return i.age.Recipient().String() }

// Seed gives a copy of the identity's 32 bytes: whoever has it can open the epoch.
func (i *Identity) Seed() []byte { return append([]byte(nil), i.seed...) }

// String is the identity in age's own form, a secret.
func (i *Identity) String() string { return i.age.String() }

// ParseRecipient reads a recipient in its one form: lower case, hybrid.
func ParseRecipient(s string) (*age.HybridRecipient, error) {
	if len(s) != RecipientSize {
		return nil, fmt.Errorf("%w: recipient has %d characters, want %d", ErrCore, len(s), RecipientSize)
	}
	r, err := age.ParseHybridRecipient(s)
	if err != nil || r.String() != s {
		return nil, fmt.Errorf("%w: recipient is not an age1pq1 key in lower case", ErrCore)
	}
	return r, nil
}

// bech32 encodes data under a lower-case prefix (BIP 173). age keeps its own
// encoder internal and reads identities in this form only.
func bech32(prefix string, data []byte) string {
	const charset = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
	var values []byte
	acc, bits := uint32(0), 0
	for _, b := range data {
		acc, bits = acc<<8|uint32(b), bits+8
		for bits >= 5 {
			bits -= 5
			values = append(values, byte(acc>>bits)&31)
		}
	}
	if bits > 0 {
		values = append(values, byte(acc<<(5-bits))&31)
	}
	sum := uint32(1)
	add := func(v byte) {
		generator := [5]uint32{0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3}
		top := sum >> 25
		sum = (sum&0x1ffffff)<<5 ^ uint32(v)
		for i, g := range generator {
			if top>>i&1 == 1 {
				sum ^= g
			}
		}
	}
	for i := range len(prefix) {
		add(prefix[i] >> 5)
	}
	add(0)
	for i := range len(prefix) {
		add(prefix[i] & 31)
	}
	for _, v := range values {
		add(v)
	}
	for range 6 {
		add(0)
	}
	sum ^= 1
	for p := range 6 {
		values = append(values, byte(sum>>(5*(5-p)))&31)
	}
	var out strings.Builder
	out.WriteString(prefix)
	out.WriteByte('1')
	for _, v := range values {
		out.WriteByte(charset[v])
	}
	return out.String()
}
