package main

import (
	"fmt"
	"slices"
	"strings"

	"detente/agreement"
	"detente/custodian"
	"detente/internal/durable"
	"detente/machine"
	"detente/record"
	"detente/statement"

	"github.com/spf13/cobra"
)

func outcomeCommand(t terminal) *cobra.Command {
	s := &speaker{t: t}
	var folder string
	c := s.flags(&cobra.Command{
		Use:   "outcome VAULT release|erase",
		Short: "agree on what becomes of a vault that the record cannot decide: all signatories and custodians must",
		Long: `Sign an outcome of a vault. It counts once every signatory of the agreement and every custodian of the vault has signed the
same one, and is the way out when the record halted and neither certificate can be had. Whoever signs one renounces acting
on a certificate of another.`,
		Example: "  detente outcome footage erase --key iran-1.key --key iran-2.key",
		RunE: func(cmd *cobra.Command, args []string) error {
			outcome := machine.Outcome(args[1])
			if outcome != machine.Released && outcome != machine.Erased {
				return usage("outcome %q: want release or erase", args[1])
			}
			return s.say(cmd.Context(), func(f *record.Fold, by agreement.Name) (statement.Body, statement.ID, error) {
				v, err := pickVault(f.InForce(), args[0])
				if err != nil {
					return nil, statement.ID{}, err
				}
				if holdsSeat(f, v.Name, by) {
					if folder == "" {
						return nil, statement.ID{}, usage("%s is a custodian of vault %s: give its folder with --custodian, so that it acts on no certificate of another outcome", by, v.Name)
					}
					if err := custodian.Bind(durable.OS, folder, v.Name, outcome); err != nil {
						return nil, statement.ID{}, no(err)
					}
				}
				var left []string
				for _, name := range f.Unagreed(v.Name, outcome) {
					if name != by {
						left = append(left, string(name))
					}
				}
				if len(left) > 0 {
					fmt.Fprintf(t.err, "besides %s, these have yet to sign the same: %s\n", by, strings.Join(left, ", "))
				}
				return statement.OutcomeBody{Vault: args[0], Outcome: args[1]}, statement.ID{}, nil
			})
		},
	})
	c.GroupID = groupSealed
	c.Flags().StringVar(&folder, "custodian", "", "`FOLDER` of the custodian that signs, if it is one")
	return c
}

// holdsSeat is whether a text that has been in force gives a name a seat of the
// vault: who was replaced keeps what it holds, and is bound by its word as well.
func holdsSeat(f *record.Fold, vault, name agreement.Name) bool {
	for _, v := range f.Versions() {
		for _, has := range v.Agreement.Vaults {
			if has.Name == vault && slices.Contains(has.Seats, name) {
				return true
			}
		}
	}
	return false
}
