package main

import (
	"fmt"
	"strings"

	"detente/agreement"
	"detente/agreement/dir"

	"github.com/spf13/cobra"
)

// A checkReport is the answer of `check --json`.
type checkReport struct {
	Agreement   string            `json:"agreement"` // id; empty if the text has errors
	Diagnostics []checkDiagnostic `json:"diagnostics"`
	findingsReport
	Coalitions []vaultCoalitions `json:"coalitions"` // of each vault; no part of what a signer signs
}

type checkDiagnostic struct {
	Code    string `json:"code"`
	Warning bool   `json:"warning"`
	File    string `json:"file"`
	Line    int    `json:"line"`
	Column  int    `json:"column"`
	Message string `json:"message"`
	Hint    string `json:"hint,omitempty"`
}

// A findingsReport is what a signer has to have seen.
type findingsReport struct {
	Findings []checkFinding `json:"findings"`
	Digest   string         `json:"digest"` // of the findings, for `sign --findings`
}

type checkFinding struct {
	Code    string `json:"code"`
	Subject string `json:"subject"`
	Clause  string `json:"clause,omitempty"`
	Text    string `json:"text"`
}

func checkCommand(t terminal) *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:     "check [PATH]",
		GroupID: groupText,
		Short:   "check a text: its faults, and who could cheat with whose help",
		Long: `Check the text in PATH, by default this folder: print every fault with its place, and, if the text is sound, its findings:
who could cheat with whose help, who could stall, what cannot be proved. The digest of the findings is what a signer signs.
Beside them a table counts, for every vault, which parties with how many neutral custodians could open, stop or keep.
Exit 1 if the text has an error.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			b, a, diagnostics, err := readForCheck(cmd, t, here(args))
			if err != nil {
				return err
			}
			if asJSON {
				if err := printJSON(t.out, reportOf(b, a, diagnostics)); err != nil {
					return err
				}
			} else {
				printCheck(t, b, a, diagnostics)
			}
			if a == nil {
				return no(nil)
			}
			return nil
		},
	}
	jsonFlag(c, &asJSON)
	return c
}

// here is the folder that a command about a text is asked about.
func here(args []string) string {
	if len(args) == 0 {
		return "."
	}
	return args[0]
}

// readForCheck reads a text that may have errors, or that of a record.
func readForCheck(cmd *cobra.Command, t terminal, path string) (*agreement.Bundle, *agreement.Agreement, []agreement.Diagnostic, error) {
	if strings.HasPrefix(path, "http") || strings.HasSuffix(path, ".detente") {
		s, err := openSubject(cmd.Context(), t, path, "")
		if err != nil {
			return nil, nil, nil, err
		}
		defer s.close()
		a, diagnostics := agreement.Read(s.bundle)
		return s.bundle, a, diagnostics, nil
	}
	b, err := dir.Load(path)
	if err != nil {
		return nil, nil, nil, usage("%w", err)
	}
	a, diagnostics := agreement.Read(b)
	return b, a, diagnostics, nil
}

func reportOf(b *agreement.Bundle, a *agreement.Agreement, diagnostics []agreement.Diagnostic) checkReport {
	r := checkReport{Diagnostics: []checkDiagnostic{}, findingsReport: findingsReport{Findings: []checkFinding{}}, Coalitions: []vaultCoalitions{}}
	for _, d := range diagnostics {
		src, _ := b.File(d.Range.File)
		first, _ := agreement.RangePosition(src, d.Range)
		r.Diagnostics = append(r.Diagnostics, checkDiagnostic{string(d.Code), d.Warning, d.Range.File, first.Line, first.Column, d.Message, d.Hint})
	}
	if a != nil {
		r.Agreement, r.findingsReport, r.Coalitions = a.ID.String(), findingsOf(a), coalitionsOf(a)
	}
	return r
}

func findingsOf(a *agreement.Agreement) findingsReport {
	r := findingsReport{Findings: []checkFinding{}, Digest: agreement.FindingsDigest(a).String()}
	for _, f := range agreement.Findings(a) {
		r.Findings = append(r.Findings, checkFinding{string(f.Code), string(f.Subject), f.Clause, f.Text})
	}
	return r
}

func printCheck(t terminal, b *agreement.Bundle, a *agreement.Agreement, diagnostics []agreement.Diagnostic) {
	errs, warnings := 0, 0
	for _, d := range diagnostics {
		src, _ := b.File(d.Range.File)
		fmt.Fprintln(t.out, agreement.RenderDiagnostic(src, d))
		if d.Warning {
			warnings++
		} else {
			errs++
		}
	}
	if a != nil {
		fmt.Fprint(t.out, agreement.FindingsText(a))
		printCoalitions(t, a)
		fmt.Fprintf(t.out, "\nagreement %s\nfindings  %s\n", a.ID, agreement.FindingsDigest(a))
	}
	fmt.Fprintf(t.out, "%s, %s\n", count(errs, "error"), count(warnings, "warning"))
	if errs+warnings > 0 {
		fmt.Fprintf(t.err, "what a code means: detente explain CODE\n")
	}
}

// A codeReport is an entry of `explain --json`.
type codeReport struct {
	Code   agreement.Code `json:"code"`
	Kind   string         `json:"kind"` // error, warning or finding
	Title  string         `json:"title"`
	Text   string         `json:"text"`
	Faulty string         `json:"faulty,omitempty"`
	Mended string         `json:"mended,omitempty"`
}

func explained(e agreement.Explanation) codeReport {
	kind := "error"
	switch {
	case e.Finding:
		kind = "finding"
	case e.Warning:
		kind = "warning"
	}
	return codeReport{e.Code, kind, e.Title, strings.TrimSpace(e.Text), e.Bad, e.Good}
}

func explainCommand(t terminal) *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:     "explain [CODE]",
		GroupID: groupText,
		Short:   "say what a code of check means, with an example; without a code, list all",
		Example: "  detente explain window-outlasts",
		RunE: func(_ *cobra.Command, args []string) error {
			reports := []codeReport{}
			for _, code := range agreement.Codes() {
				if e, _ := agreement.Explain(code); len(args) == 0 || string(code) == args[0] {
					reports = append(reports, explained(e))
				}
			}
			switch {
			case len(reports) == 0:
				return usage("there is no code %q\nall codes: detente explain", args[0])
			case asJSON:
				return printJSON(t.out, reports)
			case len(args) == 0:
				for _, r := range reports {
					fmt.Fprintf(t.out, "%-7s  %-26s %s\n", r.Kind, r.Code, r.Title)
				}
			default:
				printCode(t, reports[0])
			}
			return nil
		},
	}
	jsonFlag(c, &asJSON)
	return c
}

func printCode(t terminal, r codeReport) {
	fmt.Fprintf(t.out, "%s (%s): %s\n\n%s\n", r.Code, r.Kind, r.Title, r.Text)
	for _, ex := range []struct{ title, text string }{{"faulty:", r.Faulty}, {"mended:", r.Mended}} {
		if ex.text != "" {
			fmt.Fprintf(t.out, "\n%s\n%s\n", ex.title, indent(strings.TrimSpace(ex.text)))
		}
	}
}

func indent(s string) string { return "    " + strings.ReplaceAll(s, "\n", "\n    ") }
