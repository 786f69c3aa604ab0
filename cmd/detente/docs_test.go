package main

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

const commandsPage = "../../docs/commands.md"

// TestCommandsPage holds docs/commands.md against the table of commands.
func TestCommandsPage(t *testing.T) {
	want := page(root(terminal{}))
	if *update {
		if err := os.WriteFile(commandsPage, want, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(commandsPage)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s is not what the commands say; make it: go test ./cmd/detente -run TestCommandsPage -update", commandsPage)
	}
}

// TestHelpIsWhole reads the help of every command as somebody would who sees
// it for the first time.
func TestHelpIsWhole(t *testing.T) {
	r := root(terminal{})
	groups := map[string]bool{}
	for _, g := range r.Groups() {
		groups[g.ID] = true
	}
	everyCommand(r, func(c *cobra.Command) {
		if c.Short == "" || strings.HasSuffix(c.Short, ".") || strings.ToLower(c.Short[:1]) != c.Short[:1] {
			t.Errorf("%s: the short help is %q; want one line, lower case, without a full stop", c.CommandPath(), c.Short)
		}
		if c.Parent() == r && !groups[c.GroupID] && c.Name() != "help" {
			t.Errorf("%s stands in no group of the help", c.CommandPath())
		}
		if c.Example != "" && !strings.HasPrefix(c.Example, "  detente "+called(c)) && !strings.HasPrefix(c.Example, "  detente check") {
			t.Errorf("%s: the example is of another command: %q", c.CommandPath(), c.Example)
		}
		for l := range strings.Lines(c.Long) {
			if len(strings.TrimRight(l, "\n")) > 130 {
				t.Errorf("%s: a line of the long help is longer than 130 bytes: %q", c.CommandPath(), l)
			}
		}
		for l := range strings.Lines(c.LocalFlags().FlagUsages()) {
			if f := strings.Fields(l); len(f) > 1 && (f[1] == "string" || f[1] == "stringArray" || f[1] == "strings" || f[1] == "int" || f[1] == "duration") {
				t.Errorf("%s: flag %s does not say what its value is", c.CommandPath(), f[0])
			}
		}
	})
}

// everyCommand visits the commands that help shows, in the order of the table.
func everyCommand(c *cobra.Command, visit func(*cobra.Command)) {
	for _, sub := range c.Commands() {
		if sub.Hidden || sub.Name() == "completion" {
			continue
		}
		visit(sub)
		everyCommand(sub, visit)
	}
}

// page is docs/commands.md.
func page(r *cobra.Command) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "# Commands\n\nMade from the commands' own help by `go test ./cmd/detente -run TestCommandsPage -update`; change it there.\n\n")
	fmt.Fprintf(&b, "%s\n\n| command | what it does |\n|---|---|\n", r.Long)
	everyCommand(r, func(c *cobra.Command) {
		fmt.Fprintf(&b, "| [`%s`](#%s) | %s |\n", called(c), strings.ReplaceAll(c.CommandPath(), " ", "-"), cell(c.Short))
	})
	everyCommand(r, func(c *cobra.Command) {
		about := c.Long
		if about == "" {
			about = strings.ToUpper(c.Short[:1]) + c.Short[1:] + "."
		}
		fmt.Fprintf(&b, "\n## %s\n\n%s\n\n```\n%s\n```\n", c.CommandPath(), about, c.UseLine())
		if c.Example != "" {
			fmt.Fprintf(&b, "\nFor example\n\n```\n%s\n```\n", unindent(c.Example))
		}
		if c.HasAvailableLocalFlags() {
			fmt.Fprintf(&b, "\n```\n%s\n```\n", strings.TrimRight(c.LocalFlags().FlagUsages(), "\n"))
		}
	})
	return b.Bytes()
}

func cell(s string) string { return strings.ReplaceAll(s, "|", "\\|") }

func unindent(s string) string {
	var lines []string
	for l := range strings.Lines(s) {
		lines = append(lines, strings.TrimPrefix(strings.TrimRight(l, "\n"), "  "))
	}
	return strings.Join(lines, "\n")
}
