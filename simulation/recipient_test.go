package simulation_test

import (
	"bytes"
	"crypto/hpke"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"os"
	"path/filepath"
	"testing"

	"detente/agreement"
	"detente/audit"
	"detente/machine"
	"detente/simulation"
	"detente/statement"
	"detente/vault"
)

// fields is the transcript of spec/vault.md, written here again: an enemy does
// not use our package.
func fields(purpose statement.Purpose, all ...any) []byte {
	var t []byte
	add := func(b []byte) { t = append(binary.BigEndian.AppendUint32(t, uint32(len(b))), b...) }
	add([]byte(purpose))
	for _, f := range all {
		switch v := f.(type) {
		case []byte:
			add(v)
		case string:
			add([]byte(v))
		case uint16:
			add(binary.BigEndian.AppendUint16(nil, v))
		case uint64:
			add(binary.BigEndian.AppendUint64(nil, v))
		}
	}
	return t
}

func hashed(b []byte) []byte {
	d := sha256.Sum256(b)
	return d[:]
}

// readdressed is a dealing whose shares all fit and whose recipient is another
// than theirs. The custodians' own keys are borrowed to see the shares, which a
// recorder that deals knows anyway.
func (p *play) readdressed(r vault.DealRequest, recipient string) (*vault.DealResult, error) {
	d, err := simulation.Deal(r)
	if err != nil {
		return nil, err
	}
	id, err := agreement.ParseDigest(r.Agreement)
	if err != nil {
		return nil, err
	}
	honest, err := vault.ParseCore(id, d.Epoch)
	if err != nil {
		return nil, err
	}
	d.Epoch.Recipient = recipient
	forged, err := vault.ParseCore(id, d.Epoch)
	if err != nil {
		return nil, err
	}
	var ciphertexts, resealed [][]byte
	for _, s := range d.Shares {
		for _, text := range s.Ciphertexts {
			ct, err := base64.StdEncoding.DecodeString(text)
			if err != nil {
				return nil, err
			}
			ciphertexts = append(ciphertexts, ct)
		}
	}
	dealing, err := vault.NewDealing(honest, ciphertexts, honest.EpochDigest(ciphertexts))
	if err != nil {
		return nil, err
	}
	for i, s := range honest.Seats {
		seed, err := os.ReadFile(filepath.Join(p.Dir(string(s.Custodian)), simulation.Vault, "key", s.Key.String()))
		if err != nil {
			return nil, err
		}
		key, err := vault.NewPrivateKey(seed)
		if err != nil {
			return nil, err
		}
		share, err := dealing.OpenShare(i+1, key)
		if err != nil {
			return nil, err
		}
		ct, err := sealShare(forged, i+1, key.Public(), share.Bytes())
		if err != nil {
			return nil, err
		}
		resealed = append(resealed, ct)
	}
	return reissued(r, d, resealed)
}

// sealShare encrypts a share for a seat of a core, as spec/vault.md says it.
func sealShare(c *vault.Core, seat int, to vault.PublicKey, share []byte) ([]byte, error) {
	s := c.Seats[seat-1]
	info := fields(statement.PurposeVaultShare, c.Agreement[:],
		hashed(fields(statement.PurposeVaultName, c.Agreement[:], string(c.Vault))), uint64(c.Epoch), uint16(c.Attempt), uint16(seat),
		hashed(fields(statement.PurposeVaultCustodian, c.Agreement[:], string(s.Custodian))), s.Key[:])
	k, err := hpke.MLKEM768X25519().NewPublicKey(to.Bytes())
	if err != nil {
		return nil, err
	}
	enc, sender, err := hpke.NewSender(k, hpke.HKDFSHA256(), hpke.ChaCha20Poly1305(), info)
	if err != nil {
		return nil, err
	}
	aad := c.CoreDigest()
	ct, err := sender.Seal(aad[:], share)
	return append(enc, ct...), err
}

// A recorder that publishes another recipient than it shared passes every
// custodian, and is proved to the beneficiary and to everybody.
func TestRecorderThatPublishesAnotherRecipientIsProved(t *testing.T) {
	p := newPlay(t, simulation.DefaultTerms().Small())
	p.Dealer(func(r vault.DealRequest) (*vault.DealResult, error) {
		if r.Epoch > 1 {
			return simulation.Deal(r)
		}
		id, err := vault.NewIdentity(bytes.Repeat([]byte{7}, vault.SeedSize))
		if err != nil {
			return nil, err
		}
		return p.readdressed(r, id.Recipient())
	})
	p.must(p.Begin(p.ctx))
	if _, attempt := p.sealedDigest(1); attempt != 1 {
		t.Fatalf("attempt %d is sealed: the custodians saw through the first, and this shows nothing", attempt)
	}
	p.film(1)
	p.acknowledged(2)
	p.claim()
	p.find("accepts")
	p.pass(p.Terms.Closes)
	p.wantOutcome(machine.Released)
	report, clips, err := p.Open(p.ctx)
	p.must(err)
	if len(clips) != 0 || len(report.Failed) != 1 {
		t.Errorf("opened %+v", report)
	}
	if len(report.Culprits) != 1 || report.Culprits[0].Name != simulation.Recorder || !report.Culprits[0].Proved {
		t.Errorf("culprits %+v, want the recorder, proved", report.Culprits)
	}
	if r := p.audit(audit.Holds); !named(r, simulation.Recorder, "") {
		t.Errorf("the audit: %+v", r.Conduct)
	}
}
