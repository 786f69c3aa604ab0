package agreement_test

import (
	"fmt"
	"os"
	"sort"
	"strings"
	"testing"

	"detente/agreement"
)

const specFile = "../spec/language.md"

// between replaces what stands between two lines of a text.
func between(t *testing.T, text, from, to, with string) string {
	t.Helper()
	head, rest, ok1 := strings.Cut(text, from)
	_, tail, ok2 := strings.Cut(rest, to)
	if !ok1 || !ok2 {
		t.Fatalf("%s has no %q or %q", specFile, from, to)
	}
	return head + from + "\n\n" + with + "\n" + to + tail
}

// TestSpec holds the tables of the specification against those that the
// checker works from.
func TestSpec(t *testing.T) {
	data, err := os.ReadFile(specFile)
	if err != nil {
		t.Fatal(err)
	}
	want := between(t, string(data), "<!-- tables: written by go test ./agreement -run Spec -update -->", "<!-- end of tables -->", nounTables())
	want = between(t, want, "<!-- attributes: written by go test ./agreement -run Spec -update -->", "<!-- end of attributes -->", attributeTable())
	if *update {
		if err := os.WriteFile(specFile, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	} else if want != string(data) {
		t.Errorf("the tables of %s are stale: go test ./agreement -run Spec -update", specFile)
	}
	for _, s := range agreement.Schema() {
		if s.Later && !strings.Contains(want, "`"+string(s.Noun)+"`") {
			t.Errorf("the later block %s is not named", s.Noun)
		}
	}
	for _, code := range agreement.Codes() {
		if e, _ := agreement.Explain(code); e.Warning && !strings.Contains(want, "["+string(code)+"]") {
			t.Errorf("the warning %s is not named", code)
		}
	}
}

func nounTables() string {
	var b strings.Builder
	var wait []string
	for _, s := range agreement.Schema() {
		if s.Later {
			continue
		}
		fmt.Fprintf(&b, "### %s\n\n%s\n\n| attribute | value | otherwise | |\n|---|---|---|---|\n", s.Noun, s.Doc)
		rows(&b, "", s.Attributes)
		var names []string
		for _, a := range s.Attributes {
			if a.Later {
				names = append(names, "`"+a.Name+"`")
			}
		}
		if len(names) > 0 {
			wait = append(wait, string(s.Noun)+": "+strings.Join(names, ", "))
		}
		b.WriteString("\n")
	}
	fmt.Fprintf(&b, "Attributes reserved for later versions: %s.\n", strings.Join(wait, "; "))
	return b.String()
}

func rows(b *strings.Builder, prefix string, specs []agreement.AttributeSpec) {
	for _, a := range specs {
		if a.Later {
			continue
		}
		value := string(a.Shape)
		var words []string
		for _, n := range a.Nouns {
			words = append(words, string(n))
		}
		if a.Shape == agreement.ShapeName || a.Shape == agreement.ShapeNames {
			value += " of a " + strings.Join(words, " or ")
		}
		if len(a.Words) > 0 {
			if a.Shape != agreement.ShapeWord {
				value += ", or"
			} else {
				value = ""
			}
			value = strings.TrimSpace(value + " `" + strings.Join(a.Words, "` or `") + "`")
		}
		switch a.Shape {
		case agreement.ShapeWhole:
			value += fmt.Sprintf(", %d to %d", a.Low, a.High)
		case agreement.ShapeDuration:
			value += fmt.Sprintf(", %s to %s", agreement.Duration(a.Low), agreement.Duration(a.High))
		}
		otherwise := ""
		switch {
		case a.Required:
			otherwise = "required"
		case a.Default != "":
			otherwise = "`" + a.Default + "`"
		}
		fmt.Fprintf(b, "| `%s%s` | %s | %s | %s |\n", prefix, a.Name, value, otherwise, a.Doc)
		rows(b, prefix+a.Name+".", a.Fields)
	}
}

func attributeTable() string {
	var nouns []string
	for n := range agreement.Attributes {
		nouns = append(nouns, string(n))
	}
	sort.Strings(nouns)
	var b strings.Builder
	b.WriteString("| of | conditions | instants | numbers |\n|---|---|---|---|\n")
	for _, n := range nouns {
		columns := map[agreement.ValueType][]string{}
		for word, kind := range agreement.Attributes[agreement.Noun(n)] {
			columns[kind] = append(columns[kind], "`"+word+"`")
		}
		fmt.Fprintf(&b, "| %s", n)
		for _, kind := range []agreement.ValueType{agreement.TypeBool, agreement.TypeInstant, agreement.TypeNumber} {
			sort.Strings(columns[kind])
			fmt.Fprintf(&b, " | %s", strings.Join(columns[kind], " "))
		}
		b.WriteString(" |\n")
	}
	return b.String()
}
