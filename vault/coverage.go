package vault

import (
	"slices"

	"detente/agreement"
)

// Coverage says, from the record and its batches of manifests alone, what
// became of every interval of the schedule. It is a statement over intervals
// with their holes, never one boolean.
type Coverage struct {
	Vault   agreement.Name    `json:"vault"`
	From    agreement.Instant `json:"from"`
	Until   agreement.Instant `json:"until"` // what is, or should be, on the record by now; the rest may be on its way
	Cameras []CameraCoverage  `json:"cameras"`
	// Missing are batches whose objects could not be had: what they hold is
	// not known, and their slots stand as gaps. The coverage is then partial.
	Missing          []MissingBatch `json:"missing"`
	Anomalies        []Anomaly      `json:"anomalies"`         // about no one camera
	AnomaliesOmitted int64          `json:"anomalies_omitted"` // past the limit on listed ones
}

// CameraCoverage is the coverage of one camera. Seconds are of the schedule.
type CameraCoverage struct {
	Camera          string     `json:"camera"`
	Segments        int64      `json:"segments"` // manifests on the record; one sealed again counts once
	Late            int64      `json:"late"`     // of them, sealed too long after they ended
	ExpectedSeconds int64      `json:"expected_seconds"`
	Seconds         ByClass    `json:"seconds"`
	LongestGap      int64      `json:"longest_gap_seconds"` // of consecutive slots neither covered nor degraded
	UnexplainedGaps int        `json:"unexplained_gaps"`
	Intervals       []Interval `json:"intervals"`
	Omitted         ByClass    `json:"omitted_seconds"` // past the limit on listed intervals; counted in all figures
	Anomalies       []Anomaly  `json:"anomalies"`

	AnomaliesOmitted int64 `json:"anomalies_omitted"` // past the limit on listed ones
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
// runs of slots and a line for each batch, so its memory grows with the batches
// and with what is irregular, not with the footage.
func (l *Ledger) Coverage(in CoverageInput) (*Coverage, error) {
	s, err := newSchedule(&l.Terms, in.Opens, in.Closes, in.AsOf)
	if err != nil {
		return nil, err
	}
	c := &survey{ledger: l, in: in, schedule: s, cameras: make([]camera, len(l.Terms.Cameras))}
	c.events = append(slices.Clone(l.Services), in.Losses...)
	c.out = &Coverage{Vault: l.Terms.Vault, From: in.Opens, Until: in.Opens, Cameras: []CameraCoverage{}, Missing: []MissingBatch{}, Anomalies: []Anomaly{}}
	for i, name := range l.Terms.Cameras {
		c.cameras[i] = camera{
			next: 1, out: CameraCoverage{Camera: name, Intervals: []Interval{}, Anomalies: []Anomaly{}},
			restarts: stretchesOf(l.Services, name, "reboot", "outage", "visit", "media-swap", "removal", "rekey"),
			steps:    stretchesOf(l.Services, name, "clock-step"),
		}
	}
	seen := map[string]int64{}
	for _, seal := range l.Seals {
		if first, again := seen[seal.Body.Batch]; again {
			c.anomaly(seal.Entry, "seals the batch of entry %d again", first)
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
