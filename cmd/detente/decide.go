package main

import (
	"slices"
	"strings"

	"detente/agreement"
	"detente/record"
	"detente/statement"

	"github.com/spf13/cobra"
)

func voteCommand(t terminal) *cobra.Command {
	s := &speaker{t: t}
	var reason string
	c := s.flags(&cobra.Command{
		Use:     "vote DECISION yes|no|abstain|none",
		Short:   "vote on a decision or one of its drafts; none takes a vote back",
		Example: "  detente vote settlement/east yes --key east.key",
		RunE: func(cmd *cobra.Command, args []string) error {
			if !slices.Contains([]string{"yes", "no", "abstain", "none"}, args[1]) {
				return usage("vote %q: want yes, no, abstain, or none to take a vote back", args[1])
			}
			return s.say(cmd.Context(), named("decision", args[0], statement.VoteBody{Decision: args[0], Vote: args[1], Reason: reason}))
		},
	})
	c.Flags().StringVar(&reason, "reason", "", "why, in `WORDS`")
	return c
}

func countCommand(t terminal) *cobra.Command {
	s := &speaker{t: t}
	var yes, no, abstain []string
	var source string
	c := s.flags(&cobra.Command{
		Use:     "count DECISION",
		Short:   "report how members without keys voted, all at one instant",
		Example: "  detente count budget --yes estua --source \"minutes of the meeting\" --key secretary.key",
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(yes)+len(no)+len(abstain) == 0 {
				return usage("count: nobody's vote is given: --yes, --no or --abstain NAMES\n%s", more(cmd))
			}
			list := func(of []string) []string { return append([]string{}, of...) }
			return s.say(cmd.Context(), named("decision", args[0], statement.CountBody{Decision: args[0],
				Yes: list(yes), No: list(no), Abstain: list(abstain), Source: source, Documents: noDocuments}))
		},
	})
	c.Flags().StringSliceVar(&yes, "yes", nil, "the `NAMES` of those who voted yes")
	c.Flags().StringSliceVar(&no, "no", nil, "the `NAMES` of those who voted no")
	c.Flags().StringSliceVar(&abstain, "abstain", nil, "the `NAMES` of those who abstained")
	c.Flags().StringVar(&source, "source", "", "where that is from, in `WORDS`")
	return c
}

func tableCommand(t terminal) *cobra.Command {
	s := &speaker{t: t}
	return s.flags(&cobra.Command{
		Use:     "table DECISION TITLE",
		Short:   "table the next draft of a decision",
		Example: "  detente table keep-lifted/east \"To continue for a year\" --key chair.key",
		RunE: func(cmd *cobra.Command, args []string) error {
			return s.say(cmd.Context(), named("decision", args[0], statement.TableBody{Decision: args[0], Title: args[1], Documents: noDocuments}))
		},
	})
}

func extendCommand(t terminal) *cobra.Command {
	s := &speaker{t: t}
	return s.flags(&cobra.Command{
		Use:   "extend WHAT TIME|not",
		Short: "consent to a later close of a decision or stage, or take consent back",
		Long: `Consent to TIME, a day or an instant, as the new close of WHAT, a decision or a stage. It is put off when enough have
consented to one and the same instant, as the text says. With "not" in place of TIME an earlier consent is taken back.`,
		Example: "  detente extend dispute/east/talks 2026-03-01 --key east.key",
		RunE: func(cmd *cobra.Command, args []string) error {
			return s.say(cmd.Context(), func(f *record.Fold, _ agreement.Name) (statement.Body, statement.ID, error) {
				a := f.InForce()
				if err := declared(a, "decision or stage", args[0]); err != nil {
					return nil, statement.ID{}, err
				}
				b := statement.ExtendBody{Of: args[0]}
				if args[1] != "not" {
					at, err := parseInstant(a, args[1])
					if err != nil {
						return nil, statement.ID{}, err
					}
					b.Until = int64(at)
				}
				return b, statement.ID{}, nil
			})
		},
	})
}

func raiseCommand(t terminal) *cobra.Command {
	s := &speaker{t: t}
	var against, states []string
	var reason string
	c := s.flags(&cobra.Command{
		Use:   "raise WHAT",
		Short: "open a case of a procedure, or a stage of one",
		Long: `Open WHAT: a procedure (then the case that is yours to open), a case such as dispute/east, or a stage such as
dispute/east/panel. --against gives the other roles of a case; a role that one party alone may have needs no naming.`,
		Example: "  detente raise dispute --states grievance --key east.key",
		RunE: func(cmd *cobra.Command, args []string) error {
			return s.say(cmd.Context(), named("procedure, case or stage", args[0], statement.OpenBody{What: args[0],
				Against: append([]string{}, against...), States: append([]string{}, states...), Reason: reason, Documents: noDocuments}))
		},
	})
	c.Flags().StringSliceVar(&against, "against", nil, "the `NAMES` of those who have the other roles of the case")
	c.Flags().StringSliceVar(&states, "states", nil, "the `WORDS` that it must carry")
	c.Flags().StringVar(&reason, "reason", "", "why, in `WORDS`")
	return c
}

func withdrawCommand(t terminal) *cobra.Command {
	s := &speaker{t: t}
	var reason string
	c := s.flags(&cobra.Command{
		Use:     "withdraw CASE",
		Short:   "withdraw a case of a procedure",
		Example: "  detente withdraw dispute/east --reason \"settled among us\" --key east.key",
		RunE: func(cmd *cobra.Command, args []string) error {
			return s.say(cmd.Context(), named("case", args[0], statement.CloseBody{Case: args[0], Reason: reason}))
		},
	})
	c.Flags().StringVar(&reason, "reason", "", "why, in `WORDS`")
	return c
}

func answerCommand(t terminal) *cobra.Command {
	s := &speaker{t: t}
	var reason string
	c := s.flags(&cobra.Command{
		Use:     "answer QUESTION INTERPRETATION",
		Short:   "answer a question for all, by one of its interpretations",
		Example: "  detente answer who-counts it-may --key chair.key",
		RunE: func(cmd *cobra.Command, args []string) error {
			return s.say(cmd.Context(), func(f *record.Fold, _ agreement.Name) (statement.Body, statement.ID, error) {
				a := f.InForce()
				if err := declared(a, "question", args[0]); err != nil {
					return nil, statement.ID{}, err
				}
				for _, q := range a.Questions {
					var names []string
					for _, i := range q.Interpretations {
						names = append(names, string(i.Name))
					}
					if string(q.Name) == args[0] && !slices.Contains(names, args[1]) {
						return nil, statement.ID{}, usage("interpretation %q: %s has %s; nothing was signed", args[1], args[0], strings.Join(names, ", "))
					}
				}
				return statement.AnswerBody{Question: args[0], Interpretation: args[1], Reason: reason}, statement.ID{}, nil
			})
		},
	})
	c.Flags().StringVar(&reason, "reason", "", "why, in `WORDS`")
	return c
}

// steps are the names of what is decided and of what is run in cases.
func steps(a *agreement.Agreement, noun string) []string {
	cases := namesOf(a.Cases, func(x *agreement.Case) agreement.Block { return x.Block })
	stages := namesOf(a.Stages, func(x *agreement.Stage) agreement.Block { return x.Block })
	decisions := namesOf(a.Decisions, func(x *agreement.Decision) agreement.Block { return x.Block })
	switch noun {
	case "decision":
		return decisions
	case "case":
		return cases
	case "decision or stage":
		return append(decisions, stages...)
	case "question":
		return namesOf(a.Questions, func(x *agreement.Question) agreement.Block { return x.Block })
	}
	var names []string
	for _, x := range a.Cases {
		if !slices.Contains(names, string(x.Procedure)) {
			names = append(names, string(x.Procedure))
		}
	}
	for _, n := range append(cases, stages...) {
		if !slices.Contains(names, n) {
			names = append(names, n)
		}
	}
	return names
}
