package vault

import (
	"fmt"
	"sort"

	"detente/agreement"
)

// A survey is one computation of a coverage.
type survey struct {
	ledger   *Ledger
	in       CoverageInput
	schedule schedule
	cameras  []camera
	events   []Service // what is stated, then what was found
	out      *Coverage

	current  Digest // the batch that is being taken
	reread   Digest // the batch whose manifests are in versions
	versions map[versionKey]Digest
}

// versionKey names a manifest within a batch.
type versionKey struct {
	camera string
	seq    int64
}

// A camera is what the survey keeps of one camera while batches pass.
type camera struct {
	out     CameraCoverage
	runs    runs
	slot    int64 // the first slot not yet classified
	next    int64 // the manifest number that follows
	head    Digest
	last    *SignedManifest // nil before the first, and after a missing batch
	broken  string          // how the chain broke at a manifest that got no slot
	marks   []run           // slots that are tamper, whatever else is there
	batches []batchRange    // the numbers taken, in order
	again   int64           // the number sealed again of which the last anomaly tells, 0 if it tells of none

	restarts, steps stretches
}

// batchRange says in which batch a camera's numbers are.
type batchRange struct {
	first, last int64
	batch       Digest
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
	c.current = digest
	keys, vault := c.ledger.KeysAt(seal.Entry), VaultID(c.ledger.Terms.Agreement, c.ledger.Terms.Vault)
	signed := verifyAll(manifests, keys)
	for i, m := range manifests {
		cam := c.camera(m.Camera)
		switch {
		case m.Agreement != c.ledger.Terms.Agreement || m.Vault != vault:
			c.anomaly(seal.Entry, "manifest %d of camera %s is of another vault", m.Seq, m.Camera)
		case cam == nil:
			c.anomaly(seal.Entry, "camera %s is not one of this vault's", m.Camera)
		case !signed[i]:
			c.anomaly(seal.Entry, "manifest %d of camera %s is not signed by the recorder", m.Seq, m.Camera)
		default:
			c.manifest(cam, m, seal.Entry)
		}
	}
}

func (c *survey) anomaly(entry int64, reason string, args ...any) {
	if len(c.out.Anomalies) == MaxAnomalies {
		c.out.AnomaliesOmitted++
		return
	}
	c.out.Anomalies = append(c.out.Anomalies, Anomaly{Entry: entry, Reason: fmt.Sprintf(reason, args...)})
}

func (cam *camera) anomaly(entry, seq int64, reason string, args ...any) {
	cam.again = 0
	if len(cam.out.Anomalies) == MaxAnomalies {
		cam.out.AnomaliesOmitted++
		return
	}
	cam.out.Anomalies = append(cam.out.Anomalies, Anomaly{Entry: entry, Seq: seq, Reason: fmt.Sprintf(reason, args...)})
}

// skip takes the numbers of a batch that could not be had for granted, so that
// its absence is not also called a break of the chain.
func (c *survey) skip(seal Seal) {
	for _, r := range seal.Body.Ranges {
		cam := c.camera(r.Camera)
		head, err := ParseDigest(r.Head)
		if cam == nil || err != nil || r.First > cam.next || r.Last < cam.next {
			continue
		}
		cam.next, cam.head, cam.last = r.Last+1, head, nil
	}
}

// manifest places one manifest of a camera: the slots since the last one are a
// gap, its own slot gets the worst that is found. One that gets no slot does
// not hide a break of the chain: the next one that does bears it.
func (c *survey) manifest(cam *camera, m *SignedManifest, entry int64) {
	if m.Seq < cam.next {
		c.older(cam, m, entry)
		return
	}
	cam.out.Segments++
	slot, off := c.schedule.slotOf(m.Wall)
	f := c.examine(cam, m, entry, off)
	cam.took(m, c.current)
	if f.late {
		cam.out.Late++
	}
	why := ""
	if f.class == Tampered {
		why = ": " + f.reason
	}
	cam.broken = f.broken
	switch {
	case slot < 0 || slot >= c.schedule.slots:
		if slot < 0 || c.schedule.start(slot) >= c.in.Closes {
			cam.anomaly(entry, m.Seq, "recorded outside the schedule%s", why)
		}
		return
	case slot < cam.slot:
		cam.anomaly(entry, m.Seq, "a second segment for the time from %s%s", c.schedule.start(slot), why)
		return
	}
	cam.broken = ""
	placed := run{first: slot, end: slot + 1, class: f.class, reason: f.reason, entry: entry}
	if f.displaced { // where it belongs is not known: what follows it may well lie before it
		cam.marks = append(cam.marks, placed)
		return
	}
	cam.runs.add(run{first: cam.slot, end: slot, class: UnexplainedGap, entry: -1})
	cam.runs.add(placed)
	cam.slot = slot + 1
}

// took moves the camera's chain on to a manifest.
func (cam *camera) took(m *SignedManifest, batch Digest) {
	if k := len(cam.batches); k > 0 && cam.batches[k-1].batch == batch && cam.batches[k-1].last == m.Seq-1 {
		cam.batches[k-1].last = m.Seq
	} else {
		cam.batches = append(cam.batches, batchRange{m.Seq, m.Seq, batch})
	}
	cam.next, cam.head, cam.last = m.Seq+1, m.Digest(), m
}

// older judges a manifest whose number has passed. The same one again shows no
// more than that an answer was lost; a second version of a number, that the
// recorder contradicts itself.
func (c *survey) older(cam *camera, m *SignedManifest, entry int64) {
	first, ok := c.firstVersion(cam, m)
	if ok && first == m.Digest() {
		cam.sealedAgain(entry, m.Seq)
		return
	}
	cam.out.Segments++
	cam.anomaly(entry, m.Seq, "number %d comes after number %d", m.Seq, cam.next-1)
	if !ok {
		return
	}
	from := agreement.Instant(m.Wall / 1000)
	mark := run{class: Tampered, reason: fmt.Sprintf("two manifests have number %d", m.Seq), entry: entry}
	mark.first, mark.end = c.schedule.touched(from, from+agreement.Instant(c.schedule.segment))
	cam.marks = append(cam.marks, mark)
}

// firstVersion gives the digest of the manifest that took a number; false if
// the number was passed over or its batch cannot be had.
func (c *survey) firstVersion(cam *camera, m *SignedManifest) (Digest, bool) {
	i := sort.Search(len(cam.batches), func(i int) bool { return cam.batches[i].last >= m.Seq })
	if i == len(cam.batches) || m.Seq < cam.batches[i].first {
		return Digest{}, false
	}
	if from := cam.batches[i].batch; c.versions == nil || c.reread != from {
		c.reread, c.versions = from, c.read(from)
	}
	d, ok := c.versions[versionKey{m.Camera, m.Seq}]
	return d, ok
}

// read gives the digests of the manifests in a batch that was taken before;
// none if it cannot be had again.
func (c *survey) read(batch Digest) map[versionKey]Digest {
	out := map[versionKey]Digest{}
	object, err := c.in.Batch(batch)
	if err != nil || BatchDigest(object) != batch {
		return out
	}
	manifests, err := ParseBatch(object)
	if err != nil {
		return out
	}
	for _, m := range manifests {
		out[versionKey{m.Camera, m.Seq}] = m.Digest()
	}
	return out
}

// sealedAgain notes a number that was sealed again; a range of them is one anomaly.
func (cam *camera) sealedAgain(entry, seq int64) {
	k := len(cam.out.Anomalies)
	if cam.again > 0 && cam.again == seq-1 && cam.out.Anomalies[k-1].Entry == entry {
		a := &cam.out.Anomalies[k-1]
		a.Reason = fmt.Sprintf("numbers %d to %d are sealed again", a.Seq, seq)
		cam.again = seq
		return
	}
	cam.anomaly(entry, seq, "number %d is sealed again", seq)
	if len(cam.out.Anomalies) > k {
		cam.again = seq
	}
}

// finish lays what statements say over the slots and counts.
func (c *survey) finish(cam *camera) {
	end := max(cam.slot, c.schedule.due)
	cam.runs.add(run{first: cam.slot, end: end, class: UnexplainedGap, entry: -1})
	if end > 0 {
		c.out.Until = max(c.out.Until, c.schedule.start(end-1)+agreement.Instant(c.schedule.segment))
	}
	marks := make([]span, len(cam.marks))
	for i, m := range cam.marks {
		marks[i] = span{m.first, m.end, i}
	}
	cam.runs.overlay(paint(marks), func(r run, i int) (run, bool) { return cam.marks[i], r.class != Tampered })
	c.services(cam)
	out := &cam.out
	gap := int64(0)
	for i, r := range cam.runs {
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
		if i >= MaxIntervals {
			out.Omitted.add(r.class, n)
			continue
		}
		out.Intervals = append(out.Intervals, Interval{
			From: c.schedule.start(r.first), Until: c.schedule.start(r.end-1) + agreement.Instant(c.schedule.segment),
			Class: r.class, Reason: r.reason, Entry: r.entry,
		})
	}
}
