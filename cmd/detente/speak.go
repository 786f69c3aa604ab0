package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"detente/agreement"
	"detente/record"
	"detente/statement"

	"github.com/spf13/cobra"
)

// documents of a statement: none can be named on the command line yet.
var noDocuments = []statement.Document{}

func signCommand(t terminal) *cobra.Command {
	s := &speaker{t: t}
	var findings string
	var file signFileOptions
	consent := func(ctx context.Context) error {
		return s.say(ctx, func(f *record.Fold, _ agreement.Name) (statement.Body, statement.ID, error) {
			if err := s.seen(f.InForce(), findings); err != nil {
				return nil, statement.ID{}, err
			}
			return statement.SignBody{Findings: findings}, statement.ID{}, nil
		})
	}
	c := s.flags(&cobra.Command{
		Use:   "sign [FILE]",
		Short: "consent to be bound by the agreement, having read its findings; or sign a prepared FILE",
		Long: `Without FILE, sign the agreement of a record. What is signed includes the digest of the findings that the signer was shown, so
that nobody signs without having seen who could cheat him with whose help. Without --findings, or with another digest, the
findings are printed, nothing is signed, and the exit status is 1.

With FILE, which "detente prepare" wrote, show what it says and would do, ask, and add the signature of --key to it, without any
network. --against PATH (a text, a mirror's folder or an exported record) refuses a statement under another agreement, and by a
copy of the record also one whose keys or effect are others than the file says. Enough signed: detente submit FILE.`,
		Example: `  detente check agreement
  detente sign --findings c9312f8d66314106dadc080f15f68fcf6d32fe851de07305fcb5a751057cf0ca --key iran-1.key --key iran-2.key
  detente sign accept.statement --key iran-1.key --against copy.detente`,
		RunE: func(cmd *cobra.Command, args []string) error {
			ofFile := len(args) == 1
			for flag, file := range map[string]bool{"findings": false, "record": false, "wait": false, "against": true, "out": true, "yes": true} {
				if f := cmd.Flags().Lookup(flag); f != nil && f.Changed && file != ofFile && !t.preparing {
					return usage("sign: --%s goes with %s\n%s", flag, map[bool]string{true: "a prepared FILE", false: "the agreement itself"}[file], more(cmd))
				}
			}
			if ofFile {
				return s.signFile(cmd.Context(), args[0], file)
			}
			return consent(cmd.Context())
		},
	})
	c.Flags().StringVar(&findings, "findings", "", "`DIGEST` of the findings, as detente check printed it")
	if t.preparing {
		c.Use, c.Short = "sign", "consent to be bound by the agreement, having read its findings"
		c.Long = ""
		return c
	}
	c.Flags().StringVar(&file.against, "against", "", "of a FILE: the `PATH` of a text, a mirror's folder or an exported record to hold it to")
	c.Flags().StringVar(&file.out, "out", "", "of a FILE: the `FILE` to write instead of changing it")
	c.Flags().BoolVar(&file.yes, "yes", false, "of a FILE: sign without asking")
	return c
}

// seen refuses to sign what the signer has not been shown, and shows it.
func (s *speaker) seen(a *agreement.Agreement, findings string) error {
	want := agreement.FindingsDigest(a).String()
	if findings == want {
		return nil
	}
	if s.json {
		if err := printJSON(s.t.out, findingsOf(a)); err != nil {
			return err
		}
	} else {
		fmt.Fprint(s.t.out, agreement.FindingsText(a))
	}
	reason := "the findings above have to be read first"
	if findings != "" {
		reason = "the digest given is not that of the findings above"
	}
	return no(fmt.Errorf("nothing was signed: %s\nread them, then run: detente sign --findings %s", reason, want))
}

func declareCommand(t terminal) *cobra.Command {
	s := &speaker{t: t}
	return s.flags(&cobra.Command{
		Use:     "declare TEXT",
		Short:   "put words on the record, with no effect",
		Example: `  detente declare "The time is not right for the meeting that has been proposed." --key iran-1.key --key iran-2.key`,
		RunE: func(cmd *cobra.Command, args []string) error {
			return s.say(cmd.Context(), only(statement.DeclareBody{Text: args[0], Documents: noDocuments}))
		},
	})
}

func performCommand(t terminal) *cobra.Command {
	s := &speaker{t: t}
	return s.flags(&cobra.Command{
		Use:   "perform COMMITMENT",
		Short: "claim that a commitment is done",
		RunE: func(cmd *cobra.Command, args []string) error {
			return s.say(cmd.Context(), named("commitment", args[0], statement.PerformBody{Commitment: args[0], Documents: noDocuments}))
		},
	})
}

func liftCommand(t terminal) *cobra.Command {
	s := &speaker{t: t}
	return s.flags(&cobra.Command{
		Use:   "lift MEASURE",
		Short: "say that a measure is lifted: its holder, or who may report it",
		RunE: func(cmd *cobra.Command, args []string) error {
			return s.say(cmd.Context(), named("measure", args[0], statement.LiftBody{Measure: args[0], Documents: noDocuments}))
		},
	})
}

func imposeCommand(t terminal) *cobra.Command {
	s := &speaker{t: t}
	return s.flags(&cobra.Command{
		Use:   "impose MEASURE",
		Short: "say that a measure is in force again: its holder, or who may report it",
		RunE: func(cmd *cobra.Command, args []string) error {
			return s.say(cmd.Context(), named("measure", args[0], statement.ImposeBody{Measure: args[0], Documents: noDocuments}))
		},
	})
}

func verifyCommand(t terminal) *cobra.Command {
	s := &speaker{t: t}
	var reason string
	c := s.flags(&cobra.Command{
		Use:   "verify COMMITMENT accepts|refuses",
		Short: "find whether the open claim of a commitment is true",
		Long: `Find on the latest claim of a commitment: the statement that performs it or, if it is to lift a measure, the statement that
lifted it. The finding names that claim, so it can never be taken for one on a later claim.`,
		Example: "  detente verify lift-sanctions accepts --key iran-1.key --key iran-2.key",
		RunE: func(cmd *cobra.Command, args []string) error {
			if args[1] != "accepts" && args[1] != "refuses" {
				return usage("finding %q: want accepts or refuses", args[1])
			}
			return s.say(cmd.Context(), func(f *record.Fold, _ agreement.Name) (statement.Body, statement.ID, error) {
				if err := declared(f.InForce(), "commitment", args[0]); err != nil {
					return nil, statement.ID{}, err
				}
				claim, ok := f.Claim(agreement.Name(args[0]))
				if !ok {
					return nil, statement.ID{}, no(fmt.Errorf("commitment %s has no claim on the record to find on; nothing was signed", args[0]))
				}
				return statement.VerifyBody{Commitment: args[0], Finding: args[1], Reason: reason, Documents: noDocuments}, claim, nil
			})
		},
	})
	c.Flags().StringVar(&reason, "reason", "", "why, in `WORDS`")
	return c
}

func contestCommand(t terminal) *cobra.Command {
	s := &speaker{t: t}
	return s.flags(&cobra.Command{
		Use:     "contest COMMITMENT REASON",
		Short:   "dispute a claim or the standing of a commitment, in words",
		Example: `  detente contest pay-first "the invoice names another account" --key buyer.key`,
		RunE: func(cmd *cobra.Command, args []string) error {
			return s.say(cmd.Context(), func(f *record.Fold, _ agreement.Name) (statement.Body, statement.ID, error) {
				claim, _ := f.Claim(agreement.Name(args[0]))
				return statement.ContestBody{Commitment: args[0], Reason: args[1], Documents: noDocuments}, claim, declared(f.InForce(), "commitment", args[0])
			})
		},
	})
}

func invokeCommand(t terminal) *cobra.Command {
	s := &speaker{t: t}
	var states []string
	var reason string
	c := s.flags(&cobra.Command{
		Use:     "invoke ACT",
		Short:   "perform a formal act of the text",
		Example: "  detente invoke walk-away --reason \"the first half is overdue\" --key buyer.key",
		RunE: func(cmd *cobra.Command, args []string) error {
			return s.say(cmd.Context(), named("act", args[0], statement.InvokeBody{Act: args[0], States: append([]string{}, states...), Reason: reason, Documents: noDocuments}))
		},
	})
	c.Flags().StringSliceVar(&states, "states", nil, "the `WORDS` that the act must carry, for example deems-significant")
	c.Flags().StringVar(&reason, "reason", "", "why, in `WORDS`")
	return c
}

func reportCommand(t terminal) *cobra.Command {
	s := &speaker{t: t}
	return s.flags(&cobra.Command{
		Use:     "report READING VALUE [UNIT]",
		Short:   "report a reading: a number with its unit, or a fact (true or false)",
		Example: "  detente report enriched-stockpile 202.8 kg --key iaea.key",
		RunE: func(cmd *cobra.Command, args []string) error {
			unit := strings.Join(args[2:], "")
			return s.say(cmd.Context(), named("reading", args[0], statement.ReportBody{Reading: args[0], Value: args[1], Unit: unit, Documents: noDocuments}))
		},
	})
}

func attributeCommand(t terminal) *cobra.Command {
	s := &speaker{t: t}
	var source, dated string
	c := s.flags(&cobra.Command{
		Use:     "attribute WHO TEXT",
		Short:   "record what somebody is reported to have said or done; never the force of a signed statement",
		Example: `  detente attribute us "Sanctions end today." --source "press release" --dated 2021-05-03 --key iaea.key`,
		RunE: func(cmd *cobra.Command, args []string) error {
			return s.say(cmd.Context(), func(f *record.Fold, _ agreement.Name) (statement.Body, statement.ID, error) {
				at, err := parseInstant(f.InForce(), dated)
				return statement.AttributedBody{To: args[0], Text: args[1], Source: source, Dated: int64(at)}, statement.ID{}, err
			})
		},
	})
	c.Flags().StringVar(&source, "source", "", "`WHERE` it was reported")
	c.Flags().StringVar(&dated, "dated", "", "the `TIME` that it is reported of: a day in the agreement's zone, or an instant")
	need(c, "source", "dated")
	return c
}

// named is a body about something that the text must have.
func named(noun, name string, b statement.Body) composer {
	return func(f *record.Fold, _ agreement.Name) (statement.Body, statement.ID, error) {
		return b, statement.ID{}, declared(f.InForce(), noun, name)
	}
}

// declared refuses a name that the text does not have, before anything is
// signed: such a statement would stand on the record without effect, for ever.
func declared(a *agreement.Agreement, noun, name string) error {
	var names []string
	switch noun {
	case "commitment":
		names = namesOf(a.Commitments, func(x *agreement.Commitment) agreement.Block { return x.Block })
	case "measure":
		names = namesOf(a.Measures, func(x *agreement.Measure) agreement.Block { return x.Block })
	case "act":
		names = namesOf(a.Acts, func(x *agreement.Act) agreement.Block { return x.Block })
	case "reading":
		names = namesOf(a.Readings, func(x *agreement.Reading) agreement.Block { return x.Block })
	default:
		names = steps(a, noun)
	}
	switch {
	case slices.Contains(names, name):
		return nil
	case len(names) == 0:
		return usage("the text has no %s; nothing was signed", noun)
	}
	return usage("%s %q: the text has %s; nothing was signed", noun, name, strings.Join(names, ", "))
}

func namesOf[T any](blocks []T, block func(T) agreement.Block) []string {
	var out []string
	for _, b := range blocks {
		out = append(out, string(block(b).Name))
	}
	return out
}
