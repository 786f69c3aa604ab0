package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"
)

// The exit statuses, the same for every command.
const (
	exitYes     = 0
	exitNo      = 1 // checked, and the answer is no
	exitUsage   = 2
	exitUnknown = 3 // could not find out
)

// An exitError ends a command with a status. Its error, if any, is printed.
type exitError struct {
	status int
	err    error
}

func (e *exitError) Error() string {
	if e.err == nil {
		return ""
	}
	return e.err.Error()
}

func (e *exitError) Unwrap() error { return e.err }

// no is the answer of a check that failed, already printed or told by err.
func no(err error) error { return &exitError{exitNo, err} }

// isNo is whether an error is the answer of a check.
func isNo(err error) bool {
	exit, ok := errors.AsType[*exitError](err)
	return ok && exit.status == exitNo
}

// usage is a fault of the command line.
func usage(format string, args ...any) error {
	return &exitError{exitUsage, fmt.Errorf(format, args...)}
}

// groups of commands, in the order in which help shows them.
const (
	groupText   = "text"
	groupSay    = "say"
	groupSee    = "see"
	groupSealed = "sealed"
	groupRun    = "run"
)

// commands is the table: every command of the binary.
var commands = []func(terminal) *cobra.Command{
	newCommand, checkCommand, fmtCommand, diffCommand, testCommand, planCommand, explainCommand,
	keyCommand, signCommand, declareCommand, performCommand, verifyCommand, contestCommand,
	voteCommand, countCommand, tableCommand, raiseCommand, withdrawCommand, extendCommand, answerCommand,
	invokeCommand, amendCommand, reportCommand, liftCommand, imposeCommand, attributeCommand, serviceCommand, redactCommand, mergeCommand, submitCommand,
	statusCommand, whyCommand, asofCommand, auditCommand, exportCommand, proofCommand, documentCommand, mirrorCommand, compareCommand, receiptCommand,
	sealCommand, coverageCommand, segmentsCommand, openCommand, lookCommand, outcomeCommand,
	serveCommand, restoreCommand, witnessCommand, custodianCommand, recorderCommand, demoCommand,
}

const rootLong = `Detente lets parties that do not trust each other run an agreement together. It checks the text, keeps the record of
who said and did what, seals the evidence, and derives every answer from the record alone.

Answers go to standard output, everything else to standard error; nothing is coloured. The exit status is 0 for yes, 1 for
checked and no, 2 for wrong usage and 3 for could not find out.

PATH is what a command is asked about: the folder or file of a text, an exported record (a file NAME.detente), the folder of a
mirror, or the address of a running record. DETENTE_RECORD stands in for the address, DETENTE_KEY for --key, and
DETENTE_PASSPHRASE_FILE names a file with the passphrase of an encrypted key; no secret is ever an argument.`

// root builds the command tree over t.
func root(t terminal) *cobra.Command {
	r := &cobra.Command{
		Use:           "detente",
		Short:         "run an agreement between parties that do not trust each other",
		Long:          rootLong,
		SilenceUsage:  true,
		SilenceErrors: true,
		RunE:          group,
	}
	r.SetIn(t.in)
	r.SetOut(t.out)
	r.SetErr(t.err)
	r.AddGroup(
		&cobra.Group{ID: groupText, Title: "The text:"},
		&cobra.Group{ID: groupSay, Title: "Say and do, signed:"},
		&cobra.Group{ID: groupSee, Title: "See and check:"},
		&cobra.Group{ID: groupSealed, Title: "Sealed evidence:"},
		&cobra.Group{ID: groupRun, Title: "Run a part:"},
	)
	r.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return usage("%s: %w\n%s", called(cmd), err, more(cmd))
	})
	for _, c := range commands {
		r.AddCommand(c(t))
	}
	r.AddCommand(prepareCommand(t, commands))
	r.CompletionOptions.HiddenDefaultCmd = true
	r.SetHelpCommand(helpCommand(r))
	r.InitDefaultHelpCmd()
	holdAll(r)
	return r
}

// group is the run of a command that only has others below it.
func group(cmd *cobra.Command, _ []string) error { return cmd.Help() }

// run executes the command line args and gives the exit status.
func run(ctx context.Context, args []string, t terminal) int {
	r := root(t)
	r.SetArgs(args)
	err := r.ExecuteContext(ctx)
	if err == nil {
		return exitYes
	}
	var exit *exitError
	if !errors.As(err, &exit) {
		exit = &exitError{exitUnknown, err}
	}
	if ctx.Err() != nil && errors.Is(err, ctx.Err()) {
		exit = &exitError{exitUnknown, errors.New("interrupted")}
	}
	if text := exit.Error(); text != "" {
		first, rest, _ := strings.Cut(text, "\n")
		fmt.Fprintf(t.err, "detente: %s\n", first)
		if rest != "" {
			fmt.Fprintln(t.err, rest)
		}
	}
	return exit.status
}

// jsonFlag adds the flag of every command whose answer a program may read.
func jsonFlag(c *cobra.Command, asJSON *bool) {
	c.Flags().BoolVar(asJSON, "json", false, "answer in JSON")
}

// printJSON prints an answer for programs.
func printJSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(v)
}

// count is a number with its noun.
func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
