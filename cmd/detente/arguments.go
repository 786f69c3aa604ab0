package main

import (
	"strings"

	"github.com/spf13/cobra"
)

// holdAll makes every command below c refuse what its usage line does not say,
// and what its required flags miss, in words that name what is missing.
func holdAll(c *cobra.Command) {
	for _, sub := range c.Commands() {
		holdAll(sub)
	}
	if c.HasSubCommands() {
		c.Args = known
		return
	}
	c.Args = usageLine
	c.DisableFlagsInUseLine = true
	if c.HasAvailableLocalFlags() {
		c.Use += " [flags]"
	}
	body := c.RunE
	c.RunE = func(cmd *cobra.Command, args []string) error {
		if missing := missingFlags(cmd); len(missing) > 0 {
			return usage("%s: missing %s\n%s", called(cmd), strings.Join(missing, ", "), more(cmd))
		}
		return body(cmd, args)
	}
}

// operands are the words of a usage line between the name and [flags].
func operands(cmd *cobra.Command) []string {
	words := strings.Fields(strings.TrimSuffix(cmd.Use, " [flags]"))
	return words[1:]
}

// usageLine counts the arguments against the usage line: NAME is one,
// [NAME] may be left out, NAME... is one or more.
func usageLine(cmd *cobra.Command, args []string) error {
	least, most := 0, 0
	want := operands(cmd)
	for _, w := range want {
		most++
		if !strings.HasPrefix(w, "[") {
			least++
		}
		if strings.HasSuffix(w, "...") {
			most = len(args) + 1
		}
	}
	switch {
	case len(args) < least:
		return usage("%s: missing %s\nusage: detente %s\n%s", called(cmd), strings.Join(required(want)[len(args):], " "), line(cmd), more(cmd))
	case len(args) > most:
		return usage("%s: one argument too many, from %q on\nusage: detente %s\n%s", called(cmd), args[most], line(cmd), more(cmd))
	}
	return nil
}

func required(words []string) []string {
	var out []string
	for _, w := range words {
		if !strings.HasPrefix(w, "[") {
			out = append(out, w)
		}
	}
	return out
}

// known refuses a subcommand that a command does not have.
func known(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	hint := more(cmd)
	cmd.SuggestionsMinimumDistance = 2 // letters
	if near := cmd.SuggestionsFor(args[0]); len(near) > 0 {
		hint = "did you mean: " + cmd.CommandPath() + " " + near[0]
	}
	return usage("%q is no command of %s\n%s", args[0], cmd.CommandPath(), hint)
}

// helpCommand is cobra's help, except that it refuses what is no command.
func helpCommand(root *cobra.Command) *cobra.Command {
	return &cobra.Command{
		Use:   "help [COMMAND]...",
		Short: "say how a command is used",
		RunE: func(cmd *cobra.Command, args []string) error {
			found, rest, err := root.Find(args)
			if err != nil || len(rest) > 0 {
				return usage("%q is no command\nsee: detente help", strings.Join(args, " "))
			}
			found.InitDefaultHelpFlag()
			return found.Help()
		},
	}
}

// called is the name by which a command was called, without "detente".
func called(cmd *cobra.Command) string {
	return strings.TrimPrefix(strings.TrimPrefix(cmd.CommandPath(), "detente"), " ")
}

func line(cmd *cobra.Command) string {
	parent := strings.TrimSuffix(called(cmd), cmd.Name())
	return parent + cmd.Use
}

func more(cmd *cobra.Command) string { return "see: " + cmd.CommandPath() + " --help" }

// needed is the annotation with the names of the flags without which a command
// says nothing.
const needed = "needed"

// need marks such flags.
func need(c *cobra.Command, names ...string) {
	if c.Annotations == nil {
		c.Annotations = map[string]string{}
	}
	c.Annotations[needed] = strings.TrimSpace(c.Annotations[needed] + " " + strings.Join(names, " "))
}

// missingFlags are the needed flags that were not given, as help shows them.
func missingFlags(cmd *cobra.Command) []string {
	var out []string
	for _, name := range strings.Fields(cmd.Annotations[needed]) {
		if f := cmd.Flags().Lookup(name); !f.Changed {
			_, placeholder, _ := strings.Cut(f.Usage, "`")
			placeholder, _, _ = strings.Cut(placeholder, "`")
			out = append(out, "--"+name+" "+placeholder)
		}
	}
	return out
}
