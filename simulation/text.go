package simulation

import (
	"fmt"
	"strings"
	"time"

	"detente/agreement"
)

// The names of the cast.
const (
	Depositary = "secretariat"
	Recorder   = "site-cameras"
	Host       = "iran" // finds whether the sanctions are lifted
	Agency     = "iaea" // the vault opens to it
	Vault      = "footage"
	Commitment = "lift-sanctions"
	Measure    = "us-sanctions"
)

// Terms are what may differ between the understandings of two worlds.
type Terms struct {
	Name         string // of the agreement
	Begins       time.Time
	Opens        time.Time
	Closes       time.Time
	Window       time.Duration // proof_window
	Within       time.Duration // of the verification; its silence accepts
	Hold         time.Duration // at most
	Else         string        // at the close, without a claim: erase, release or hold
	HoldThen     string
	Working      time.Duration
	Margin       time.Duration
	Epoch        time.Duration
	Segment      time.Duration
	Cadence      time.Duration
	SegmentBytes int
	Cameras      []string // none: one, called main
	Witnesses    []string // four: three are a quorum, one may be bad
	Custodians   []string
	Need, Absent int
	Proves       string // how often a custodian proves that it holds its shares; empty: never
	AgencyKey    int    // which of its keys the text gives the agency
	Successor    string // a second depositary, declared to go on if the first cannot; "" for none
}

// DefaultTerms are those of a month with seven custodians, four of whom open,
// in epochs of ten days, a clip a day.
func DefaultTerms() Terms {
	begins := time.Date(2021, 2, 21, 0, 0, 0, 0, time.UTC)
	opens := begins.AddDate(0, 0, 2)
	return Terms{
		Name: "cameras", Begins: begins, Opens: opens, Closes: opens.AddDate(0, 0, 30),
		Window: time.Hour, Within: 14 * day, Hold: 20 * day, Else: "erase", HoldThen: "erase", Working: 2 * day, Margin: time.Hour,
		Epoch: 10 * day, Segment: 10 * time.Second, Cadence: day, SegmentBytes: 2048,
		Witnesses:  []string{"vienna", "geneva", "muscat", "seoul"},
		Custodians: []string{"c1", "c2", "c3", "c4", "c5", "c6", "c7"}, Need: 4, Absent: 1,
	}
}

// Small has four custodians, two of whom open: for stories in which the
// number of custodians plays no part.
func (t Terms) Small() Terms {
	t.Custodians, t.Need, t.Absent = t.Custodians[:4], 2, 1
	return t
}

func (t Terms) cameras() []string {
	if len(t.Cameras) == 0 {
		return []string{camera}
	}
	return t.Cameras
}

const day = 24 * time.Hour

// LongStop is when a hold ends.
func (t Terms) LongStop() time.Time { return t.Closes.Add(t.Hold) }

// Cut is the instant before which a decision must have been sealed.
func (t Terms) Cut() time.Time { return t.LongStop().Add(2*t.Window + t.Working) }

// seconds is a duration as the language writes it.
func seconds(d time.Duration) string { return fmt.Sprintf("%d seconds", d/time.Second) }

// text is the agreement, with the keys of this cast.
func (t Terms) text(k *Keys) string {
	var b strings.Builder
	w := func(format string, args ...any) { fmt.Fprintf(&b, format, args...) }
	w("detente 1\n\nagreement %s {\n  title = \"Understanding on continued monitoring\"\n  timezone = \"UTC\"\n  clock = simulated\n", t.Name)
	w("  witnesses = { of = [%s], quorum = 3, faulty = 1 }\n  proof_window = %s\n}\n", strings.Join(t.Witnesses, ", "), seconds(t.Window))
	if t.Successor == "" {
		w("depositary %s { key = %q }\n", Depositary, k.public(Depositary, 0))
	} else {
		w("depositary %s {\n  key = %q\n  successors = [%s]\n}\n", Depositary, k.public(Depositary, 0), t.Successor)
		w("depositary %s { key = %q }\n", t.Successor, k.public(t.Successor, 0))
	}
	w("party %s { keys = { of = [%q, %q], need = 2 } }\n", Host, k.public(Host, 0), k.public(Host, 1))
	w("party %s { keys = { of = [%q], need = 1 } }\n", Agency, k.public(Agency, t.AgencyKey))
	w("party us { signs = no }\n")
	for _, name := range t.Witnesses {
		w("witness %s { key = %q }\n", name, k.witness(name))
	}
	w("device %s {\n  operators = [%s, %s]\n  key = %q\n}\n", Recorder, Host, Agency, k.public(Recorder, 0))
	for _, name := range t.Custodians {
		w("custodian %s {\n  named_by = neutral\n  key = %q\n}\n", name, k.public(name, 0))
	}
	w("measure %s {\n  by = us\n  against = [%s]\n  starts = in-force\n}\n", Measure, Host)
	w("commitment %s {\n  by = us\n  to = [%s]\n  do = %s.lifted\n  due = %s.closes\n  reported = { by = [%s, %s] }\n", Commitment, Host, Measure, Vault, Host, Agency)
	w("  verified = { by = %s, within = %s, silence = accepts }\n}\n", Host, seconds(t.Within))
	w("vault %s {\n  records = \"surveillance\"\n  recorder = %s\n  host = %s\n  opens_to = [%s]\n  opens_if = %s.fulfilled\n", Vault, Recorder, Host, Agency, Commitment)
	w("  opens = %s\n  closes = %s\n  pending = hold\n  else = %s\n", t.Opens.UTC().Format(time.RFC3339), t.Closes.UTC().Format(time.RFC3339), t.Else)
	if len(t.Cameras) > 0 {
		w("  cameras = [%s]\n", strings.Join(t.Cameras, ", "))
	}
	w("  hold = { at_most = %s, then = %s }\n  cut = { working = %s, margin = %s }\n", seconds(t.Hold), t.HoldThen, seconds(t.Working), seconds(t.Margin))
	w("  epochs = { every = %s, segments = %s, cadence = %s, bytes = %d }\n", seconds(t.Epoch), seconds(t.Segment), seconds(t.Cadence), t.SegmentBytes)
	proves := ""
	if t.Proves != "" {
		proves = ", proves = " + t.Proves
	}
	w("  custodians = { of = [%s], need = %d, absent = %d%s }\n}\n", strings.Join(t.Custodians, ", "), t.Need, t.Absent, proves)
	return b.String()
}

// Amended is the bundle of the same text with other terms.
func (w *World) Amended(t Terms) (*agreement.Bundle, error) {
	return agreement.NewBundle([]agreement.File{{Path: t.Name + ".agreement", Data: []byte(t.text(w.Keys))}})
}
