package web

import (
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"detente/agreement"
	"detente/record"
	"detente/statement"
	"detente/vault"
)

const (
	hour = 3600
	day  = 24 * hour
)

// start is when the test record's first proof of time is.
var start = agreement.Instant(time.Date(2021, 2, 23, 8, 0, 0, 0, time.UTC).Unix())

func at(days, hours int64) agreement.Instant {
	return start + agreement.Instant(days*day+hours*hour)
}

// A chronicle is a record being written by all its people at once, and the
// View of it that a depositary would have.
type chronicle struct {
	t       testing.TB
	a       *agreement.Agreement
	bundle  *agreement.Bundle
	keys    map[agreement.Name]*vault.PrivateKey
	objects map[agreement.Digest][]byte
	segment []*vault.SignedManifest // not sealed yet
	seq     int64
	head    vault.Digest
	epoch   vault.Digest

	mu    sync.RWMutex
	f     *record.Fold
	calls atomic.Int64 // of With
	last  []byte
	final int64
	now   agreement.Instant
}

// newChronicle opens the record of the vectors' text, altered by pairs of old
// and new pieces.
func newChronicle(t testing.TB, change ...string) *chronicle {
	t.Helper()
	const path = "freeze.agreement"
	data, err := os.ReadFile("../spec/vectors/record/bundle/" + path)
	if err != nil {
		t.Fatal(err)
	}
	change = append([]string{
		"segments = 30 seconds }", "segments = 30 seconds, cadence = 6 hours }",
		`timezone     = "UTC"`, "timezone     = \"UTC\"\n  clock        = simulated",
	}, change...)
	text := string(data)
	for i := 0; i < len(change); i += 2 {
		if !strings.Contains(text, change[i]) {
			t.Fatalf("the text has no %q", change[i])
		}
		text = strings.Replace(text, change[i], change[i+1], 1)
	}
	b, err := agreement.NewBundle([]agreement.File{{Path: path, Data: []byte(text)}})
	if err != nil {
		t.Fatal(err)
	}
	a, diagnostics := agreement.Read(b)
	if a == nil {
		t.Fatalf("%+v", diagnostics)
	}
	f, err := record.NewFold(a)
	if err != nil {
		t.Fatal(err)
	}
	c := &chronicle{t: t, a: a, bundle: b, f: f, keys: map[agreement.Name]*vault.PrivateKey{}, objects: map[agreement.Digest][]byte{}, now: start}
	c.put(record.Opening(a))
	return c
}

// The View.

func (c *chronicle) Agreement() *agreement.Agreement { return c.a }
func (c *chronicle) Bundle() *agreement.Bundle       { return c.bundle }
func (c *chronicle) Changed() <-chan struct{}        { return nil }

func (c *chronicle) With(read func(*record.Fold)) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	c.calls.Add(1)
	read(c.f)
}

func (c *chronicle) Head() (statement.Head, []byte) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.f.Head(), c.checkpoint()
}

func (c *chronicle) Final() (int64, []byte) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.final, c.last
}

func (c *chronicle) Object(_ context.Context, d agreement.Digest) ([]byte, error) {
	if o, ok := c.objects[d]; ok {
		return o, nil
	}
	return nil, errors.New("not here")
}

func (c *chronicle) Now() agreement.Instant {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.now
}

// Writing.

func seedOf(label string) []byte {
	s := sha256.Sum256([]byte("detente example key " + label))
	return s[:]
}

func seeded(seed uint64) io.Reader {
	var key [32]byte
	binary.BigEndian.PutUint64(key[:], seed)
	return rand.NewChaCha8(key)
}

func (c *chronicle) signer(name, label string) statement.Signer {
	s, err := statement.NewSigner(name, seedOf(label))
	if err != nil {
		c.t.Fatal(err)
	}
	return s
}

// append puts anything on the record, right or wrong.
func (c *chronicle) append(entry []byte) *record.Judged {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.f.Append(entry)
}

func (c *chronicle) put(entry []byte) *record.Judged {
	c.t.Helper()
	j := c.append(entry)
	if j.Fault != nil {
		c.t.Fatalf("entry %d: %v", j.Index, j.Fault)
	}
	return j
}

func (c *chronicle) answer(by agreement.Name, to statement.ID, body statement.Body) statement.ID {
	c.t.Helper()
	text, err := (&statement.Statement{Agreement: c.a.ID, Bundle: c.f.InForce().ID, By: by, Answers: to, Seen: c.f.Head(), Body: body}).Text()
	if err != nil {
		c.t.Fatal(err)
	}
	signers := []statement.Signer{c.signer(string(by), string(by))}
	switch by {
	case "iran":
		signers = []statement.Signer{c.signer("iran", "iran-1"), c.signer("iran", "iran-2")}
	case "iaea":
		signers[0] = c.signer("iaea", "iaea-1")
	}
	note, err := statement.Sign(text, signers...)
	if err != nil {
		c.t.Fatal(err)
	}
	return c.put(note).Statement.ID
}

func (c *chronicle) say(by agreement.Name, body statement.Body) statement.ID {
	c.t.Helper()
	return c.answer(by, statement.ID{}, body)
}

func (c *chronicle) checkpoint() []byte {
	origin := record.Origin(c.a)
	note, err := statement.SignCheckpoint(statement.Checkpoint{Origin: origin, Size: c.f.Size(), Root: c.f.Root()}, c.signer(origin, "host"))
	if err != nil {
		c.t.Fatal(err)
	}
	return note
}

func (c *chronicle) cosigned(when agreement.Instant) []byte {
	n, err := statement.ParseNote(c.checkpoint())
	if err != nil {
		c.t.Fatal(err)
	}
	for _, w := range []string{"vienna", "geneva", "muscat"} {
		sig, err := statement.Cosign(c.signer(w, w), n.Text, when)
		if err != nil {
			c.t.Fatal(err)
		}
		n.Sigs = append(n.Sigs, sig)
	}
	return n.Bytes()
}

// tick is a proof of time of all entries; then everything is final.
func (c *chronicle) tick(when agreement.Instant) {
	c.t.Helper()
	c.put(record.ProofEntry(c.cosigned(when)))
	c.mu.Lock()
	defer c.mu.Unlock()
	c.last, c.final, c.now = c.cosigned(when+60), c.f.Size(), when+60
}

// decide lets a deadline be decided.
func (c *chronicle) decide(d agreement.Instant) {
	c.t.Helper()
	c.tick(d)
	c.tick(d + 1)
	c.tick(d + 2 + agreement.Instant(c.a.ProofWindow))
}

var none = []statement.Document{}

// begin brings the agreement into force and seals epoch 1.
func (c *chronicle) begin() *chronicle {
	c.t.Helper()
	b64 := base64.StdEncoding.EncodeToString
	key := func(n uint64) *vault.PrivateKey {
		k, err := vault.GenerateKey(seeded(n))
		if err != nil {
			c.t.Fatal(err)
		}
		return k
	}
	for i, name := range []agreement.Name{"c1", "c2", "c3"} {
		c.keys[name] = key(uint64(i))
		c.say(name, statement.AcceptCustodyBody{Vault: "footage", Key: b64(c.keys[name].Public().Bytes())})
	}
	r, err := vault.NewReader(c.a, "footage")
	if err != nil {
		c.t.Fatal(err)
	}
	if err := r.Read(c.f, c.f.Size()); err != nil {
		c.t.Fatal(err)
	}
	p, ok, reason := r.NextDealing(0)
	if !ok {
		c.t.Fatal(reason)
	}
	d, err := vault.Deal(seeded(1), p)
	if err != nil {
		c.t.Fatal(err)
	}
	id := c.say("camera", d.Body())
	c.answer("camera", id, d.Shares()[0])
	for i, s := range d.Seats {
		sh, err := d.OpenShare(i+1, c.keys[s.Custodian])
		if err != nil {
			c.t.Fatal(err)
		}
		next := key(uint64(100 + i)).Public()
		proof, err := d.Acknowledge(seeded(uint64(i)), sh, next)
		if err != nil {
			c.t.Fatal(err)
		}
		c.answer(s.Custodian, id, statement.AcknowledgeBody{Vault: "footage", Digest: d.Digest.String(), Seat: i + 1, Next: b64(next.Bytes()), Proof: b64(proof)})
	}
	c.epoch = d.Digest
	for _, by := range []agreement.Name{"iran", "iaea"} {
		c.say(by, statement.SignBody{Findings: strings.Repeat("0", 64)})
	}
	c.tick(start)
	return c
}

// possess has a custodian prove that it holds its share of the first epoch.
func (c *chronicle) possess(name agreement.Name) {
	c.t.Helper()
	r, err := vault.NewReader(c.a, "footage")
	if err == nil {
		err = r.Read(c.f, c.f.Size())
	}
	if err != nil {
		c.t.Fatal(err)
	}
	seat := slices.IndexFunc(r.Custodies, func(x *vault.Custody) bool { return x.Custodian == name }) + 1
	proof, err := r.Possess(seeded(9), seat, r.Head(), func(a *vault.Attempt) (*vault.Share, error) {
		return a.Dealing.OpenShare(seat, c.keys[name])
	})
	if err != nil {
		c.t.Fatal(err)
	}
	c.say(name, statement.PossessBody{Vault: "footage", Seat: seat, Epochs: 1, Proof: base64.StdEncoding.EncodeToString(proof)})
}

// film makes one segment.
func (c *chronicle) film(when agreement.Instant) {
	c.t.Helper()
	terms, err := vault.TermsOf(c.a, "footage")
	if err != nil {
		c.t.Fatal(err)
	}
	c.seq++
	m := vault.Manifest{
		Agreement: c.a.ID, Vault: vault.VaultID(c.a.ID, "footage"), Camera: "main", Epoch: c.epoch, Seq: c.seq, Prev: c.head,
		Size: vault.SegmentSize(terms.SegmentBytes), Wall: vault.Milliseconds(when) * 1000, Mono: vault.Milliseconds(when-start)*1000 + 5, Duration: 30_000, Checkpoint: c.f.Root(),
	}
	s, err := m.Sign(ed25519.NewKeyFromSeed(seedOf("camera")))
	if err != nil {
		c.t.Fatal(err)
	}
	c.head = s.Digest()
	c.segment = append(c.segment, s)
	object, err := vault.EncodeBatch(c.segment)
	if err != nil {
		c.t.Fatal(err)
	}
	body, err := vault.SealOf("footage", object)
	if err != nil {
		c.t.Fatal(err)
	}
	c.objects[agreement.Digest(vault.BatchDigest(object))] = object
	c.segment = nil
	c.say("camera", body)
	c.tick(when + 60)
}

// story is a record with something of everything: footage with gaps of which
// one is explained, a duty kept, a claim refused, words, a fault.
func story(t testing.TB, change ...string) *chronicle {
	c := newChronicle(t, change...).begin()
	for i := range int64(16) {
		if i == 5 || i == 9 || i == 10 {
			continue
		}
		c.film(at(0, 6*i))
	}
	c.say("camera", statement.ServiceBody{Vault: "footage", Event: "outage", From: int64(at(0, 29)), Until: int64(at(0, 32)), Reason: "the power failed"})
	said := c.say("iran", statement.DeclareBody{Text: "The time is not right for a meeting.", Documents: none})
	c.tick(at(5, 0))
	c.answer("iaea", said, statement.DeclareBody{Text: "The invitation stands.", Documents: none})
	claim := c.say("iran", statement.PerformBody{Commitment: "grant-access", Documents: none})
	c.tick(at(6, 0))
	c.answer("iaea", claim, statement.VerifyBody{Commitment: "grant-access", Finding: "accepts", Reason: "inspectors were let in", Documents: none})
	c.append([]byte("no entry at all <b>\x1b[31m"))
	c.append(record.Must(c.f.Read(1)).Bytes) // once more: a duplicate
	c.say("iaea", statement.LiftBody{Measure: "us-sanctions", Documents: none})
	c.tick(at(8, 0))
	return c
}

// visit asks for a page.
func visit(t testing.TB, h http.Handler, path string) *httptest.ResponseRecorder {
	t.Helper()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest("GET", path, nil))
	return w
}

func page(t testing.TB, h http.Handler, path string) string {
	t.Helper()
	w := visit(t, h, path)
	if w.Code != http.StatusOK {
		t.Fatalf("GET %s: %d\n%s", path, w.Code, w.Body)
	}
	return w.Body.String()
}
