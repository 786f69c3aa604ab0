package vault

import (
	"fmt"

	"detente/agreement"
)

// A found is the worst that was found of one manifest.
type found struct {
	class     Class
	reason    string
	late      bool
	broken    string // how the chain is broken before this manifest
	displaced bool   // its time cannot be true
}

// worse keeps the worse of two findings; of equals, both reasons.
func (f *found) worse(c Class, reason string, args ...any) {
	rank := map[Class]int{Covered: 0, Degraded: 1, Unsealed: 2, Tampered: 3}
	text := fmt.Sprintf(reason, args...)
	switch {
	case rank[c] > rank[f.class]:
		f.class, f.reason = c, text
	case rank[c] == rank[f.class]:
		f.reason += "; " + text
	}
}

// examine judges one manifest in its place: chain, epoch, size, and times.
func (c *survey) examine(cam *camera, m *SignedManifest, entry int64, off Milliseconds) found {
	f := found{class: Covered, broken: cam.broken}
	switch {
	case m.Seq > cam.next:
		f.broken = fmt.Sprintf("numbers %d to %d are not on the record", cam.next, m.Seq-1)
		cam.anomaly(entry, m.Seq, "%s", f.broken)
	case m.Prev != cam.head:
		f.broken = "does not follow the manifest before it"
		cam.anomaly(entry, m.Seq, "%s", f.broken)
	}
	if f.broken != "" {
		f.worse(Tampered, "%s", f.broken)
	}
	c.examineEpoch(&f, m, entry)
	if want := SegmentSize(c.ledger.Terms.SegmentBytes); m.Size != want {
		f.worse(Degraded, "the segment has %d bytes, want %d", m.Size, want)
	}
	// A clip ends with a frame, so it may miss the segment's length by one.
	if want := Milliseconds(c.schedule.segment * 1000); m.Duration < want-max(100, want/50) {
		f.worse(Degraded, "the segment has %d of %d ms", m.Duration, want)
	}
	if allowed := Milliseconds(max(1000, c.schedule.cadence*100)); off > allowed {
		f.worse(Degraded, "starts more than %d ms off the schedule", allowed)
	}
	c.examineClock(&f, cam, m)
	c.examineBracket(&f, m, entry)
	return f
}

// examineEpoch checks that the segment is sealed under the epoch that was due.
func (c *survey) examineEpoch(f *found, m *SignedManifest, entry int64) {
	a := c.ledger.Attempt(m.Epoch)
	if a == nil || a.Status != Sealed || a.SealedAt >= entry {
		f.worse(Unsealed, "under a key that was not sealed")
		return
	}
	wall := agreement.Instant(m.Wall / 1000)
	early := c.ledger.Terms.Period(c.in.Opens, wall-clockAllowance)
	late := c.ledger.Terms.Period(c.in.Opens, wall+clockAllowance)
	switch {
	case a.Epoch > late:
		f.worse(Degraded, "under the key of epoch %d before its time", a.Epoch)
	case a.Epoch < early:
		f.worse(Degraded, "under the key of epoch %d, in the time of epoch %d", a.Epoch, early)
	}
}

// examineClock compares the steps of the two clocks since the last manifest.
func (c *survey) examineClock(f *found, cam *camera, m *SignedManifest) {
	p := cam.last
	if p == nil {
		return
	}
	dWall, dMono := m.Wall-p.Wall, m.Mono-p.Mono
	if dMono <= 0 {
		if !cam.restarts.touch(p.Wall, m.Wall+m.Duration) {
			f.worse(Degraded, "the recorder was restarted and no statement says so")
		}
		return
	}
	step := dWall - dMono
	if step < 0 {
		step = -step
	}
	// Quartz drifts by less than a thousandth; one second is for rounding and slewing.
	if step > 1000+dMono/1000 && !cam.steps.touch(p.Wall, m.Wall+m.Duration) {
		f.worse(Degraded, "the clock was set by %d ms and no statement says so", step)
	}
}

// examineBracket holds the stated time between the checkpoint inside the
// manifest (not before) and the proof that covers its seal (not after).
func (c *survey) examineBracket(f *found, m *SignedManifest, entry int64) {
	const allowance = Milliseconds(clockAllowance * 1000)
	end := m.Wall + m.Duration
	h, ok := c.ledger.heads.of(m.Checkpoint)
	switch {
	case !ok || h.size > entry:
		f.worse(Tampered, "names a checkpoint that this record did not have")
	case h.clock > 0 && m.Wall < Milliseconds(h.clock)*1000-allowance:
		f.displaced = true
		f.worse(Tampered, "states a time before the checkpoint that it names")
	case h.clock > 0 && m.Wall-Milliseconds(h.clock)*1000 > Milliseconds(c.schedule.stale)*1000:
		f.worse(Degraded, "its checkpoint is more than %d s old", c.schedule.stale) // one text, so that slots stay one interval
	}
	by, ok := c.in.ExistedBy(entry)
	switch {
	case !ok:
		f.worse(Degraded, "no proof of time covers its seal yet")
	case end > Milliseconds(by)*1000+allowance:
		f.displaced = true
		f.worse(Tampered, "states a time after its seal existed")
	case Milliseconds(by)*1000-end > Milliseconds(c.schedule.commit)*1000:
		f.late = true
		f.worse(Degraded, "sealed late")
	}
}
