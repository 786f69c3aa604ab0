package depositary

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"testing"
	"time"

	"detente/agreement"
	"detente/mirror"
	"detente/record"
	"detente/statement"
)

// still opens the record without running the duties: nothing but the test
// appends to it.
func (w *world) still() *world {
	w.t.Helper()
	var err error
	if w.d, err = Open(w.cfg); err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { w.d.Close() })
	if _, err := w.d.OpenRecord(w.ctx(), w.archive); err != nil {
		w.t.Fatal(err)
	}
	return w
}

// hosted is the world's record, which stays read from now on.
func (w *world) hosted() *hosted {
	w.t.Helper()
	h := w.d.record(w.a.ID)
	if err := w.d.use(w.ctx(), h); err != nil {
		w.t.Fatal(err)
	}
	return h
}

// gather has the present head cosigned by the world's witnesses.
func (w *world) gather() []byte {
	w.t.Helper()
	h := w.hosted()
	g, err := h.round().Gather(w.ctx(), h.log.Checkpoint(), h.log.HashReader())
	if err != nil {
		w.t.Fatal(err)
	}
	return g.Note
}

func declare(words string) statement.DeclareBody {
	return statement.DeclareBody{Text: words, Documents: []statement.Document{}}
}

// enemies are entries that must not get onto the record, with the rule each
// breaks. The record of w has alba's key alba-2 revoked in favour of alba-3.
func enemies(w *world) map[string][]byte {
	t := w.t
	other, _ := bundle(t, "another-pledge")
	foreign := w.draft("brio", declare("x"))
	foreign.Agreement = other.ID
	version := w.draft("brio", declare("x"))
	version.Bundle = other.ID
	ahead := w.draft("brio", declare("x"))
	ahead.Seen = statement.Head{Size: 1, Root: [32]byte{1}}
	good := w.brio(declare("something else"))
	tampered := bytes.Replace(good, []byte("something"), []byte("something,"), 1)
	cosigned := w.gather()
	lines := bytes.SplitAfter(cosigned, []byte("\n"))
	few := bytes.Join(lines[:len(lines)-3], nil) // without two of the four
	return map[string][]byte{
		record.FaultOversized:      append(bytes.Clone(good), make([]byte, statement.MaxEntry)...),
		record.FaultUnknownForm:    []byte("hello\n"),
		record.FaultVersion:        bytes.Replace(good, []byte("detente/statement/1"), []byte("detente/statement/2"), 1),
		record.FaultOpening:        record.Opening(w.a),
		record.FaultNotCanonical:   bytes.Replace(good, []byte(`{"text"`), []byte(`{ "text"`), 1),
		record.FaultUnknownKind:    bytes.Replace(good, []byte("kind declare"), []byte("kind decree"), 1),
		record.FaultWrongAgreement: sign(t, foreign, "brio"),
		record.FaultWrongBundle:    sign(t, version, "brio"),
		record.FaultForeignHead:    sign(t, ahead, "brio"),
		record.FaultUnknownSigner:  sign(t, w.draft("vienna", declare("x")), "vienna"),
		record.FaultSignature:      tampered,
		record.FaultUnsigned:       sign(t, w.draft("alba", declare("x")), "alba-1"),
		record.FaultRevokedKey:     sign(t, w.draft("alba", declare("x")), "alba-1", "alba-2"),
		record.FaultNotSigner:      sign(t, w.draft("host", statement.SignBody{Findings: statement.ID{}.String()}), "host"),
		record.FaultKeyChange:      w.brio(statement.KeyBody{Add: []string{}, Revoke: []string{public("brio")}, Need: 1}),
		record.FaultNote:           record.ProofEntry([]byte("no note\n")),
		record.FaultOrigin:         record.ProofEntry(bytes.Replace(cosigned, []byte("host/"), []byte("hose/"), 1)),
		record.FaultTooFew:         record.ProofEntry(few),
		record.FaultSize:           record.ProofEntry(invented(w, 100)),
		record.FaultFork:           record.ProofEntry(invented(w, 2)),
	}
}

// invented is a checkpoint of a head that the record never had, cosigned by a
// quorum all the same.
func invented(w *world, size int64) []byte {
	note, err := w.d.sign(w.hosted().origin, statement.Head{Size: size, Root: [32]byte{7}})
	if err != nil {
		w.t.Fatal(err)
	}
	n, err := statement.ParseNote(note)
	if err != nil {
		w.t.Fatal(err)
	}
	for _, name := range witnessNames[:3] {
		line, err := statement.Cosign(key(name, name), n.Text, agreement.Instant(w.clock.Now().Unix()))
		if err != nil {
			w.t.Fatal(err)
		}
		n.Sigs = append(n.Sigs, line)
	}
	return n.Bytes()
}

// TestRefusals: every enemy is refused with its rule and a hint, nothing gets
// onto the record, and the judgement beforehand is the one the fold would make.
func TestRefusals(t *testing.T) {
	w := newWorld(t).still()
	change := w.alba(statement.KeyBody{Add: []string{public("alba-3")}, Revoke: []string{public("alba-2")}, Need: 2, Reason: "a new person"})
	if _, err := w.d.Submit(w.a.ID, change, -1); err != nil {
		t.Fatal(err)
	}
	if _, err := w.d.Submit(w.a.ID, sign(t, w.draft("alba", declare("y")), "alba-1", "alba-3"), -1); err != nil {
		t.Fatal(err)
	}
	before := w.hosted().log.Head()
	for code, entry := range enemies(w) {
		_, err := w.d.Submit(w.a.ID, entry, -1)
		r, ok := errors.AsType[*Refusal](err)
		if !ok || r.Code != code || r.Status < 400 || r.Status > 499 || r.Reason == "" {
			t.Errorf("%s: got %v", code, err)
			continue
		}
		fold, err := record.NewFold(w.a)
		if err != nil {
			t.Fatal(err)
		}
		for i := range w.hosted().fold.Size() {
			fold.Append(record.Must(w.hosted().fold.Read(i)).Bytes)
		}
		if j := fold.Append(entry); j.Fault == nil || j.Fault.Code != code {
			t.Errorf("%s: the fold says %v", code, j.Fault)
		}
	}
	if after := w.hosted().log.Head(); after != before {
		t.Error("an enemy got onto the record")
	}
}

func TestDuplicatesAndExpectations(t *testing.T) {
	w := newWorld(t).still()
	note := w.alba(declare("once"))
	first, err := w.d.Submit(w.a.ID, note, 1)
	if err != nil || first.Index != 1 {
		t.Fatal(first, err)
	}
	again, err := w.d.Submit(w.a.ID, note, -1)
	if err != nil || again.Index != 1 || again.ID != first.ID {
		t.Fatal(again, err)
	}
	// The same text signed in another order is the same statement.
	other := sign(t, w.draft("alba", declare("once")), "alba-2", "alba-1")
	again, err = w.d.Submit(w.a.ID, other, -1)
	if err != nil || again.Index != 1 || !bytes.Equal(again.Entry, note) {
		t.Fatal(again, err)
	}
	if _, err := again.Verify(w.hosted().origin, key("x", "host").Public()); err != nil {
		t.Error(err)
	}
	_, err = w.d.Submit(w.a.ID, w.brio(declare("late")), 1)
	if r, ok := errors.AsType[*Refusal](err); !ok || r.Code != codeMoved || r.Status != http.StatusConflict {
		t.Errorf("against an old head: %v", err)
	}
	if size := w.hosted().log.Head().Size; size != 2 {
		t.Errorf("the record has %d entries", size)
	}
	_, err = w.d.Submit(agreement.Digest{}, note, -1)
	if r, ok := errors.AsType[*Refusal](err); !ok || r.Code != codeUnknownRecord {
		t.Errorf("unknown record: %v", err)
	}
}

// TestProofsFromAnyone: a proof that dates something is taken from whoever
// brings it, once; one that changes nothing is not.
func TestProofsFromAnyone(t *testing.T) {
	w := newWorld(t).still()
	if _, err := w.d.Submit(w.a.ID, w.brio(declare("date me")), -1); err != nil {
		t.Fatal(err)
	}
	proof := record.ProofEntry(w.gather())
	r, err := w.d.Submit(w.a.ID, proof, -1)
	if err != nil || r.Index != 2 || r.ID != (statement.ID{}) {
		t.Fatal(r, err)
	}
	if again, err := w.d.Submit(w.a.ID, proof, -1); err != nil || again.Index != 2 {
		t.Error(again, err)
	}
	w.clock.add(time.Second)
	_, err = w.d.Submit(w.a.ID, record.ProofEntry(w.gather()), -1)
	if r, ok := errors.AsType[*Refusal](err); !ok || r.Code != codeUseless {
		t.Errorf("a proof of nothing: %v", err)
	}
}

// TestManySubmitAtOnce: every acknowledged statement stands at the index that
// was acknowledged.
func TestManySubmitAtOnce(t *testing.T) {
	w := newWorld(t).open()
	const parties, each = 8, 10
	type got struct {
		r   *mirror.Receipt
		err error
	}
	results := make(chan got, parties*each)
	client := w.client()
	for p := range parties {
		var notes [][]byte
		for i := range each {
			notes = append(notes, w.brio(declare(fmt.Sprint(p, " ", i))))
		}
		go func() {
			for _, n := range notes {
				r, err := client.Submit(w.ctx(), n)
				results <- got{r, err}
			}
		}()
	}
	f := w.follower()
	receipts := map[statement.ID]int64{}
	for range parties * each {
		g := <-results
		if g.err != nil {
			t.Fatal(g.err)
		}
		receipts[g.r.ID] = g.r.Index
	}
	w.until(f, "all are dated", func(fold *record.Fold) bool { return len(fold.Waiting()) == 0 })
	for id, i := range receipts {
		if j, ok := f.Fold().ByID(id); !ok || j.Index != i {
			t.Fatalf("statement %s was acknowledged at %d and is not there", id, i)
		}
	}
	if len(receipts) != parties*each {
		t.Errorf("%d receipts for %d statements", len(receipts), parties*each)
	}
}

// TestRefusalsOverHTTP: what a client sees.
func TestRefusalsOverHTTP(t *testing.T) {
	w := newWorld(t).open()
	_, err := w.client().Submit(w.ctx(), sign(t, w.draft("alba", declare("x")), "alba-1"))
	r, ok := errors.AsType[*mirror.RefusedError](err)
	if !ok || r.Code != record.FaultUnsigned || r.Status != http.StatusForbidden || r.Hint == "" {
		t.Errorf("got %v", err)
	}
	tampered := bytes.Replace(w.brio(declare("x")), []byte(`"x"`), []byte(`"y"`), 1)
	for want, body := range map[int][]byte{
		http.StatusForbidden:             tampered,
		http.StatusBadRequest:            make([]byte, maxSubmit), // read to its end, and no entry
		http.StatusRequestEntityTooLarge: make([]byte, maxSubmit+1),
	} {
		resp, err := http.Post(w.server.URL+"/"+w.a.ID.String()+"/submit", "text/plain", bytes.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != want {
			t.Errorf("%d bytes: status %d, want %d", len(body), resp.StatusCode, want)
		}
	}
}

// FuzzJudge: whatever is handed in, the judgement beforehand is the one that
// the fold makes.
func FuzzJudge(f *testing.F) {
	w := newWorld(f).still()
	h := w.hosted()
	for _, entry := range enemies(w) {
		f.Add(entry)
	}
	f.Add(w.brio(declare("well")))
	f.Add(w.alba(statement.KeyBody{Add: []string{public("alba-3")}, Revoke: []string{public("alba-2")}, Need: 2}))
	f.Add(record.ProofEntry(w.gather()))
	f.Fuzz(func(t *testing.T, entry []byte) {
		v := h.judge(entry)
		fold, err := record.NewFold(w.a)
		if err != nil {
			t.Fatal(err)
		}
		fold.Append(record.Opening(w.a))
		switch j := fold.Append(entry); {
		case v.known != nil:
			t.Error("known on a record with only its opening")
		case (v.fault == nil) != (j.Fault == nil):
			t.Errorf("beforehand %v, on the record %v", v.fault, j.Fault)
		case v.fault != nil && v.fault.Code != j.Fault.Code:
			t.Errorf("beforehand %v, on the record %v", v.fault, j.Fault)
		}
	})
}
