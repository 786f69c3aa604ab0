package main

import (
	"fmt"

	"detente/agreement"
	"detente/machine"

	"github.com/spf13/cobra"
)

func whyCommand(t terminal) *cobra.Command {
	v := &viewer{t: t}
	return v.flags(&cobra.Command{
		Use:   "why [PATH] SUBJECT",
		Short: "why something is as it is, by which clause and entries, and what would change it",
		Long: `Explain SUBJECT, a name of the text or one of its attributes such as footage.outcome: what made it so, entry by entry
and clause by clause, and what would change it. PATH may be left out if DETENTE_RECORD is set.`,
		Example: "  detente why out/demo/released.detente lift-sanctions",
		RunE: func(cmd *cobra.Command, args []string) error {
			path, rest, err := subjectOf(args, 1)
			if err != nil {
				return err
			}
			s, state, err := v.subject(cmd, path)
			if err != nil {
				return err
			}
			defer s.close()
			e, err := state.Why(rest[0])
			if err != nil {
				return usage("%w", err)
			}
			v.suppose(s)
			if v.json {
				return printJSON(v.t.out, e)
			}
			fmt.Fprint(v.t.out, e.Text())
			return nil
		},
	}, true)
}

// suppose says of an answer for people what it rests on that no record proves,
// or not everybody holds.
func (v *viewer) suppose(s *subject) {
	if s.history != nil && !v.json {
		fmt.Fprint(v.t.out, s.history.heading())
	}
	if v.under != "" && !v.json {
		fmt.Fprintf(v.t.out, "as it stands if %s: by that reading alone, which not everybody holds\n", v.under)
	}
}

func planCommand(t terminal) *cobra.Command {
	v := &viewer{t: t}
	var assume []string
	var until string
	c := v.flags(&cobra.Command{
		Use:   "plan [PATH]",
		Short: "what an act or a silence would change, before it happens",
		Long: `Let the acts of --assume happen, in order, and time pass until TIME, and say what comes about, what changes and what is
lost. Of a record it begins with how things stand; of a text, before anybody has signed. Nothing is written anywhere.`,
		Example: `  detente plan out/demo/released.detente --at 2021-05-05 --assume "2021-05-10 iran verifies lift-sanctions refuses" --until 2021-06-01
  detente plan examples/cameras --assume "2021-02-23 iran signs" --assume "2021-02-23 iaea signs" --assume "silence until 2021-06-01"`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(assume) == 0 && until == "" {
				return usage("plan: nothing to look ahead to: give --assume ACT or --until TIME\n%s", more(cmd))
			}
			path, _, err := subjectOf(args, 0)
			if err != nil {
				return err
			}
			s, state, err := v.subject(cmd, path)
			if err != nil {
				return err
			}
			defer s.close()
			acts, last, err := assumptions(s.agreement, state, assume, until)
			if err != nil {
				return err
			}
			f := machine.Plan(state, acts, last)
			v.suppose(s)
			if v.json {
				return printJSON(v.t.out, f)
			}
			fmt.Fprint(v.t.out, f.Text())
			return nil
		},
	}, true)
	c.GroupID = groupText
	c.Flags().StringArrayVar(&assume, "assume", nil, "an `ACT`, \"TIME NAME VERB SUBJECT ...\" as in scenarios, or \"silence until TIME\"; may be given again")
	c.Flags().StringVar(&until, "until", "", "run until `TIME`: a day in the agreement's zone, or an instant")
	return c
}

// assumptions reads the acts assumed, and the last instant they or until name.
func assumptions(a *agreement.Agreement, state *machine.State, texts []string, until string) (acts []machine.Act, last agreement.Instant, err error) {
	last = state.Now()
	for _, text := range texts {
		assumed, quiet, err := state.Machine().ParseAssume(text)
		if err != nil {
			return nil, 0, usage("--assume %q: %w", text, err)
		}
		last = max(last, assumed.At)
		if !quiet {
			acts = append(acts, assumed)
		}
	}
	if until == "" {
		return acts, last, nil
	}
	at, err := parseInstant(a, until)
	return acts, max(last, at), err
}
