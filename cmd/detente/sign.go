package main

import (
	"fmt"

	"detente/agreement"
	"detente/record"
	"detente/statement"

	"github.com/spf13/cobra"
)

func signCommand(t terminal) *cobra.Command {
	s := &speaker{t: t}
	var findings string
	c := s.flags(&cobra.Command{
		Use:   "sign",
		Short: "consent to be bound by the agreement, having read its findings",
		Long: `Sign the agreement of a record. What is signed includes the digest of the findings that the signer was shown, so that
nobody signs unseen who could cheat him with whose help: read them first (detente check, or sign without --findings).`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return s.say(cmd.Context(), func(f *record.Fold) (statement.Body, statement.ID, error) {
				want := agreement.FindingsDigest(f.Agreement()).String()
				if findings != want {
					fmt.Fprint(t.out, agreement.FindingsText(f.Agreement()))
					reason := "the findings above were not signed for"
					if findings != "" {
						reason = "the digest given is not that of these findings"
					}
					return nil, statement.ID{}, no(fmt.Errorf("nothing was signed: %s\nread them, then run: detente sign --findings %s", reason, want))
				}
				return statement.SignBody{Findings: want}, statement.ID{}, nil
			})
		},
	})
	c.Flags().StringVar(&findings, "findings", "", "digest of the findings, as `detente check` printed it")
	return c
}
