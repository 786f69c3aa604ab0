package vault

import (
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"strings"
	"testing"
	"testing/cryptotest"

	"detente/statement"
)

func TestComplaints(t *testing.T) {
	r := newRoster(t, 5, 3, 1)
	judge := func(d *Dealing, seat int, seed []byte, want Finding) Judgement {
		t.Helper()
		j, err := d.JudgeComplaint(seat, seed)
		if err != nil {
			t.Fatal(err)
		}
		if j.Finding != want {
			t.Errorf("seat %d: found %q (%s), want %q", seat, j.Finding, j.Reason, want)
		}
		return j
	}

	good := r.deal(t, 1)
	if j := judge(good, 2, r.keys[1].Seed(), FalseComplaint); j.Public == nil || good.VerifyShare(j.Public) != nil {
		t.Error("a false complaint does not show its share")
	}
	judge(good, 2, r.keys[0].Seed(), Inert)
	judge(good, 2, make([]byte, SeedSize), Inert)
	judge(good, 6, r.keys[0].Seed(), Inert)

	// The recorder encrypts noise, a share of another seat, a share that is off by one.
	aad, noise := good.CoreDigest(), r.deal(t, 1)
	noise.Ciphertexts[1] = append([]byte(nil), noise.Ciphertexts[1]...)
	noise.Ciphertexts[1][CiphertextSize-1] ^= 1
	judge(noise.redo(), 2, r.keys[1].Seed(), RecorderAtFault)
	shares := r.open(t, good, 1, 2)
	bad := r.deal(t, 1)
	for name, sh := range map[string]*Share{"another seat's": shares[0], "one more": {Seat: 2, s: shares[1].t, t: shares[1].s}} {
		ct, err := r.keys[1].Public().seal(good.shareInfo(2), aad[:], sh.Bytes())
		if err != nil {
			t.Fatal(err)
		}
		bad.Core, bad.Ciphertexts = good.Core, append([][]byte(nil), good.Ciphertexts...)
		bad.Ciphertexts[1] = ct
		bad.redo()
		if _, err := bad.OpenShare(2, r.keys[1]); !errors.Is(err, ErrShare) {
			t.Errorf("%s: got %v, want %v", name, err, ErrShare)
		}
		judge(bad, 2, r.keys[1].Seed(), RecorderAtFault)
		judge(bad, 3, r.keys[2].Seed(), FalseComplaint)
	}
}

// With one share public, need-1 custodians open that dealing: a false
// complaint lowers need by one for it, and for no other.
func TestFalseComplaintLowersNeed(t *testing.T) {
	r := newRoster(t, 5, 3, 1)
	d := r.deal(t, 1)
	j, err := d.JudgeComplaint(5, r.keys[4].Seed())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.Recover(append(r.open(t, d, 1, 2), j.Public)); err != nil {
		t.Errorf("two custodians and the public share: %v", err)
	}
	if _, err := r.deal(t, 2).Recover(append(r.open(t, r.deal(t, 2), 1, 2), j.Public)); !errors.Is(err, ErrShare) {
		t.Errorf("the public share in another dealing: got %v, want %v", err, ErrShare)
	}
}

// A recorder can publish a recipient of its own and pass every custodian's
// check. The beneficiary sees it, and both values prove it.
func TestAlteredRecipientIsProvedByBothValues(t *testing.T) {
	r := newRoster(t, 5, 3, 1)
	d, other := r.deal(t, 1), r.deal(t, 2)
	as, bs := polynomials(t, 3, 1)
	c := *d.Core
	c.Recipient = other.Recipient
	cts, err := encryptShares(&c, r.params.Seats, as, bs)
	if err != nil {
		t.Fatal(err)
	}
	forged := (&Dealing{Core: &c, Ciphertexts: cts}).redo()
	shares := r.open(t, forged, 1, 3) // every custodian is satisfied
	if _, err := forged.Recover(shares); !errors.Is(err, ErrMismatch) {
		t.Fatalf("got %v, want %v", err, ErrMismatch)
	}
	v, err := forged.Interpolate(shares)
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		name string
		core *Core
		a, b []byte
		want Finding
	}{
		{"true", forged.Core, v.A(), v.B(), RecorderAtFault},
		{"false", d.Core, v.A(), v.B(), FalseComplaint},
		{"made up", forged.Core, v.B(), v.A(), Inert},
		{"not scalars", forged.Core, []byte(strings.Repeat("\xff", 32)), v.B(), Inert},
	} {
		j, err := tc.core.JudgeMismatch(tc.a, tc.b)
		if err != nil {
			t.Fatal(err)
		}
		if j.Finding != tc.want {
			t.Errorf("%s: found %q (%s), want %q", tc.name, j.Finding, j.Reason, tc.want)
		}
	}
}

func TestDisputes(t *testing.T) {
	r := newRoster(t, 5, 3, 1)
	d, request, delivery := r.deal(t, 1), statement.ID{1}, key(t, 300)
	shares := r.open(t, d, 1, 2)
	good, err := d.HandOver(shares[0], request, delivery.Public())
	if err != nil {
		t.Fatal(err)
	}
	wrong, err := delivery.Public().seal(d.handOverInfo(1, request, delivery.Public().Digest()), d.Digest[:], shares[1].Bytes())
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		name       string
		seed       []byte
		ciphertext []byte
		want       Finding
	}{
		{"right share", delivery.Seed(), good, FalseComplaint},
		{"another seat's share", delivery.Seed(), wrong, CustodianAtFault},
		{"noise", delivery.Seed(), make([]byte, CiphertextSize), CustodianAtFault},
		{"another key", key(t, 301).Seed(), good, Inert},
	} {
		j, err := d.JudgeDispute(1, request, delivery.Public(), tc.seed, tc.ciphertext)
		if err != nil {
			t.Fatal(err)
		}
		if j.Finding != tc.want {
			t.Errorf("%s: found %q (%s), want %q", tc.name, j.Finding, j.Reason, tc.want)
		}
	}
}

// The self-test's dealing is written by -update from fixed randomness.
func TestSelfTest(t *testing.T) {
	if *update {
		cryptotest.SetGlobalRandom(t, 1)
		r := newRoster(t, 1, 1, 0)
		d := r.deal(t, 1)
		v := known{
			Agreement: testAgreement.String(), Epoch: d.Body(), Ciphertext: encodeBytes(d.Ciphertexts[0]),
			Seed: encodeBytes(r.keys[0].Seed()), Share: encodeBytes(r.open(t, d, 1, 1)[0].Bytes()),
		}
		b, err := json.MarshalIndent(v, "", "\t")
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile("known.json", append(b, '\n'), 0o644); err != nil {
			t.Fatal(err)
		}
		knownDealing = b
	}
	if err := SelfTest(); err != nil {
		t.Fatal(err)
	}
	kept := knownDealing
	defer func() { knownDealing = kept }()
	knownDealing = []byte(strings.Replace(string(kept), `"seed": "`, `"seed": "A`, 1))
	if err := SelfTest(); !errors.Is(err, ErrRuntime) {
		t.Errorf("a broken known answer: got %v, want %v", err, ErrRuntime)
	}
	if _, err := newRoster(t, 1, 1, 0).deal(t, 1).JudgeComplaint(1, make([]byte, SeedSize)); !errors.Is(err, ErrRuntime) {
		t.Errorf("judged in spite of it: got %v, want %v", err, ErrRuntime)
	}
}

// Under GODEBUG=fips140=only age never returns. The child process here must
// refuse, not hang.
func TestRefusesToStartUnderEnforcedFIPS(t *testing.T) {
	if os.Getenv("GODEBUG") == "fips140=only" {
		if err := CheckRuntime(); !errors.Is(err, ErrRuntime) {
			t.Fatalf("got %v, want %v", err, ErrRuntime)
		}
		if _, err := Deal(seeded(1), Params{}); !errors.Is(err, ErrRuntime) {
			t.Fatalf("dealing: got %v, want %v", err, ErrRuntime)
		}
		if _, err := new(Dealing).OpenShare(1, nil); !errors.Is(err, ErrRuntime) {
			t.Fatalf("opening a share: got %v, want %v", err, ErrRuntime)
		}
		if _, err := new(Dealing).OpenHandOver(1, statement.ID{}, nil, nil); !errors.Is(err, ErrRuntime) {
			t.Fatalf("opening a hand-over: got %v, want %v", err, ErrRuntime)
		}
		if _, err := SealSegment(nil, "", nil, 100); !errors.Is(err, ErrRuntime) {
			t.Fatalf("sealing: got %v, want %v", err, ErrRuntime)
		}
		return
	}
	if err := CheckRuntime(); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(os.Args[0], "-test.run=^TestRefusesToStartUnderEnforcedFIPS$", "-test.v")
	cmd.Env = append(os.Environ(), "GODEBUG=fips140=only")
	out, err := cmd.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "PASS") {
		t.Errorf("%v\n%s", err, out)
	}
}
