package main

import (
	"fmt"

	"detente/agreement"

	"github.com/spf13/cobra"
)

// A diffReport is the answer of `diff --json`.
type diffReport struct {
	From        string            `json:"from"` // ids of the two texts
	To          string            `json:"to"`
	Diagnostics []checkDiagnostic `json:"diagnostics"` // why the second cannot take the place of the first
	Signers     []agreement.Name  `json:"signers"`     // who must all sign
	Joins       []agreement.Name  `json:"joins"`       // of these, who did not sign before
	Changes     []diffChange      `json:"changes"`
}

type diffChange struct {
	Noun      agreement.Noun `json:"noun"`
	Name      agreement.Name `json:"name"`
	Clause    string         `json:"clause,omitempty"`
	Attribute string         `json:"attribute,omitempty"`
	Was       string         `json:"was"`
	Is        string         `json:"is"`
	Text      string         `json:"text"`
}

func diffCommand(t terminal) *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:     "diff OLD NEW",
		GroupID: groupText,
		Short:   "say what a text would change that takes the place of another, and who must sign it",
		Long: `Compare two texts by what they mean, not by how they are written: each change is a line, and so is what is new and what
ends. Above them stands who must sign NEW for it to amend OLD. OLD and NEW are folders or files of a text, or records. Exit 1
if NEW cannot amend OLD at all; whether it can at a given time also depends on what is on the record by then.`,
		Example: "  detente diff examples/cameras examples/cameras/extended",
		Args:    cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			old, err := openSubject(cmd.Context(), t, args[0], "")
			if err != nil {
				return err
			}
			defer old.close()
			new, err := openSubject(cmd.Context(), t, args[1], "")
			if err != nil {
				return err
			}
			defer new.close()
			return printDiff(t, old.agreement, new, asJSON)
		},
	}
	jsonFlag(c, &asJSON)
	return c
}

func printDiff(t terminal, old *agreement.Agreement, new *subject, asJSON bool) error {
	how, diagnostics := agreement.Amends(old, new.agreement)
	if asJSON {
		r := diffReport{From: old.ID.String(), To: new.agreement.ID.String(), Diagnostics: reportOf(new.bundle, nil, diagnostics).Diagnostics,
			Signers: []agreement.Name{}, Joins: []agreement.Name{}, Changes: []diffChange{}}
		if how != nil {
			r.Signers = append(append(r.Signers, how.By...), how.Joins...)
			r.Joins = append(r.Joins, how.Joins...)
			for _, d := range how.Changes {
				r.Changes = append(r.Changes, diffChange{d.Noun, d.Name, d.Clause, d.Attribute, d.Was, d.Is, d.Text})
			}
		}
		if err := printJSON(t.out, r); err != nil {
			return err
		}
	} else if how != nil {
		fmt.Fprint(t.out, how.Text())
	} else {
		for _, d := range diagnostics {
			src, _ := new.bundle.File(d.Range.File)
			fmt.Fprintln(t.out, agreement.RenderDiagnostic(src, d))
		}
		fmt.Fprintf(t.err, "what a code means: detente explain CODE\n")
	}
	if how == nil {
		return no(nil)
	}
	return nil
}
