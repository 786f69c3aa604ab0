package vault

import (
	"bytes"
	"crypto/ed25519"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"

	"detente/agreement"
	"detente/statement"
)

// A host takes a batch and its answer is lost: the recorder seals its
// manifests again together with the next ones. Nothing is tampered with, and
// nothing counts twice.
func TestManifestsSealedAgainAreNoContradiction(t *testing.T) {
	for name, order := range map[string][]int{"longer later": {3, 5}, "shorter later": {5, 3}, "twice": {2, 4, 3, 5}} {
		f := newFilm(t)
		var ms []*SignedManifest
		for slot := range int64(5) {
			ms = append(ms, f.shoot("east", slot, nil))
		}
		for _, n := range order {
			f.seal(4, ms[:n]...)
		}
		c := f.cover(5)
		f.want(c, "east", "5 covered", "sealed again")
		e := c.Cameras[0]
		if e.Segments != 5 || len(e.Anomalies) != len(order)-1 {
			t.Errorf("%s: %d segments, anomalies %+v", name, e.Segments, e.Anomalies)
		}
	}
}

// The same, and the host has lost the longer batch: its numbers are taken for
// granted, also where it begins with some that are known.
func TestLostBatchThatSealedSomeAgain(t *testing.T) {
	f := newFilm(t)
	var ms []*SignedManifest
	for slot := range int64(6) {
		ms = append(ms, f.shoot("east", slot, nil))
	}
	f.seal(2, ms[:3]...)
	f.seal(4, ms[:5]...)
	f.seal(5, ms[5])
	delete(f.objects, BatchDigest(mustEncode(t, ms[:5]...)))
	c := f.cover(6)
	f.want(c, "east", "3 covered, 2 unexplained gap, 1 covered", "not found")
	if len(c.Missing) != 1 || len(c.Cameras[0].Anomalies) != 0 {
		t.Errorf("missing %+v, anomalies %+v", c.Missing, c.Cameras[0].Anomalies)
	}
}

// A lost batch of numbers that are all known says nothing, and each batch that
// seals numbers again is told of by itself.
func TestBatchesOfKnownNumbers(t *testing.T) {
	f := newFilm(t)
	var ms []*SignedManifest
	for slot := range int64(6) {
		ms = append(ms, f.shoot("east", slot, nil))
	}
	f.seal(4, ms[:5]...)
	f.seal(4, ms[:2]...)
	f.seal(4, ms[2:4]...)
	f.seal(4, ms[1:3]...)
	delete(f.objects, BatchDigest(mustEncode(t, ms[1:3]...)))
	f.seal(5, ms[5])
	c := f.cover(6)
	f.want(c, "east", "6 covered", "numbers 1 to 2 are sealed again")
	f.want(c, "east", "6 covered", "numbers 3 to 4 are sealed again")
	if e := c.Cameras[0]; len(e.Anomalies) != 2 || e.Segments != 6 || len(c.Missing) != 1 {
		t.Errorf("%d segments, %+v, missing %+v", e.Segments, e.Anomalies, c.Missing)
	}
}

// A second version of an old number shows, however it is batched, and only it.
func TestSecondVersionInsideALaterBatch(t *testing.T) {
	f := newFilm(t)
	var ms []*SignedManifest
	for slot := range int64(4) {
		ms = append(ms, f.shoot("east", slot, nil))
	}
	f.seal(3, ms...)
	f.cams["east"].next, f.cams["east"].prev = 2, ms[0].Digest()
	other := f.shoot("east", 1, func(m *Manifest) { m.Root = Digest{0xee} })
	f.seal(4, ms[0], other)
	f.want(f.cover(4), "east", "1 covered, 1 tamper, 2 covered", "two manifests have number 2")
	delete(f.objects, BatchDigest(mustEncode(t, ms...))) // with the first version gone nothing can be compared
	f.want(f.cover(4), "east", "4 unexplained gap", "number 2 comes after number 4")
}

func mustEncode(t *testing.T, ms ...*SignedManifest) []byte {
	t.Helper()
	b, err := EncodeBatch(ms)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// A manifest with a time that cannot be true takes no place: it must not make
// a gap of what is recorded after it.
func TestOneTimeInTheFutureHidesNoFootage(t *testing.T) {
	f := newFilm(t)
	f.run("east", 0, 2)
	f.seal(2, f.shoot("east", 20, func(m *Manifest) { m.Mono -= 180_000 })) // the clock was wrong, once
	f.run("east", 3, 10)
	c := f.cover(10)
	f.want(c, "east", "2 covered, 1 unexplained gap, 1 degraded, 6 covered", "the clock was set by")
	c = f.cover(21)
	f.want(c, "east", "2 covered, 1 unexplained gap, 1 degraded, 6 covered, 10 unexplained gap, 1 tamper", "a time after its seal existed")
}

// The same for a time before the checkpoint that it names.
func TestOneTimeInThePastHidesNoFootage(t *testing.T) {
	f := newFilm(t)
	f.run("east", 0, 2)
	early := f.entries[len(f.entries)-1].Root
	f.clock = worldOpens + 500
	f.must("recorder", statement.ID{}, statement.HeartbeatBody{Vault: "cameras"})
	f.seal(50, f.shoot("east", 30, func(m *Manifest) { m.Mono -= 280_000 }))
	for slot := int64(3); slot < 5; slot++ {
		f.seal(50, f.shoot("east", slot, func(m *Manifest) { m.Checkpoint = early }))
	}
	f.want(f.cover(31), "east", "2 covered, 1 unexplained gap, 1 degraded, 1 covered, 25 unexplained gap, 1 tamper", "the clock was set by")
}

// Each tolerance at its limit and one past.
func TestTolerances(t *testing.T) {
	for name, tc := range map[string]struct {
		shot, sealed int64 // slots
		at, past     func(*Manifest)
		late         agreement.Duration
		class        Class
	}{
		"off the schedule":        {2, 2, func(m *Manifest) { m.Wall += 1000; m.Mono += 1000 }, func(m *Manifest) { m.Wall += 1001; m.Mono += 1001 }, 0, Degraded},
		"off before the schedule": {2, 2, func(m *Manifest) { m.Wall -= 1000; m.Mono -= 1000 }, func(m *Manifest) { m.Wall -= 1001; m.Mono -= 1001 }, 0, Degraded},
		"clock against mono":      {2, 2, func(m *Manifest) { m.Mono += 1011 }, func(m *Manifest) { m.Mono += 1012 }, 0, Degraded},
		"mono stands still":       {2, 2, func(m *Manifest) { m.Mono -= 1008 }, func(m *Manifest) { m.Mono -= 10_000 }, 0, Degraded},
		"after its seal":          {8, 2, func(*Manifest) {}, func(m *Manifest) { m.Duration++ }, 0, Tampered},
		"late":                    {2, 2, func(*Manifest) {}, func(m *Manifest) { m.Duration-- }, commitWithin, Degraded},
		"before its checkpoint":   {4, 10, func(*Manifest) {}, func(m *Manifest) { m.Wall--; m.Mono-- }, 0, Tampered},
	} {
		for i, alter := range []func(*Manifest){tc.at, tc.past} {
			f := newFilm(t)
			f.run("east", 0, 2)
			f.clock = worldOpens + 100
			f.must("recorder", statement.ID{}, statement.HeartbeatBody{Vault: "cameras"})
			tick := f.entries[len(f.entries)-1].Root // of a record whose clock is that
			early := f.entries[0].Root
			entry := f.seal(tc.sealed, f.shoot("east", tc.shot, func(m *Manifest) {
				m.Checkpoint = early
				if tc.shot == 4 {
					m.Checkpoint = tick
				}
				alter(m)
			}))
			f.late[entry] = tc.late
			class, gap := Covered, ""
			if i == 1 {
				class = tc.class
			}
			if tc.shot > 2 {
				gap = fmt.Sprintf("%d unexplained gap, ", tc.shot-2)
			}
			want := fmt.Sprintf("2 covered, %s1 %s", gap, class)
			if class == Covered && gap == "" {
				want = "3 covered"
			}
			if got := f.cover(tc.shot + 1).shape("east"); got != want {
				t.Errorf("%s, %d past its limit: %s, want %s", name, i, got, want)
			}
		}
	}
}

// The root of a record that has the seal already cannot be in what it seals.
func TestCheckpointOfTheSealItself(t *testing.T) {
	f := newFilm(t)
	f.seal(0, f.shoot("east", 0, func(m *Manifest) {
		m.Checkpoint = [32]byte{}
		binary.BigEndian.PutUint64(m.Checkpoint[:], uint64(len(f.entries))+1)
	}))
	f.want(f.cover(1), "east", "1 tamper", "a checkpoint that this record did not have")
}

// A break of the chain cannot be hidden on a manifest that gets no slot.
func TestBreakOfTheChainOnAManifestWithoutASlot(t *testing.T) {
	for name, slot := range map[string]int64{"a slot that has one": 1, "before the recording": -3, "after its end": 4} {
		f := newFilm(t)
		f.run("east", 0, 2)
		f.seal(2, f.shoot("east", slot, func(m *Manifest) { m.Seq += 5 }))
		f.run("east", 2, 4)
		if got := f.cover(4).shape("east"); got != "2 covered, 1 tamper, 1 covered" {
			t.Errorf("%s: %s", name, got)
		}
	}
	f := newFilm(t)
	f.run("east", 0, 2)
	f.seal(2, f.shoot("east", 1, func(m *Manifest) { m.Checkpoint = [32]byte{9} }))
	f.want(f.cover(2), "east", "2 covered", "a second segment for the time from 1970-01-12T13:46:50Z: names a checkpoint")
}

// What ends when a slot begins does not touch it.
func TestEventsTouchOnlyTheirOwnSlots(t *testing.T) {
	for _, event := range []string{"loss", "tamper"} {
		for _, tc := range []struct{ from, until, first, end int64 }{
			{10, 20, 1, 2}, {10, 21, 1, 3}, {9, 20, 0, 2}, {10, 10, 1, 2}, {19, 19, 1, 2}, {20, 20, 2, 3},
		} {
			f := newFilm(t)
			f.run("east", 0, 4)
			for _, by := range []agreement.Name{"agency", "host"} {
				f.must(by, statement.ID{}, statement.ServiceBody{Vault: "cameras", Event: event, From: int64(worldOpens) + tc.from, Until: int64(worldOpens) + tc.until})
			}
			class := map[string]Class{"loss": Lost, "tamper": Tampered}[event]
			want := fmt.Sprintf("%d %s, %d covered", tc.end-tc.first, class, 4-tc.end)
			if tc.first > 0 {
				want = fmt.Sprintf("%d covered, ", tc.first) + want
			}
			if got := f.cover(4).shape("east"); got != want {
				t.Errorf("%s from %d until %d: %s, want %s", event, tc.from, tc.until, got, want)
			}
		}
	}
}

// Before any proof of time no segment is expected yet.
func TestNoClockNoGap(t *testing.T) {
	f := newFilm(t)
	c := f.coverAsOf(1000, math.MinInt64)
	if len(c.Cameras[0].Intervals) != 0 || c.Cameras[0].ExpectedSeconds != 0 {
		t.Errorf("%+v", c.Cameras[0])
	}
}

// Past the limit on what is listed, losses, tampering and holes count as before.
func TestIntervalsThatAreNotListedStillCount(t *testing.T) {
	f := newFilm(t)
	const n = MaxIntervals + 100
	at := func(event string, first, end int64) Service {
		return Service{By: "recorder", Body: statement.ServiceBody{Event: event, From: int64(worldOpens) + first*10, Until: int64(worldOpens) + end*10}}
	}
	for i := int64(0); i < n; i += 2 {
		f.ledger.Services = append(f.ledger.Services, at("outage", i, i+1))
	}
	f.ledger.Services = append(f.ledger.Services, at("tamper", n+10, n+20))
	c := f.cover(n + 1000)
	e := c.Cameras[0]
	if len(e.Intervals) != MaxIntervals || e.ExpectedSeconds != (n+1000)*10 || e.LongestGap != (n+1000)*10 {
		t.Errorf("%d intervals, %d s expected, longest hole %d s", len(e.Intervals), e.ExpectedSeconds, e.LongestGap)
	}
	if e.Seconds.Tamper != 100 || e.Omitted.Tamper != 100 || e.Seconds.ExplainedGap != n/2*10 || e.UnexplainedGaps != n/2+1 {
		t.Errorf("%+v, omitted %+v, %d gaps", e.Seconds, e.Omitted, e.UnexplainedGaps)
	}
	if text := c.Text(); !strings.Contains(text, "not listed") {
		t.Error("the text does not say that it lists only a part")
	}
}

// Whoever may state events may state very many: the time to lay them over the
// slots must not grow with their square.
func TestVeryManyServices(t *testing.T) {
	f := newFilm(t)
	const n = 40_000
	for i := range int64(n) {
		s := Service{Entry: i, By: []agreement.Name{"host", "agency", "recorder"}[i%3], Body: statement.ServiceBody{
			Event: []string{"visit", "outage", "tamper", "loss"}[i%7%4], From: int64(worldOpens) + i*10, Until: int64(worldOpens) + 2*n*10 - i*10,
		}}
		f.ledger.Services = append(f.ledger.Services, s)
	}
	c := f.cover(2*n + 5)
	if e := c.Cameras[0]; e.Seconds.Tamper != (2*n-4)*10 || e.Seconds.UnexplainedGap+e.Seconds.ExplainedGap != 90 {
		t.Errorf("%+v", e.Seconds)
	}
}

// A recorder that contradicts itself at every turn is shown, not listed for ever.
func TestVeryManyAnomalies(t *testing.T) {
	f := newFilm(t)
	var ms []*SignedManifest
	for range MaxAnomalies + 10 {
		ms = append(ms, f.shoot("east", -5, nil))
	}
	for len(ms) > 0 {
		n := min(len(ms), MaxManifests)
		f.seal(1, ms[:n]...)
		ms = ms[n:]
	}
	c := f.cover(1)
	if e := c.Cameras[0]; len(e.Anomalies) != MaxAnomalies || e.AnomaliesOmitted != 10 {
		t.Errorf("%d anomalies listed, %d not", len(e.Anomalies), e.AnomaliesOmitted)
	}
	if text := c.Text(); !strings.Contains(text, "10 more anomalies") {
		t.Error("the text does not say that it lists only a part")
	}
}

// The order in which a hole is explained, lost or tampered with decides its
// reason, never its class.
func TestFirstReasonHolds(t *testing.T) {
	f := newFilm(t)
	f.run("east", 0, 1)
	f.seal(1, f.shoot("east", 1, func(m *Manifest) { m.Prev = Digest{9} }))
	for _, reason := range []string{"first", "second"} {
		for _, event := range []string{"tamper", "loss", "outage"} {
			f.must("agency", statement.ID{}, statement.ServiceBody{Vault: "cameras", Event: event, From: int64(worldOpens), Until: int64(worldOpens) + 30, Reason: reason})
		}
	}
	c := f.cover(3)
	f.want(c, "east", "1 tamper, 1 tamper, 1 tamper", "does not follow the manifest before it")
	for _, i := range c.Cameras[0].Intervals {
		if strings.Contains(i.Reason, "second") {
			t.Errorf("%+v", i)
		}
	}
}

func TestLastManifestNumber(t *testing.T) {
	m := newFilm(t).shoot("east", 0, nil).Manifest
	m.Prev = Digest{1}
	for seq, ok := range map[int64]bool{statement.MaxInteger: true, statement.MaxInteger + 1: false} {
		m.Seq = seq
		if _, err := m.Sign(signingKey()); (err == nil) != ok {
			t.Errorf("%d: %v", seq, err)
		}
		if s := (&SignedManifest{Manifest: m}); errors.Is(second(ParseManifest(s.Encode())), ErrManifest) == ok {
			t.Errorf("%d parsed: want %v", seq, ok)
		}
	}
}

func second[T any](_ T, err error) error { return err }

// A recorder's keys change while a batch is made: each manifest counts by
// whichever key is in force, and a bad one among them is told from the good.
func TestManifestsVerifiedTogether(t *testing.T) {
	f := newFilm(t)
	second := ed25519.NewKeyFromSeed(bytes.Repeat([]byte{9}, ed25519.SeedSize))
	keys := []statement.PublicKey{f.ledger.Terms.RecorderKey, statement.PublicKey(second.Public().(ed25519.PublicKey))}
	var all []*SignedManifest
	for slot := range int64(40) {
		m := f.shoot("east", slot, nil)
		switch slot % 5 {
		case 1:
			signed, err := m.Manifest.Sign(second)
			if err != nil {
				t.Fatal(err)
			}
			m = signed
		case 3:
			m.Sig[slot%64] ^= 1
		}
		all = append(all, m)
	}
	for n, keys := range [][]statement.PublicKey{nil, keys[:1], keys} {
		for i, good := range verifyAll(all, keys) {
			if want := n > 0 && i%5 != 3 && (n == 2 || i%5 != 1); good != want || good != (all[i].Verify(keys...) == nil) {
				t.Errorf("%d keys, manifest %d: %t, want %t, as one by one", len(keys), i, good, want)
			}
		}
	}
}

// Footage counts under a key only if custodians had shown that they hold it
// before: sealed to one that is merely dealt, that came to nothing, or that was
// sealed afterwards, it is unsealed for ever.
func TestFootageUnderAKeyThatWasNotSealed(t *testing.T) {
	f := newFilm(t)
	void := f.record(f.badDealing(3, 1))
	f.must(f.seats[0].name, statement.ID{}, f.complaint(void, 1, f.key(void, 1).Seed()))
	f.accept(2, 3, 4) // the complaint published one of seat 1
	dealt := f.record(f.dealing(3))
	if void.Status != Void || dealt.Status != Dealt {
		t.Fatalf("the dealings are %s and %s", void.Status, dealt.Status)
	}
	under := func(a *Attempt, slot int64) {
		f.seal(slot, f.shoot("east", slot, func(m *Manifest) { m.Epoch = a.Digest }))
	}
	under(void, 0)
	under(dealt, 1)
	f.acknowledge(dealt, 1, 2, 3)
	if dealt.Status != Sealed {
		t.Fatalf("the dealing is %s", dealt.Status)
	}
	under(dealt, 2) // right by then, but for its time: it is of the third period
	f.run("east", 3, 4)
	f.want(f.cover(4), "east", "1 unsealed, 1 unsealed, 1 degraded, 1 covered", "under a key that was not sealed")
}
