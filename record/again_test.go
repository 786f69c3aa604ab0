package record

import (
	"bytes"
	"errors"
	"reflect"
	"slices"
	"testing"

	"detente/agreement"
	"detente/statement"

	"golang.org/x/mod/sumdb/tlog"
)

// plainly is what a fold would keep if it kept everything: every entry as it was
// when it was folded, and every event.
type plainly struct {
	judged []*Judged
	events []Event
	hashes []tlog.Hash
}

// ReadHashes makes it a tlog.HashReader over all stored hashes.
func (p *plainly) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	var out []tlog.Hash
	for _, i := range indexes {
		out = append(out, p.hashes[i])
	}
	return out, nil
}

// holdToPlain folds a record again and holds what the fold reads again, and
// works out again, to what was there at the time.
func holdToPlain(t testing.TB, a *agreement.Agreement, entries [][]byte) {
	t.Helper()
	f, err := NewFold(a)
	if err != nil {
		t.Fatal(err)
	}
	var p plainly
	note := f.order.happened
	f.order.happened = func(e Event) {
		p.events = append(p.events, e)
		note(e)
	}
	var edge Frontier
	for i, e := range entries {
		j := f.Append(e)
		if now := f.Entry(int64(i)); !reflect.DeepEqual(*now, j.Judgement) {
			t.Fatalf("entry %d: appended %+v, asked for %+v", i, j.Judgement, *now)
		}
		more, err := tlog.StoredHashes(int64(i), e, &p)
		if err != nil {
			t.Fatal(err)
		}
		p.hashes = append(p.hashes, more...)
		p.judged = append(p.judged, j)
		edge.Add(tlog.RecordHash(e))
		if edge.Root() != f.Root() || edge.Size() != f.Size() {
			t.Fatalf("%d entries: the frontier has another root", i+1)
		}
	}
	for i := range p.hashes {
		if h, err := f.HashReader().ReadHashes([]int64{int64(i)}); err != nil || h[0] != p.hashes[i] {
			t.Fatalf("stored hash %d: %v", i, err)
		}
	}
	for size := int64(0); size <= f.Size(); size++ {
		want, err := tlog.TreeHash(size, &p)
		if got, e := f.RootAt(size); err != nil || e != nil || got != want {
			t.Fatalf("root of size %d: %v, %v", size, err, e)
		}
	}
	if got := f.Events(); !slices.Equal(got, p.events) && len(got)+len(p.events) > 0 || f.EventCount() != len(p.events) {
		t.Fatalf("events %+v, at the time %+v", got, p.events)
	}
	effects := map[int64]Event{}
	for _, e := range p.events {
		if e.Entry >= 0 {
			effects[e.Entry] = e
		}
	}
	for i, was := range p.judged {
		j, err := f.Read(int64(i))
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(j.Bytes, was.Bytes) || !reflect.DeepEqual(j.Statement, was.Statement) || !reflect.DeepEqual(j.Proof, was.Proof) || !reflect.DeepEqual(j.Fault, was.Fault) {
			t.Fatalf("entry %d: read again %+v, at the time %+v", i, j, was)
		}
		e, had := effects[int64(i)]
		if had != (j.Effect != nil) || had && (j.Effect.At != e.At || j.Effect.Proof != e.Proof) {
			t.Fatalf("entry %d: effect %+v, at the time %+v", i, j.Effect, e)
		}
	}
	for _, c := range f.InForce().Commitments {
		got, ok := f.Claim(c.Name)
		if want := claimAmong(t, f, c); got != want || ok != (want != statement.ID{}) {
			t.Fatalf("the claim of %s is %s, by all that was said %s", c.Name, got, want)
		}
	}
}

// claimAmong finds the latest claim of a commitment by reading everything.
func claimAmong(t testing.TB, f *Fold, c *agreement.Commitment) statement.ID {
	about, _ := c.What.(*agreement.Ref)
	for k := f.Size() - 1; k > 0; k-- {
		j, err := f.Read(k)
		if err != nil {
			t.Fatal(err)
		}
		if j.Statement == nil || j.Effect != nil && !j.Effect.Verdict.Effect {
			continue
		}
		name := func(n string) agreement.Name { return f.renamed(j.Statement.Bundle, agreement.Name(n)) }
		claims := f.claims.made[finding{c.Name, k}]
		switch b := j.Statement.Body.(type) {
		case statement.PerformBody:
			claims = name(b.Commitment) == c.Name
		case statement.LiftBody:
			if about != nil {
				claims = about.Noun == "measure" && name(b.Measure) == about.Name
			}
		case statement.InvokeBody:
			if about != nil {
				claims = about.Noun == "act" && name(b.Act) == about.Name
			}
		case statement.ReportBody:
			if about != nil {
				claims = about.Noun == "reading" && name(b.Reading) == about.Name
			}
		}
		if claims {
			return j.Statement.ID
		}
	}
	return statement.ID{}
}

// TestHostileRecordsReadAgain: what a fold no longer keeps it reads, and works
// out, as it was. Every other record of this package's tests is held to this
// when its test ends.
func TestHostileRecordsReadAgain(t *testing.T) {
	for seed := range uint64(3) {
		b := hostileRecord(t, seed)
		holdToPlain(t, b.a, b.entries)
	}
	long := open(t)
	for i := range 70 {
		long.put([]byte{byte(i)})
	}
	holdToPlain(t, long.a, long.entries)
}

// A shifting source gives other bytes than were folded, or none.
type shifting struct {
	entries [][]byte
	err     error
}

func (s *shifting) Entry(i int64) ([]byte, error) { return s.entries[i], s.err }

// TestAlteredSourcesAreSeen: whatever comes of the place that entries are read
// from, the fold gives no other entry for the one that it folded.
func TestAlteredSourcesAreSeen(t *testing.T) {
	b, e := exported(t)
	s := &shifting{entries: slices.Clone(b.entries)}
	b.f.ReadFrom(s)
	if j, err := b.f.Read(3); err != nil || !bytes.Equal(j.Bytes, b.entries[3]) {
		t.Fatalf("%+v, %v", j, err)
	}
	s.entries[3] = bytes.Clone(s.entries[3])
	s.entries[3][40] ^= 1
	s.entries[4], s.entries[5] = s.entries[5], nil
	for i := int64(3); i < 6; i++ {
		var unread *ReadError
		if _, err := b.f.Read(i); !errors.As(err, &unread) || unread.Index != i || !errors.Is(err, ErrAltered) {
			t.Errorf("entry %d: %v", i, err)
		}
	}
	if _, err := b.f.Export(b.bundle, e.Checkpoint); !errors.Is(err, ErrAltered) {
		t.Errorf("an export of altered entries: %v", err)
	}
	s.err = errors.New("the disk is gone")
	if _, err := b.f.Read(1); !errors.Is(err, s.err) {
		t.Errorf("a source that fails: %v", err)
	}
	if _, err := b.f.Read(b.f.Size()); err == nil {
		t.Error("an entry that is not there was read")
	}
	if b.f.Entry(3) == nil || b.f.Entry(-1) != nil || b.f.Entry(b.f.Size()) != nil {
		t.Error("what the fold keeps is lost with its source")
	}
}
