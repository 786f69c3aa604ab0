package vault

import (
	"encoding/base64"
	"fmt"

	"detente/agreement"
	"detente/statement"

	"github.com/gtank/ristretto255"
)

// A Core is the public part of a dealing: what an epoch statement carries.
// NewCore and ParseCore have checked every form in it.
type Core struct {
	Agreement   agreement.Digest
	Vault       agreement.Name
	Epoch       int64
	Attempt     int
	Need        int
	Recipient   string   // age1pq1..., what segments are sealed to
	Commitments [][]byte // Need points, constant term first
	Seats       []Seat   // seat 1 first

	points []*point
}

// A Seat is one custodian's place in a dealing.
type Seat struct {
	Custodian agreement.Name
	Keyed     bool   // false: it had no fresh key, and has no share
	Key       Digest // of its HPKE key; zero if not Keyed
}

// check judges the forms and decodes the commitments. No commitment may be
// the identity: an honest dealing makes one with probability 2^-252, and with
// C0 the identity both values are zero.
func (c *Core) check() error {
	switch {
	case c.Epoch < 1 || c.Epoch > MaxEpoch:
		return fmt.Errorf("%w: epoch %d, want 1 to %d", ErrCore, c.Epoch, MaxEpoch)
	case c.Attempt < 1 || c.Attempt > MaxAttempt:
		return fmt.Errorf("%w: attempt %d, want 1 to %d", ErrCore, c.Attempt, MaxAttempt)
	case len(c.Seats) < 1 || len(c.Seats) > MaxSeats:
		return fmt.Errorf("%w: %d seats, want 1 to %d", ErrCore, len(c.Seats), MaxSeats)
	case c.Need < 1 || c.Need > c.keyed():
		return fmt.Errorf("%w: need %d of %d seats that have keys", ErrCore, c.Need, c.keyed())
	case len(c.Commitments) != c.Need:
		return fmt.Errorf("%w: %d commitments, want exactly need, %d", ErrCore, len(c.Commitments), c.Need)
	}
	if _, err := ParseRecipient(c.Recipient); err != nil {
		return err
	}
	c.points = make([]*point, len(c.Commitments))
	for i, b := range c.Commitments {
		p, err := ristretto255.NewIdentityElement().SetCanonicalBytes(b)
		if err != nil {
			return fmt.Errorf("%w: commitment %d is not a canonical point", ErrCore, i)
		}
		if p.Equal(identity) == 1 {
			return fmt.Errorf("%w: commitment %d is the identity", ErrCore, i)
		}
		c.points[i] = p
	}
	return c.checkSeats()
}

func (c *Core) checkSeats() error {
	names, keys := map[agreement.Name]bool{}, map[Digest]bool{}
	for i, s := range c.Seats {
		switch {
		case names[s.Custodian]:
			return fmt.Errorf("%w: %s has two seats", ErrCore, s.Custodian)
		case !s.Keyed && s.Key != Digest{}:
			return fmt.Errorf("%w: seat %d has a key digest but no key", ErrCore, i+1)
		case s.Keyed && s.Key == Digest{}:
			return fmt.Errorf("%w: seat %d has the key digest zero, which stands for no key", ErrCore, i+1)
		case s.Keyed && keys[s.Key]:
			return fmt.Errorf("%w: seat %d has the key of another seat", ErrCore, i+1)
		}
		names[s.Custodian] = true
		keys[s.Key] = s.Keyed
	}
	return nil
}

func (c *Core) keyed() int {
	n := 0
	for _, s := range c.Seats {
		if s.Keyed {
			n++
		}
	}
	return n
}

// CoreDigest binds everything in the core; it is the associated data of every share.
func (c *Core) CoreDigest() Digest {
	t := newTranscript(statement.PurposeVaultCore).bytes(c.Agreement[:]).bytes(vaultID(c.Agreement, c.Vault)).
		u64(c.Epoch).u16(c.Attempt).u16(c.Need).u16(len(c.Seats)).text(c.Recipient)
	for _, p := range c.Commitments {
		t = t.bytes(p)
	}
	for _, s := range c.Seats {
		t = t.bytes(custodianID(c.Agreement, s.Custodian)).bytes(s.Key[:])
	}
	return t.digest()
}

// EpochDigest identifies a dealing: its core and all its ciphertexts, seat 1
// first, empty for a seat without a key. Manifests name their epoch by it.
func (c *Core) EpochDigest(ciphertexts [][]byte) Digest {
	core := c.CoreDigest()
	t := newTranscript(statement.PurposeVaultEpoch).bytes(core[:])
	for _, ct := range ciphertexts {
		t = t.bytes(ct)
	}
	return t.digest()
}

// shareInfo is the HPKE context of a seat's share.
func (c *Core) shareInfo(seat int) []byte {
	s := c.Seats[seat-1]
	return newTranscript(statement.PurposeVaultShare).bytes(c.Agreement[:]).bytes(vaultID(c.Agreement, c.Vault)).
		u64(c.Epoch).u16(c.Attempt).u16(seat).bytes(custodianID(c.Agreement, s.Custodian)).bytes(s.Key[:])
}

// handOverInfo is the HPKE context of a seat's share on its way to a beneficiary.
func (c *Core) handOverInfo(seat int, request statement.ID, key Digest) []byte {
	return newTranscript(statement.PurposeVaultHandOver).bytes(c.Agreement[:]).bytes(vaultID(c.Agreement, c.Vault)).
		u64(c.Epoch).u16(c.Attempt).u16(seat).bytes(request[:]).bytes(key[:])
}

// ParseCore reads the core in an epoch statement of the agreement.
func ParseCore(id agreement.Digest, b statement.EpochBody) (*Core, error) {
	c := &Core{
		Agreement: id, Vault: agreement.Name(b.Vault), Epoch: b.Epoch, Attempt: b.Attempt,
		Need: b.Need, Recipient: b.Recipient,
	}
	if len(b.Commitments) > MaxSeats || len(b.Seats) > MaxSeats {
		return nil, fmt.Errorf("%w: more than %d commitments or seats", ErrCore, MaxSeats)
	}
	for i, s := range b.Commitments {
		p, err := decodeBytes(s, 32)
		if err != nil {
			return nil, fmt.Errorf("%w: commitment %d: %v", ErrCore, i, err)
		}
		c.Commitments = append(c.Commitments, p)
	}
	for i, s := range b.Seats {
		seat := Seat{Custodian: agreement.Name(s.Custodian), Keyed: s.Key != ""}
		if seat.Keyed {
			d, err := ParseDigest(s.Key)
			if err != nil {
				return nil, fmt.Errorf("%w: key of seat %d: %v", ErrCore, i+1, err)
			}
			seat.Key = d
		}
		c.Seats = append(c.Seats, seat)
	}
	if err := c.check(); err != nil {
		return nil, err
	}
	return c, nil
}

// decodeBytes reads standard base64 with padding in its one form, of size
// bytes. Go's decoder skips line ends, so the text is made again and compared.
func decodeBytes(s string, size int) ([]byte, error) {
	if len(s) != base64.StdEncoding.EncodedLen(size) {
		return nil, fmt.Errorf("%d characters of base64, want %d for %d bytes", len(s), base64.StdEncoding.EncodedLen(size), size)
	}
	b, err := base64.StdEncoding.Strict().DecodeString(s)
	if err != nil || len(b) != size || encodeBytes(b) != s {
		return nil, fmt.Errorf("not canonical base64 of %d bytes", size)
	}
	return b, nil
}

func encodeBytes(b []byte) string { return base64.StdEncoding.EncodeToString(b) }
