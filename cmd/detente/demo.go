package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"detente/internal/zones"

	"github.com/spf13/cobra"
)

// A demo tells both stories and leaves their records in dir.
type demo struct {
	t        terminal
	dir      string
	keep     bool
	realTime time.Duration // 0: three months, accelerated
	dateForm string
	zone     *time.Location
}

func demoCommand(t terminal) *cobra.Command {
	d := &demo{t: t}
	c := &cobra.Command{
		Use:     "demo",
		GroupID: groupRun,
		Short:   "live the camera understanding through twice: released, and erased",
		Long: `Start a depositary, four witnesses, seven custodians and a recorder as separate processes with fresh keys,
seal real video, and live the camera understanding of February 2021 through to its close, twice: once the
sanctions are lifted and verified in time, and the footage is released; once they are not, and it is erased.
Both records are exported to DIR and audited.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return d.run(cmd.Context()) },
	}
	c.Flags().StringVar(&d.dir, "out", "out/demo", "folder for the two exported records and the processes' folders; emptied first")
	c.Flags().BoolVar(&d.keep, "keep", false, "keep both records' pages up until interrupted")
	c.Flags().DurationVar(&d.realTime, "real-time", 0, "take so long from the opening to the close, by the machine's own clock, for example 2m")
	return c
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

func (d *demo) run(ctx context.Context) error {
	if d.realTime != 0 && d.realTime < shortest {
		return usage("--real-time %v: want at least %v, or the deadlines of the text run into each other", d.realTime, shortest)
	}
	if err := d.empty(); err != nil {
		return err
	}
	exe, err := os.Executable()
	if err != nil {
		return err
	}
	if d.zone, err = tehran(); err != nil {
		return err
	}
	d.introduce()
	var endings []*ending
	for _, s := range []*story{
		{name: "released", lifted: true, title: "the sanctions are lifted and verified in time"},
		{name: "erased", title: "the sanctions are not lifted"},
	} {
		s.demo, s.dir = d, d.path(s.name)
		s.cast = &cast{exe: exe, dir: d.path(s.name, "processes")}
		defer s.cast.stop()
		s.pace = threeMonths()
		if d.realTime != 0 {
			s.pace = realTime(d.realTime, time.Now())
		}
		fmt.Fprintf(d.t.out, "\nSTORY %d: %s\n", len(endings)+1, s.title)
		e, err := s.tell(ctx)
		if err != nil {
			return err
		}
		endings = append(endings, e)
		if !d.keep {
			s.cast.stop()
		}
	}
	d.summary(endings)
	if d.keep {
		fmt.Fprintf(d.t.out, "\nThe pages stay up until you press Ctrl-C:\n")
		for _, e := range endings {
			fmt.Fprintf(d.t.out, "  %-9s %s\n", e.story.name, e.story.record)
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
	found, err := os.ReadDir(d.dir)
	if err == nil && len(found) > 0 {
		if _, err := os.Stat(d.path(demoMark)); err != nil {
			return usage("--out %s holds files that no demo put there; name a new or empty folder", d.dir)
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
	return filepath.Join(append([]string{d.dir}, parts...)...)
}

// say prints one line of the story: a date or a label, and what happened.
func (d *demo) say(label, format string, args ...any) {
	fmt.Fprintf(d.t.out, "  %-12s %s\n", label, fmt.Sprintf(format, args...))
}

func (d *demo) introduce() {
	fmt.Fprint(d.t.out, `In February 2021 Iran and the IAEA agreed that cameras would go on recording for three months. If sanctions
were lifted in that time the footage would be handed over; if not, erased. Here that understanding runs twice,
with real keys, real video and real cryptography, in separate processes that do not trust each other.
`)
	if d.realTime != 0 {
		d.dateForm, d.zone = "15:04:05 UTC", time.UTC
		fmt.Fprintf(d.t.out, "The time is real: %v from the opening to the close.\n", d.realTime)
		return
	}
	d.dateForm = "2 Jan 2006"
	fmt.Fprintf(d.t.out, "The time is simulated, and the records say so: one second is %s. Dates are those of Tehran.\n",
		spoken(time.Duration(threeMonths().rate)*time.Second))
}

// summary says what came of both stories, for a stranger.
func (d *demo) summary(endings []*ending) {
	fmt.Fprintf(d.t.out, "\nWHAT HAPPENED\n")
	for _, e := range endings {
		fmt.Fprintf(d.t.out, "\n  %s\n", e.story.title)
		d.say("  outcome", "%s", e.outcome)
		if e.refusal != "" {
			d.say("  custodians", "%d of %d attest that they destroyed their shares; attested, never proved", e.attested, len(demoCustodians))
			d.say("  iaea", "asked and was refused: %s", e.refusal)
		} else {
			d.say("  iaea", "opened %d clips; %d are byte for byte what the camera gave", e.opened, e.same)
		}
		d.say("  coverage", "%s", e.covered)
		d.say("  record", "%s", e.export)
		d.say("  audit", "%s", firstLine(e.audit))
	}
	fmt.Fprintf(d.t.out, "\nCheck either yourself, offline:  detente audit %s\n", endings[0].export)
}
