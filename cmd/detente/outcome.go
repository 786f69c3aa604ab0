package main

import (
	"fmt"

	"detente/agreement"
	"detente/machine"
	"detente/record"
	"detente/statement"

	"github.com/spf13/cobra"
)

func outcomeCommand(t terminal) *cobra.Command {
	s := &speaker{t: t}
	c := s.flags(&cobra.Command{
		Use:   "outcome VAULT release|erase",
		Short: "agree on what becomes of a vault that the record cannot decide: all signatories and custodians must",
		Long: `Sign an outcome of a vault. It counts once every signatory of the agreement and every custodian of the vault has signed the
same one, and is the way out when the record halted and neither certificate can be had. Whoever signs one renounces acting
on a certificate of another.`,
		Args: cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			outcome := machine.Outcome(args[1])
			if outcome != machine.Released && outcome != machine.Erased {
				return usage("outcome %q: want release or erase", args[1])
			}
			return s.say(cmd.Context(), func(f *record.Fold) (statement.Body, statement.ID, error) {
				for _, v := range f.Agreement().Vaults {
					if string(v.Name) == args[0] {
						left := f.Unagreed(agreement.Name(args[0]), outcome)
						fmt.Fprintf(t.err, "not signed yet by: %v\n", left)
						return statement.OutcomeBody{Vault: args[0], Outcome: args[1]}, statement.ID{}, nil
					}
				}
				return nil, statement.ID{}, usage("the text has no vault %q", args[0])
			})
		},
	})
	c.GroupID = groupSealed
	return c
}
