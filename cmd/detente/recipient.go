package main

import (
	"fmt"

	"filippo.io/age"
	"github.com/spf13/cobra"
)

func keyRecipientCommand(t terminal) *cobra.Command {
	var out string
	c := &cobra.Command{
		Use:   "recipient NAME",
		Short: "make an age identity, to which documents of a private record are encrypted",
		Long: `Make an age identity that a quantum computer does not open (ML-KEM-768 with X25519), in the file NAME.identity, as age-keygen -pq
would, and print its public part: the recipient of NAME in the text. Keep the file: without it no document opens.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			id, err := age.GenerateHybridIdentity()
			if err != nil {
				return err
			}
			if out == "" {
				out = args[0] + ".identity"
			}
			if err := writeNewFile(out, fmt.Appendf(nil, "# public key: %s\n%s\n", id.Recipient(), id), 0o600); err != nil {
				return err
			}
			fmt.Fprintln(t.out, id.Recipient())
			return nil
		},
	}
	c.Flags().StringVar(&out, "out", "", "`FILE` to write instead of NAME.identity; it must not exist")
	return c
}
