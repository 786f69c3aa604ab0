package vault

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"detente/statement"
)

func TestDealOpenAcknowledgeRecover(t *testing.T) {
	r := newRoster(t, 7, 4, 1)
	d := r.deal(t, 1)
	if len(d.Recipient) != RecipientSize || len(d.Commitments) != 4 {
		t.Fatalf("recipient of %d characters, %d commitments", len(d.Recipient), len(d.Commitments))
	}
	shares := r.open(t, d, 1, 7)
	for _, sh := range shares {
		next := key(t, uint64(100+sh.Seat)).Public()
		proof, err := d.Acknowledge(seeded(9), sh, next)
		if err != nil {
			t.Fatal(err)
		}
		if err := d.VerifyAcknowledge(sh.Seat, next, proof); err != nil {
			t.Error(err)
		}
	}
	var first string
	for from := 0; from+4 <= len(shares); from++ {
		id, err := d.Recover(shares[from : from+4])
		if err != nil {
			t.Fatal(err)
		}
		if id.Recipient() != d.Recipient {
			t.Fatal("another recipient")
		}
		if first == "" {
			first = id.String()
		}
		if id.String() != first {
			t.Error("another identity from other shares")
		}
	}
}

func TestTooFewSharesDoNotOpen(t *testing.T) {
	r := newRoster(t, 7, 4, 1)
	d := r.deal(t, 1)
	colluding := r.open(t, d, 1, 3)
	if _, err := d.Recover(colluding); !errors.Is(err, ErrTooFew) {
		t.Fatalf("three of four: got %v, want %v", err, ErrTooFew)
	}
	// They try it without asking: interpolating one too few gives other values.
	var ss, ts []*scalar
	for _, sh := range colluding {
		ss, ts = append(ss, sh.s), append(ts, sh.t)
	}
	seats := []int{1, 2, 3}
	v := &Values{a: interpolate(seats, ss), b: interpolate(seats, ts)}
	if _, err := d.Identity(v); !errors.Is(err, ErrShare) {
		t.Errorf("forced: got %v, want %v", err, ErrShare)
	}
}

func TestRepeatedSeatsAreRefused(t *testing.T) {
	r := newRoster(t, 3, 2, 0)
	d := r.deal(t, 1)
	sh := r.open(t, d, 1, 1)[0]
	if _, err := d.Recover([]*Share{sh, sh}); !errors.Is(err, ErrSeat) {
		t.Errorf("got %v, want %v", err, ErrSeat)
	}
	// Both ristretto libraries invert zero to zero: unrefused, this would
	// have given a wrong key in silence.
	if v := interpolate([]int{1, 1}, []*scalar{sh.s, sh.s}); v.Equal(seatScalar(0)) != 1 {
		t.Error("inverting zero gives something else than zero now: the rule's reason has changed")
	}
	if _, err := ParseShare(0, sh.Bytes()); !errors.Is(err, ErrSeat) {
		t.Errorf("seat 0: got %v, want %v", err, ErrSeat)
	}
}

func TestWrongShareIsNamed(t *testing.T) {
	r := newRoster(t, 5, 3, 1)
	d := r.deal(t, 1)
	shares := r.open(t, d, 1, 3)
	shares[1].s.Add(shares[1].s, seatScalar(1))
	_, err := d.Recover(shares)
	if !errors.Is(err, ErrShare) || !strings.Contains(err.Error(), "seat 2") {
		t.Errorf("got %v, want %v naming seat 2", err, ErrShare)
	}
	shares[1].Seat = 4 // another seat's number over it does not help
	if _, err := d.Recover(shares); !errors.Is(err, ErrShare) {
		t.Errorf("got %v, want %v", err, ErrShare)
	}
}

func TestEveryCommitmentMustBeAPointThatIsNotTheIdentity(t *testing.T) {
	r := newRoster(t, 3, 2, 0)
	for i := range 2 {
		d := r.deal(t, 1)
		b := d.Body()
		b.Commitments[i] = encodeBytes(make([]byte, 32))
		if _, err := ParseCore(testAgreement, b); !errors.Is(err, ErrCore) || !strings.Contains(err.Error(), "identity") {
			t.Errorf("identity as commitment %d: got %v, want %v", i, err, ErrCore)
		}
		b.Commitments[i] = encodeBytes(bytes.Repeat([]byte{0xff}, 32))
		if _, err := ParseCore(testAgreement, b); !errors.Is(err, ErrCore) {
			t.Errorf("no point as commitment %d: got %v, want %v", i, err, ErrCore)
		}
	}
	as, bs := polynomials(t, 2, 1)
	wipe(as[0], bs[0])
	if _, err := dealWith(r.params, as, bs); !errors.Is(err, ErrCore) {
		t.Errorf("zero scalar and blinding: got %v, want %v", err, ErrCore)
	}
}

// Two things a dishonest recorder can do that nobody sees: spec/vault.md says
// so, and this pins that the words are true.
func TestLowerDegreeAndZeroScalarAreInvisible(t *testing.T) {
	r := newRoster(t, 5, 3, 1)
	as, bs := polynomials(t, 3, 1)
	wipe(as[2]) // degree 1: two shares interpolate the scalar
	d, err := dealWith(r.params, as, bs)
	if err != nil {
		t.Fatalf("lower degree shows: %v", err)
	}
	shares := r.open(t, d, 1, 5)
	if _, err := d.Recover(shares); err != nil {
		t.Errorf("lower degree shows at release: %v", err)
	}
	if interpolate([]int{1, 2}, []*scalar{shares[0].s, shares[1].s}).Equal(as[0]) != 1 {
		t.Error("two shares did not give the scalar: the test dealt something else")
	}
	as, bs = polynomials(t, 3, 2)
	wipe(as[0])
	if d, err = dealWith(r.params, as, bs); err != nil {
		t.Fatalf("a zero scalar shows: %v", err)
	}
	if _, err := d.Recover(r.open(t, d, 1, 3)); err != nil {
		t.Errorf("a zero scalar shows at release: %v", err)
	}
}

func TestDealRefusesSharedHalvesAndTooFewSeats(t *testing.T) {
	r := newRoster(t, 5, 3, 1)
	p := r.params
	p.Seats = append([]SeatKey(nil), p.Seats...)
	p.Seats[4].Key = p.Seats[0].Key
	if _, err := Deal(seeded(1), p); !errors.Is(err, ErrSharedHalf) {
		t.Errorf("same key twice: got %v, want %v", err, ErrSharedHalf)
	}
	mixed, err := ParsePublicKey(withX25519(key(t, 50), p.Seats[1].Key.Bytes()[mlkemSize:]))
	if err != nil {
		t.Fatal(err)
	}
	p.Seats[4].Key = mixed
	if _, err := Deal(seeded(1), p); !errors.Is(err, ErrSharedHalf) {
		t.Errorf("same half twice: got %v, want %v", err, ErrSharedHalf)
	}
	p.Seats[4].Key = PublicKey{}
	d, err := Deal(seeded(1), p)
	if err != nil {
		t.Fatalf("four seats for need 3 and absent 1: %v", err)
	}
	if d.Ciphertexts[4] != nil || d.Seats[4].Keyed {
		t.Error("a seat without a key has a ciphertext")
	}
	if _, err := d.OpenShare(5, r.keys[4]); !errors.Is(err, ErrSeat) {
		t.Errorf("opening an empty seat: got %v, want %v", err, ErrSeat)
	}
	p.Seats[3].Key = PublicKey{}
	if _, err := Deal(seeded(1), p); !errors.Is(err, ErrParams) {
		t.Errorf("three seats for need 3 and absent 1: got %v, want %v", err, ErrParams)
	}
}

// One custodian's key in two seats would have read two shares: that is why no
// seat may share a half with another.
func TestSameKeyInTwoSeatsReadsTwoShares(t *testing.T) {
	r := newRoster(t, 3, 2, 0)
	r.params.Seats[1].Key = r.keys[0].Public()
	as, bs := polynomials(t, 2, 1)
	if _, err := dealWith(r.params, as, bs); !errors.Is(err, ErrCore) {
		t.Errorf("got %v, want %v", err, ErrCore)
	}
}

// A complaint publishes the private key of one dealing. Were that key named in
// the next attempt too, everybody would read the complainant's new share.
func TestKeyUsedAgainLeaksTheNewShare(t *testing.T) {
	r := newRoster(t, 3, 2, 0)
	published := r.keys[0].Seed()
	r.params.Attempt = 2
	d := r.deal(t, 2)
	anybody, err := NewPrivateKey(published)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.OpenShare(1, anybody); err != nil {
		t.Errorf("the attack does not work any more (%v): the rule may go", err)
	}
}

func TestShareOfAnotherContextDoesNotOpen(t *testing.T) {
	r := newRoster(t, 3, 2, 0)
	d := r.deal(t, 1)
	for name, alter := range map[string]func(c *Core){
		"vault":     func(c *Core) { c.Vault = "other" },
		"agreement": func(c *Core) { c.Agreement[0]++ },
		"epoch":     func(c *Core) { c.Epoch = 2 },
		"attempt":   func(c *Core) { c.Attempt = 2 },
		"recipient": func(c *Core) { c.Recipient = r.deal(t, 5).Recipient },
		"custodian": func(c *Core) { c.Seats[0].Custodian = "someone" },
	} {
		core, err := ParseCore(testAgreement, d.Body())
		if err != nil {
			t.Fatal(err)
		}
		alter(core)
		replayed := (&Dealing{Core: core, Ciphertexts: d.Ciphertexts}).redo()
		if _, err := replayed.OpenShare(1, r.keys[0]); !errors.Is(err, ErrCiphertext) {
			t.Errorf("%s: got %v, want %v", name, err, ErrCiphertext)
		}
	}
	if _, err := d.OpenShare(2, r.keys[0]); !errors.Is(err, ErrKey) {
		t.Errorf("seat 2 with seat 1's key: got %v, want %v", err, ErrKey)
	}
}

func TestAcknowledgementsCannotBeMadeUpOrMoved(t *testing.T) {
	r := newRoster(t, 3, 2, 0)
	d, other := r.deal(t, 1), r.deal(t, 2)
	sh, next := r.open(t, d, 1, 1)[0], key(t, 60).Public()
	proof, err := d.Acknowledge(seeded(1), sh, next)
	if err != nil {
		t.Fatal(err)
	}
	if err := other.VerifyAcknowledge(1, next, proof); !errors.Is(err, ErrProof) {
		t.Errorf("another dealing: got %v, want %v", err, ErrProof)
	}
	again := &Dealing{Core: d.Core, Ciphertexts: slices.Clone(d.Ciphertexts)}
	again.Ciphertexts[0] = bytes.Repeat([]byte{7}, CiphertextSize) // the same sharing, and nothing in it for seat 1
	if err := again.redo().VerifyAcknowledge(1, next, proof); !errors.Is(err, ErrProof) {
		t.Errorf("the same sharing with another ciphertext: got %v, want %v", err, ErrProof)
	}
	if err := d.VerifyAcknowledge(2, next, proof); !errors.Is(err, ErrProof) {
		t.Errorf("another seat: got %v, want %v", err, ErrProof)
	}
	if err := d.VerifyAcknowledge(1, key(t, 61).Public(), proof); !errors.Is(err, ErrProof) {
		t.Errorf("another next key: got %v, want %v", err, ErrProof)
	}
	for i := 0; i < ProofSize; i += 8 {
		bad := bytes.Clone(proof)
		bad[i] ^= 1
		if err := d.VerifyAcknowledge(1, next, bad); !errors.Is(err, ErrProof) {
			t.Errorf("byte %d altered: got %v, want %v", i, err, ErrProof)
		}
	}
	if err := d.VerifyAcknowledge(1, next, make([]byte, ProofSize)); !errors.Is(err, ErrProof) {
		t.Errorf("zeros: got %v, want %v", err, ErrProof)
	}
	if _, err := other.Acknowledge(seeded(1), sh, next); !errors.Is(err, ErrShare) {
		t.Errorf("acknowledging a share of another dealing: got %v, want %v", err, ErrShare)
	}
}

func TestDealingMustGiveItsDigest(t *testing.T) {
	r := newRoster(t, 3, 2, 0)
	d, other := r.deal(t, 1), r.deal(t, 2)
	if _, err := NewDealing(d.Core, d.Ciphertexts, d.Digest); err != nil {
		t.Fatal(err)
	}
	if _, err := NewDealing(d.Core, other.Ciphertexts, d.Digest); !errors.Is(err, ErrDigest) {
		t.Errorf("another dealing's ciphertexts: got %v, want %v", err, ErrDigest)
	}
	if _, err := NewDealing(d.Core, d.Ciphertexts[:2], d.Digest); !errors.Is(err, ErrDigest) {
		t.Errorf("a ciphertext missing: got %v, want %v", err, ErrDigest)
	}
	swapped := [][]byte{d.Ciphertexts[1], d.Ciphertexts[0], d.Ciphertexts[2]}
	if _, err := NewDealing(d.Core, swapped, d.Digest); !errors.Is(err, ErrDigest) {
		t.Errorf("ciphertexts swapped: got %v, want %v", err, ErrDigest)
	}
}

func TestDealChild(t *testing.T) {
	r := newRoster(t, 30, 16, 4)
	in, err := json.Marshal(r.params.Request())
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := DealChild(bytes.NewReader(in), &out, seeded(1)); err != nil {
		t.Fatal(err)
	}
	var res DealResult
	if err := json.Unmarshal(out.Bytes(), &res); err != nil {
		t.Fatal(err)
	}
	if len(res.Shares) != 2 || len(res.Shares[0].Ciphertexts) != MaxShares || res.Shares[1].First != MaxShares+1 {
		t.Fatalf("%d shares statements", len(res.Shares))
	}
	core, err := ParseCore(testAgreement, res.Epoch)
	if err != nil {
		t.Fatal(err)
	}
	var cts [][]byte
	for _, s := range res.Shares {
		for _, c := range s.Ciphertexts {
			ct, err := decodeBytes(c, CiphertextSize)
			if err != nil {
				t.Fatal(err)
			}
			cts = append(cts, ct)
		}
	}
	digest, err := ParseDigest(res.Epoch.Digest)
	if err != nil {
		t.Fatal(err)
	}
	d, err := NewDealing(core, cts, digest)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.Recover(r.open(t, d, 15, 30)); err != nil {
		t.Fatal(err)
	}
}

func TestDealChildRefusesWhatItDoesNotKnow(t *testing.T) {
	r := newRoster(t, 3, 2, 0)
	req := r.params.Request()
	good, err := json.Marshal(req)
	if err != nil {
		t.Fatal(err)
	}
	for name, in := range map[string]string{
		"nothing":       "",
		"unknown field": strings.Replace(string(good), `"need"`, `"kneed"`, 1),
		"more bytes":    string(good) + "{}",
		"bad key":       strings.Replace(string(good), `"key":"`, `"key":"A`, 1),
		"too long":      string(good) + strings.Repeat(" ", MaxDealInput),
		"attempt":       strings.Replace(string(good), `"attempt":1`, fmt.Sprintf(`"attempt":%d`, MaxAttempt+1), 1),
	} {
		var out bytes.Buffer
		if err := DealChild(strings.NewReader(in), &out, seeded(1)); err == nil {
			t.Errorf("%s: accepted", name)
		}
		if out.Len() != 0 {
			t.Errorf("%s: wrote %d bytes", name, out.Len())
		}
	}
}

func TestHandOver(t *testing.T) {
	r := newRoster(t, 5, 3, 1)
	d := r.deal(t, 1)
	request, delivery := statement.ID{7}, key(t, 200)
	sh := r.open(t, d, 2, 2)[0]
	ct, err := d.HandOver(sh, request, delivery.Public())
	if err != nil {
		t.Fatal(err)
	}
	if len(ct) != CiphertextSize {
		t.Fatalf("%d bytes, want %d", len(ct), CiphertextSize)
	}
	if _, err := d.OpenHandOver(2, request, delivery, ct); err != nil {
		t.Fatal(err)
	}
	for name, open := range map[string]func() (*Share, error){
		"another request": func() (*Share, error) { return d.OpenHandOver(2, statement.ID{8}, delivery, ct) },
		"another seat":    func() (*Share, error) { return d.OpenHandOver(3, request, delivery, ct) },
		"another epoch":   func() (*Share, error) { return r.deal(t, 2).OpenHandOver(2, request, delivery, ct) },
		"another key":     func() (*Share, error) { return d.OpenHandOver(2, request, key(t, 201), ct) },
	} {
		if _, err := open(); !errors.Is(err, ErrCiphertext) {
			t.Errorf("%s: got %v, want %v", name, err, ErrCiphertext)
		}
	}
	if _, err := r.deal(t, 2).HandOver(sh, request, delivery.Public()); !errors.Is(err, ErrShare) {
		t.Errorf("handing over another dealing's share: got %v, want %v", err, ErrShare)
	}
}
