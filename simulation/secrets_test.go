package simulation_test

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"detente/audit"
	"detente/machine"
	"detente/record"
	"detente/simulation"
	"detente/statement"
	"detente/vault"
)

// asked is a play in which the agency asks for the first epoch long before the
// close, and everybody has read that: who acknowledged the third epoch did so
// with the request before it.
func asked(t *testing.T) (p *play, r *vault.Request, keys []*vault.PrivateKey) {
	p = begun(t, simulation.DefaultTerms().Small())
	p.film(1)
	p.acknowledged(1)
	var ledger *vault.Ledger
	p.until("the agency can ask", func(_ *record.Fold, l *vault.Ledger) bool { ledger = l; return true })
	body, keys, err := ledger.MakeRequest(noise(), 1, 1)
	p.must(err)
	id := p.say(simulation.Agency, none, body)
	p.until("the request is on the record", func(_ *record.Fold, l *vault.Ledger) bool { r, _ = l.Request(id); return r != nil })
	p.Clock.Set(p.slot(11))
	p.acknowledged(3)
	_, err = p.Quiet(p.ctx)
	p.must(err)
	p.seen(p.Terms.Custodians...)
	return p, r, keys
}

// The beneficiary asks before anything is decided: nobody answers, for a request
// gives no right. Once the vault is released the same request is answered, and
// with the epoch that it names alone: the others stay shut.
func TestRequestBeforeTheOutcomeIsNotAnswered(t *testing.T) {
	p, r, keys := asked(t)
	p.claim()
	p.find("accepts")
	_, err := p.Quiet(p.ctx)
	p.must(err)
	open := int64(0)
	p.until("nobody has answered", func(f *record.Fold, _ *vault.Ledger) bool { open = f.Size(); return true })
	p.pass(p.Terms.Closes)
	p.wantOutcome(machine.Released)
	p.until("all have answered", func(_ *record.Fold, l *vault.Ledger) bool { return handed(l) == len(p.Terms.Custodians) })
	p.until("what they answered is read", func(_ *record.Fold, l *vault.Ledger) bool {
		for _, h := range l.HandOvers {
			if h.Entry < open {
				t.Errorf("seat %d answers at entry %d, and until %d nothing was decided", h.Seat, h.Entry, open)
			}
			for _, s := range h.Shares {
				if s.Attempt.Core.Epoch != 1 {
					t.Errorf("seat %d hands over epoch %d, which nobody asked for", h.Seat, s.Attempt.Core.Epoch)
				}
			}
		}
		for epoch, opens := range map[int64]bool{1: true, 2: false} {
			c, err := l.Collect(epoch, vault.Delivery{Request: r, Keys: keys})
			p.must(err)
			if (c.Identity != nil) != opens || !opens && len(c.Shares) > 0 {
				t.Errorf("of epoch %d there are %d shares, open %v; want %v", epoch, len(c.Shares), c.Identity != nil, opens)
			}
		}
		return true
	})
	if r := p.audit(audit.Holds); len(r.Conduct) > 0 {
		t.Errorf("the audit: %+v", r.Conduct)
	}
}

// The same, and the vault is to be erased: the request is never answered.
func TestRequestOfWhatIsErasedIsNotAnswered(t *testing.T) {
	p, _, _ := asked(t)
	p.lapse()
	_, err := p.Quiet(p.ctx)
	p.must(err)
	p.until("nobody has answered", func(_ *record.Fold, l *vault.Ledger) bool {
		if n := len(l.HandOvers); n > 0 {
			t.Errorf("%d hand-overs of a vault that is erased", n)
		}
		return true
	})
}

// Two custodians answer such a request by hand, with right shares, before there
// is a certificate: whoever audits the record names them, and nobody else.
func TestHandingOverWithoutACertificateIsNamed(t *testing.T) {
	p, r, _ := asked(t)
	_, early := p.Reader.Final()
	_, bare := p.Reader.Head()
	var a *vault.Attempt
	p.until("the first epoch is sealed", func(_ *record.Fold, l *vault.Ledger) bool { a = l.Sealed(1); return true })
	for seat, note := range map[int][]byte{1: early, 2: bare} {
		name := p.Terms.Custodians[seat-1]
		p.must(p.Custodian(name).Stop())
		b, err := os.ReadFile(filepath.Join(p.Dir(name), simulation.Vault, "share", a.Digest.String()))
		p.must(err)
		share, err := vault.ParseShare(seat, b)
		p.must(err)
		ct, err := a.Dealing.HandOver(share, r.ID, r.Keys[seat-1])
		p.must(err)
		p.say(name, r.ID, statement.HandOverBody{
			Vault: simulation.Vault, Seat: seat, Certificate: string(note),
			Shares: []statement.HandOver{{Epoch: 1, Digest: a.Digest.String(), Ciphertext: base64.StdEncoding.EncodeToString(ct)}},
		})
	}
	p.pass(p.Terms.Closes)
	p.erased(2)
	report := p.audit(audit.Holds)
	for i, name := range p.Terms.Custodians {
		if named(report, name, "acted on release without a certificate") != (i < 2) {
			t.Errorf("%s: %+v", name, report.Conduct)
		}
	}
}

// secretsOf are the secrets of an epoch, put together from its custodians'
// shares: the shares themselves, the values they give, and the key.
func (p *play) secretsOf(a *vault.Attempt) (secrets [][]byte) {
	p.t.Helper()
	var shares []*vault.Share
	for i, name := range p.Terms.Custodians {
		b, err := os.ReadFile(filepath.Join(p.Dir(name), simulation.Vault, "share", a.Digest.String()))
		if err != nil {
			continue // it had no key when this epoch was dealt
		}
		s, err := vault.ParseShare(i+1, b)
		p.must(err)
		shares, secrets = append(shares, s), append(secrets, b[:32], b[32:])
	}
	v, err := a.Core.Interpolate(shares)
	p.must(err)
	id, err := a.Core.Identity(v)
	p.must(err)
	return append(secrets, v.A(), v.B(), id.Seed(), []byte(id.String()))
}

// holding is how many of the secrets stand in the files of a folder, as they
// are or as text.
func (p *play) holding(dir string, secrets [][]byte) (n int) {
	p.t.Helper()
	p.must(filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		b, err := os.ReadFile(path)
		for _, s := range secrets {
			text := bytes.TrimRight([]byte(base64.StdEncoding.EncodeToString(s)), "=")
			for _, form := range [][]byte{s, []byte(hex.EncodeToString(s)), text[:len(text)-1]} {
				if bytes.Contains(b, form) {
					n++
				}
			}
		}
		return err
	}))
	return n
}

// Whoever takes the recorder's folder after the dealing has nothing that opens
// what was recorded before.
func TestRecorderTakenAwayOpensNothing(t *testing.T) {
	p := begun(t, simulation.DefaultTerms().Small())
	p.film(2)
	p.acknowledged(2)
	for _, a := range append(p.Custodians, p.Recorder) {
		p.must(a.Stop())
	}
	var sealed []*vault.Attempt
	p.until("the epochs are sealed", func(_ *record.Fold, l *vault.Ledger) bool {
		sealed = []*vault.Attempt{l.Sealed(1), l.Sealed(2)}
		return true
	})
	dir := p.Dir(simulation.Recorder)
	for _, a := range sealed {
		if p.holding(dir, [][]byte{[]byte(a.Core.Recipient)}) == 0 {
			t.Fatal("the dealing is not in the folder: this shows nothing")
		}
		secrets := p.secretsOf(a)
		if p.holding(p.Dir("c1"), secrets)+p.holding(p.Dir("c2"), secrets) == 0 {
			t.Fatal("no share is found where there is one: this shows nothing")
		}
		if n := p.holding(dir, secrets); n > 0 {
			t.Errorf("epoch %d: %d of its secrets are in the recorder's folder", a.Core.Epoch, n)
		}
	}
}

// A custodian that has acknowledged a share of a sealed epoch keeps that and not
// the key that it came under: the record holds the ciphertext for ever, and what
// opens it would be a second copy of the share.
func TestKeysOfSealedDealingsAreDestroyed(t *testing.T) {
	p := begun(t, simulation.DefaultTerms().Small())
	p.film(1)
	p.acknowledged(2)
	spent := map[string][]string{}
	p.until("the epochs are sealed", func(_ *record.Fold, l *vault.Ledger) bool {
		for _, a := range []*vault.Attempt{l.Sealed(1), l.Sealed(2)} {
			for _, s := range a.Core.Seats {
				if s.Keyed {
					spent[string(s.Custodian)] = append(spent[string(s.Custodian)], s.Key.String())
				}
			}
		}
		return true
	})
	for _, name := range p.Terms.Custodians {
		if len(spent[name]) == 0 {
			t.Fatalf("%s had no key in any dealing", name)
		}
		dir := filepath.Join(p.Dir(name), simulation.Vault, "key")
		p.eventually(name+" has destroyed the keys that are used up, and keeps the next", func() bool {
			kept, err := os.ReadDir(dir)
			p.must(err)
			for _, k := range kept {
				if slices.Contains(spent[name], k.Name()) {
					return false
				}
			}
			return len(kept) > 0
		})
	}
}
