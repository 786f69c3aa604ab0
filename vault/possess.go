package vault

import (
	"fmt"
	"io"

	"detente/agreement"
	"detente/statement"

	"github.com/gtank/ristretto255"
)

// possessWithin is how old, in seconds of the record's clock, the head may be
// over which a possession is proved: an older one would show only that the
// shares were there then.
const possessWithin = 60 * 60

// A Possession is a custodian's proof that it held every share that it had
// acknowledged up to a head.
type Possession struct {
	Entry  int64
	Clock  agreement.Instant // of the record at Entry
	Size   int64             // of the head that it is bound to
	Epochs int               // how many shares
}

// held are the sealed dealings whose share a seat had acknowledged by the entry
// that ended the record at size, in the order of their entries.
func (l *Ledger) held(seat int, size int64) []*Attempt {
	var out []*Attempt
	for _, a := range l.Attempts {
		if a.SealedAt < 0 || a.SealedAt >= size || !a.asks(seat) || a.Dealing == nil {
			continue
		}
		if at := a.States[seat-1].Acknowledged; at >= 0 && at < size {
			out = append(out, a)
		}
	}
	return out
}

// possession is what one proof is about: a seat, a head, and the epochs held.
type possession struct {
	agreement agreement.Digest
	vault     agreement.Name
	seat      int
	head      statement.Head
	epochs    []*Attempt
}

// context binds everything: the same fields for the coefficients and the challenge.
func (p *possession) context() transcript {
	t := newTranscript(statement.PurposeVaultPossess).bytes(vaultID(p.agreement, p.vault)).u16(p.seat).
		u64(p.head.Size).bytes(p.head.Root[:]).u64(int64(len(p.epochs)))
	for _, a := range p.epochs {
		t = t.bytes(a.Digest[:])
	}
	d := t.digest()
	return newTranscript(statement.PurposeVaultPossess).bytes(d[:])
}

// coefficients weigh the shares. Nobody knows them before the head is there, so
// that the sum can be known only to who has every share.
func (p *possession) coefficients() []*scalar {
	base, out := p.context(), make([]*scalar, len(p.epochs))
	for i := range out {
		out[i] = base[:len(base):len(base)].text("coefficient").u64(int64(i)).scalar()
	}
	return out
}

// commitment is the sum of the commitments to the seat's shares, so weighed.
func (p *possession) commitment() *point {
	points := make([]*point, len(p.epochs))
	for i, a := range p.epochs {
		points[i] = evaluateCommitments(a.Core.points, p.seat)
	}
	return ristretto255.NewIdentityElement().VarTimeMultiScalarMult(p.coefficients(), points)
}

func (p *possession) challenge(commitment, r *point) *scalar {
	return p.context().text("challenge").bytes(commitment.Bytes()).bytes(r.Bytes()).scalar()
}

// ToPossess are the epochs whose shares a seat proves to hold over a head that
// the ledger has read, in the order in which Possess wants the shares.
func (l *Ledger) ToPossess(seat int, head statement.Head) ([]*Attempt, error) {
	if len(l.Attempts) == 0 {
		return nil, nil
	}
	h, ok := l.heads.of(head.Root)
	if !ok || h.size != head.Size {
		return nil, fmt.Errorf("%w: the head of size %d is none of this record", ErrPossess, head.Size)
	}
	return l.held(seat, head.Size), nil
}

// Possess proves knowledge of every share that a seat holds over a head, with
// one signature of knowledge of their weighed sum, and shows none of them. share
// gives them one at a time; each is overwritten after use.
func (l *Ledger) Possess(random io.Reader, seat int, head statement.Head, share func(*Attempt) (*Share, error)) ([]byte, error) {
	epochs, err := l.ToPossess(seat, head)
	if err != nil {
		return nil, err
	}
	if len(epochs) == 0 {
		return nil, fmt.Errorf("%w: seat %d holds no share", ErrPossess, seat)
	}
	p := &possession{l.Terms.Agreement, l.Terms.Vault, seat, head, epochs}
	s, t := ristretto255.NewScalar(), ristretto255.NewScalar()
	defer wipe(s, t)
	for i, r := range p.coefficients() {
		sh, err := share(epochs[i])
		if err != nil {
			return nil, err
		}
		s.Add(s, ristretto255.NewScalar().Multiply(r, sh.s))
		t.Add(t, ristretto255.NewScalar().Multiply(r, sh.t))
		sh.Wipe()
	}
	return p.prove(random, s, t)
}

func (p *possession) prove(random io.Reader, s, t *scalar) ([]byte, error) {
	var fresh [32]byte
	defer clear(fresh[:])
	if _, err := io.ReadFull(random, fresh[:]); err != nil {
		return nil, fmt.Errorf("drawing a nonce: %w", err)
	}
	// As in Acknowledge: a repeated random state gives nothing away.
	secret := appendSecret(appendSecret(make([]byte, 0, ShareSize), s), t)
	base := p.context().text("nonce").roomy().bytes(fresh[:]).bytes(secret[:ShareSize/2]).bytes(secret[ShareSize/2:])
	k1, k2 := base.u16(1).scalar(), base.u16(2).scalar()
	clear(secret)
	clear(base[:cap(base)])
	defer wipe(k1, k2)
	c := p.challenge(p.commitment(), commit(k1, k2))
	z1 := ristretto255.NewScalar().Multiply(c, s)
	z2 := ristretto255.NewScalar().Multiply(c, t)
	z1.Add(z1, k1)
	z2.Add(z2, k2)
	return append(append(c.Bytes(), z1.Bytes()...), z2.Bytes()...), nil
}

// verify checks a proof of 96 bytes.
func (p *possession) verify(proof []byte) error {
	if len(proof) != ProofSize {
		return fmt.Errorf("%w: %d bytes, want %d", ErrPossess, len(proof), ProofSize)
	}
	var v [3]*scalar
	for i := range v {
		s, err := ristretto255.NewScalar().SetCanonicalBytes(proof[32*i : 32*i+32])
		if err != nil {
			return fmt.Errorf("%w: scalar %d is not canonical", ErrPossess, i)
		}
		v[i] = s
	}
	commitment := p.commitment()
	r := ristretto255.NewIdentityElement().VarTimeMultiScalarMult(
		[]*scalar{v[1], v[2], ristretto255.NewScalar().Negate(v[0])},
		[]*point{ristretto255.NewGeneratorElement(), generatorH, commitment})
	if p.challenge(commitment, r).Equal(v[0]) != 1 {
		return fmt.Errorf("%w: seat %d does not show that it holds all %d shares", ErrPossess, p.seat, len(p.epochs))
	}
	return nil
}

// possess folds a proof of possession.
func (l *Ledger) possess(e Entry, b statement.PossessBody, v *Verdict) {
	c := l.custody(e.Statement.By)
	if c == nil || c.Seat != b.Seat {
		v.inert(e.Statement.By, "seat %d is not that of %s", b.Seat, e.Statement.By)
		return
	}
	head := e.Statement.Seen
	h, ok := l.heads.cited(head, l.size)
	switch {
	case !ok || h.size != head.Size || head.Size > e.Index:
		v.inert("", "the head of size %d is none of this record", head.Size)
		return
	case l.clock-h.clock > possessWithin:
		v.inert("", "the head of size %d is more than an hour old: it shows what was held then", head.Size)
		return
	}
	if n := len(c.Possessed); n > 0 && c.Possessed[n-1].Size >= head.Size {
		v.inert("", "entry %d proves it for a head that is as recent", c.Possessed[n-1].Entry)
		return
	}
	p := &possession{l.Terms.Agreement, l.Terms.Vault, b.Seat, head, l.held(b.Seat, head.Size)}
	if b.Epochs != len(p.epochs) || b.Epochs == 0 {
		v.inert(e.Statement.By, "of %d epochs; up to that head it had acknowledged %d", b.Epochs, len(p.epochs))
		return
	}
	proof, err := decodeBytes(b.Proof, ProofSize)
	if err == nil {
		err = p.verify(proof)
	}
	if err != nil {
		v.inert(e.Statement.By, "%v", err)
		return
	}
	c.Possessed = append(c.Possessed, Possession{Entry: e.Index, Clock: l.clock, Size: head.Size, Epochs: b.Epochs})
	v.Force = true
}

// Proved is when a custodian last proved that it holds its shares, and whether
// it owes a new proof by the text's interval: from half of it on it should
// prove again, after all of it it is late. since is the last proof, or when its
// first share was sealed, or the record's first proof of time if that came after;
// it is 0 if nothing is owed or nothing is known of the time.
func (l *Ledger) Proved(seat int) (last *Possession, since agreement.Instant, due, late bool) {
	c := l.Custodies[seat-1]
	held := l.held(seat, l.size)
	if len(held) == 0 || len(c.Erased) > 0 {
		return nil, 0, false, false
	}
	since = max(held[0].SealClock, l.began)
	if n := len(c.Possessed); n > 0 {
		last, since = &c.Possessed[n-1], max(c.Possessed[n-1].Clock, l.began)
	}
	if every := l.Terms.Proves; every > 0 {
		age := l.clock - since
		due, late = age >= agreement.Instant(every/2), age > agreement.Instant(every)
	}
	return last, since, due, late
}
