package vault

import (
	"fmt"

	"detente/statement"

	"github.com/gtank/ristretto255"
)

// Values are the two secrets of a dealing, interpolated: whoever has A can
// open the epoch.
type Values struct{ a, b *scalar }

// A gives the scalar's 32 bytes, for a mismatch statement.
func (v *Values) A() []byte { return v.a.Bytes() }

// B gives the blinding's 32 bytes, for a mismatch statement.
func (v *Values) B() []byte { return v.b.Bytes() }

// ParseValues reads what a mismatch statement publishes.
func ParseValues(a, b []byte) (*Values, error) {
	x, err := ristretto255.NewScalar().SetCanonicalBytes(a)
	if err != nil {
		return nil, fmt.Errorf("%w: a is not a canonical scalar", ErrShare)
	}
	y, err := ristretto255.NewScalar().SetCanonicalBytes(b)
	if err != nil {
		return nil, fmt.Errorf("%w: b is not a canonical scalar", ErrShare)
	}
	return &Values{a: x, b: y}, nil
}

// Interpolate gives the values of a dealing from need or more shares of
// distinct seats. Every share is checked first, so a wrong one is named and
// never makes a wrong key; the result is checked against C0.
func (c *Core) Interpolate(shares []*Share) (*Values, error) {
	if len(shares) < c.Need {
		return nil, fmt.Errorf("%w: %d, want %d", ErrTooFew, len(shares), c.Need)
	}
	var seats []int
	var ss, ts []*scalar
	seen := map[int]bool{}
	for _, sh := range shares {
		if sh.Seat < 1 || seen[sh.Seat] {
			return nil, fmt.Errorf("%w: seat %d", ErrSeat, sh.Seat)
		}
		seen[sh.Seat] = true
		if err := c.VerifyShare(sh); err != nil {
			return nil, err
		}
		if len(seats) < c.Need {
			seats, ss, ts = append(seats, sh.Seat), append(ss, sh.s), append(ts, sh.t)
		}
	}
	v := &Values{a: interpolate(seats, ss), b: interpolate(seats, ts)}
	if err := c.checkValues(v); err != nil {
		return nil, err
	}
	return v, nil
}

// checkValues checks that the values are what C0 commits to.
func (c *Core) checkValues(v *Values) error {
	if commit(v.a, v.b).Equal(c.points[0]) != 1 {
		return fmt.Errorf("%w: values do not give the first commitment", ErrShare)
	}
	return nil
}

// Identity gives the identity that the values derive. ErrMismatch means that
// the recorder published another recipient: publishing the values proves it.
func (c *Core) Identity(v *Values) (*Identity, error) {
	if err := c.checkValues(v); err != nil {
		return nil, err
	}
	id, err := deriveIdentity(v.a, c)
	if err != nil {
		return nil, err
	}
	if id.Recipient() != c.Recipient {
		return nil, fmt.Errorf("%w: epoch %d", ErrMismatch, c.Epoch)
	}
	return id, nil
}

// Recover gives the identity of the epoch from need or more shares. On
// ErrMismatch use Interpolate for the values to publish.
func (c *Core) Recover(shares []*Share) (*Identity, error) {
	v, err := c.Interpolate(shares)
	if err != nil {
		return nil, err
	}
	return c.Identity(v)
}

// HandOver encrypts a custodian's share to a beneficiary's delivery key, bound
// to the request, the epoch and the seat. The caller has a certificate that
// the outcome is release.
func (d *Dealing) HandOver(sh *Share, request statement.ID, delivery PublicKey) ([]byte, error) {
	if err := d.VerifyShare(sh); err != nil {
		return nil, err
	}
	plain := sh.Bytes()
	defer clear(plain)
	return delivery.seal(d.handOverInfo(sh.Seat, request, delivery.Digest()), d.Digest[:], plain)
}

// OpenHandOver decrypts what HandOver made and checks that the share fits.
// ErrCiphertext and ErrShare mean that the custodian is at fault: publishing
// this delivery key's seed proves it.
func (d *Dealing) OpenHandOver(seat int, request statement.ID, delivery *PrivateKey, ciphertext []byte) (*Share, error) {
	if err := CheckRuntime(); err != nil {
		return nil, err
	}
	if seat < 1 || seat > len(d.Seats) || !d.Seats[seat-1].Keyed {
		return nil, fmt.Errorf("%w: seat %d has no share in this dealing", ErrSeat, seat)
	}
	plain, err := delivery.open(d.handOverInfo(seat, request, delivery.Public().Digest()), d.Digest[:], ciphertext)
	if err != nil {
		return nil, fmt.Errorf("seat %d: %w", seat, err)
	}
	defer clear(plain)
	return d.parseAndVerify(seat, plain)
}
