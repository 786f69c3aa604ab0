package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"detente/agreement"
	"detente/agreement/dir"
	"detente/machine"

	"github.com/spf13/cobra"
)

func newCommand(t terminal) *cobra.Command {
	var out string
	c := &cobra.Command{
		Use:     "new TEMPLATE",
		GroupID: groupText,
		Short:   "begin a text from a template: " + strings.Join(agreement.Templates(), ", "),
		Args:    cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			files, ok := agreement.Template(args[0])
			if !ok {
				return usage("template %q: want one of %s", args[0], strings.Join(agreement.Templates(), ", "))
			}
			if out == "" {
				out = args[0]
			}
			if err := writeNew(out, files); err != nil {
				return err
			}
			fmt.Fprintf(t.out, "%s\n", out)
			fmt.Fprintf(t.err, "make keys with `detente key new NAME`, put the lines it prints into the text, then run: detente check %s\n", out)
			return nil
		},
	}
	c.Flags().StringVar(&out, "out", "", "folder to make (default: the template's name)")
	return c
}

// writeNew writes files into a folder that must not have them.
func writeNew(dir string, files []agreement.File) error {
	for _, f := range files {
		if _, err := os.Stat(filepath.Join(dir, f.Path)); !errors.Is(err, fs.ErrNotExist) {
			return usage("%s exists already; nothing was written; give another folder with --out", filepath.Join(dir, f.Path))
		}
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	for _, f := range files {
		if err := os.WriteFile(filepath.Join(dir, f.Path), f.Data, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// A checkReport is the answer of `check --json`.
type checkReport struct {
	Agreement   string            `json:"agreement"` // id; empty if the text has errors
	Diagnostics []checkDiagnostic `json:"diagnostics"`
	Findings    []checkFinding    `json:"findings"`
	Digest      string            `json:"digest"` // of the findings, for `sign --findings`
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

type checkFinding struct {
	Code    string `json:"code"`
	Subject string `json:"subject"`
	Clause  string `json:"clause,omitempty"`
	Text    string `json:"text"`
}

func checkCommand(t terminal) *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:     "check PATH",
		GroupID: groupText,
		Short:   "check a text: its faults, and who could cheat with whose help",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			b, a, diagnostics, err := readForCheck(cmd, args[0])
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
	c.Flags().BoolVar(&asJSON, "json", false, "answer in JSON")
	return c
}

// readForCheck reads a text that may have errors, or that of a record.
func readForCheck(cmd *cobra.Command, path string) (*agreement.Bundle, *agreement.Agreement, []agreement.Diagnostic, error) {
	if strings.HasPrefix(path, "http") || strings.HasSuffix(path, ".detente") {
		s, err := openSubject(cmd.Context(), path, "")
		if err != nil {
			return nil, nil, nil, err
		}
		defer s.close()
		a, diagnostics := agreement.Read(s.bundle)
		return s.bundle, a, diagnostics, nil
	}
	b, err := dir.Load(path)
	if err != nil {
		return nil, nil, nil, &exitError{exitUsage, err}
	}
	a, diagnostics := agreement.Read(b)
	return b, a, diagnostics, nil
}

func reportOf(b *agreement.Bundle, a *agreement.Agreement, diagnostics []agreement.Diagnostic) checkReport {
	r := checkReport{Diagnostics: []checkDiagnostic{}, Findings: []checkFinding{}}
	for _, d := range diagnostics {
		src, _ := b.File(d.Range.File)
		first, _ := agreement.RangePosition(src, d.Range)
		r.Diagnostics = append(r.Diagnostics, checkDiagnostic{string(d.Code), d.Warning, d.Range.File, first.Line, first.Column, d.Message, d.Hint})
	}
	if a != nil {
		r.Agreement, r.Digest = a.ID.String(), agreement.FindingsDigest(a).String()
		for _, f := range agreement.Findings(a) {
			r.Findings = append(r.Findings, checkFinding{string(f.Code), string(f.Subject), f.Clause, f.Text})
		}
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
		fmt.Fprintf(t.out, "\nagreement %s\nfindings  %s\n", a.ID, agreement.FindingsDigest(a))
	}
	fmt.Fprintf(t.out, "%s, %s\n", count(errs, "error"), count(warnings, "warning"))
	if errs+warnings > 0 {
		fmt.Fprintf(t.err, "what a code means: detente explain CODE\n")
	}
}

// count is a number with its noun.
func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

func explainCommand(t terminal) *cobra.Command {
	return &cobra.Command{
		Use:     "explain [CODE]",
		GroupID: groupText,
		Short:   "say what a code of `check` means, with an example; without a code, list all",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				for _, c := range agreement.Codes() {
					e, _ := agreement.Explain(c)
					fmt.Fprintf(t.out, "%-26s %s\n", c, e.Title)
				}
				return nil
			}
			e, ok := agreement.Explain(agreement.Code(args[0]))
			if !ok {
				return usage("code %q: there is none; see: detente explain", args[0])
			}
			fmt.Fprintf(t.out, "%s: %s\n\n%s\n", e.Code, e.Title, strings.TrimSpace(e.Text))
			for _, ex := range []struct{ title, text string }{{"faulty:", e.Bad}, {"mended:", e.Good}} {
				if ex.text != "" {
					fmt.Fprintf(t.out, "\n%s\n%s\n", ex.title, indent(strings.TrimSpace(ex.text)))
				}
			}
			return nil
		},
	}
}

func indent(s string) string { return "    " + strings.ReplaceAll(s, "\n", "\n    ") }

func fmtCommand(t terminal) *cobra.Command {
	var check bool
	c := &cobra.Command{
		Use:     "fmt PATH",
		GroupID: groupText,
		Short:   "lay out the .agreement files of PATH in the one standard way",
		Args:    cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			files, err := agreementFiles(args[0])
			if err != nil {
				return err
			}
			changed := 0
			for _, name := range files {
				ok, err := formatFile(t, name, check)
				if err != nil {
					return err
				}
				if ok {
					changed++
					fmt.Fprintln(t.out, name)
				}
			}
			if check && changed > 0 {
				return no(fmt.Errorf("%s not in the standard layout; mend: detente fmt %s", count(changed, "file"), args[0]))
			}
			return nil
		},
	}
	c.Flags().BoolVar(&check, "check", false, "change nothing; exit 1 if a file would change")
	return c
}

func agreementFiles(path string) ([]string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, &exitError{exitUsage, err}
	}
	if !info.IsDir() {
		return []string{path}, nil
	}
	files, err := filepath.Glob(filepath.Join(path, "*.agreement"))
	if err == nil && len(files) == 0 {
		return nil, usage("%s has no file whose name ends in .agreement", path)
	}
	return files, err
}

func formatFile(t terminal, name string, check bool) (changed bool, err error) {
	src, err := os.ReadFile(name)
	if err != nil {
		return false, &exitError{exitUsage, err}
	}
	laid, diagnostics := agreement.Format(src)
	if agreement.HasErrors(diagnostics) {
		for _, d := range diagnostics {
			d.Range.File = name
			fmt.Fprintln(t.out, agreement.RenderDiagnostic(src, d))
		}
		return false, no(fmt.Errorf("%s cannot be laid out until it can be read; it was left as it was", name))
	}
	if bytes.Equal(src, laid) {
		return false, nil
	}
	if check {
		return true, nil
	}
	return true, replaceFile(name, laid)
}

// replaceFile writes a file anew, whole or not at all.
func replaceFile(name string, data []byte) error {
	info, err := os.Stat(name)
	if err != nil {
		return err
	}
	temp := name + ".new"
	if err := os.WriteFile(temp, data, info.Mode().Perm()); err != nil {
		return err
	}
	return os.Rename(temp, name)
}

func testCommand(t terminal) *cobra.Command {
	return &cobra.Command{
		Use:     "test PATH",
		GroupID: groupText,
		Short:   "run the scenario files (*.scenario) beside a text",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			s, err := openText(args[0])
			if err != nil {
				return err
			}
			folder := args[0]
			if info, err := os.Stat(folder); err == nil && !info.IsDir() {
				folder = filepath.Dir(folder)
			}
			files, err := filepath.Glob(filepath.Join(folder, "*.scenario"))
			if err != nil {
				return err
			}
			if len(files) == 0 {
				return usage("%s has no file whose name ends in .scenario; see docs/language.md for their form", folder)
			}
			return runScenarios(t, machine.Compile(s.agreement), files)
		},
	}
}

func runScenarios(t terminal, m *machine.Machine, files []string) error {
	failed := 0
	for _, name := range files {
		src, err := os.ReadFile(name)
		if err != nil {
			return &exitError{exitUsage, err}
		}
		sc, faults := machine.ParseScenario(src)
		if len(faults) > 0 {
			for _, f := range faults {
				fmt.Fprintf(t.out, "%s: %v\n", name, f)
			}
			failed++
			continue
		}
		report := sc.Run(m)
		fmt.Fprintf(t.out, "%s: %s", name, report.Text())
		if report.Failed > 0 {
			failed++
		}
	}
	if failed > 0 {
		return no(fmt.Errorf("%d of %s failed", failed, count(len(files), "scenario")))
	}
	return nil
}
