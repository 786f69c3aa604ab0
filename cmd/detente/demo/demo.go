// Package demo lives the camera understanding of February 2021 through, twice:
// once to the release of the footage and once to its erasure.
//
// It is a stage manager: it starts a depositary, witnesses, custodians and a
// recorder as processes of one binary, each with its own folder and key, and
// lets the parties act through that same binary, as anybody would at a shell.
//
// Promise. Nothing is played: keys and footage are made anew, every process
// believes only what it can verify, and the records it leaves are audited by
// the audit command. When it ends, however it ends, its processes end too.
// A folder is emptied only if an earlier demo made it.
//
// Not promised. In accelerated time the processes have half a second of the
// machine for a day of the story, so on a busy machine segments are put on the
// record late; the records say so, and so does the summary.
package demo

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"detente/internal/zones"
)

// Config is what a demo is given.
type Config struct {
	Exe      string        // the detente binary
	Dir      string        // folder for the records and the processes' folders
	Out      io.Writer     // where the story is told
	Talk     io.Writer     // where it says how far it has come
	Keep     bool          // keep the records' pages up until ctx is done
	RealTime time.Duration // from the opening to the close, by the machine's clock; 0: three months, accelerated
	Rate     int64         // seconds of the accelerated story in one second; 0: DefaultRate
}

// A SettingError is a setting that no demo can be run with.
type SettingError struct{ Reason string }

func (e *SettingError) Error() string { return e.Reason }

// A CommandError is a command of a story that ended with another status than 0.
type CommandError struct {
	Command string
	Status  int // -1 if it did not end by itself
	Said    string
}

func (e *CommandError) Error() string { return e.Said }

// A demo tells both stories and leaves their records in its folder.
type demo struct {
	Config
	dateForm string
	zone     *time.Location
}

// Run tells both stories.
func Run(ctx context.Context, cfg Config) error {
	if cfg.RealTime != 0 && cfg.RealTime < shortest {
		return &SettingError{fmt.Sprintf("--real-time %v: want at least %v, or the deadlines of the text run into each other", cfg.RealTime, shortest)}
	}
	if cfg.Rate == 0 {
		cfg.Rate = DefaultRate
	}
	d := &demo{Config: cfg}
	if err := d.empty(); err != nil {
		return err
	}
	var err error
	if d.zone, err = tehran(); err != nil {
		return err
	}
	d.introduce()
	return d.tell(ctx)
}

// tehran is the zone of the agreement, by the rules that its bundle carries too.
func tehran() (*time.Location, error) {
	const name = "Asia/Tehran"
	rules, err := zones.Load(name)
	if err != nil {
		return nil, err
	}
	return time.LoadLocationFromTZData(name, rules)
}

// shortest is the least real time in which the story's deadlines keep apart.
const shortest = 40 * time.Second

// tell tells one story after the other, and what came of both.
func (d *demo) tell(ctx context.Context) error {
	var endings []*ending
	for _, s := range []*story{
		{name: "released", lifted: true, title: "the sanctions are lifted and verified in time"},
		{name: "erased", title: "the sanctions are not lifted"},
	} {
		s.demo, s.dir = d, d.path(s.name)
		s.cast = &cast{exe: d.Exe, dir: d.path(s.name, "processes")}
		defer s.cast.stop()
		s.pace = threeMonths(d.Rate)
		if d.RealTime != 0 {
			s.pace = realTime(d.RealTime, time.Now())
		}
		fmt.Fprintf(d.Out, "\nSTORY %d: %s\n", len(endings)+1, s.title)
		e, err := s.tell(ctx)
		if err != nil {
			return err
		}
		endings = append(endings, e)
		if !d.Keep {
			s.cast.stop()
		}
	}
	d.summary(endings)
	if d.Keep {
		fmt.Fprintf(d.Out, "\nThe pages stay up until you press Ctrl-C:\n")
		for _, e := range endings {
			fmt.Fprintf(d.Out, "  %-9s %s\n", e.story.name, e.story.record)
		}
		<-ctx.Done()
	}
	return nil
}

// demoMark is the file by which a folder is known to be an earlier demo's,
// which may be emptied.
const demoMark = ".detente-demo"

// empty makes the folder, emptied of an earlier demo, and of nothing else.
func (d *demo) empty() error {
	found, err := os.ReadDir(d.Dir)
	if err == nil && len(found) > 0 {
		if _, err := os.Stat(d.path(demoMark)); err != nil {
			return &SettingError{fmt.Sprintf("--out %s holds files that no demo put there; name a new or empty folder", d.Dir)}
		}
		for _, f := range found {
			if err := os.RemoveAll(d.path(f.Name())); err != nil {
				return err
			}
		}
	}
	for _, s := range []string{"released", "erased"} {
		if err := os.MkdirAll(d.path(s, "keys"), 0o700); err != nil {
			return err
		}
	}
	return os.WriteFile(d.path(demoMark), nil, 0o644)
}

func (d *demo) path(parts ...string) string {
	return filepath.Join(append([]string{d.Dir}, parts...)...)
}

// say prints one line of the story: a date or a label, and what happened.
func (d *demo) say(label, format string, args ...any) {
	fmt.Fprintf(d.Out, "  %-12s %s\n", label, fmt.Sprintf(format, args...))
}

func (d *demo) introduce() {
	fmt.Fprint(d.Out, `In February 2021 Iran and the IAEA agreed that cameras would go on recording for three months. If sanctions
were lifted in that time the footage would be handed over; if not, erased. Here that understanding runs twice,
with real keys, real video and real cryptography, in separate processes that do not trust each other.
`)
	if d.RealTime != 0 {
		d.dateForm, d.zone = "15:04:05 UTC", time.UTC
		fmt.Fprintf(d.Out, "The time is real: %v from the opening to the close.\n", d.RealTime)
		return
	}
	d.dateForm = "2 Jan 2006"
	fmt.Fprintf(d.Out, "The time is simulated, and the records say so: one second is %s. Dates are those of Tehran.\n",
		spoken(time.Duration(d.Rate)*time.Second))
}

// unjudged is how long after a segment's end the coverage says nothing of it.
const unjudged = 10 * time.Minute

// summary says what came of both stories, for a stranger.
func (d *demo) summary(endings []*ending) {
	fmt.Fprintf(d.Out, "\nWHAT HAPPENED\n")
	late := false
	for _, e := range endings {
		fmt.Fprintf(d.Out, "\n  %s\n", e.story.title)
		d.say("  outcome", "%s", e.outcome)
		if e.refusal != "" {
			d.say("  custodians", "%d of %d attest that they destroyed their shares; attested, never proved", e.attested, len(demoCustodians))
			d.say("  iaea", "asked and was refused: %s", e.refusal)
		} else {
			d.say("  iaea", "opened %d clips; %d are byte for byte what the camera gave", e.opened, e.same)
		}
		if d.RealTime != 0 && d.RealTime < unjudged {
			e.covered = "not counted yet: a text allows ten minutes to put a segment on the record, and this was over sooner"
		}
		d.say("  coverage", "%s", e.covered)
		d.say("  record", "%s", e.export)
		verdict, _, _ := strings.Cut(e.audit, "\n")
		d.say("  audit", "%s", verdict)
		late = late || strings.Contains(e.covered, "degraded")
	}
	if late {
		fmt.Fprint(d.Out, "\nDegraded is what was recorded and put on the record late, or under an old head: it opens like the rest, and was")
		fmt.Fprint(d.Out, "\nnot bound to its time as tightly as the text expects. The record hides none of it.")
		if d.RealTime == 0 {
			fmt.Fprintf(d.Out, " Here it is the machine's doing: one\nsecond in which it does something else is %s of the story.", spoken(time.Duration(d.Rate)*time.Second))
		}
		fmt.Fprintln(d.Out)
	}
	fmt.Fprintf(d.Out, "\nCheck either yourself, offline:  detente audit %s\n", endings[0].export)
}
