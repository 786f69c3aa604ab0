package main

import (
	"context"
	"fmt"

	"detente/agreement"
	"detente/vault"

	"github.com/spf13/cobra"
)

func coverageCommand(t terminal) *cobra.Command {
	v := &viewer{t: t}
	var name string
	var short bool
	c := v.flags(&cobra.Command{
		Use:   "coverage PATH",
		Short: "what was recorded and what was not, from the record alone: every gap, classified",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			s, _, err := v.subject(cmd, args[0])
			if err != nil {
				return err
			}
			defer s.close()
			cov, err := coverageOf(cmd.Context(), s, name)
			if err != nil {
				return err
			}
			switch {
			case v.json:
				return printJSON(t.out, cov)
			case short:
				fmt.Fprintln(t.out, cov.Summary())
			default:
				fmt.Fprint(t.out, cov.Text())
			}
			if len(cov.Missing) > 0 {
				return &exitError{exitUnknown, fmt.Errorf("%s of manifests could not be had: what they hold is not known", count(len(cov.Missing), "batch"))}
			}
			return nil
		},
	}, true)
	c.GroupID = groupSealed
	c.Flags().StringVar(&name, "vault", "", "which vault, if the text has several")
	c.Flags().BoolVar(&short, "short", false, "one line")
	return c
}

// coverageOf computes the coverage of a vault.
func coverageOf(ctx context.Context, s *subject, name string) (*vault.Coverage, error) {
	_, l, err := ledgerOf(s, name)
	if err != nil {
		return nil, err
	}
	return l.Cover(s.fold, func(d vault.Digest) ([]byte, error) {
		return s.object(ctx, agreement.Digest(d))
	})
}
