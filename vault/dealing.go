package vault

import (
	"fmt"
	"io"

	"detente/agreement"
	"detente/statement"
)

// Params says for whom an epoch is dealt.
type Params struct {
	Agreement agreement.Digest
	Vault     agreement.Name
	Epoch     int64
	Attempt   int
	Need      int // shares that open
	Absent    int // acknowledged seats that may fail; need + absent seats must have keys
	Seats     []SeatKey
}

// A SeatKey is a custodian and the fresh key it has published; a zero key
// means that it has none, and gets no share.
type SeatKey struct {
	Custodian agreement.Name
	Key       PublicKey
}

func (p *Params) check() error {
	keyed := 0
	for i, s := range p.Seats {
		if s.Key.IsZero() {
			continue
		}
		keyed++
		for j, o := range p.Seats[:i] {
			if !o.Key.IsZero() && s.Key.SharesHalf(o.Key) {
				return fmt.Errorf("%w: seats %d and %d", ErrSharedHalf, j+1, i+1)
			}
		}
	}
	if p.Need < 1 || p.Absent < 0 || keyed < p.Need+p.Absent {
		return fmt.Errorf("%w: %d seats have keys, want need %d + absent %d", ErrParams, keyed, p.Need, p.Absent)
	}
	return nil
}

// A Dealing is a core with all its ciphertexts. All of it is public.
type Dealing struct {
	*Core
	Ciphertexts [][]byte // seat 1 first; nil for a seat without a key
	Digest      Digest   // the epoch digest
}

// Deal makes a fresh epoch key, shares it and forgets it. The scalars come
// from random, the encapsulations from the system's generator. Call it in a
// process that exits afterwards (DealChild): a garbage collector leaves copies
// of what was wiped.
func Deal(random io.Reader, p Params) (*Dealing, error) {
	if err := CheckRuntime(); err != nil {
		return nil, err
	}
	if err := p.check(); err != nil {
		return nil, err
	}
	as, bs := make([]*scalar, p.Need), make([]*scalar, p.Need)
	for i := range p.Need {
		var err error
		if as[i], err = randomScalar(random); err != nil {
			return nil, err
		}
		if bs[i], err = randomScalar(random); err != nil {
			return nil, err
		}
	}
	defer wipe(as...)
	defer wipe(bs...)
	return dealWith(p, as, bs)
}

// dealWith shares given polynomials; tests give it those a cheat would choose.
func dealWith(p Params, as, bs []*scalar) (*Dealing, error) {
	c := &Core{Agreement: p.Agreement, Vault: p.Vault, Epoch: p.Epoch, Attempt: p.Attempt, Need: p.Need}
	for _, s := range p.Seats {
		seat := Seat{Custodian: s.Custodian, Keyed: !s.Key.IsZero()}
		if seat.Keyed {
			seat.Key = s.Key.Digest()
		}
		c.Seats = append(c.Seats, seat)
	}
	for i := range as {
		c.Commitments = append(c.Commitments, commit(as[i], bs[i]).Bytes())
	}
	id, err := deriveIdentity(as[0], c)
	if err != nil {
		return nil, err
	}
	c.Recipient = id.Recipient()
	clear(id.seed)
	if err := c.check(); err != nil {
		return nil, err
	}
	cts, err := encryptShares(c, p.Seats, as, bs)
	if err != nil {
		return nil, err
	}
	return &Dealing{Core: c, Ciphertexts: cts, Digest: c.EpochDigest(cts)}, nil
}

func deriveIdentity(a *scalar, c *Core) (*Identity, error) {
	seed, err := deriveSeed(a, c)
	if err != nil {
		return nil, err
	}
	defer clear(seed)
	return NewIdentity(seed)
}

func encryptShares(c *Core, seats []SeatKey, as, bs []*scalar) ([][]byte, error) {
	aad := c.CoreDigest()
	cts := make([][]byte, len(seats))
	for i, s := range seats {
		if s.Key.IsZero() {
			continue
		}
		sh := Share{Seat: i + 1, s: evaluate(as, i+1), t: evaluate(bs, i+1)}
		plain := sh.Bytes()
		ct, err := s.Key.seal(c.shareInfo(i+1), aad[:], plain)
		clear(plain)
		sh.Wipe()
		if err != nil {
			return nil, fmt.Errorf("seat %d: %w", i+1, err)
		}
		cts[i] = ct
	}
	return cts, nil
}

// NewDealing puts a core and its ciphertexts together and checks them against
// the epoch digest that the epoch statement carries.
func NewDealing(c *Core, ciphertexts [][]byte, digest Digest) (*Dealing, error) {
	if len(ciphertexts) != len(c.Seats) {
		return nil, fmt.Errorf("%w: %d ciphertexts for %d seats", ErrDigest, len(ciphertexts), len(c.Seats))
	}
	for i, ct := range ciphertexts {
		want := 0
		if c.Seats[i].Keyed {
			want = CiphertextSize
		}
		if len(ct) != want {
			return nil, fmt.Errorf("%w: ciphertext of seat %d has %d bytes, want %d", ErrDigest, i+1, len(ct), want)
		}
	}
	if c.EpochDigest(ciphertexts) != digest {
		return nil, ErrDigest
	}
	return &Dealing{Core: c, Ciphertexts: ciphertexts, Digest: digest}, nil
}

// Body is the epoch statement that carries the dealing's core.
func (d *Dealing) Body() statement.EpochBody {
	b := statement.EpochBody{
		Vault: string(d.Vault), Epoch: d.Epoch, Attempt: d.Attempt, Need: d.Need,
		Recipient: d.Recipient, Commitments: []string{}, Seats: []statement.Seat{}, Digest: d.Digest.String(),
	}
	for _, c := range d.Commitments {
		b.Commitments = append(b.Commitments, encodeBytes(c))
	}
	for _, s := range d.Seats {
		seat := statement.Seat{Custodian: string(s.Custodian)}
		if s.Keyed {
			seat.Key = s.Key.String()
		}
		b.Seats = append(b.Seats, seat)
	}
	return b
}

// Shares are the shares statements that carry the dealing's ciphertexts.
func (d *Dealing) Shares() []statement.SharesBody {
	var out []statement.SharesBody
	for first := 0; first < len(d.Ciphertexts); first += MaxShares {
		b := statement.SharesBody{Vault: string(d.Vault), Digest: d.Digest.String(), First: first + 1}
		for _, ct := range d.Ciphertexts[first:min(first+MaxShares, len(d.Ciphertexts))] {
			b.Ciphertexts = append(b.Ciphertexts, encodeBytes(ct))
		}
		out = append(out, b)
	}
	return out
}
