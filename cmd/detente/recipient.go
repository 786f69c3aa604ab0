package main

import (
	"fmt"
	"os"

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
			f, err := os.OpenFile(out, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
			if err != nil {
				return usage("%w", err)
			}
			_, err = fmt.Fprintf(f, "# public key: %s\n%s\n", id.Recipient(), id)
			if syncErr := f.Sync(); err == nil {
				err = syncErr
			}
			if closeErr := f.Close(); err == nil {
				err = closeErr
			}
			if err != nil {
				return fmt.Errorf("writing %s: %w", out, err)
			}
			fmt.Fprintln(t.out, id.Recipient())
			return nil
		},
	}
	c.Flags().StringVar(&out, "out", "", "`FILE` to write instead of NAME.identity; it must not exist")
	return c
}
