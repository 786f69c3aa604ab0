package main

import (
	"bytes"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// TestStoryPage holds docs/jcpoa.md to what its commands print. Of a shell it
// knows `| grep [-A N] -E 'REGEXP'` and `| head -n N`.
func TestStoryPage(t *testing.T) {
	t.Chdir("../..")
	const page = "docs/jcpoa.md"
	was, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	pieces := strings.Split(string(was), "```")
	commands := 0
	for i := 1; i < len(pieces); i += 2 {
		kind, body, _ := strings.Cut(pieces[i], "\n")
		if kind != "console" {
			continue
		}
		now := "console\n"
		for line := range strings.Lines(body) {
			if command, ok := strings.CutPrefix(strings.TrimSpace(line), "$ "); ok {
				commands++
				now += "$ " + command + "\n" + shell(t, command)
			}
		}
		pieces[i] = now
	}
	if commands < 8 {
		t.Errorf("%d commands found", commands)
	}
	is := strings.Join(pieces, "```")
	if is == string(was) {
		return
	}
	if *update {
		if err := os.WriteFile(page, []byte(is), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	t.Errorf("%s is not what its commands print: go test ./cmd/detente -run StoryPage -update\n%s", page, is)
}

// shell runs a command of the page and gives what it prints.
func shell(t *testing.T, line string) string {
	t.Helper()
	command, filter, _ := strings.Cut(line, " | ")
	args := words(command)
	var out, talk bytes.Buffer
	if code := run(t.Context(), args[1:], terminal{out: &out, err: &talk, in: strings.NewReader("")}); code != 0 {
		t.Fatalf("%s: exit status %d\n%s", command, code, &talk)
	}
	lines := strings.Split(strings.TrimSuffix(out.String(), "\n"), "\n")
	var kept []string
	switch f := words(filter); {
	case len(f) == 0:
		kept = lines
	case f[0] == "head":
		n, err := strconv.Atoi(f[2])
		if err != nil {
			t.Fatal(err)
		}
		kept = lines[:min(n, len(lines))]
	case f[0] == "grep":
		after := 0
		if f[1] == "-A" {
			n, err := strconv.Atoi(f[2])
			if err != nil {
				t.Fatal(err)
			}
			after = n
		}
		re := regexp.MustCompile(f[len(f)-1])
		left := 0
		for _, l := range lines {
			if re.MatchString(l) {
				left = after + 1
			}
			if left > 0 {
				kept = append(kept, l)
				left--
			}
		}
	default:
		t.Fatalf("the page's test knows no %s", f[0])
	}
	if len(kept) == 0 {
		t.Errorf("%s prints nothing", line)
	}
	return strings.Join(kept, "\n") + "\n"
}

// words splits a command line; quotes are single ones.
func words(line string) []string {
	var out []string
	for i, part := range strings.Split(line, "'") {
		if i%2 == 1 {
			out = append(out, part)
			continue
		}
		out = append(out, strings.Fields(part)...)
	}
	return out
}
