package record

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"detente/agreement"
	"detente/statement"
)

var update = flag.Bool("update", false, "write the vectors in spec/vectors/record anew")

const vectorFolder = "../spec/vectors/record"

// vector is one file of spec/vectors/record. The README there says what each
// field means.
type vector struct {
	About   string      `json:"about"`
	Bundle  string      `json:"bundle"` // id of bundle/
	Entries [][]byte    `json:"entries"`
	Want    []wantEntry `json:"want"`
	Clock   *int64      `json:"clock"`
	Settled *int64      `json:"settled"`
	Root    []byte      `json:"root"`
	Outcome string      `json:"outcome"` // of the vault footage, as the record alone has it
	Notes   []wantNote  `json:"notes"`
}

type wantEntry struct {
	Is      string      `json:"is"` // opening | statement | proof | fault
	ID      string      `json:"id,omitempty"`
	Size    int64       `json:"size,omitempty"`
	Lo      int64       `json:"lo,omitempty"`
	Hi      int64       `json:"hi,omitempty"`
	What    What        `json:"what,omitempty"`
	Fault   string      `json:"fault,omitempty"`
	Culprit string      `json:"culprit,omitempty"`
	UB      *int64      `json:"ub"`
	Effect  *wantEffect `json:"effect,omitempty"`
}

type wantEffect struct {
	At     int64 `json:"at"`
	Effect bool  `json:"effect"`
	Proof  int64 `json:"proof"`
}

// wantNote is a cosigned checkpoint that is not on the record.
type wantNote struct {
	Note    []byte `json:"note"`
	Final   int64  `json:"final"`
	Fault   string `json:"fault,omitempty"`
	Ground  Ground `json:"ground,omitempty"` // of the certificate for the vault footage that it gives
	Outcome string `json:"outcome,omitempty"`
}

func orNil(t, none agreement.Instant) *int64 {
	if t == none {
		return nil
	}
	n := int64(t)
	return &n
}

// outcomeOf folds the entries and writes down everything a vector states.
func outcomeOf(t testing.TB, a *agreement.Agreement, about string, entries [][]byte, notes [][]byte) vector {
	f, err := FoldTo(a, entries, int64(len(entries)))
	if err != nil {
		t.Fatal(err)
	}
	root := f.Root()
	v := vector{About: about, Bundle: a.ID.String(), Entries: entries, Notes: []wantNote{},
		Clock: orNil(f.Clock(), Beginning), Settled: orNil(f.Settled(), Beginning), Root: root[:]}
	outcome, _ := f.State().Outcome("footage")
	v.Outcome = string(outcome)
	for i := range f.Size() {
		j, err := f.Read(i)
		if err != nil {
			t.Fatal(err)
		}
		w := wantEntry{Is: "opening", UB: orNil(j.UB, Never)}
		switch {
		case j.Fault != nil:
			w.Is, w.Fault, w.Culprit = "fault", j.Fault.Code, j.Fault.Culprit
		case j.Proof != nil:
			w.Is, w.Size, w.Lo, w.Hi, w.What = "proof", j.Proof.Head.Size, int64(j.Proof.Lo), int64(j.Proof.Hi), j.Proof.What
		case j.Statement != nil:
			w.Is, w.ID = "statement", j.Statement.ID.String()
			if e := j.Effect; e != nil {
				w.Effect = &wantEffect{int64(e.At), e.Verdict.Effect, e.Proof}
			}
		}
		v.Want = append(v.Want, w)
	}
	for _, note := range notes {
		w := wantNote{Note: note}
		if w.Final, err = f.Final(note); err != nil {
			w.Fault = faultCode(err)
		} else if c, err := f.Certify("footage", note); err == nil {
			w.Ground, w.Outcome = c.Ground, string(c.Outcome)
		}
		v.Notes = append(v.Notes, w)
	}
	return v
}

// cases are the records of the vectors, as their parties write them.
func cases(t testing.TB) map[string]vector {
	all := map[string]vector{}
	add := func(name, about string, b *book, notes ...[]byte) {
		all[name] = outcomeOf(t, b.a, about, b.entries, notes)
	}
	b := open(t)
	b.say("iran", statement.SignBody{Findings: zeros})
	b.say("iaea", statement.SignBody{Findings: zeros})
	add("provisional", "no proof of time: nothing is in effect", b)
	b.tick(instant("2021-02-23T08:00:00Z"), instant("2021-02-23T08:00:05Z"), instant("2021-02-23T08:00:02Z"), 1)
	add("in-force", "one proof with four cosignatures, one of them far off", b)

	b = silent(t)
	cut, _ := b.f.Cut("footage")
	late := cut.H + agreement.Instant(cut.Margin)
	note := func(at ...agreement.Instant) []byte { return b.cosign(b.checkpoint(b.f.Size()), at...) }
	add("halted", "the record stops in April; cosigned an hour after the cut it certifies hold.then, earlier nothing", b,
		note(cut.LongStop+1), note(late-1), note(late), note(late, late, late-1))

	lift := b.say("iran", statement.LiftBody{Measure: "us-sanctions", Documents: none})
	withheld := note(instant("2021-05-23T12:00:00Z"))
	b.tick(instant("2021-05-24T03:00:00Z"))
	b.must(b.put(ProofEntry(withheld)))
	b.answer("iran", lift, statement.VerifyBody{Commitment: "lift-sanctions", Finding: "accepts", Reason: "", Documents: none})
	b.tick(instant("2021-05-24T04:30:00Z"))
	add("stamp-after-tick", "a late tick first, then the early proof that was withheld: the lifting counts, the finding is late", b)
	b.decide(instant("2021-05-25"))
	add("released", "the finding accepts a claim that was pending at the close", b, note(cut.H-1), note(cut.H), note(late))

	b = silent(t)
	b.decide(instant(closeDay))
	add("erased", "nothing was lifted by the close", b, note(cut.H-1), note(cut.H))

	b = three(t)
	for _, c := range badEntries {
		b.put(c.entry(b))
	}
	b.tick(noon)
	add("entries-without-force", "each rule for statements and forms broken once", b)

	b = three(t)
	notes := [][]byte{}
	for _, c := range badProofs {
		note := c.note(b)
		notes = append(notes, note)
		b.put(ProofEntry(note))
	}
	b.tick(noon)
	again := b.proof(2, noon-60)
	b.put(again.Bytes)
	add("proofs-that-do-not-count", "each rule for proofs broken once, on a record of three entries and more", b, notes...)
	amendedCases(t, add)
	return all
}

// amendedCases are records whose text is amended.
func amendedCases(t testing.TB, add func(name, about string, b *book, notes ...[]byte)) {
	b := begin(t)
	b.decide(instant("2021-04-01"))
	later, competing := b.amended(oldClose, newClose), b.amended(oldClose, "closes     = 2021-07-24")
	b.put(b.signed(b.draft("iran", consentTo(later)))) // before its text is there
	b.publish("iran", later)
	b.publish("iaea", competing)
	b.say("iran", consentTo(later))
	b.say("iaea", consentTo(competing))
	b.tick(instant("2021-05-10"))
	under := b.draft("iran", statement.LiftBody{Measure: "us-sanctions", Documents: none}) // before, and taken in after
	sign := b.draft("iaea", statement.SignBody{Findings: zeros})
	b.say("iaea", consentTo(later))
	b.say("iaea", statement.OutcomeBody{Vault: "footage", Outcome: "release"})
	b.tick(instant("2021-05-20"))
	lift := b.must(b.put(b.signed(under)))
	b.must(b.put(b.signed(sign)))
	b.say("iran", words)
	old := b.draft("iaea", statement.OutcomeBody{Vault: "footage", Outcome: "release"})
	old.Bundle = b.a.ID
	b.must(b.put(b.signed(old)))
	b.decide(instant(closeDay))
	b.answer("iran", lift, statement.VerifyBody{Commitment: "lift-sanctions", Finding: "accepts", Documents: none})
	b.decide(instant("2021-06-24"))
	cut, _ := b.f.Cut("footage")
	note := func(at ...agreement.Instant) []byte { return b.cosign(b.checkpoint(b.f.Size()), at...) }
	add("amended", "the close is put off by a text in whose favour one party gives up another; what was said under the first text before and is taken in after", b,
		note(cut.H-1), note(cut.H))

	b = changing(t)
	a := b.f.Size() - 1
	at := instant("2021-05-20")
	b.must(b.proofBy(a, at+1, oldThree...))
	b.proofBy(a+1, at+2, newThree...)
	b.proofBy(a+1, at+2, oldThree...)
	joint := b.must(b.proofBy(a+1, at+3, slices.Concat(oldThree, newThree)...))
	b.proofBy(joint.Index, at+4, newThree...)
	b.must(b.proofBy(joint.Index+1, at+5, newThree...))
	b.proofBy(joint.Index+1, at+6, oldThree...)
	add("witnesses-change", "an amendment names other witnesses: both lists until one proof by both, then the new one alone", b,
		b.by(b.f.Size(), at+7, newThree...), b.by(b.f.Size(), at+7, oldThree...), b.by(a, at+7, oldThree...))

	b = begin(t)
	b.decide(instant("2021-04-01"))
	bundle := b.amended(declareWitnesses(t)...)
	b.publish("iran", bundle)
	for _, by := range []agreement.Name{"c1", "c2"} {
		b.say(by, statement.RenounceBody{Bundle: bundle.Digest().String()})
	}
	b.say("iran", consentTo(bundle))
	before := b.f.Size()
	b.say("iaea", consentTo(bundle))
	b.proofBy(before+1, instant("2021-05-10"), oldThree...)
	b.must(b.proofBy(before+1, instant("2021-05-10")+1, newThree...))
	add("witnesses-dead", "the old witnesses are dead: all consent and enough custodians renounce, so that the new ones take over by the places of their words", b,
		b.by(before, instant("2021-12-01"), oldThree...), b.by(b.f.Size(), instant("2021-12-01"), newThree...))
}

func TestVectors(t *testing.T) {
	_, a := mustRead(t)
	made := cases(t)
	for name, v := range made {
		path := filepath.Join(vectorFolder, name+".json")
		if *update {
			b, err := json.MarshalIndent(v, "", " ")
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, append(b, '\n'), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		var want vector
		if err := json.Unmarshal(data, &want); err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		var notes [][]byte
		for _, n := range want.Notes {
			notes = append(notes, n.Note)
		}
		got, err := json.MarshalIndent(outcomeOf(t, a, want.About, want.Entries, notes), "", " ")
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(append(got, '\n'), data) {
			t.Errorf("%s: the fold differs from the vector; if that is meant, run with -update", name)
		}
		if !slices.EqualFunc(v.Entries, want.Entries, bytes.Equal) {
			t.Errorf("%s: the record written by this test is not that of the vector", name)
		}
	}
	files, err := filepath.Glob(filepath.Join(vectorFolder, "*.json"))
	if err != nil || len(files) != len(made) {
		t.Errorf("%d vectors on disk, %d made: %v", len(files), len(made), err)
	}
}
