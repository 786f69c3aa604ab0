package depositary

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"detente/agreement"
	"detente/internal/durable"
	"detente/internal/httpserve"
	"detente/mirror"
	"detente/record"
	"detente/statement"
)

// send posts an object from an address; on its record or another.
func (w *world) send(from string, id agreement.Digest, body []byte) *httptest.ResponseRecorder {
	r := httptest.NewRequest("POST", "/"+id.String()+"/object", bytes.NewReader(body))
	r.RemoteAddr = from
	rec := httptest.NewRecorder()
	w.d.Handler().ServeHTTP(rec, r)
	return rec
}

// sent posts an object that must be taken.
func (w *world) sent(from string, body []byte) agreement.Digest {
	w.t.Helper()
	rec := w.send(from, w.a.ID, body)
	if rec.Code != http.StatusOK || strings.TrimSpace(rec.Body.String()) != fmt.Sprintf("%x", sha256.Sum256(body)) {
		w.t.Fatalf("%d %s", rec.Code, rec.Body)
	}
	return sha256.Sum256(body)
}

// waits is whether an object waits for its statement, on the disk and in the count.
func (w *world) waits(id agreement.Digest) bool {
	w.t.Helper()
	_, err := w.d.waitingObject(w.a.ID, id)
	_, counted := w.d.objects.has(w.a.ID, id)
	if counted != (err == nil) {
		w.t.Errorf("object %s: counted: %t, but read: %v", id, counted, err)
	}
	return counted
}

// seal has a statement name an object.
func (w *world) seal(object agreement.Digest) {
	w.t.Helper()
	w.submit(sign(w.t, w.draft("camera", statement.SealBody{Vault: "footage", Batch: object.String(), Manifests: 1,
		Ranges: []statement.CameraRange{{Camera: "main", Head: strings.Repeat("0", 64)}}}), "camera"))
}

// thing is an object of 1000 bytes: room for ten is filled by ten, exactly.
func thing(i int) []byte { return fmt.Appendf(nil, "%-1000d", i) }

const ofThing = 1000 + objectOverhead

// A stranger who sends objects without end takes the room there is for what no
// statement names yet, drives out his own and not what a recorder is about to
// seal; what is sealed is kept for good, and is counted no more.
func TestStrangerCannotFillTheObjects(t *testing.T) {
	const stranger, recorder = "203.0.113.1:1000", "198.51.100.1:1000"
	w := newWorldOf(t, "watched").open()
	w.d.objects.mostOf = 10 * ofThing
	sealed, early := w.sent(recorder, thing(-1)), w.sent(recorder, thing(-2))
	w.seal(sealed)
	for range 3 {
		w.sent(stranger, thing(0)) // again and again the same
	}
	for i := range 7 {
		w.sent(stranger, thing(1+i))
	}
	if w.d.objects.all != 10*ofThing {
		t.Fatalf("%d bytes wait, want as much as there is room for, %d", w.d.objects.all, 10*ofThing)
	}
	if w.sent(stranger, thing(7)); !w.waits(sha256.Sum256(thing(0))) { // which has its room
		t.Error("at the limit, one is dropped")
	}
	w.sent(stranger, thing(8))
	if w.waits(sha256.Sum256(thing(0))) || !w.waits(sha256.Sum256(thing(1))) || w.d.objects.all != 10*ofThing {
		t.Error("one past the limit, the stranger's oldest alone is dropped")
	}
	for i := range 50 {
		w.sent(stranger, thing(100+i))
	}
	if !w.waits(early) || w.d.objects.all != 10*ofThing || w.d.objects.of[w.a.ID].bytes != 10*ofThing {
		t.Errorf("after a flood: the recorder's is kept: %t, %d bytes wait", w.waits(early), w.d.objects.all)
	}
	got := func(id agreement.Digest) []byte {
		b, err := w.client().Object(w.ctx(), id)
		if err != nil && !errors.Is(err, mirror.ErrNotFound) {
			t.Error(err)
		}
		return b
	}
	if !bytes.Equal(got(sealed), thing(-1)) || got(early) != nil {
		t.Error("what is sealed is served, and nothing else")
	}
	// The recorder's turn to leave: what is sealed leaves for the store.
	for i := range 20 {
		w.sent(recorder, thing(200+i))
	}
	if w.waits(sealed) || w.waits(early) || !bytes.Equal(got(sealed), thing(-1)) {
		t.Error("what is sealed leaves for the store, what is not is dropped")
	}
	// What is sealed already goes to the store at once, also if it was lost.
	lost := sha256.Sum256(thing(300))
	w.seal(lost)
	if w.sent(recorder, thing(300)); w.waits(lost) || !bytes.Equal(got(lost), thing(300)) {
		t.Error("an object that comes after its statement is not in the store")
	}
}

// TestObjectsInAll: many records have no more room together than there is, and
// the record with most gives way; a record that cannot be read gives nothing
// away that its statements may name.
func TestObjectsInAll(t *testing.T) {
	w := newWorldOf(t, "watched").still() // nobody else takes a record up or lets it go
	other, archive := bundle(t, "another")
	if _, err := w.d.OpenRecord(w.ctx(), archive); err != nil {
		t.Fatal(err)
	}
	w.d.objects.most = 10 * ofThing
	const from = "203.0.113.1:1000"
	for i := range 9 {
		w.sent(from, thing(i))
	}
	for i := range 2 {
		if rec := w.send(from, other.ID, thing(i)); rec.Code != http.StatusOK {
			t.Fatal(rec.Code)
		}
		if w.waits(sha256.Sum256(thing(0))) != (i == 0) {
			t.Errorf("%d past the limit of all records, the first one's oldest waits: %t", i, i != 0)
		}
	}
	h := w.d.record(w.a.ID)
	w.d.shelf.mu.Lock()
	w.d.shelf.hold(h)
	w.d.shelf.mu.Unlock()
	w.d.done(h)
	w.d.shelf.mu.Lock() // it is in nobody's use, and its bundle cannot be read
	h.reading = nil
	w.d.shelf.idle.Remove(h.place.idle)
	h.place.idle = nil
	w.d.shelf.weight -= h.place.weight
	w.d.shelf.mu.Unlock()
	if err := os.Rename(w.d.bundleFile(w.a.ID), w.d.bundleFile(w.a.ID)+".away"); err != nil {
		t.Fatal(err)
	}
	rec := w.send(from, other.ID, thing(100))
	if rec.Code != http.StatusInsufficientStorage || !strings.Contains(rec.Body.String(), `"full"`) || !w.waits(sha256.Sum256(thing(1))) {
		t.Errorf("a record that cannot be read: %d %s", rec.Code, rec.Body)
	}
}

// TestObjectsAfterARestart: what waited waits on, and is counted.
func TestObjectsAfterARestart(t *testing.T) {
	w := newWorldOf(t, "watched").open()
	const from = "203.0.113.1:1000"
	first, second := w.sent(from, thing(1)), w.sent(from, thing(2))
	w.seal(first)
	if err := durable.WriteFile(durable.OS, w.d.waitingFolder(w.a.ID)+"/note", []byte("not ours")); err != nil {
		t.Fatal(err)
	}
	w.restart()
	if !w.waits(first) || !w.waits(second) || w.d.objects.all != 2*ofThing {
		t.Fatalf("%d bytes wait after a restart, want %d", w.d.objects.all, 2*ofThing)
	}
	w.until(w.follower(), "the seal is there", func(f *record.Fold) bool { return f.NamesBatch(first) })
	if b, err := w.client().Object(w.ctx(), first); err != nil || !bytes.Equal(b, thing(1)) {
		t.Errorf("what was sealed: %q, %v", b, err)
	}
}

// TestObjectsCostTheirSize: who sends large objects soon waits.
func TestObjectsCostTheirSize(t *testing.T) {
	const some, size = 6, 1 << 17 // small enough that the refusal of one arrives
	w := newWorld(t).open()
	at := w.behindLimits(httpserve.Limits{Connections: 10, PerAddress: 10, Writes: 1e-3, Reads: 1e-3, Burst: some * (1 + httpserve.CostMiB/8) * 1e3})
	taken := 0
	for i := range 2 * some {
		resp, err := http.Post(at+"/"+w.a.ID.String()+"/object", "application/octet-stream", bytes.NewReader(bytes.Repeat([]byte{byte(i)}, size)))
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode == http.StatusOK {
			taken++
		}
	}
	if taken != some {
		t.Errorf("%d objects are taken at once, want %d", taken, some)
	}
}
