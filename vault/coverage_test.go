package vault

import (
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"detente/agreement"
	"detente/statement"
)

// A film is a recorder at work on a world: it makes manifests slot by slot and
// seals them; each test alters one thing.
type film struct {
	*world
	epoch Digest
	cams  map[string]*filmCamera
	late  map[int64]agreement.Duration // by entry: how long after its seal it was proved
}

type filmCamera struct {
	next int64
	prev Digest
}

func newFilm(t testing.TB) *film {
	w := newWorld(t, 4, 2, 1)
	w.acceptAll()
	w.clock = worldOpens - 500
	a := w.sealed(1)
	w.sealed(2)
	w.clock = worldOpens
	return &film{world: w, epoch: a.Digest, cams: map[string]*filmCamera{"east": {next: 1}, "west": {next: 1}}, late: map[int64]agreement.Duration{}}
}

// shoot makes the manifest of one slot.
func (f *film) shoot(camera string, slot int64, alter func(*Manifest)) *SignedManifest {
	f.t.Helper()
	c := f.cams[camera]
	wall := Milliseconds(int64(worldOpens)+slot*10) * 1000
	m := Manifest{
		Agreement: testAgreement, Vault: VaultID(testAgreement, "cameras"), Camera: camera, Epoch: f.epoch, Seq: c.next, Prev: c.prev,
		Size: SegmentSize(worldPadded), Root: Digest{byte(slot), 1}, Wall: wall, Mono: wall - 5000, Duration: 10_000,
		Checkpoint: f.entries[len(f.entries)-1].Root,
	}
	if alter != nil {
		alter(&m)
	}
	s, err := m.Sign(signingKey())
	if err != nil {
		f.t.Fatal(err)
	}
	c.next, c.prev = m.Seq+1, m.Digest()
	return s
}

// seal puts manifests on the record at the end of a slot, and gives the entry.
func (f *film) seal(slot int64, ms ...*SignedManifest) int64 {
	f.t.Helper()
	object, err := EncodeBatch(ms)
	if err != nil {
		f.t.Fatal(err)
	}
	b, err := SealOf("cameras", object)
	if err != nil {
		f.t.Fatal(err)
	}
	f.objects[BatchDigest(object)] = object
	f.clock = worldOpens + agreement.Instant(10*slot+10)
	f.must("recorder", statement.ID{}, b)
	return int64(len(f.entries) - 1)
}

// run shoots and seals slots [first, end) of a camera, one batch each.
func (f *film) run(camera string, first, end int64) {
	f.t.Helper()
	for slot := first; slot < end; slot++ {
		f.seal(slot, f.shoot(camera, slot, nil))
	}
}

func (f *film) cover(slots int64) *Coverage {
	f.t.Helper()
	return f.coverAsOf(slots, worldOpens+agreement.Instant(slots*10)+commitWithin)
}

func (f *film) coverAsOf(slots int64, asOf agreement.Instant) *Coverage {
	f.t.Helper()
	c, err := f.ledger.Coverage(CoverageInput{
		Opens: worldOpens, Closes: worldOpens + agreement.Instant(slots*10), AsOf: asOf, ExistedBy: f.existedBy, Batch: f.batch,
	})
	if err != nil {
		f.t.Fatal(err)
	}
	return c
}

func (f *film) existedBy(entry int64) (agreement.Instant, bool) {
	late, ok := f.late[entry]
	return f.entries[entry].Clock + agreement.Instant(late), !ok || late >= 0
}

func (f *film) batch(d Digest) ([]byte, error) {
	if b := f.objects[d]; b != nil {
		return b, nil
	}
	return nil, errors.New("not found")
}

// shape is a camera's intervals in short: "3 covered, 1 tamper".
func (c *Coverage) shape(camera string) string {
	var out []string
	for _, cam := range c.Cameras {
		if cam.Camera == camera {
			for _, i := range cam.Intervals {
				out = append(out, fmt.Sprintf("%d %s", (i.Until-i.From)/10, i.Class))
			}
		}
	}
	return strings.Join(out, ", ")
}

func (f *film) want(c *Coverage, camera, shape, reason string) {
	f.t.Helper()
	if got := c.shape(camera); got != shape {
		f.t.Errorf("camera %s: %s, want %s", camera, got, shape)
	}
	if b, err := json.Marshal(c); err != nil || !strings.Contains(string(b), reason) {
		f.t.Errorf("no %q in %s (%v)", reason, b, err)
	}
}

func TestCoverageOfAnHonestRecorder(t *testing.T) {
	f := newFilm(t)
	for slot := int64(0); slot < 6; slot++ {
		f.seal(slot, f.shoot("east", slot, nil), f.shoot("west", slot, nil))
	}
	c := f.cover(6)
	f.want(c, "east", "6 covered", "")
	f.want(c, "west", "6 covered", "")
	e := c.Cameras[0]
	if e.Segments != 6 || e.ExpectedSeconds != 60 || e.Seconds.Covered != 60 || e.LongestGap != 0 || e.UnexplainedGaps != 0 || len(e.Anomalies)+len(c.Anomalies)+len(c.Missing) != 0 {
		t.Errorf("%+v", e)
	}
	// What need not be on the record yet is not called a gap.
	if c := f.coverAsOf(20, worldOpens+60+commitWithin); c.shape("east") != "6 covered" || c.Until != worldOpens+60 {
		t.Errorf("as of the sixth slot: %s until %d", c.shape("east"), c.Until)
	}
	if c := f.coverAsOf(20, worldOpens-5000); len(c.Cameras[0].Intervals) != 0 {
		t.Errorf("before it opens: %s", c.shape("east"))
	}
}

func TestHolesAreKeptAndCounted(t *testing.T) {
	f := newFilm(t)
	f.run("east", 0, 2)
	f.run("east", 3, 5)
	f.run("east", 8, 9)
	c := f.cover(10)
	f.want(c, "east", "2 covered, 1 unexplained gap, 2 covered, 3 unexplained gap, 1 covered, 1 unexplained gap", "")
	f.want(c, "west", "10 unexplained gap", "")
	e := c.Cameras[0]
	if e.UnexplainedGaps != 3 || e.LongestGap != 30 || e.Seconds.UnexplainedGap != 50 || e.Seconds.Covered != 50 || e.ExpectedSeconds != 100 {
		t.Errorf("%+v", e)
	}
}

func TestOneBadManifestIsShownInItsPlace(t *testing.T) {
	for _, tc := range []struct {
		name   string
		alter  func(*film, *Manifest)
		class  Class
		reason string
	}{
		{"another size", func(_ *film, m *Manifest) { m.Size++ }, Degraded, "bytes, want"},
		{"short", func(_ *film, m *Manifest) { m.Duration = 9799 }, Degraded, "9799 of 10000 ms"},
		{"a frame short", func(_ *film, m *Manifest) { m.Duration = 9800 }, Covered, ""},
		{"off the schedule", func(_ *film, m *Manifest) { m.Wall += 2000; m.Mono += 2000 }, Degraded, "off the schedule"},
		{"clock set", func(_ *film, m *Manifest) { m.Mono += 5000 }, Degraded, "the clock was set by 5000 ms"},
		{"restarted", func(_ *film, m *Manifest) { m.Mono = 1 }, Degraded, "restarted"},
		{"unknown dealing", func(_ *film, m *Manifest) { m.Epoch = Digest{9} }, Unsealed, "not sealed"},
		{"next epoch's key", func(f *film, m *Manifest) { m.Epoch = f.ledger.Sealed(2).Digest }, Degraded, "before its time"},
		{"chain broken", func(_ *film, m *Manifest) { m.Prev = Digest{9} }, Tampered, "does not follow"},
		{"number left out", func(_ *film, m *Manifest) { m.Seq++ }, Tampered, "are not on the record"},
		{"made-up checkpoint", func(_ *film, m *Manifest) { m.Checkpoint = [32]byte{9} }, Tampered, "checkpoint that this record did not have"},
	} {
		f := newFilm(t)
		f.run("east", 0, 2)
		f.seal(2, f.shoot("east", 2, func(m *Manifest) { tc.alter(f, m) }))
		shape := "2 covered, 1 " + string(tc.class)
		if tc.class == Covered {
			shape = "3 covered"
		}
		f.want(f.cover(3), "east", shape, tc.reason)
	}
}

// Slots are one interval only if the same is said of both.
func TestIntervalsOfDifferentReasonsStayApart(t *testing.T) {
	f := newFilm(t)
	short := func(m *Manifest) { m.Duration = 5000 }
	f.seal(3, f.shoot("east", 0, short), f.shoot("east", 1, short), f.shoot("east", 2, func(m *Manifest) { m.Size++ }), f.shoot("east", 3, nil))
	f.seal(4, f.shoot("east", 4, short))
	f.want(f.cover(5), "east", "2 degraded, 1 degraded, 1 covered, 1 degraded", "5000 of 10000 ms")
}

func TestTimesOutOfTheirBracket(t *testing.T) {
	f := newFilm(t)
	f.run("west", 0, 1)
	f.clock = worldOpens + 500
	f.must("recorder", statement.ID{}, statement.HeartbeatBody{Vault: "cameras"})
	f.seal(50, f.shoot("west", 2, nil)) // names a checkpoint of long after
	c := f.cover(20)
	f.want(c, "west", "1 covered, 1 unexplained gap, 1 tamper, 17 unexplained gap", "a time before the checkpoint that it names")

	g := newFilm(t)
	g.seal(0, g.shoot("east", 10, nil)) // claims a time to come
	g.want(g.cover(11), "east", "10 unexplained gap, 1 tamper", "a time after its seal existed")
}

func TestLateAndUnprovedSeals(t *testing.T) {
	f := newFilm(t)
	f.run("east", 0, 1)
	f.late[f.seal(1, f.shoot("east", 1, nil))] = commitWithin + 1
	f.late[f.seal(2, f.shoot("east", 2, nil))] = commitWithin - 10
	f.late[f.seal(3, f.shoot("east", 3, nil))] = -1 // no proof covers it
	c := f.cover(4)
	f.want(c, "east", "1 covered, 1 degraded, 1 covered, 1 degraded", "sealed late")
	f.want(c, "east", "1 covered, 1 degraded, 1 covered, 1 degraded", "no proof of time covers its seal yet")
	if c.Cameras[0].Late != 1 {
		t.Errorf("%d late", c.Cameras[0].Late)
	}
}

func TestStaleCheckpointIsDegraded(t *testing.T) {
	f := newFilm(t)
	root := f.entries[len(f.entries)-1].Root
	slot := int64(staleAfter/10 + 60)
	f.clock = worldOpens + agreement.Instant(slot*10)
	f.must("recorder", statement.ID{}, statement.HeartbeatBody{Vault: "cameras"})
	f.seal(slot, f.shoot("east", slot, func(m *Manifest) { m.Checkpoint = root; m.Epoch = f.ledger.Sealed(2).Digest }))
	c := f.cover(slot + 1)
	f.want(c, "east", fmt.Sprintf("%d unexplained gap, 1 degraded", slot), "its checkpoint is")

	for ms, want := range map[Milliseconds]bool{0: false, 1: true} { // at the limit and past it
		g := newFilm(t)
		g.clock = worldOpens + agreement.Instant(staleAfter)
		g.seal(staleAfter/10, g.shoot("east", staleAfter/10, func(m *Manifest) { m.Checkpoint = g.tickAt(worldOpens); m.Wall += ms }))
		if got := strings.Contains(g.cover(staleAfter/10+1).Text(), "its checkpoint is"); got != want {
			t.Errorf("%d ms past the limit: stale %v, want %v", ms, got, want)
		}
	}
}

// tickAt gives a head at which the record's clock is this.
func (f *film) tickAt(clock agreement.Instant) [32]byte {
	f.t.Helper()
	f.clock = clock
	f.must("recorder", statement.ID{}, statement.HeartbeatBody{Vault: "cameras"})
	return f.entries[len(f.entries)-1].Root
}

func TestRecordingUnderTheLastSealedEpochIsVisiblyLate(t *testing.T) {
	f := newFilm(t)
	f.seal(100, f.shoot("east", 100, nil))
	f.seal(107, f.shoot("east", 107, nil))
	c := f.cover(108)
	// Period 2 starts with slot 100; its first minute is within the allowance.
	f.want(c, "east", "100 unexplained gap, 1 covered, 6 unexplained gap, 1 degraded", "under the key of epoch 1, in the time of epoch 2")
}

// Two manifests with one number: the recorder contradicts itself, and the
// interval that the second claims is tamper though it had looked covered.
func TestDoubledNumbersAreTamper(t *testing.T) {
	f := newFilm(t)
	f.run("east", 0, 2)
	prev := f.cams["east"].prev
	f.run("east", 2, 4)
	f.cams["east"].next, f.cams["east"].prev = 3, prev
	f.seal(4, f.shoot("east", 2, func(m *Manifest) { m.Root = Digest{0xee} }))
	c := f.cover(4)
	f.want(c, "east", "2 covered, 1 tamper, 1 covered", "two manifests have number 3")
}

func TestSameBatchAgainIsOnlyAnomalous(t *testing.T) {
	f := newFilm(t)
	f.run("east", 0, 1)
	for _, o := range f.objects {
		b, err := SealOf("cameras", o)
		if err != nil {
			t.Fatal(err)
		}
		f.must("recorder", statement.ID{}, b)
	}
	c := f.cover(1)
	f.want(c, "east", "1 covered", "seals the batch of entry")
	if len(c.Anomalies) != 1 {
		t.Errorf("%+v", c.Anomalies)
	}
}

// Segments cannot be moved to another place or taken from another vault.
func TestReorderedSwappedAndForeignManifests(t *testing.T) {
	f := newFilm(t)
	first, second := f.shoot("east", 0, nil), f.shoot("east", 1, nil)
	f.seal(1, second)
	f.seal(1, first)
	f.want(f.cover(2), "east", "1 unexplained gap, 1 tamper", "number 1 comes after number 2")

	f = newFilm(t)
	f.seal(0, f.shoot("east", 0, func(m *Manifest) { m.Vault = VaultID(testAgreement, "other") }))
	f.want(f.cover(1), "east", "1 unexplained gap", "of another vault")
	f = newFilm(t)
	f.seal(0, f.shoot("east", 0, func(m *Manifest) { m.Agreement[0]++ }))
	f.want(f.cover(1), "east", "1 unexplained gap", "of another vault")
	f = newFilm(t)
	f.seal(0, f.shoot("east", 0, func(m *Manifest) { m.Camera = "north" }))
	f.want(f.cover(1), "east", "1 unexplained gap", "camera north is not one")
	f = newFilm(t)
	m := f.shoot("east", 0, nil)
	m.Sig[0] ^= 1
	f.seal(0, m)
	f.want(f.cover(1), "east", "1 unexplained gap", "not signed by the recorder")
	f = newFilm(t)
	a, b := f.shoot("east", 0, nil), f.shoot("east", 0, nil)
	f.seal(0, a, b)
	f.want(f.cover(1), "east", "1 covered", "a second segment")
}

func TestKeysOfTheRecorderAreJudgedAtTheirPlace(t *testing.T) {
	f := newFilm(t)
	f.run("east", 0, 1)
	fresh := ed25519.NewKeyFromSeed([]byte(strings.Repeat("k", 32)))
	pub, err := statement.NewPublicKey(fresh.Public().(ed25519.PublicKey))
	if err != nil {
		t.Fatal(err)
	}
	f.say("recorder", statement.ID{}, statement.KeyBody{Add: []string{pub.String()}, Revoke: []string{f.ledger.Terms.RecorderKey.String()}, Need: 1})
	stolen := f.shoot("east", 1, nil) // signed with the revoked key
	f.seal(1, stolen)
	f.cams["east"].next, f.cams["east"].prev = stolen.Seq, stolen.Prev
	m := f.shoot("east", 1, nil).Manifest
	s, err := m.Sign(fresh)
	if err != nil {
		t.Fatal(err)
	}
	f.seal(1, s)
	f.want(f.cover(2), "east", "2 covered", "not signed by the recorder")
}

func TestMissingAndMalformedBatches(t *testing.T) {
	f := newFilm(t)
	f.run("east", 0, 1)
	f.seal(1, f.shoot("east", 1, nil))
	object := f.entries[len(f.entries)-1].Statement.Body.(statement.SealBody).Batch
	d, err := ParseDigest(object)
	if err != nil {
		t.Fatal(err)
	}
	kept := f.objects[d]
	f.run("east", 2, 3)
	delete(f.objects, d)
	c := f.cover(3)
	f.want(c, "east", "1 covered, 1 unexplained gap, 1 covered", "not found")
	if len(c.Missing) != 1 || len(c.Cameras[0].Anomalies) != 0 {
		t.Errorf("missing %+v, anomalies %+v", c.Missing, c.Cameras[0].Anomalies)
	}
	f.objects[d] = kept[1:]
	f.want(f.cover(3), "east", "1 covered, 1 unexplained gap, 1 covered", "another object was given")
	f.objects[d] = kept
	f.want(f.cover(3), "east", "3 covered", "")

	junk := []byte("no batch")
	f.objects[BatchDigest(junk)] = junk
	f.must("recorder", statement.ID{}, statement.SealBody{
		Vault: "cameras", Batch: BatchDigest(junk).String(), Manifests: 1,
		Ranges: []statement.CameraRange{{Camera: "east", First: 4, Last: 4, Head: Digest{1}.String()}},
	})
	f.want(f.cover(3), "east", "3 covered", "sealed what is no batch")
}

func TestServices(t *testing.T) {
	event := func(camera, event string, first, end int64) statement.ServiceBody {
		return statement.ServiceBody{
			Vault: "cameras", Camera: camera, Event: event, Reason: "word",
			From: int64(worldOpens) + first*10, Until: int64(worldOpens) + end*10,
		}
	}
	for _, tc := range []struct {
		name  string
		say   func(f *film)
		shape string
	}{
		{"outage explains only what lies wholly in it", func(f *film) {
			b := event("east", "outage", 2, 4)
			b.From++
			f.must("recorder", statement.ID{}, b)
		}, "2 covered, 1 unexplained gap, 1 explained gap, 1 unexplained gap, 1 covered"},
		{"reboot of all cameras", func(f *film) { f.must("recorder", statement.ID{}, event("", "reboot", 0, 9)) },
			"2 covered, 3 explained gap, 1 covered"},
		{"another camera's outage", func(f *film) { f.must("recorder", statement.ID{}, event("west", "outage", 0, 9)) },
			"2 covered, 3 unexplained gap, 1 covered"},
		{"a visit signed by one", func(f *film) { f.must("host", statement.ID{}, event("east", "visit", 0, 9)) },
			"2 covered, 3 unexplained gap, 1 covered"},
		{"a visit signed twice by one", func(f *film) {
			f.must("host", statement.ID{}, event("east", "visit", 0, 9))
			f.must("host", statement.ID{}, event("east", "visit", 0, 8))
		}, "2 covered, 3 unexplained gap, 1 covered"},
		{"a visit signed by two", func(f *film) {
			f.must("host", statement.ID{}, event("east", "visit", 0, 4))
			f.must("agency", statement.ID{}, event("east", "visit", 3, 9))
		}, "2 covered, 1 unexplained gap, 1 explained gap, 1 unexplained gap, 1 covered"},
		{"a loss takes footage away and explains no gap", func(f *film) {
			f.must("recorder", statement.ID{}, event("east", "loss", 1, 5))
			f.must("host", statement.ID{}, event("east", "loss", 1, 5))
		}, "1 covered, 1 lost, 3 unexplained gap, 1 covered"},
		{"a loss that one alone states", func(f *film) { f.must("host", statement.ID{}, event("east", "loss", 1, 5)) },
			"2 covered, 3 unexplained gap, 1 covered"},
		{"a removal and a re-keying by one each", func(f *film) {
			f.must("host", statement.ID{}, event("east", "removal", 0, 9))
			f.must("agency", statement.ID{}, event("east", "rekey", 0, 9))
		}, "2 covered, 3 unexplained gap, 1 covered"},
		{"a camera taken out, by two", func(f *film) {
			f.must("host", statement.ID{}, event("east", "removal", 2, 5))
			f.must("agency", statement.ID{}, event("", "removal", 2, 5))
		}, "2 covered, 3 explained gap, 1 covered"},
		{"tamper overrides everything it touches", func(f *film) { f.must("agency", statement.ID{}, event("east", "tamper", 1, 3)) },
			"1 covered, 2 tamper, 2 unexplained gap, 1 covered"},
	} {
		f := newFilm(t)
		f.run("east", 0, 2)
		f.run("east", 5, 6)
		tc.say(f)
		if got := f.cover(6).shape("east"); got != tc.shape {
			t.Errorf("%s: %s, want %s", tc.name, got, tc.shape)
		}
	}
}

func TestRebootsAndClockStepsThatAreStated(t *testing.T) {
	f := newFilm(t)
	f.run("east", 0, 1)
	f.must("recorder", statement.ID{}, statement.ServiceBody{Vault: "cameras", Event: "reboot", From: int64(worldOpens) + 5, Until: int64(worldOpens) + 9})
	f.must("recorder", statement.ID{}, statement.ServiceBody{Vault: "cameras", Event: "clock-step", From: int64(worldOpens) + 25, Until: int64(worldOpens) + 26})
	f.seal(1, f.shoot("east", 1, func(m *Manifest) { m.Mono = 1 }))
	f.seal(2, f.shoot("east", 2, func(m *Manifest) { m.Mono = 60_000 }))
	f.want(f.cover(3), "east", "3 covered", "")
}

// What was recorded lately counts at once, for its own camera; what may still
// be on its way is no gap; but what a camera passed over is one.
func TestLateSegmentsCountAtOnce(t *testing.T) {
	f := newFilm(t)
	f.run("east", 0, 3)
	f.run("east", 4, 6)
	f.run("west", 0, 1)
	c := f.coverAsOf(20, worldOpens+60)
	f.want(c, "east", "3 covered, 1 unexplained gap, 2 covered", "")
	f.want(c, "west", "1 covered", "")
	if c.Until != worldOpens+60 {
		t.Errorf("until %s, want %s", c.Until, worldOpens+60)
	}
	f.want(f.coverAsOf(20, worldOpens+59), "east", "3 covered, 1 unexplained gap, 1 covered", "")
	f.want(f.coverAsOf(20, worldOpens+40+commitWithin), "west", "1 covered, 3 unexplained gap", "")
}

// Whoever alone states what takes two is shown as alone, for as much of the
// time as nobody joined.
func TestEventsOfTwoPersonsStatedByOne(t *testing.T) {
	f := newFilm(t)
	f.run("east", 0, 4)
	say := func(by agreement.Name, first, end int64) {
		f.must(by, statement.ID{}, statement.ServiceBody{Vault: "cameras", Camera: "east", Event: "loss", From: int64(worldOpens) + first*10, Until: int64(worldOpens) + end*10, Reason: "medium"})
	}
	say("host", 0, 3)
	c := f.cover(4)
	f.want(c, "east", "4 covered", "loss, stated by host: medium; nobody else says so")
	say("agency", 1, 2)
	c = f.cover(4)
	f.want(c, "east", "1 covered, 1 lost, 2 covered", "loss, stated by host: medium; nobody else says so")
	if n := len(c.Cameras[0].Anomalies); n != 1 {
		t.Errorf("%d anomalies, want that of the host alone", n)
	}
	say("agency", 0, 1)
	say("recorder", 2, 3)
	if c := f.cover(4); len(c.Cameras[0].Anomalies) != 0 {
		t.Errorf("joined for all of it: %+v", c.Cameras[0].Anomalies)
	}
}

func TestScheduleArithmetic(t *testing.T) {
	terms := worldTerms(4, 2, 1)
	terms.Cadence = 60 // ten seconds of every minute
	s, err := newSchedule(&terms, 1000, 1000+600, 10_000)
	if err != nil {
		t.Fatal(err)
	}
	if s.slots != 10 {
		t.Errorf("%d slots, want 10", s.slots)
	}
	if first, end := s.within(1060, 1130); first != 1 || end != 3 {
		t.Errorf("within: %d to %d, want 1 to 3", first, end)
	}
	if first, end := s.within(1061, 1129); first != 2 || end != 2 {
		t.Errorf("within: %d to %d, want none", first, end)
	}
	if first, end := s.touched(1069, 1121); first != 1 || end != 3 {
		t.Errorf("touched: %d to %d, want 1 to 3", first, end)
	}
	if first, end := s.touched(1070, 1120); first != 2 || end != 2 {
		t.Errorf("touched: %d to %d, want none", first, end)
	}
	if slot, off := s.slotOf(999_000); slot != 0 || off != 1000 {
		t.Errorf("slot %d off %d", slot, off)
	}
	if slot, _ := s.slotOf(0); slot != -17 {
		t.Errorf("slot %d", slot)
	}
	if _, err := newSchedule(&terms, 10, 9, 100); err == nil {
		t.Error("closes before it opens")
	}
	terms.Cadence, terms.Segment = 1, 1
	if _, err := newSchedule(&terms, 0, maxSlots, maxSlots+commitWithin); err != nil {
		t.Errorf("the longest schedule: %v", err)
	}
	if _, err := newSchedule(&terms, 0, maxSlots+1, maxSlots+1+commitWithin); err == nil {
		t.Error("a schedule past the limit")
	}
}
