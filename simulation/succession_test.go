package simulation_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"detente/audit"
	"detente/depositary"
	"detente/machine"
	"detente/mirror"
	"detente/record"
	"detente/simulation"
	"detente/statement"
)

// succeeding are terms that name a successor.
func succeeding() simulation.Terms {
	t := simulation.DefaultTerms().Small()
	t.Successor = "library"
	return t
}

// mirrored waits until a mirror has all that the reader has, final.
func (p *play) mirrored(f *mirror.Follower) {
	p.t.Helper()
	_, err := p.Quiet(p.ctx)
	p.must(err)
	head, _ := p.Reader.Head()
	p.eventually("the mirror has the record", func() bool {
		have, _ := f.Head()
		size, _ := f.Final()
		return have.Size >= head.Size && size >= head.Size
	})
}

// The depositary dies for good in the middle of an agreement. Its declared
// successor goes on from a mirror of a mirror; custodians, recorder and agency
// go on from the heads they remember; the vault is released and opened, and
// the audit of the whole record holds.
func TestSuccessionFromAMirror(t *testing.T) {
	p := begun(t, succeeding())
	first, at, endFirst, err := p.Mirror(p.ctx, "first-mirror", p.Host.URL)
	p.must(err)
	second, _, endSecond, err := p.Mirror(p.ctx, "second-mirror", at)
	p.must(err)
	p.film(2)
	p.must(p.Batched(p.ctx))
	p.claim()
	p.mirrored(first)
	p.mirrored(second)
	var before []*record.Judged
	p.Reader.With(func(f *record.Fold) {
		for i := range f.Size() {
			before = append(before, record.Must(f.Read(i)))
		}
	})
	p.must(p.StopHost())
	endSecond()
	endFirst()

	next, err := p.Succeed(p.ctx, p.Dir("second-mirror"), false)
	p.must(err)
	p.Turn(next.URL)
	p.film(1)
	p.must(p.Batched(p.ctx))
	p.find("accepts")
	p.pass(p.Terms.Closes)
	p.wantOutcome(machine.Released)
	p.wantOpened(3)
	p.audit(audit.Holds)
	p.Reader.With(func(f *record.Fold) {
		for i, old := range before {
			if !bytes.Equal(record.Must(f.Read(int64(i))).Bytes, old.Bytes) {
				t.Errorf("entry %d changed", i)
			}
		}
	})
	_, note := p.Reader.Final()
	proof, err := record.Cosigned(p.Agreement, note)
	p.must(err)
	if hosts := record.Hosts(p.Agreement); proof.Signer.String() != hosts[1].Key {
		t.Errorf("the record ends under the key %s, want the successor's", proof.Signer)
	}

	// The old host comes back, is told, and stops.
	p.must(p.StartHost())
	p.eventually("the old host has stopped", func() bool {
		select {
		case err = <-p.Host.Ran():
			return true
		default:
			return false
		}
	})
	var succeeded *depositary.SucceededError
	if !errors.As(err, &succeeded) || succeeded.By != "library" {
		t.Errorf("the old host ended with %v", err)
	}
	if _, err := p.Host.Submit(p.Agreement.ID, p.note(words("too late")), -1); err == nil {
		t.Error("the old host took a statement in")
	}
	p.Host.StopNow()
}

// note is a statement of the agency's.
func (p *play) note(body statement.Body) []byte {
	p.t.Helper()
	note, err := p.Note(simulation.Agency, statement.ID{}, body)
	p.must(err)
	return note
}

// Of two successors at once one goes on; the other is refused by the witnesses
// and says who goes on.
func TestTwoSuccessors(t *testing.T) {
	p := newPlay(t, succeeding())
	p.must(p.Sign(p.ctx))
	f, _, end, err := p.Mirror(p.ctx, "mirror", p.Host.URL)
	p.must(err)
	p.mirrored(f)
	end()
	p.must(p.StopHost())
	one, err := p.Succeed(p.ctx, p.Dir("mirror"), false)
	p.must(err)
	other, err := p.Succeed(p.ctx, p.Dir("mirror"), false)
	p.must(err) // from the same head: the witnesses have no reason yet
	first, rival := p.note(words("one")), p.note(words("other"))
	_, err = one.Submit(p.Agreement.ID, first, -1)
	p.must(err)
	p.Turn(one.URL)
	_, err = p.Quiet(p.ctx)
	p.must(err)
	// What the other takes in no quorum cosigns.
	_, err = other.Submit(p.Agreement.ID, rival, -1)
	p.must(err)
	p.eventually("the other successor has stopped", func() bool {
		select {
		case err = <-other.Ran():
			return true
		default:
			return false
		}
	})
	if err == nil || !strings.Contains(err.Error(), "stopped") {
		t.Errorf("it ended with %v", err)
	}
	third, err := p.Succeed(p.ctx, one.URL+"/"+p.Agreement.ID.String(), false)
	p.must(err) // from the running record it is no fork
	third.StopNow()
	third, err = p.Succeed(p.ctx, p.Dir("mirror"), false)
	if ahead, ok := errors.AsType[*depositary.AheadError](err); !ok || ahead.Held.Size <= ahead.Copy.Size {
		t.Errorf("from a copy that lacks entries: %v, %v", third, err)
	}
}

// What the old depositary acknowledged and nobody cosigned or mirrored is lost.
// The author's receipt shows it; submitted again it is on the record once.
func TestUncosignedTailIsLostVisibly(t *testing.T) {
	p := newPlay(t, succeeding())
	p.must(p.Sign(p.ctx))
	f, _, end, err := p.Mirror(p.ctx, "mirror", p.Host.URL)
	p.must(err)
	p.mirrored(f)
	end()
	p.Host.Witnesses.Cut(true)
	note := p.note(words("acknowledged, and nobody saw it"))
	receipt, err := p.Submit(p.ctx, note)
	p.must(err)
	p.must(p.StopHost())
	next, err := p.Succeed(p.ctx, p.Dir("mirror"), false)
	p.must(err)
	p.Turn(next.URL)
	keys, err := record.LogKeys(p.Agreement)
	p.must(err)
	head, err := receipt.Verify(record.Origin(p.Agreement), keys...)
	p.must(err)
	var lost bool
	p.Reader.With(func(fold *record.Fold) { _, there := fold.ByID(receipt.ID); lost = !there })
	if !lost {
		t.Fatal("the mirror had it")
	}
	for range 2 {
		again, err := p.Submit(p.ctx, note)
		p.must(err)
		if again.ID != receipt.ID {
			t.Error("another statement")
		}
	}
	p.covered(receipt.ID)
	if head.Size == 0 {
		t.Error("the receipt shows nothing")
	}
}
