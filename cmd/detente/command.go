package main

import (
	"context"
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

// terminal is where a command reads and writes.
type terminal struct {
	in       io.Reader
	out, err io.Writer
}

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
	newCommand, checkCommand, fmtCommand, testCommand, planCommand, explainCommand,
	keyCommand, signCommand, declareCommand, performCommand, verifyCommand, contestCommand,
	invokeCommand, reportCommand, liftCommand, imposeCommand, attributeCommand,
	statusCommand, whyCommand, asofCommand, auditCommand, exportCommand, mirrorCommand,
	sealCommand, coverageCommand, openCommand, outcomeCommand,
	serveCommand, witnessCommand, custodianCommand, recorderCommand, demoCommand,
}

// root builds the command tree over t.
func root(t terminal) *cobra.Command {
	r := &cobra.Command{
		Use:           "detente",
		Short:         "run an agreement between parties that do not trust each other",
		SilenceUsage:  true,
		SilenceErrors: true,
		Args:          cobra.NoArgs,
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
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
		return usage("%w\nsee: %s --help", err, cmd.CommandPath())
	})
	for _, c := range commands {
		r.AddCommand(c(t))
	}
	r.CompletionOptions.HiddenDefaultCmd = true
	return r
}

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
		if isUsage(err) {
			exit.status = exitUsage
		}
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

// isUsage recognises the argument errors that cobra makes itself.
func isUsage(err error) bool {
	s := err.Error()
	return strings.HasPrefix(s, "unknown command") || strings.HasPrefix(s, "accepts ") ||
		strings.HasPrefix(s, "requires at least") || strings.HasPrefix(s, "required flag")
}
