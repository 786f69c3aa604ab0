package main

import (
	"fmt"
	"os"
	"path/filepath"

	"detente/machine"

	"github.com/spf13/cobra"
)

// A scenarioReport is an entry of `test --json`.
type scenarioReport struct {
	File   string           `json:"file"`
	Faults []string         `json:"faults,omitempty"` // why it could not be read
	Lines  []scenarioResult `json:"lines"`
	Passed int              `json:"passed"`
	Failed int              `json:"failed"`

	text string
}

type scenarioResult struct {
	Line int    `json:"line"`
	Text string `json:"text"`
	OK   bool   `json:"ok"`
	Got  string `json:"got,omitempty"`
	Why  string `json:"why,omitempty"`
}

func (r *scenarioReport) failed() bool { return r.Failed > 0 || len(r.Faults) > 0 }

func testCommand(t terminal) *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:     "test [PATH]",
		GroupID: groupText,
		Short:   "hold a text to what its authors expect: run its scenario files",
		Long: `Run PATH, a .scenario file beside a text, or every .scenario file of the folder PATH (by default this one): acts at
instants, and what must be so then. Exit 1 if an expectation fails. The form of scenarios is in docs/language.md.`,
		RunE: func(_ *cobra.Command, args []string) error {
			folder, files, err := scenarioFiles(here(args))
			if err != nil {
				return err
			}
			s, err := openText(folder)
			if err != nil {
				return err
			}
			return runScenarios(t, machine.Compile(s.agreement), files, asJSON)
		},
	}
	jsonFlag(c, &asJSON)
	return c
}

// scenarioFiles gives the folder of the text and the scenarios to run.
func scenarioFiles(path string) (folder string, files []string, err error) {
	info, err := os.Stat(path)
	if err != nil {
		return "", nil, usage("%w", err)
	}
	switch {
	case filepath.Ext(path) == ".scenario":
		return filepath.Dir(path), []string{path}, nil
	case !info.IsDir():
		return "", nil, usage("%s is no .scenario file and no folder with a text", path)
	}
	files, err = filepath.Glob(filepath.Join(path, "*.scenario"))
	if err == nil && len(files) == 0 {
		return "", nil, usage("folder %s has no file whose name ends in .scenario\ntheir form is in docs/language.md", path)
	}
	return path, files, err
}

func runScenarios(t terminal, m *machine.Machine, files []string, asJSON bool) error {
	failed := 0
	reports := []*scenarioReport{}
	for _, name := range files {
		r, err := runScenario(m, name)
		if err != nil {
			return err
		}
		reports = append(reports, r)
		if r.failed() {
			failed++
		}
		if asJSON {
			continue
		}
		fmt.Fprintln(t.out, name)
		for _, f := range r.Faults {
			fmt.Fprintf(t.out, "  %s\n", f)
		}
		fmt.Fprint(t.out, r.text)
	}
	if asJSON {
		if err := printJSON(t.out, reports); err != nil {
			return err
		}
	}
	if failed > 0 {
		return no(fmt.Errorf("%d of %s failed", failed, count(len(files), "scenario")))
	}
	return nil
}

func runScenario(m *machine.Machine, name string) (*scenarioReport, error) {
	src, err := os.ReadFile(name)
	if err != nil {
		return nil, usage("%w", err)
	}
	r := &scenarioReport{File: name, Lines: []scenarioResult{}}
	sc, faults := machine.ParseScenario(src)
	for _, f := range faults {
		r.Faults = append(r.Faults, fmt.Sprint(f))
	}
	if len(faults) > 0 {
		return r, nil
	}
	rep := sc.Run(m, func(path string) (*machine.Machine, error) {
		s, err := openText(filepath.Join(filepath.Dir(name), path))
		if err != nil {
			return nil, err
		}
		return machine.Compile(s.agreement), nil
	})
	for _, l := range rep.Results {
		r.Lines = append(r.Lines, scenarioResult{l.Line, l.Text, l.OK, l.Got, l.Why})
	}
	r.Passed, r.Failed, r.text = rep.Passed, rep.Failed, rep.Text()
	return r, nil
}
