package vault

import (
	"fmt"
	"slices"

	"detente/agreement"
	"detente/statement"
)

// Coverage says, from the record and its batches of manifests alone, what
// became of every interval of the schedule. It is a statement over intervals
// with their holes, never one boolean.
type Coverage struct {
	Vault   agreement.Name    `json:"vault"`
	From    agreement.Instant `json:"from"`
	Until   agreement.Instant `json:"until"` // what should be on the record by now; the rest may be on its way
	Cameras []CameraCoverage  `json:"cameras"`
	// Missing are batches whose objects could not be had: what they hold is
	// not known, and their slots stand as gaps. The coverage is then partial.
	Missing   []MissingBatch `json:"missing"`
	Anomalies []Anomaly      `json:"anomalies"` // about no one camera
}

// CameraCoverage is the coverage of one camera. Seconds are of the schedule.
type CameraCoverage struct {
	Camera          string     `json:"camera"`
	Segments        int64      `json:"segments"` // manifests on the record
	Late            int64      `json:"late"`     // of them, sealed too long after they ended
	ExpectedSeconds int64      `json:"expected_seconds"`
	Seconds         ByClass    `json:"seconds"`
	LongestGap      int64      `json:"longest_gap_seconds"` // of consecutive slots neither covered nor degraded
	UnexplainedGaps int        `json:"unexplained_gaps"`
	Intervals       []Interval `json:"intervals"`
	Omitted         ByClass    `json:"omitted_seconds"` // past the limit on listed intervals; counted in Seconds
	Anomalies       []Anomaly  `json:"anomalies"`
}

// ByClass counts seconds by class.
type ByClass struct {
	Covered        int64 `json:"covered"`
	Degraded       int64 `json:"degraded"`
	ExplainedGap   int64 `json:"explained_gap"`
	UnexplainedGap int64 `json:"unexplained_gap"`
	Tamper         int64 `json:"tamper"`
	Lost           int64 `json:"lost"`
	Unsealed       int64 `json:"unsealed"`
}

// An Interval is consecutive slots of one class for one reason.
type Interval struct {
	From   agreement.Instant `json:"from"`
	Until  agreement.Instant `json:"until"`
	Class  Class             `json:"class"`
	Reason string            `json:"reason"`
	Entry  int64             `json:"entry"` // that shows it, -1 if none
}

// An Anomaly is something that does not fit. It is not a breach.
type Anomaly struct {
	Entry  int64  `json:"entry"`
	Seq    int64  `json:"seq"` // of the manifest; 0: of none
	Reason string `json:"reason"`
}

// MissingBatch is a batch whose object could not be had.
type MissingBatch struct {
	Entry  int64  `json:"entry"`
	Batch  Digest `json:"batch"`
	Reason string `json:"reason"`
}

// CoverageInput is what the coverage needs besides the ledger.
type CoverageInput struct {
	Opens  agreement.Instant // when the recording starts
	Closes agreement.Instant
	AsOf   agreement.Instant // the record's clock
	// ExistedBy gives by when an entry existed, false while no proof covers it.
	ExistedBy func(entry int64) (agreement.Instant, bool)
	// Batch gives a batch's object. An error means that it could not be had.
	Batch func(digest Digest) ([]byte, error)
	// Losses are segments found missing or unreadable, after release or in an
	// audit; By says who found it.
	Losses []Service
}

// Coverage computes the coverage. It takes the batches one at a time and keeps
// only runs of slots, so its memory does not grow with the footage.
func (l *Ledger) Coverage(in CoverageInput) (*Coverage, error) {
	s, err := newSchedule(&l.Terms, in.Opens, in.Closes, in.AsOf)
	if err != nil {
		return nil, err
	}
	c := &survey{ledger: l, in: in, schedule: s, cameras: make([]camera, len(l.Terms.Cameras))}
	c.out = &Coverage{Vault: l.Terms.Vault, From: in.Opens, Until: in.Opens, Cameras: []CameraCoverage{}, Missing: []MissingBatch{}, Anomalies: []Anomaly{}}
	if s.slots > 0 {
		c.out.Until = s.start(s.slots-1) + agreement.Instant(s.segment)
	}
	for i, name := range l.Terms.Cameras {
		c.cameras[i] = camera{next: 1, out: CameraCoverage{Camera: name, Intervals: []Interval{}, Anomalies: []Anomaly{}}}
	}
	seen := map[string]int64{}
	for _, seal := range l.Seals {
		if first, again := seen[seal.Body.Batch]; again {
			c.out.Anomalies = append(c.out.Anomalies, Anomaly{Entry: seal.Entry, Reason: fmt.Sprintf("seals the batch of entry %d again", first)})
			continue
		}
		seen[seal.Body.Batch] = seal.Entry
		c.batch(seal)
	}
	for i := range c.cameras {
		c.finish(&c.cameras[i])
		c.out.Cameras = append(c.out.Cameras, c.cameras[i].out)
	}
	return c.out, nil
}

// A survey is one computation of a coverage.
type survey struct {
	ledger   *Ledger
	in       CoverageInput
	schedule schedule
	cameras  []camera
	out      *Coverage
}

// A camera is what the survey keeps of one camera while batches pass.
type camera struct {
	out     CameraCoverage
	runs    runs
	slot    int64 // the first slot not yet classified
	next    int64 // the manifest number that follows
	head    Digest
	last    *SignedManifest // nil before the first, and after a missing batch
	doubled []doubled
	unseen  []statement.CameraRange // numbers that were skipped or are in missing batches
}

// doubled is an interval for which the recorder signed two manifests with one number.
type doubled struct {
	from, until agreement.Instant
	seq, entry  int64
}

func (c *survey) camera(name string) *camera {
	for i := range c.cameras {
		if c.cameras[i].out.Camera == name {
			return &c.cameras[i]
		}
	}
	return nil
}

func (c *survey) batch(seal Seal) {
	digest, err := ParseDigest(seal.Body.Batch)
	if err != nil {
		c.anomaly(seal.Entry, "the seal names no digest: %v", err)
		return
	}
	object, err := c.in.Batch(digest)
	if err == nil && BatchDigest(object) != digest {
		err = fmt.Errorf("another object was given in its place")
	}
	if err != nil {
		c.out.Missing = append(c.out.Missing, MissingBatch{Entry: seal.Entry, Batch: digest, Reason: err.Error()})
		c.skip(seal)
		return
	}
	manifests, err := OpenBatch(seal.Body, object)
	if err != nil {
		c.anomaly(seal.Entry, "the recorder sealed what is no batch: %v", err)
		return
	}
	for _, m := range manifests {
		cam := c.camera(m.Camera)
		switch {
		case m.Agreement != c.ledger.Terms.Agreement || m.Vault != VaultID(c.ledger.Terms.Agreement, c.ledger.Terms.Vault):
			c.anomaly(seal.Entry, "manifest %d of camera %s is of another vault", m.Seq, m.Camera)
		case cam == nil:
			c.anomaly(seal.Entry, "camera %s is not one of this vault's", m.Camera)
		case m.Verify(c.ledger.KeysAt(seal.Entry)...) != nil:
			c.anomaly(seal.Entry, "manifest %d of camera %s is not signed by the recorder", m.Seq, m.Camera)
		default:
			c.manifest(cam, m, seal.Entry)
		}
	}
}

func (c *survey) anomaly(entry int64, reason string, args ...any) {
	c.out.Anomalies = append(c.out.Anomalies, Anomaly{Entry: entry, Reason: fmt.Sprintf(reason, args...)})
}

// skip takes the numbers of a batch that could not be had for granted, so that
// its absence is not also called a break of the chain.
func (c *survey) skip(seal Seal) {
	for _, r := range seal.Body.Ranges {
		cam := c.camera(r.Camera)
		head, err := ParseDigest(r.Head)
		if cam == nil || err != nil || r.First != cam.next {
			continue
		}
		cam.unseen = append(cam.unseen, r)
		cam.next, cam.head, cam.last = r.Last+1, head, nil
	}
}

// manifest places one manifest of a camera: the slots since the last one are a
// gap, its own slot gets the worst that is found.
func (c *survey) manifest(cam *camera, m *SignedManifest, entry int64) {
	cam.out.Segments++
	slot, off := c.schedule.slotOf(m.Wall)
	if m.Seq < cam.next {
		if m.Digest() != cam.head && !cam.notSeen(m.Seq) {
			from := agreement.Instant(m.Wall / 1000)
			cam.doubled = append(cam.doubled, doubled{from: from, until: from + agreement.Instant(c.schedule.segment), seq: m.Seq, entry: entry})
		}
		cam.anomaly(entry, m.Seq, "number %d comes after number %d", m.Seq, cam.next-1)
		return
	}
	f := c.examine(cam, m, entry, off)
	cam.next, cam.head, cam.last = m.Seq+1, m.Digest(), m
	if f.late {
		cam.out.Late++
	}
	switch {
	case slot < 0 || slot >= c.schedule.slots:
		if slot < 0 || c.schedule.start(slot) >= c.in.Closes {
			cam.anomaly(entry, m.Seq, "recorded outside the schedule")
		}
		return
	case slot < cam.slot:
		cam.anomaly(entry, m.Seq, "a second segment for the time from %s", c.schedule.start(slot))
		return
	}
	cam.runs.add(run{first: cam.slot, end: slot, class: UnexplainedGap, entry: -1})
	cam.runs.add(run{first: slot, end: slot + 1, class: f.class, reason: f.reason, entry: entry})
	cam.slot = slot + 1
}

// notSeen says whether a number was passed over, so that a manifest with it is
// out of order and not the second of its number.
func (cam *camera) notSeen(seq int64) bool {
	return slices.ContainsFunc(cam.unseen, func(r statement.CameraRange) bool { return r.First <= seq && seq <= r.Last })
}

func (cam *camera) anomaly(entry, seq int64, reason string, args ...any) {
	cam.out.Anomalies = append(cam.out.Anomalies, Anomaly{Entry: entry, Seq: seq, Reason: fmt.Sprintf(reason, args...)})
}

// finish lays what statements say over the slots and counts.
func (c *survey) finish(cam *camera) {
	cam.runs.add(run{first: cam.slot, end: c.schedule.slots, class: UnexplainedGap, entry: -1})
	for _, d := range cam.doubled {
		first, end := c.schedule.touched(d.from, d.until-1)
		cam.runs.overlay(first, end, func(r run) (run, bool) {
			return run{class: Tampered, reason: fmt.Sprintf("two manifests have number %d", d.seq), entry: d.entry}, true
		})
	}
	c.services(cam)
	out := &cam.out
	out.UnexplainedGaps = cam.runs.gaps
	gap := int64(0)
	for _, r := range cam.runs.list {
		n := (r.end - r.first) * c.schedule.segment
		out.ExpectedSeconds += n
		out.Seconds.add(r.class, n)
		if r.class == UnexplainedGap {
			out.UnexplainedGaps++
		}
		if gap += n; r.class == Covered || r.class == Degraded {
			gap = 0
		}
		out.LongestGap = max(out.LongestGap, gap)
		out.Intervals = append(out.Intervals, Interval{
			From: c.schedule.start(r.first), Until: c.schedule.start(r.end-1) + agreement.Instant(c.schedule.segment),
			Class: r.class, Reason: r.reason, Entry: r.entry,
		})
	}
	for _, r := range cam.runs.omitted {
		out.ExpectedSeconds += r.end * c.schedule.segment
		out.Seconds.add(r.class, r.end*c.schedule.segment)
		out.Omitted.add(r.class, r.end*c.schedule.segment)
	}
}

func (b *ByClass) add(c Class, n int64) {
	switch c {
	case Covered:
		b.Covered += n
	case Degraded:
		b.Degraded += n
	case ExplainedGap:
		b.ExplainedGap += n
	case UnexplainedGap:
		b.UnexplainedGap += n
	case Tampered:
		b.Tamper += n
	case Lost:
		b.Lost += n
	case Unsealed:
		b.Unsealed += n
	}
}

// services lays service statements over the slots. Only a gap is explained;
// a loss takes footage away; tampering overrides everything.
func (c *survey) services(cam *camera) {
	all := append(slices.Clone(c.ledger.Services), c.in.Losses...)
	for i, s := range all {
		if s.Body.Camera != "" && s.Body.Camera != cam.out.Camera {
			continue
		}
		from, until := agreement.Instant(s.Body.From), agreement.Instant(s.Body.Until)
		switch s.Body.Event {
		case "loss":
			c.lay(cam, s, Lost, from, until)
		case "tamper":
			c.lay(cam, s, Tampered, from, until)
		case "visit":
			for _, o := range all[:i] {
				if o.Body.Event == "visit" && o.By != s.By && (o.Body.Camera == "" || o.Body.Camera == cam.out.Camera) {
					c.explain(cam, s, max(from, agreement.Instant(o.Body.From)), min(until, agreement.Instant(o.Body.Until)))
				}
			}
		default:
			c.explain(cam, s, from, until)
		}
	}
}

// explain turns the gaps that lie wholly within a statement's interval into
// explained ones. A visit is signed by two: the caller gives the time on which
// two different signers agree.
func (c *survey) explain(cam *camera, s Service, from, until agreement.Instant) {
	first, end := c.schedule.within(from, until)
	cam.runs.overlay(first, end, func(r run) (run, bool) {
		return run{class: ExplainedGap, reason: s.reason(), entry: s.Entry}, r.class == UnexplainedGap
	})
}

func (c *survey) lay(cam *camera, s Service, class Class, from, until agreement.Instant) {
	first, end := c.schedule.touched(from, until)
	cam.runs.overlay(first, end, func(r run) (run, bool) {
		footage := r.class == Covered || r.class == Degraded || r.class == Unsealed
		return run{class: class, reason: s.reason(), entry: s.Entry}, class == Tampered || footage
	})
}

func (s *Service) reason() string {
	return fmt.Sprintf("%s, stated by %s: %s", s.Body.Event, s.By, s.Body.Reason)
}

// stated says whether a service statement of one of the events touches a time.
func (c *survey) stated(camera string, from, until Milliseconds, events ...string) bool {
	return slices.ContainsFunc(c.ledger.Services, func(s Service) bool {
		b := s.Body
		return (b.Camera == "" || b.Camera == camera) && slices.Contains(events, b.Event) &&
			Milliseconds(b.From)*1000 <= until && from <= Milliseconds(b.Until)*1000
	})
}
