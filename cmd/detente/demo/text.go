package demo

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// A pace is how fast a story is lived through, and the times of its text.
type pace struct {
	simulated   bool
	rate        int64     // seconds of the story in one second of the machine
	begins      time.Time // the story's instant when the parties sign
	opens       time.Time
	closes      time.Time
	window      time.Duration // proof_window
	epoch       time.Duration
	clip        time.Duration // length of a segment
	cadence     time.Duration
	batch       time.Duration // longest time that a segment waits until it is on the record
	within      time.Duration // of the verification
	hold        time.Duration
	working     time.Duration
	margin      time.Duration
	deed        time.Time // when the lifting is reported, in the story that ends in release
	found       time.Time // when it is verified
	segmentSize int64
}

// demoStart is midnight of 21 February 2021 in Tehran, the day of the joint
// statement; monitoring under the understanding began on the 23rd.
var demoStart = time.Date(2021, 2, 20, 20, 30, 0, 0, time.UTC)

// DefaultRate is three days in a second: three months in half a minute. A
// second of the machine is then three days of the story, so a machine that
// pauses for a third of a second makes a segment a day late.
const DefaultRate = 259_200

// threeMonths is the pace of the accelerated story.
func threeMonths(rate int64) pace {
	day := 24 * time.Hour
	return pace{
		simulated: true, rate: rate, begins: demoStart,
		opens: demoStart.Add(2 * day), closes: time.Date(2021, 5, 23, 19, 30, 0, 0, time.UTC),
		window: time.Hour, epoch: 7 * day, clip: 10 * time.Second, cadence: 6 * time.Hour, batch: 4 * time.Hour,
		within: 14 * day, hold: 30 * day, working: 2 * day, margin: time.Hour,
		deed: time.Date(2021, 5, 3, 8, 0, 0, 0, time.UTC), found: time.Date(2021, 5, 10, 12, 0, 0, 0, time.UTC),
		segmentSize: 256 << 10,
	}
}

// realTime is the pace of the story told in d of the machine's own time.
func realTime(d time.Duration, now time.Time) pace {
	opens := now.Add(15 * time.Second).Truncate(time.Second)
	return pace{
		rate: 1, begins: now, opens: opens, closes: opens.Add(d),
		window: 2 * time.Second, epoch: (d / 4).Truncate(time.Second), clip: 5 * time.Second, cadence: 5 * time.Second, batch: 2 * time.Second,
		within: (d / 4).Truncate(time.Second), hold: d, working: 30 * time.Second, margin: 5 * time.Second,
		deed: opens.Add(d / 2), found: opens.Add(d * 5 / 8),
		segmentSize: 256 << 10,
	}
}

// spoken is a duration as the language writes it.
func spoken(d time.Duration) string {
	for _, u := range []struct {
		unit time.Duration
		name string
	}{{24 * time.Hour, "day"}, {time.Hour, "hour"}, {time.Minute, "minute"}, {time.Second, "second"}} {
		if d%u.unit == 0 && d != 0 {
			n := d / u.unit
			if n == 1 {
				return "1 " + u.name
			}
			return fmt.Sprintf("%d %ss", n, u.name)
		}
	}
	return fmt.Sprintf("%d seconds", d/time.Second)
}

// The cast of the story, by declared name.
var (
	demoWitnesses  = []string{"vienna", "geneva", "muscat", "seoul"}
	demoCustodians = []string{"c1", "c2", "c3", "c4", "c5", "c6", "c7"}
	demoNamedBy    = []string{"iran", "iran", "iaea", "iaea", "neutral", "neutral", "neutral"}
)

// demoText is the agreement of the story, with the keys of this cast.
func demoText(p pace, keys map[string]string) string {
	var b strings.Builder
	w := func(format string, args ...any) { fmt.Fprintf(&b, format, args...) }
	w("detente 1\n\nagreement cameras {\n  title = \"Temporary technical understanding on continued monitoring\"\n")
	w("  text = \"understanding.md\"\n  prevails = text\n  timezone = \"Asia/Tehran\"\n")
	if p.simulated {
		w("  clock = simulated # a demonstration: nobody waited three months\n")
	}
	w("  witnesses = { of = [%s], quorum = 3, faulty = 1 }\n  proof_window = %s\n}\n\n", strings.Join(demoWitnesses, ", "), spoken(p.window))
	w("depositary secretariat { key = %q }\n\n", keys["secretariat"])
	w("party iran {\n  name = \"Islamic Republic of Iran\"\n  keys = { of = [%q, %q], need = 2 } # two persons\n}\n", keys["iran-1"], keys["iran-2"])
	w("party iaea {\n  name = \"International Atomic Energy Agency\"\n  keys = { of = [%q], need = 1 }\n}\n", keys["iaea"])
	w("party us {\n  name = \"United States of America\"\n  signs = no\n}\n\n")
	for _, name := range demoWitnesses {
		w("witness %s { key = %q }\n", name, keys[name])
	}
	w("\ndevice site-cameras {\n  operators = [iran, iaea] # joint: neither alone can keep what it records\n  key = %q\n}\n\n", keys["site-cameras"])
	for i, name := range demoCustodians {
		w("custodian %s {\n  named_by = %s\n  key = %q\n}\n", name, demoNamedBy[i], keys[name])
	}
	w("\nmeasure us-sanctions {\n  by = us\n  against = [iran]\n  starts = in-force\n}\n\n")
	w("# The United States does not sign, so somebody who does must be able to put the lifting on the record.\n")
	w("commitment lift-sanctions {\n  by = us\n  to = [iran]\n  do = us-sanctions.lifted\n  due = footage.closes\n  reported = { by = [iran, iaea] }\n")
	w("  verified = { by = iran, within = %s, silence = accepts }\n}\n\n", spoken(p.within))
	w("vault footage {\n  records = \"surveillance at the agreed places\"\n  recorder = site-cameras\n  host = iran\n  opens_to = [iaea]\n")
	w("  opens_if = lift-sanctions.fulfilled\n  opens = %s\n  closes = %s\n  pending = hold\n  else = erase\n",
		p.opens.UTC().Format(time.RFC3339), p.closes.UTC().Format(time.RFC3339))
	w("  hold = { at_most = %s, then = erase }\n  cut = { working = %s, margin = %s }\n", spoken(p.hold), spoken(p.working), spoken(p.margin))
	w("  epochs = { every = %s, segments = %s, cadence = %s, bytes = %d }\n", spoken(p.epoch), spoken(p.clip), spoken(p.cadence), p.segmentSize)
	w("  custodians = { of = [%s], need = 4, absent = 1 }\n}\n", strings.Join(demoCustodians, ", "))
	return b.String()
}

// demoUnderstanding is the text that the parties of the story really sign.
const demoUnderstanding = `# Temporary technical understanding (demonstration)

1. The cameras at the agreed places keep recording. What they record is sealed
   as it is recorded; nobody can open it meanwhile.
2. If the sanctions of the United States are lifted before the understanding
   ends, the recordings are handed over to the Agency.
3. Otherwise they are erased.
4. Whether the sanctions are lifted is found by Iran, on a report by either
   side; if it says nothing in the time set, the report stands.
`

// writeDemoText writes the agreement's folder.
func writeDemoText(dir, text string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, "cameras.agreement"), []byte(text), 0o644); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "understanding.md"), []byte(demoUnderstanding), 0o644)
}
