package vault

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"os"
	"strings"
	"testing"

	"detente/agreement"
	"detente/statement"
)

var errLost = errors.New("the share is lost")

// shareOf opens a seat's shares as its custodian would have kept them.
func (w *world) shareOf(seat int) func(*Attempt) (*Share, error) {
	return func(a *Attempt) (*Share, error) { return a.Dealing.OpenShare(seat, w.key(a, seat)) }
}

// shown is the body of a proof over the head of the ledger.
func (w *world) shown(seat int) statement.PossessBody {
	w.t.Helper()
	head := w.ledger.Head()
	epochs, err := w.ledger.ToPossess(seat, head)
	if err != nil {
		w.t.Fatal(err)
	}
	proof, err := w.ledger.Possess(seeded(5), seat, head, w.shareOf(seat))
	if err != nil {
		w.t.Fatal(err)
	}
	w.seen = head
	return statement.PossessBody{Vault: string(w.ledger.Terms.Vault), Seat: seat, Epochs: len(epochs), Proof: encodeBytes(proof)}
}

func possessing(t *testing.T, epochs int) *world {
	t.Helper()
	w := newWorld(t, 3, 2, 1)
	w.ledger.Terms.Proves = 1000
	w.acceptAll()
	for e := range epochs {
		w.sealed(int64(e + 1))
	}
	return w
}

// One proof of 96 bytes for every share, whatever their number.
func TestOneProofForAllShares(t *testing.T) {
	w := possessing(t, 100)
	body := w.shown(1)
	if body.Epochs != 100 {
		t.Fatalf("it is about %d epochs", body.Epochs)
	}
	w.must("custodian-a", statement.ID{}, body)
	if p := w.ledger.Custodies[0].Possessed; len(p) != 1 || p[0].Epochs != 100 {
		t.Errorf("counted as %+v", p)
	}
}

// Who lost one of a hundred shares proves nothing: neither with a zero, nor
// another epoch's, nor the old proof, nor by leaving it out.
func TestOneLostShareCannotBeHidden(t *testing.T) {
	w := possessing(t, 100)
	head := w.ledger.Head()
	if _, err := w.ledger.Possess(seeded(1), 1, head, func(a *Attempt) (*Share, error) {
		if a.Core.Epoch == 50 {
			return nil, errLost
		}
		return w.shareOf(1)(a)
	}); !errors.Is(err, errLost) {
		t.Fatalf("a share that is not there: %v", err)
	}
	for what, other := range map[string]func() (*Share, error){
		"zero":            func() (*Share, error) { return ParseShare(1, make([]byte, ShareSize)) },
		"another epoch's": func() (*Share, error) { return w.shareOf(1)(w.ledger.Sealed(49)) },
		"another seat's":  func() (*Share, error) { return w.shareOf(2)(w.ledger.Sealed(50)) },
	} {
		proof, err := w.ledger.Possess(seeded(1), 1, head, func(a *Attempt) (*Share, error) {
			if a.Core.Epoch == 50 {
				return other()
			}
			return w.shareOf(1)(a)
		})
		if err != nil {
			t.Fatal(err)
		}
		w.seen = head
		body := statement.PossessBody{Vault: string(w.ledger.Terms.Vault), Seat: 1, Epochs: 100, Proof: encodeBytes(proof)}
		if v := w.refused("custodian-a", statement.ID{}, body); v.Culprit != "custodian-a" {
			t.Errorf("%s in place of the lost one: %+v", what, v)
		}
		body.Epochs = 99
		w.refused("custodian-a", statement.ID{}, body)
	}
	if len(w.ledger.Custodies[0].Possessed) != 0 {
		t.Error("something of it counts")
	}
}

// A custodian that kept no share but only sums of them proves nothing: how each
// is weighed nobody knows before the head is there.
func TestSumsOfSharesProveNothing(t *testing.T) {
	w := possessing(t, 3)
	over := func(head statement.Head) (*possession, []*scalar) {
		epochs, err := w.ledger.ToPossess(1, head)
		if err != nil {
			t.Fatal(err)
		}
		p := &possession{w.ledger.Terms.Agreement, w.ledger.Terms.Vault, 1, head, epochs}
		return p, p.coefficients()
	}
	old, weighed := over(w.ledger.Head())
	w.must("custodian-c", statement.ID{}, statement.HeartbeatBody{Vault: string(w.ledger.Terms.Vault)})
	now, weights := over(w.ledger.Head())
	one := seatScalar(1)
	for what, c := range map[string]struct {
		weights []*scalar
		proves  bool
	}{
		"all shares":                 {weights, true},
		"the sum of an older head":   {weighed, false},
		"their plain sum":            {[]*scalar{one, one, one}, false},
		"that, weighed as the first": {[]*scalar{weights[0], weights[0], weights[0]}, false},
	} {
		s, u := seatScalar(0), seatScalar(0)
		for i, a := range old.epochs {
			sh, err := w.shareOf(1)(a)
			if err != nil {
				t.Fatal(err)
			}
			s.Add(s, sh.s.Multiply(sh.s, c.weights[i]))
			u.Add(u, sh.t.Multiply(sh.t, c.weights[i]))
		}
		proof, err := now.prove(seeded(1), s, u)
		if err != nil {
			t.Fatal(err)
		}
		if err := now.verify(proof); (err == nil) != c.proves {
			t.Errorf("%s: %v, want %v", what, err, c.proves)
		}
	}
}

// A proof counts once, by its own seat, over its own head, while that is recent.
func TestProofsAreNotReplayed(t *testing.T) {
	w := possessing(t, 3)
	old := w.shown(1)
	oldHead := w.seen
	w.refused("custodian-b", statement.ID{}, old)
	other := old
	other.Seat = 2
	w.refused("custodian-b", statement.ID{}, other)
	w.seen = oldHead
	w.must("custodian-a", statement.ID{}, old)
	w.refused("custodian-a", statement.ID{}, old) // the same head again

	w.seen = w.ledger.Head() // the old proof under a newer head
	w.refused("custodian-a", statement.ID{}, old)

	stale := w.shown(2)
	staleHead := w.seen
	w.clock += possessWithin
	w.seen = w.ledger.Head()
	w.must("custodian-c", statement.ID{}, statement.HeartbeatBody{Vault: stale.Vault})
	w.clock++
	w.seen = staleHead
	if v := w.refused("custodian-b", statement.ID{}, stale); !strings.Contains(v.Reason, "more than an hour old") {
		t.Errorf("an hour and a second later: %+v", v)
	}
	fresh := w.shown(2)
	w.must("custodian-b", statement.ID{}, fresh)
	w.seen = statement.Head{Size: 3, Root: [32]byte{1}}
	w.refused("custodian-b", statement.ID{}, fresh)
}

func TestEveryBitOfAProofCounts(t *testing.T) {
	w := possessing(t, 2)
	head := w.ledger.Head()
	epochs, err := w.ledger.ToPossess(1, head)
	if err != nil {
		t.Fatal(err)
	}
	proof, err := w.ledger.Possess(seeded(7), 1, head, w.shareOf(1))
	if err != nil {
		t.Fatal(err)
	}
	p := &possession{w.ledger.Terms.Agreement, w.ledger.Terms.Vault, 1, head, epochs}
	if err := p.verify(proof); err != nil {
		t.Fatal(err)
	}
	for i := range proof {
		proof[i] ^= 1 << (i % 8)
		if err := p.verify(proof); !errors.Is(err, ErrPossess) {
			t.Fatalf("byte %d: %v", i, err)
		}
		proof[i] ^= 1 << (i % 8)
	}
	if err := p.verify(proof[:95]); !errors.Is(err, ErrPossess) {
		t.Error(err)
	}
}

// The text's interval: from half of it on a proof is owed, after it it is late.
func TestWhenAProofIsOwed(t *testing.T) {
	w := possessing(t, 1)
	at := func(after agreement.Instant) (due, late bool) {
		w.clock = w.ledger.Sealed(1).SealClock + after
		w.must("custodian-c", statement.ID{}, statement.HeartbeatBody{Vault: "cameras"})
		_, _, due, late = w.ledger.Proved(1)
		return due, late
	}
	for _, c := range []struct {
		after     agreement.Instant
		due, late bool
	}{{499, false, false}, {500, true, false}, {1000, true, false}, {1001, true, true}} {
		if due, late := at(c.after); due != c.due || late != c.late {
			t.Errorf("after %d s: due %v, late %v", c.after, due, late)
		}
	}
	w.must("custodian-a", statement.ID{}, w.shown(1))
	if _, _, due, late := w.ledger.Proved(1); due || late {
		t.Error("still owed after it was given")
	}
	w.ledger.Terms.Proves = 0
	if _, _, due, late := w.ledger.Proved(2); due || late {
		t.Error("owed though the text asks for none")
	}
}

// A share sealed before the record has any proof of time is not late since the
// beginning of all time.
func TestProofsAreCountedFromTheFirstClock(t *testing.T) {
	w := newWorld(t, 3, 2, 1)
	w.clock = 0
	w.acceptAll()
	w.sealed(1)
	w.ledger.Terms.Proves = 1000
	if _, since, _, late := w.ledger.Proved(1); since != 0 || late {
		t.Errorf("since %d, late %v, with no clock at all", since, late)
	}
	w.clock = 1_600_000_000
	w.must("custodian-c", statement.ID{}, statement.HeartbeatBody{Vault: "cameras"})
	if _, since, due, late := w.ledger.Proved(1); since != w.clock || due || late {
		t.Errorf("since %d, due %v, late %v at %d", since, due, late, w.clock)
	}
}

const possessVector = "../spec/vectors/vault/possess.json"

// The vector: what others need to make and check the same proof.
func TestPossessVector(t *testing.T) {
	w := newWorld(t, 3, 2, 1)
	w.acceptAll()
	d, e := w.sealed(1), w.sealed(2)
	p := &possession{w.ledger.Terms.Agreement, w.ledger.Terms.Vault, 1, statement.Head{Size: 9, Root: [32]byte{9}}, []*Attempt{d, e}}
	type vector struct {
		Agreement   string     `json:"agreement"`
		Vault       string     `json:"vault"`
		Seat        int        `json:"seat"`
		Size        int64      `json:"size"`
		Root        string     `json:"root"`
		Epochs      []string   `json:"epochs"`
		Commitments [][]string `json:"commitments"`
		Weights     []string   `json:"weights"`
		Proof       string     `json:"proof"`
	}
	if *updatePossess {
		v := vector{Agreement: p.agreement.String(), Vault: string(p.vault), Seat: 1, Size: 9, Root: hex.EncodeToString(p.head.Root[:])}
		r := p.coefficients()
		s, tt := randomScalarOf(t, 0), randomScalarOf(t, 0)
		s.Subtract(s, s)
		tt.Subtract(tt, tt)
		for i, a := range p.epochs {
			sh, err := w.shareOf(1)(a)
			if err != nil {
				t.Fatal(err)
			}
			s.Add(s, sh.s.Multiply(sh.s, r[i]))
			tt.Add(tt, sh.t.Multiply(sh.t, r[i]))
			v.Epochs = append(v.Epochs, a.Digest.String())
			v.Weights = append(v.Weights, hex.EncodeToString(r[i].Bytes()))
			var points []string
			for _, c := range a.Core.Commitments {
				points = append(points, hex.EncodeToString(c))
			}
			v.Commitments = append(v.Commitments, points)
		}
		proof, err := p.prove(seeded(3), s, tt)
		if err != nil {
			t.Fatal(err)
		}
		v.Proof = hex.EncodeToString(proof)
		b, err := json.MarshalIndent(v, "", "  ")
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(possessVector, append(b, '\n'), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	b, err := os.ReadFile(possessVector)
	if err != nil {
		t.Fatal(err)
	}
	var v vector
	if err := json.Unmarshal(b, &v); err != nil {
		t.Fatal(err)
	}
	checkPossessVector(t, v.Agreement, v.Vault, v.Root, v.Proof, v.Size, v.Seat, v.Epochs, v.Weights, v.Commitments)
}
