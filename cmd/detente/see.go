package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
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
}

func (v *viewer) flags(c *cobra.Command, at bool) *cobra.Command {
	c.GroupID = groupSee
	c.Flags().StringVar(&v.dir, "dir", "", "folder that remembers the largest head seen of each running record (default: the user's own)")
	c.Flags().BoolVar(&v.json, "json", false, "answer in JSON")
	if at {
		c.Flags().StringVar(&v.at, "at", "", "as it stood at a day or instant, for example 2021-05-24T00:00:00Z")
	}
	return c
}

// subject opens PATH and gives the state it shows: of a record, as folded (at
// the instant asked for); of a text, the start of its machine.
func (v *viewer) subject(cmd *cobra.Command, path string) (*subject, *machine.State, error) {
	s, err := openSubject(cmd.Context(), path, v.dir)
	if err != nil {
		return nil, nil, err
	}
	var state *machine.State
	switch {
	case s.fold == nil && v.at == "":
		state = machine.Compile(s.agreement).Start()
	case v.at != "":
		at, err := parseInstant(v.at)
		if err != nil {
			return nil, nil, err
		}
		if s.fold, err = s.at(at); err != nil {
			return nil, nil, err
		}
		state = s.fold.State()
	default:
		state = s.fold.State()
	}
	return s, state, nil
}

// A statusReport is the answer of `status --json`.
type statusReport struct {
	Agreement string           `json:"agreement"`
	Title     string           `json:"title"`
	Simulated bool             `json:"simulated"`
	Record    *recordReport    `json:"record,omitempty"`
	Standing  machine.Standing `json:"standing"`
	Vaults    []vaultReport    `json:"vaults"`
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
}

func statusCommand(t terminal) *cobra.Command {
	v := &viewer{t: t}
	var party string
	c := v.flags(&cobra.Command{
		Use:   "status PATH",
		Short: "who owes what, now or at an instant: of a text, an exported or a running record",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return v.status(cmd, args[0], party)
		},
	}, true)
	c.Flags().StringVar(&party, "party", "", "only what concerns one party")
	return c
}

func asofCommand(t terminal) *cobra.Command {
	v := &viewer{t: t}
	return v.flags(&cobra.Command{
		Use:   "asof TIME PATH",
		Short: "status as it stood at a day or instant",
		Args:  cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			v.at = args[0]
			return v.status(cmd, args[1], "")
		},
	}, false)
}

func (v *viewer) status(cmd *cobra.Command, path, party string) error {
	s, state, err := v.subject(cmd, path)
	if err != nil {
		return err
	}
	defer s.close()
	standing := state.Standing()
	if party != "" {
		if standing, err = concerning(s.agreement, standing, agreement.Name(party)); err != nil {
			return err
		}
	}
	r := statusReport{Agreement: s.agreement.ID.String(), Title: s.agreement.Title, Simulated: s.agreement.Simulated, Standing: standing, Vaults: []vaultReport{}}
	if s.fold != nil {
		r.Record = recordOf(s.fold)
		if r.Vaults, err = vaultsOf(s); err != nil {
			return err
		}
	}
	if v.json {
		return printJSON(v.t.out, r)
	}
	fmt.Fprintf(v.t.out, "%s\n", s.agreement.Title)
	if s.agreement.Simulated {
		fmt.Fprintln(v.t.out, "the time of this record is simulated")
	}
	fmt.Fprint(v.t.out, standing.Text())
	for _, w := range r.Vaults {
		fmt.Fprintf(v.t.out, "vault %s: %s; %s sealed; %d of %d custodians handed over, %d attest that they erased\n",
			w.Name, w.Outcome, count(w.Sealed, "epoch"), w.Handed, w.Seats, w.Attested)
	}
	if r.Record != nil {
		fmt.Fprintf(v.t.out, "record: %d entries, root %s, clock %v, settled %v, %d provisional\n",
			r.Record.Size, r.Record.Root, r.Record.Clock, r.Record.Settled, r.Record.Provisional)
	}
	return nil
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
	for _, v := range s.agreement.Vaults {
		l, err := vault.NewReader(s.agreement, v.Name)
		if err != nil {
			return nil, err
		}
		if err := l.Read(s.fold, s.fold.Size()); err != nil {
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
		out = append(out, r)
	}
	return out, nil
}

func whyCommand(t terminal) *cobra.Command {
	v := &viewer{t: t}
	return v.flags(&cobra.Command{
		Use:     "why PATH SUBJECT",
		Short:   "why something is as it is, by which clause and entries, and what would change it",
		Example: "  detente why out/demo/released.detente lift-sanctions",
		Args:    cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			s, state, err := v.subject(cmd, args[0])
			if err != nil {
				return err
			}
			defer s.close()
			e, err := state.Why(args[1])
			if err != nil {
				return usage("%w", err)
			}
			if v.json {
				return printJSON(v.t.out, e)
			}
			fmt.Fprint(v.t.out, e.Text())
			return nil
		},
	}, true)
}

func planCommand(t terminal) *cobra.Command {
	v := &viewer{t: t}
	var assume []string
	var until string
	c := v.flags(&cobra.Command{
		Use:     "plan PATH --assume ACT...",
		Short:   "what an act or a silence would change",
		Example: `  detente plan examples/cameras --assume "2021-05-01 iaea lifts us-sanctions" --until 2021-06-01`,
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			s, state, err := v.subject(cmd, args[0])
			if err != nil {
				return err
			}
			defer s.close()
			acts, last, err := assumptions(state, assume)
			if err != nil {
				return err
			}
			if until != "" {
				at, err := parseInstant(until)
				if err != nil {
					return err
				}
				last = max(last, at)
			}
			f := machine.Plan(state, acts, last)
			if v.json {
				return printJSON(v.t.out, f)
			}
			fmt.Fprint(v.t.out, f.Text())
			return nil
		},
	}, true)
	c.GroupID = groupText
	c.Flags().StringArrayVar(&assume, "assume", nil, `an act, "INSTANT BY VERB SUBJECT ...", or "silence until INSTANT"; may be given again`)
	c.Flags().StringVar(&until, "until", "", "run until this day or instant")
	return c
}

// assumptions reads the acts assumed and the last instant they name.
func assumptions(state *machine.State, texts []string) (acts []machine.Act, last agreement.Instant, err error) {
	last = state.Now()
	for _, text := range texts {
		a, quiet, err := state.Machine().ParseAssume(text)
		if err != nil {
			return nil, 0, usage("--assume %q: %w", text, err)
		}
		last = max(last, a.At)
		if !quiet {
			acts = append(acts, a)
		}
	}
	return acts, last, nil
}

func exportCommand(t terminal) *cobra.Command {
	v := &viewer{t: t}
	var address, out string
	c := &cobra.Command{
		Use:     "export",
		GroupID: groupSee,
		Short:   "put a running record, as far as it is final, into one file that anybody can audit offline",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			s, err := followRecord(cmd.Context(), address, v.dir)
			if err != nil {
				return err
			}
			defer s.close()
			container, missing, err := s.follower.Export(cmd.Context())
			if err != nil {
				return err
			}
			if !strings.HasSuffix(out, ".detente") {
				return usage("--out %q: want a name that ends in .detente", out)
			}
			if err := os.WriteFile(out, container, 0o644); err != nil {
				return err
			}
			fmt.Fprintln(t.out, out)
			for _, d := range missing {
				fmt.Fprintf(t.err, "batch %s of manifests could not be had; the audit will say so\n", d)
			}
			return nil
		},
	}
	c.Flags().StringVar(&address, "record", "", "address of the record (or set DETENTE_RECORD)")
	c.Flags().StringVar(&out, "out", "record.detente", "file to write")
	c.Flags().StringVar(&v.dir, "dir", "", "folder that remembers the largest head seen of each record (default: the user's own)")
	return c
}

// ledgerOf folds one vault of a record.
func ledgerOf(s *subject, name string) (*agreement.Vault, *vault.Reader, error) {
	if s.fold == nil {
		return nil, nil, usage("a text has no evidence: name an exported or a running record")
	}
	var names []string
	for _, v := range s.agreement.Vaults {
		names = append(names, string(v.Name))
		if string(v.Name) == name || name == "" && len(s.agreement.Vaults) == 1 {
			l, err := vault.NewReader(s.agreement, v.Name)
			if err == nil {
				err = l.Read(s.fold, s.fold.Size())
			}
			return v, l, err
		}
	}
	return nil, nil, usage("vault %q: the text has %s; give --vault NAME", name, strings.Join(names, ", "))
}

// printJSON prints an answer for programs.
func printJSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(v)
}

// firstLine is the first line of a text.
func firstLine(s string) string {
	line, _, _ := strings.Cut(s, "\n")
	return line
}

// notFound is whether an object could not be had from anybody.
func notFound(err error) bool { return errors.Is(err, mirror.ErrNotFound) }
