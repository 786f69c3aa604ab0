package main

import (
	"fmt"
	"os"

	"detente/audit"

	"github.com/spf13/cobra"
)

func auditCommand(t terminal) *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:     "audit FILE",
		GroupID: groupSee,
		Short:   "derive everything in an exported record again, offline, trusting nobody",
		Long: `Derive everything in an exported record again from its bytes: every signature, proof of time, effect, deadline, dealing
and manifest; say what was checked, what could not be, and how things stand. Exit 0: everything holds; 1: something is
wrong, and it is named; 3: nothing is wrong but something could not be found out, for example because the proof that decides
is not covered yet.`,
		Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			b, err := os.ReadFile(args[0])
			if err != nil {
				return &exitError{exitUsage, err}
			}
			r := audit.Run(b)
			if asJSON {
				if err := printJSON(t.out, r); err != nil {
					return err
				}
			} else {
				fmt.Fprint(t.out, r.Text())
			}
			switch r.Verdict {
			case audit.Holds:
				return nil
			case audit.Broken:
				return no(nil)
			}
			return &exitError{status: exitUnknown}
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "answer in JSON")
	return c
}
