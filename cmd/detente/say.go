package main

import (
	"context"
	"fmt"
	"strings"

	"detente/agreement"
	"detente/internal/clock"
	"detente/record"
	"detente/statement"

	"github.com/spf13/cobra"
)

// A speaker is who puts a statement on a record: the record, the keys that
// sign together, and the folder where the largest head seen is remembered.
type speaker struct {
	t      terminal
	record string
	keys   []string
	dir    string
	clock  string
	json   bool
}

// flags adds the flags that every command of groupSay has.
func (s *speaker) flags(c *cobra.Command) *cobra.Command {
	c.GroupID = groupSay
	f := c.Flags()
	f.StringVar(&s.record, "record", "", "address of the record, as `detente serve` printed it (or set DETENTE_RECORD)")
	f.StringArrayVar(&s.keys, "key", nil, "key file to sign with; give it again for each further person (or set DETENTE_KEY)")
	f.StringVar(&s.dir, "dir", "", "folder that remembers the largest head seen of each record (default: the user's own)")
	f.StringVar(&s.clock, "clock", "real", "the clock of a simulated record")
	f.BoolVar(&s.json, "json", false, "answer in JSON")
	return c
}

// say signs a statement with this body, submits it, and prints its receipt.
// answers gives the statement it answers, if the kind answers one.
func (s *speaker) say(ctx context.Context, body func(*record.Fold) (statement.Body, statement.ID, error)) error {
	if _, err := clock.Parse(s.clock); err != nil {
		return usage("%w", err)
	}
	signers, err := loadKeys(s.t, s.keys)
	if err != nil {
		return err
	}
	r, err := followRecord(ctx, s.record, s.dir)
	if err != nil {
		return err
	}
	defer r.close()
	b, answers, err := body(r.fold)
	if err != nil {
		return err
	}
	st := &statement.Statement{
		Agreement: r.agreement.ID, Bundle: r.agreement.ID, By: agreement.Name(signers[0].Name()),
		Answers: answers, Seen: r.fold.Head(), Body: b,
	}
	text, err := st.Text()
	if err != nil {
		return usage("%w", err)
	}
	note, err := statement.Sign(text, signers...)
	if err != nil {
		return usage("%w", err)
	}
	receipt, err := r.submit(ctx, note)
	if err != nil {
		return err
	}
	return s.answer(receipt.Index, statement.IDOf(text), b.Kind())
}

// answer prints where the statement stands on the record.
func (s *speaker) answer(index int64, id statement.ID, kind statement.Kind) error {
	if s.json {
		return printJSON(s.t.out, struct {
			Entry int64  `json:"entry"`
			ID    string `json:"id"`
			Kind  string `json:"kind"`
		}{index, id.String(), string(kind)})
	}
	fmt.Fprintf(s.t.out, "on the record: entry %d, %s %s\n", index, kind, id)
	fmt.Fprintf(s.t.err, "it is durable and its inclusion is proved; it takes effect once witnesses have cosigned it\n")
	return nil
}

// only is a body that needs nothing of the record and answers nothing.
func only(b statement.Body) func(*record.Fold) (statement.Body, statement.ID, error) {
	return func(*record.Fold) (statement.Body, statement.ID, error) { return b, statement.ID{}, nil }
}

func declareCommand(t terminal) *cobra.Command {
	s := &speaker{t: t}
	return s.flags(&cobra.Command{
		Use:   "declare TEXT",
		Short: "put words on the record, with no effect",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return s.say(cmd.Context(), only(statement.DeclareBody{Text: args[0], Documents: []statement.Document{}}))
		},
	})
}

func performCommand(t terminal) *cobra.Command {
	s := &speaker{t: t}
	return s.flags(&cobra.Command{
		Use:   "perform COMMITMENT",
		Short: "claim that a commitment is done",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return s.say(cmd.Context(), only(statement.PerformBody{Commitment: args[0], Documents: []statement.Document{}}))
		},
	})
}

func liftCommand(t terminal) *cobra.Command {
	s := &speaker{t: t}
	return s.flags(&cobra.Command{
		Use:   "lift MEASURE",
		Short: "say that a measure is lifted: its holder, or who may report it",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return s.say(cmd.Context(), only(statement.LiftBody{Measure: args[0], Documents: []statement.Document{}}))
		},
	})
}

func imposeCommand(t terminal) *cobra.Command {
	s := &speaker{t: t}
	return s.flags(&cobra.Command{
		Use:   "impose MEASURE",
		Short: "say that a measure is in force again",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return s.say(cmd.Context(), only(statement.ImposeBody{Measure: args[0], Documents: []statement.Document{}}))
		},
	})
}

func verifyCommand(t terminal) *cobra.Command {
	s := &speaker{t: t}
	var reason string
	c := s.flags(&cobra.Command{
		Use:   "verify COMMITMENT accepts|refuses",
		Short: "find whether the open claim of a commitment is true",
		Args:  cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			if args[1] != "accepts" && args[1] != "refuses" {
				return usage("finding %q: want accepts or refuses", args[1])
			}
			return s.say(cmd.Context(), func(f *record.Fold) (statement.Body, statement.ID, error) {
				claim, ok := openClaim(f, args[0])
				if !ok {
					return nil, statement.ID{}, no(fmt.Errorf("commitment %s has no claim on the record to verify", args[0]))
				}
				return statement.VerifyBody{Commitment: args[0], Finding: args[1], Reason: reason, Documents: []statement.Document{}}, claim, nil
			})
		},
	})
	c.Flags().StringVar(&reason, "reason", "", "why, in words")
	return c
}

// openClaim is the latest statement that claims the commitment: a perform, or
// the lifting of the measure that it is about.
func openClaim(f *record.Fold, commitment string) (statement.ID, bool) {
	measure := ""
	for _, c := range f.Agreement().Commitments {
		if ref, ok := c.What.(*agreement.Ref); ok && string(c.Name) == commitment && ref.Noun == "measure" {
			measure = string(ref.Name)
		}
	}
	for i := f.Size() - 1; i >= 0; i-- {
		e := f.Entry(i)
		if e.Statement == nil || e.Fault != nil {
			continue
		}
		switch b := e.Statement.Body.(type) {
		case statement.PerformBody:
			if b.Commitment == commitment {
				return e.Statement.ID, true
			}
		case statement.LiftBody:
			if b.Measure == measure {
				return e.Statement.ID, true
			}
		}
	}
	return statement.ID{}, false
}

func contestCommand(t terminal) *cobra.Command {
	s := &speaker{t: t}
	return s.flags(&cobra.Command{
		Use:   "contest COMMITMENT REASON",
		Short: "dispute a claim or the standing of a commitment, in words",
		Args:  cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			return s.say(cmd.Context(), func(f *record.Fold) (statement.Body, statement.ID, error) {
				claim, _ := openClaim(f, args[0])
				return statement.ContestBody{Commitment: args[0], Reason: args[1], Documents: []statement.Document{}}, claim, nil
			})
		},
	})
}

func invokeCommand(t terminal) *cobra.Command {
	s := &speaker{t: t}
	var states []string
	var reason string
	c := s.flags(&cobra.Command{
		Use:   "invoke ACT",
		Short: "perform a formal act of the text",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return s.say(cmd.Context(), only(statement.InvokeBody{Act: args[0], States: append([]string{}, states...), Reason: reason, Documents: []statement.Document{}}))
		},
	})
	c.Flags().StringSliceVar(&states, "states", nil, "the words that the act must carry, for example deems-significant")
	c.Flags().StringVar(&reason, "reason", "", "why, in words")
	return c
}

func reportCommand(t terminal) *cobra.Command {
	s := &speaker{t: t}
	return s.flags(&cobra.Command{
		Use:     "report READING VALUE [UNIT]",
		Short:   "report a reading: a number with its unit, or a fact (true or false)",
		Example: "  detente report enriched-stockpile 202.8 kg --record ... --key iaea.key",
		Args:    cobra.RangeArgs(2, 3),
		RunE: func(cmd *cobra.Command, args []string) error {
			unit := strings.Join(args[2:], "")
			return s.say(cmd.Context(), only(statement.ReportBody{Reading: args[0], Value: args[1], Unit: unit, Documents: []statement.Document{}}))
		},
	})
}

func attributeCommand(t terminal) *cobra.Command {
	s := &speaker{t: t}
	var source, dated string
	c := s.flags(&cobra.Command{
		Use:   "attribute WHO TEXT",
		Short: "record what somebody else is reported to have said or done; never the force of a signed statement",
		Args:  cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			at, err := parseInstant(dated)
			if err != nil {
				return err
			}
			return s.say(cmd.Context(), only(statement.AttributedBody{To: args[0], Text: args[1], Source: source, Dated: int64(at)}))
		},
	})
	c.Flags().StringVar(&source, "source", "", "where it was reported")
	c.Flags().StringVar(&dated, "dated", "", "the day or instant it is reported of, for example 2021-05-22")
	return c
}
