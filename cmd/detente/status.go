package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"detente/agreement"
	"detente/machine"
	"detente/mirror"
	"detente/record"
	"detente/vault"

	"github.com/spf13/cobra"
)

// A viewer is a command that shows something of a subject.
type viewer struct {
	t    terminal
	dir  string
	at   string
	json bool

	under string // readings of open questions; "": left open
}

const dirUsage = "`FOLDER` that remembers the largest head seen of each running record (default: one of the user's own)"

// flags adds the flags that every command of groupSee has, and --at if it
// looks at an instant.
func (v *viewer) flags(c *cobra.Command, at bool) *cobra.Command {
	c.GroupID = groupSee
	c.Flags().StringVar(&v.dir, "dir", "", dirUsage)
	jsonFlag(c, &v.json)
	if at {
		c.Flags().StringVar(&v.under, "under", "", "as it stands if open questions are read so: `READINGS` such as meaning.wide, separated by commas")
		c.Flags().StringVar(&v.at, "at", "", "as the record stood at `TIME`: a day in the agreement's zone, or an instant such as 2021-05-24T00:00:00Z")
	}
	return c
}

// subject opens path and gives the state it shows: of a record, as folded (at
// the instant asked for); of a text, the start of its machine.
func (v *viewer) subject(cmd *cobra.Command, path string) (*subject, *machine.State, error) {
	s, state, err := v.standing(cmd, path)
	if err != nil || v.under == "" {
		return s, state, err
	}
	w, ok := state.Under(v.under)
	if !ok {
		s.close()
		return nil, nil, usage("--under %q: want a reading of each question named, such as QUESTION.INTERPRETATION, of questions that are open then\nsee: detente status %s", v.under, path)
	}
	return s, w, nil
}

// standing is the state that the subject shows with its questions left open.
func (v *viewer) standing(cmd *cobra.Command, path string) (*subject, *machine.State, error) {
	s, err := openSubject(cmd.Context(), v.t, path, v.dir)
	if err != nil {
		return nil, nil, err
	}
	if s.history != nil {
		state, err := s.history.state(s.agreement, v.at)
		return s, state, err
	}
	if v.at != "" {
		at, err := parseInstant(s.agreement, v.at)
		if err == nil {
			s.fold, err = s.at(at)
		}
		if err != nil {
			s.close()
			return nil, nil, err
		}
	}
	if s.fold == nil {
		return s, machine.Compile(s.agreement).Start(), nil
	}
	return s, s.fold.State(), nil
}

// A statusReport is the answer of `status --json`.
type statusReport struct {
	Agreement string           `json:"agreement"`
	Title     string           `json:"title"`
	Simulated bool             `json:"simulated"`
	Supposed  string           `json:"supposed,omitempty"` // the file by which it stands so: no record
	Under     string           `json:"under,omitempty"`    // how open questions are read here
	Text      string           `json:"text,omitempty"`     // in force on the record
	Amended   int64            `json:"amended,omitempty"`  // entry of the amendment that brought it; 0: the first
	Pending   []pendingReport  `json:"pending,omitempty"`
	Record    *recordReport    `json:"record,omitempty"`
	Standing  machine.Standing `json:"standing"`
	Vaults    []vaultReport    `json:"vaults"`
	Forks     []forkReport     `json:"forks,omitempty"` // that the folder holds evidence of
}

// A recordReport is how far the record has come.
type recordReport struct {
	Size        int64          `json:"size"`
	Root        string         `json:"root"`
	Clock       machine.Moment `json:"clock"`
	Settled     machine.Moment `json:"settled"`
	Provisional int            `json:"provisional"`
}

// A vaultReport is what became of a vault.
type vaultReport struct {
	Name     agreement.Name  `json:"name"`
	Outcome  machine.Outcome `json:"outcome"`
	Sealed   int             `json:"sealed_epochs"`
	Seats    int             `json:"seats"`
	Attested int             `json:"attested"` // seats that say they erased
	Handed   int             `json:"handed"`   // seats that handed over
	Proofs   []proofReport   `json:"proofs"`   // that custodians hold their shares, if the text asks for them
	// Certificate is by which custodians act; Contradiction, why none can.
	Certificate   *groundReport `json:"certificate,omitempty"`
	Contradiction string        `json:"contradiction,omitempty"`
}

func statusCommand(t terminal) *cobra.Command {
	v := &viewer{t: t}
	var party string
	c := v.flags(&cobra.Command{
		Use:   "status [PATH]",
		Short: "who owes what, now or at an instant: of a text, an exported or a running record",
		Long: `Say who owes what, what comes next and who waits for whom, by the text and the record alone. Of a text without a record
it is the standing before anybody has signed. PATH may be left out if DETENTE_RECORD is set.`,
		Example: `  detente status out/demo/released.detente --at 2021-05-05
  detente status examples/cameras --party iran`,
		RunE: func(cmd *cobra.Command, args []string) error {
			path, _, err := subjectOf(args, 0)
			if err != nil {
				return err
			}
			return v.status(cmd, path, party)
		},
	}, true)
	c.Flags().StringVar(&party, "party", "", "only what concerns `NAME`")
	return c
}

func asofCommand(t terminal) *cobra.Command {
	v := &viewer{t: t}
	var party string
	c := v.flags(&cobra.Command{
		Use:     "asof TIME [PATH]",
		Short:   "status as it stood at a day or instant, by the record as it was then",
		Long:    `Say what "status --at TIME" says. A day begins at midnight in the agreement's zone.`,
		Example: "  detente asof 2021-05-24 out/demo/released.detente",
		RunE: func(cmd *cobra.Command, args []string) error {
			v.at = args[0]
			path, _, err := subjectOf(args[1:], 0)
			if err != nil {
				return err
			}
			return v.status(cmd, path, party)
		},
	}, false)
	c.Flags().StringVar(&party, "party", "", "only what concerns `NAME`")
	return c
}

func (v *viewer) status(cmd *cobra.Command, path, party string) error {
	s, state, err := v.subject(cmd, path)
	fork := err
	if d, ok := errors.AsType[*mirror.DivergenceError](err); ok && d.Fork {
		// What was known before is told, with the fork.
		s, state, err = v.remembered(cmd, path)
	} else {
		fork = nil
	}
	if err != nil {
		return errors.Join(fork, err)
	}
	defer s.close()
	standing := state.Standing()
	if party != "" {
		if standing, err = concerning(s.agreement, standing, agreement.Name(party)); err != nil {
			return err
		}
	}
	r := statusReport{Agreement: s.agreement.ID.String(), Title: s.agreement.Title, Simulated: s.agreement.Simulated, Standing: standing, Vaults: []vaultReport{}}
	if r.Under = v.under; s.history != nil {
		r.Supposed = s.history.file
	}
	v.suppose(s)
	if s.fold != nil {
		r.Record, r.Text, r.Pending = recordOf(s.fold), s.fold.InForce().ID.String(), pendingOf(s.fold)
		versions := s.fold.Versions()
		r.Amended = versions[len(versions)-1].Entry
		if r.Vaults, err = vaultsOf(s); err != nil {
			return err
		}
		if r.Forks, err = forksOf(s); err != nil {
			return err
		}
	}
	if !v.json {
		printStatus(v.t, r)
	} else if err := printJSON(v.t.out, r); err != nil {
		return err
	}
	return fork
}

// remembered is the subject as the folder that remembers it has it.
func (v *viewer) remembered(cmd *cobra.Command, path string) (*subject, *machine.State, error) {
	_, id, err := mirror.SplitAddress(path)
	if err != nil {
		return nil, nil, err
	}
	folder, err := folderOf(v.dir, id)
	if err != nil {
		return nil, nil, err
	}
	return v.subject(cmd, folder)
}

func printStatus(t terminal, r statusReport) {
	fmt.Fprintf(t.out, "%s\n", r.Title)
	if r.Simulated {
		fmt.Fprintln(t.out, "the time of this record is simulated: its text says so")
	}
	fmt.Fprint(t.out, r.Standing.Text())
	if r.Text != "" && r.Text != r.Agreement {
		fmt.Fprintf(t.out, "amended by entry %d: in force is the text %s\n", r.Amended, r.Text)
	}
	for _, k := range r.Forks {
		fmt.Fprintln(t.out, k)
	}
	for _, p := range r.Pending {
		fmt.Fprintf(t.out, "amendment %s: %s consented, it waits for %s\n", p.Text, sentence(p.Consented), sentence(p.Missing))
	}
	for _, w := range r.Vaults {
		fmt.Fprintf(t.out, "vault %s: %s; %s sealed", w.Name, w.Outcome, count(w.Sealed, "epoch"))
		if w.Handed > 0 || w.Outcome == machine.Released {
			fmt.Fprintf(t.out, "; %d of %s handed over", w.Handed, count(w.Seats, "custodian"))
		}
		if w.Attested > 0 || w.Outcome == machine.Erased {
			fmt.Fprintf(t.out, "; %d of %s attest that they erased", w.Attested, count(w.Seats, "custodian"))
		}
		fmt.Fprintln(t.out)
		if c := w.Certificate; c != nil {
			fmt.Fprintf(t.out, "  custodians act on %s, by the first %d entries: %s\n", c.Outcome, c.Size, groundWords(c.Ground))
		}
		if w.Contradiction != "" {
			fmt.Fprintf(t.out, "  it holds: %s\n", w.Contradiction)
		}
		for _, p := range w.Proofs {
			fmt.Fprintf(t.out, "  %s\n", p)
		}
	}
	switch {
	case r.Record == nil && r.Supposed == "":
		fmt.Fprintln(t.out, "no record: this is the text alone, before anybody has signed")
		return
	case r.Record == nil:
		return
	}
	fmt.Fprintf(t.out, "record: %d entries, root %s, clock %v, settled %v, %d provisional\n",
		r.Record.Size, r.Record.Root, r.Record.Clock, r.Record.Settled, r.Record.Provisional)
}

// concerning keeps of a standing what concerns one party.
func concerning(a *agreement.Agreement, st machine.Standing, party agreement.Name) (machine.Standing, error) {
	i := slices.IndexFunc(st.Parties, func(p machine.Position) bool { return p.Party == party })
	if i < 0 {
		var names []string
		for _, p := range a.Parties {
			names = append(names, string(p.Name))
		}
		return st, usage("party %q: the text has %s", party, strings.Join(names, ", "))
	}
	st.Parties = st.Parties[i : i+1]
	st.Items = slices.DeleteFunc(slices.Clone(st.Items), func(x machine.Item) bool {
		return !slices.Contains(x.By, party) && !slices.Contains(x.To, party)
	})
	st.Waits = slices.DeleteFunc(slices.Clone(st.Waits), func(w machine.Wait) bool { return w.Who != party && w.For != party })
	return st, nil
}

func recordOf(f *record.Fold) *recordReport {
	root := f.Root()
	return &recordReport{
		Size: f.Size(), Root: root.String(), Clock: momentOf(f.Clock()), Settled: momentOf(f.Settled()), Provisional: len(f.Waiting()),
	}
}

// momentOf is an instant that may be before all time: not known.
func momentOf(t agreement.Instant) machine.Moment {
	if t <= 0 {
		return machine.Moment{}
	}
	return machine.Moment{At: t, Set: true}
}

// vaultsOf folds the ledger of every vault.
func vaultsOf(s *subject) ([]vaultReport, error) {
	out := []vaultReport{}
	for _, v := range s.fold.InForce().Vaults {
		l, err := ledgerOf(s, v)
		if err != nil {
			return nil, err
		}
		outcome, _ := s.fold.State().Outcome(v.Name)
		r := vaultReport{Name: v.Name, Outcome: outcome, Seats: len(v.Seats), Attested: l.Erasures()}
		handed := map[int]bool{}
		for _, h := range l.HandOvers {
			handed[h.Seat] = true
		}
		r.Handed = len(handed)
		for _, a := range l.Attempts {
			if a.Status == vault.Sealed {
				r.Sealed++
			}
		}
		r.Proofs = proofsOf(l.Ledger)
		r.Certificate, r.Contradiction = groundOf(s, v.Name)
		out = append(out, r)
	}
	return out, nil
}

// ledgerOf folds one vault of a record.
func ledgerOf(s *subject, v *agreement.Vault) (*vault.Reader, error) {
	if err := vault.SelfTest(); err != nil {
		return nil, err
	}
	l, err := vault.ReaderOf(s.fold, v.Name)
	if err == nil {
		err = l.Read(s.fold, s.fold.Size())
	}
	return l, err
}
