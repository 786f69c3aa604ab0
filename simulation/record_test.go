package simulation_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"errors"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"detente/agreement"
	"detente/audit"
	"detente/machine"
	"detente/mirror"
	"detente/record"
	"detente/simulation"
	"detente/statement"
)

// finished is the exported record of a vault that was erased, made once.
var finished = sync.OnceValues(func() (file []byte, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), within)
	defer cancel()
	dir, err := os.MkdirTemp("", "finished")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	w, err := simulation.New(ctx, simulation.Options{Dir: dir, Terms: simulation.DefaultTerms().Small(), Seed: "finished"})
	defer func() { err = errors.Join(err, w.Close()) }()
	for _, step := range []func() error{
		func() error { return err },
		func() error { return w.Begin(ctx) },
		func() error { return w.Film(ctx, 1) },
		func() error { return w.Batched(ctx) },
		func() error { return w.Pass(ctx, w.Terms.Closes) },
		func() error { file, err = w.Export(ctx); return err },
	} {
		if err := step(); err != nil {
			return nil, err
		}
	}
	return file, nil
})

// closes is when the vault of finished closes.
var closes = agreement.Instant(simulation.DefaultTerms().Closes.Unix())

func exported(t *testing.T) (file []byte, e *record.Export) {
	t.Helper()
	t.Parallel()
	file, err := finished()
	if err != nil {
		t.Fatal(err)
	}
	if e, err = record.ReadExport(file, record.DefaultLimits); err != nil {
		t.Fatal(err)
	}
	return file, e
}

func wantBroken(t *testing.T, what string, file []byte) {
	t.Helper()
	r := audit.Run(file)
	if r.Verdict != audit.Broken || len(r.Broken) != 1 || r.Broken[0].Part == "" || r.Broken[0].Reason == "" {
		t.Errorf("%s: the audit says %s, %+v; want what is broken", what, r.Verdict, r.Broken)
	}
}

// Every byte of the container's structure is flipped, and a sample of all others.
func TestAnyByteFlippedIsBroken(t *testing.T) {
	file, _ := exported(t)
	if r := audit.Run(file); r.Verdict != audit.Holds {
		t.Fatalf("unaltered, the audit says %s", r.Verdict)
	}
	flip := func(i int) {
		bad := bytes.Clone(file)
		bad[i] ^= 1 << (i % 8)
		wantBroken(t, "byte flipped", bad)
		if t.Failed() {
			t.Fatalf("byte %d of %d", i, len(file))
		}
	}
	structure := bytes.Index(file, []byte("bundle/")) + 512
	for i := range structure {
		flip(i)
	}
	for i := structure; i < len(file); i += 61 {
		flip(i)
	}
}

// A forger writes the sums anew, so that only the tree and the signatures are
// left to find what he did.
func TestEntriesMovedDroppedDoubledOrSpliced(t *testing.T) {
	_, e := exported(t)
	splice, err := simulation.SignAs(&statement.Statement{
		Agreement: [32]byte{1}, Bundle: [32]byte{1}, By: simulation.Agency, Body: lifting,
	}, (&simulation.Keys{Seed: "finished"}).Signers(simulation.Agency)...)
	if err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(x [][]byte) [][]byte{
		"two entries moved":                 func(x [][]byte) [][]byte { x[2], x[3] = x[3], x[2]; return x },
		"one dropped":                       func(x [][]byte) [][]byte { return slices.Delete(x, 5, 6) },
		"one doubled":                       func(x [][]byte) [][]byte { return slices.Insert(x, 5, x[5]) },
		"one doubled in another's place":    func(x [][]byte) [][]byte { x[5] = x[4]; return x },
		"one of another record in a place":  func(x [][]byte) [][]byte { x[5] = splice; return x },
		"one of another record in addition": func(x [][]byte) [][]byte { return append(x, splice) },
		"the last one dropped":              func(x [][]byte) [][]byte { return x[:len(x)-1] },
	} {
		forged := *e
		forged.Entries = change(slices.Clone(e.Entries))
		file, err := forged.Bytes()
		if err != nil {
			t.Fatal(err)
		}
		wantBroken(t, name, file)
	}
}

// proofsOf are the cosigned checkpoints that stand on a record as proofs of time.
func proofsOf(t *testing.T, f *record.Fold) (all []*record.Proof) {
	t.Helper()
	for i := range f.Size() {
		if p := record.Must(f.Read(i)).Proof; p != nil {
			all = append(all, p)
		}
	}
	if len(all) < 5 {
		t.Fatalf("%d proofs: too few to show anything", len(all))
	}
	return all
}

// The record is cut at each checkpoint that ever was cosigned. What is left is
// sound, so nothing is broken; but no outcome may be read out of it before the
// proof that decides, and once the witnesses' clocks are past the close it must
// say that it cannot be found out.
func TestDecidingTickRemoved(t *testing.T) {
	_, e := exported(t)
	f, err := e.Fold()
	if err != nil {
		t.Fatal(err)
	}
	undecided, unknown := 0, 0
	for _, p := range proofsOf(t, f) {
		cut, err := f.Export(e.Bundle, p.Note, e.Objects...)
		if err != nil {
			t.Fatal(err)
		}
		file, err := cut.Bytes()
		if err != nil {
			t.Fatal(err)
		}
		prefix, err := cut.Fold()
		if err != nil {
			t.Fatal(err)
		}
		r := audit.Run(file)
		decided := prefix.Settled() >= closes
		switch o := r.Vaults[0].Outcome; {
		case r.Verdict == audit.Broken:
			t.Errorf("cut at size %d: broken: %+v", p.Head.Size, r.Broken)
		case decided != (o == machine.Erased):
			t.Errorf("cut at size %d, settled %s: the outcome is %q", p.Head.Size, prefix.Settled(), o)
		case !decided && p.Hi >= closes:
			unknown++
			if r.Verdict != audit.Unknown || !strings.Contains(r.Text(), "passed at") {
				t.Errorf("cut at size %d, witnessed at %s: the audit says %s", p.Head.Size, p.Hi, r.Verdict)
			}
		case !decided:
			undecided++
		}
	}
	if undecided == 0 || unknown == 0 {
		t.Errorf("%d cuts before the close, %d after it that do not decide: this shows nothing", undecided, unknown)
	}
}

// swapped are two notes whose cosignatures have changed places.
func swapped(t *testing.T, one, other []byte) (a, b []byte) {
	t.Helper()
	x, err := statement.ParseNote(one)
	if err != nil {
		t.Fatal(err)
	}
	y, err := statement.ParseNote(other)
	if err != nil {
		t.Fatal(err)
	}
	if a, err = statement.NewNote(x.Text, append(slices.Clone(x.Sigs[:1]), y.Sigs[1:]...)...); err != nil {
		t.Fatal(err)
	}
	if b, err = statement.NewNote(y.Text, append(slices.Clone(y.Sigs[:1]), x.Sigs[1:]...)...); err != nil {
		t.Fatal(err)
	}
	return a, b
}

func TestCosignaturesSwappedBetweenCheckpoints(t *testing.T) {
	_, e := exported(t)
	f, err := e.Fold()
	if err != nil {
		t.Fatal(err)
	}
	all := proofsOf(t, f)
	last := all[len(all)-1]
	bad, worse := swapped(t, e.Checkpoint, last.Note)
	forged := *e
	forged.Checkpoint = bad
	file, err := forged.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	wantBroken(t, "the checkpoint has another's cosignatures", file)
	j := f.Append(record.ProofEntry(worse))
	if j.Fault == nil || j.Proof != nil {
		t.Errorf("as an entry it counts: %+v", j.Proof)
	}
}

// codeOf is the code of a depositary's refusal.
func codeOf(err error) string {
	if r, ok := errors.AsType[*mirror.RefusedError](err); ok && r.Reason != "" {
		return r.Code
	}
	return ""
}

// altered is a statement with other bytes in its text, signed all the same.
func (p *play) altered(old, other string) []byte {
	p.t.Helper()
	s := &statement.Statement{Agreement: p.Agreement.ID, Bundle: p.Agreement.ID, By: simulation.Agency, Body: lifting}
	text, err := s.Text()
	p.must(err)
	changed := bytes.Replace(text, []byte(old), []byte(other), 1)
	if bytes.Equal(changed, text) {
		p.t.Fatalf("%q is not in the statement", old)
	}
	// Not with statement.Sign, which signs no such text.
	signer := p.Keys.Signers(simulation.Agency)[0]
	note, err := statement.NewNote(changed, statement.Signature{
		Name: signer.Name(), Hash: signer.Public().Hash(signer.Name()), Sig: ed25519.Sign(p.Keys.Private(simulation.Agency), changed),
	})
	p.must(err)
	return note
}

// What breaks a rule is refused with the rule when it is handed in; and should
// a depositary take it in all the same, it is inert, changes nothing, and names
// who is at fault.
func TestStatementsThatAreRefused(t *testing.T) {
	p := newPlay(t, simulation.DefaultTerms().Small())
	p.must(p.Sign(p.ctx))
	says := func(by string, s statement.Statement) []byte {
		s.By = agreement.Name(by)
		if s.Body == nil {
			s.Body = words("nothing")
		}
		return p.signed(&s, by)
	}
	iran := p.Keys.Signers(simulation.Host)
	single, err := simulation.SignAs(&statement.Statement{Agreement: p.Agreement.ID, Bundle: p.Agreement.ID, By: simulation.Host, Body: words("alone")}, iran[0])
	p.must(err)
	forged, err := p.Note(simulation.Agency, none, words("as I said it"))
	p.must(err)
	forged = bytes.Replace(forged, []byte("as I said it"), []byte("as he said I"), 1)
	_, head := p.Reader.Head()
	_, final := p.Reader.Final()
	two, err := statement.ParseNote(final)
	p.must(err)
	few, err := statement.NewNote(two.Text, two.Sigs[:3]...) // the depositary and two witnesses
	p.must(err)
	twice, err := statement.NewNote(two.Text, two.Sigs[0], two.Sigs[1], two.Sigs[2], two.Sigs[2])
	p.must(err)
	for _, c := range []struct {
		name    string
		entry   []byte
		code    string
		culprit string
	}{
		{"a kind that a device may not say", says(simulation.Recorder, statement.Statement{Body: lifting}), record.FaultNotSigner, simulation.Recorder},
		{"one of two persons", single, record.FaultUnsigned, Depositary},
		{"words changed after signing", forged, record.FaultSignature, Depositary},
		{"a stranger", says("nobody", statement.Statement{}), record.FaultUnknownSigner, Depositary},
		{"for another agreement", says(simulation.Agency, statement.Statement{Agreement: [32]byte{1}, Bundle: [32]byte{1}}), record.FaultWrongAgreement, Depositary},
		{"under another text", says(simulation.Agency, statement.Statement{Agreement: p.Agreement.ID, Bundle: [32]byte{1}}), record.FaultWrongBundle, simulation.Agency},
		{"a head that never was", says(simulation.Agency, statement.Statement{Seen: statement.Head{Size: 2, Root: [32]byte{1}}}), record.FaultForeignHead, simulation.Agency},
		{"an unknown kind", p.altered("kind lift\n", "kind sing\n"), record.FaultUnknownKind, Depositary},
		{"an unknown version", p.altered("detente/statement/1", "detente/statement/9"), record.FaultVersion, Depositary},
		{"an unknown field", p.altered(`{"measure"`, `{"mood":"good","measure"`), record.FaultNotCanonical, Depositary},
		{"a space in the JSON", p.altered(`{"measure":`, `{"measure": `), record.FaultNotCanonical, Depositary},
		{"no entry at all", []byte("hello"), record.FaultUnknownForm, Depositary},
		{"a checkpoint without a quorum", record.ProofEntry(few), record.FaultTooFew, Depositary},
		{"a checkpoint with a witness twice", record.ProofEntry(twice), record.FaultTooFew, Depositary},
		{"a checkpoint that nobody cosigned", record.ProofEntry(head), record.FaultTooFew, Depositary},
	} {
		p.refused(c.name, c.entry, c.code, c.culprit)
	}
}

// Depositary is who is at fault for admitting what its author is not proved to
// have said here.
const Depositary = simulation.Depositary

// refused wants an entry refused by the depositary, and inert in a fold.
func (p *play) refused(what string, entry []byte, code, culprit string) {
	p.t.Helper()
	if _, err := p.Submit(p.ctx, entry); codeOf(err) != code {
		p.t.Errorf("%s: the depositary says %v, want %s", what, err, code)
	}
	var all [][]byte
	p.Reader.With(func(f *record.Fold) {
		for i := range f.Size() {
			all = append(all, record.Must(f.Read(i)).Bytes)
		}
	})
	f, err := record.FoldTo(p.Agreement, all, int64(len(all)))
	p.must(err)
	before := f.State().Bytes()
	j := f.Append(entry)
	if j.Fault == nil || j.Fault.Code != code || j.Fault.Culprit != culprit || j.Fault.Reason == "" {
		p.t.Errorf("%s: in a fold it is %+v, want %s by %s", what, j.Fault, code, culprit)
	}
	if !bytes.Equal(f.State().Bytes(), before) || j.Effect != nil {
		p.t.Errorf("%s: it changes the state", what)
	}
}

// Said twice is said once; a key that was revoked signs nothing more; who may
// not do something may say so, and it has no effect.
func TestReplaysRevokedKeysAndActsWithoutRight(t *testing.T) {
	p := newPlay(t, simulation.DefaultTerms().Small())
	p.must(p.Sign(p.ctx))
	note, err := p.Note(simulation.Agency, none, words("once"))
	p.must(err)
	first, err := p.Submit(p.ctx, note)
	p.must(err)
	again, err := p.Submit(p.ctx, note)
	p.must(err)
	if again.Index != first.Index {
		t.Errorf("said again it is entry %d, and not %d", again.Index, first.Index)
	}
	p.claim()
	id := p.say(simulation.Agency, p.claimed, statement.VerifyBody{Commitment: simulation.Commitment, Finding: "accepts", Documents: []statement.Document{}})
	p.effect(id)
	if v := p.judged(id).Effect.Verdict; v.Effect || v.Reason == "" {
		t.Errorf("the agency finds on its own claim: %+v", v)
	}
	keys := p.Keys.Signers(simulation.Host)
	p.say(simulation.Host, none, statement.KeyBody{
		Add: []string{(&simulation.Keys{Seed: "fresh"}).Signers(simulation.Host)[0].Public().String()}, Revoke: []string{keys[0].Public().String()},
		Need: 2, Reason: "lost",
	})
	late, err := p.Note(simulation.Host, none, words("with the lost key"))
	p.must(err)
	p.must(p.Reader.Update(p.ctx))
	p.refused("a revoked key", late, record.FaultRevokedKey, simulation.Host)
}

// Three of four witnesses lie and cosign two histories: each reader refuses the
// other's, whoever compares the two sees the fork, and the evidence names the
// depositary and the three.
func TestForkShownToTwoReaders(t *testing.T) {
	p := newPlay(t, simulation.DefaultTerms().Small())
	p.must(p.Sign(p.ctx))
	_, err := p.Quiet(p.ctx)
	p.must(err)
	liars := []string{"vienna", "geneva", "muscat"}
	fork, err := p.Fork(liars...)
	p.must(err)
	p.covered(p.say(simulation.Host, none, words("on the one")))
	_, err = p.Quiet(p.ctx)
	p.must(err)
	l := p.NewLine()
	l.Lead(fork.URL)
	second, err := p.Follow(p.ctx, "second", l)
	p.must(err)
	defer second.Close()
	p.must(second.Update(p.ctx))
	seen, _ := second.Head()
	if _, err := second.Client().Submit(p.ctx, p.signed(&statement.Statement{By: simulation.Host, Seen: seen, Body: words("on the other")}, simulation.Host)); err != nil {
		t.Fatal(err)
	}
	p.must(second.Wait(p.ctx, func(f *record.Fold, final int64) bool { return final > seen.Size && final == f.Size() }))

	var divergence *mirror.DivergenceError
	if err := mirror.Compare(p.Reader, second); !errors.As(err, &divergence) || !divergence.Fork {
		t.Errorf("compared: %v, want a fork", err)
	}
	_, one := p.Reader.Final()
	_, other := second.Final()
	found, err := record.Compare(p.Agreement, one, other)
	if errors.Is(err, record.ErrNeedEntries) {
		p.Reader.With(func(f *record.Fold) { found, err = f.Compare(one, other) })
	}
	if err != nil || found == nil {
		t.Fatalf("the two checkpoints: %+v, %v", found, err)
	}
	for _, name := range append([]string{simulation.Depositary}, liars...) {
		if !slices.Contains(found.Both, agreement.Name(name)) {
			t.Errorf("%s signed both and is not named: %v", name, found.Both)
		}
	}
	if slices.Contains(found.Both, "seoul") {
		t.Errorf("seoul kept its word and is named: %v", found.Both)
	}
	l.Lead("")
	if err := second.Update(p.ctx); !errors.As(err, &divergence) || !divergence.Fork {
		t.Errorf("shown the other history, a reader says %v", err)
	}
}

// A depositary that shows a reader less than the witnesses cosigned is found
// out by asking them; one that answers without having taken a statement in, by
// the receipt that it cannot give.
func TestDepositaryThatHides(t *testing.T) {
	p := newPlay(t, simulation.DefaultTerms().Small())
	p.must(p.Sign(p.ctx))
	_, err := p.Quiet(p.ctx)
	p.must(err)
	old, err := p.Freeze(p.ctx, "frozen")
	p.must(err)
	l := p.NewLine()
	kept, err := p.Follow(p.ctx, "kept", l)
	p.must(err)
	defer kept.Close()
	p.must(kept.Update(p.ctx))
	l.Lead(old)
	p.covered(p.say(simulation.Agency, none, lifting))
	_, err = p.Quiet(p.ctx)
	p.must(err)
	p.must(kept.Update(p.ctx))
	witnesses, err := p.WitnessClients()
	p.must(err)
	var withheld *mirror.UnpublishedError
	if _, err := kept.Ask(p.ctx, witnesses); !errors.As(err, &withheld) {
		t.Errorf("asked, the witnesses say nothing: %v", err)
	}
	note, err := p.Note(simulation.Agency, none, words("is anybody there?"))
	p.must(err)
	if _, err := kept.Client().Submit(p.ctx, note); err == nil {
		t.Error("a statement that nobody took in has a receipt")
	}
}

// The depositary is gone; a mirror serves the record on, and an export of it
// holds.
func TestMirrorServesWhenTheHostIsGone(t *testing.T) {
	p := newPlay(t, simulation.DefaultTerms().Small())
	p.must(p.Sign(p.ctx))
	_, err := p.Quiet(p.ctx)
	p.must(err)
	copied, err := p.Freeze(p.ctx, "mirror")
	p.must(err)
	p.must(p.StopHost())
	l := p.NewLine()
	l.Lead(copied)
	f, err := p.Follow(p.ctx, "late reader", l)
	p.must(err)
	defer f.Close()
	p.must(f.Update(p.ctx))
	if err := mirror.Compare(f, p.Reader); err != nil {
		t.Error(err)
	}
	file, missing, err := f.Export(p.ctx)
	if err != nil || len(missing) > 0 {
		t.Fatalf("exporting from a mirror: %v, %v", missing, err)
	}
	if r := audit.Run(file); r.Verdict != audit.Holds {
		t.Errorf("the audit says %s:\n%s", r.Verdict, r.Text())
	}
	p.Clock.Add(time.Second)
	p.must(p.StartHost())
}
