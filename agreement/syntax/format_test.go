package syntax

import (
	"fmt"
	"math/rand"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// tokensOf gives the tokens and comments of a text, without white space.
func tokensOf(src string) []string {
	toks, _ := lex(src)
	var out []string
	for _, t := range toks {
		if t.Kind != Newline && t.Kind != EOF {
			out = append(out, strings.TrimRight(src[t.Start:t.End], " \t"))
		}
	}
	return out
}

// texts gives all agreements of the project that this package can find.
func texts(t testing.TB) []string {
	t.Helper()
	var out []string
	for _, pattern := range []string{"../template/*.agreement", "../../examples/*/*.agreement"} {
		paths, err := filepath.Glob(pattern)
		if err != nil || len(paths) == 0 {
			t.Fatalf("%s: no texts found (%v)", pattern, err)
		}
		for _, p := range paths {
			data, err := os.ReadFile(p)
			if err != nil {
				t.Fatal(err)
			}
			out = append(out, string(data))
		}
	}
	return append(out, sample)
}

const sample = `detente 1

# A comment before a block.
reading heavy-water {
  unit     = t
  reporter = [a, b]
}

act many {
  by   = [
    alpha, # the first
    beta,

    # the last
    gamma,
  ]
  when = (heavy-water <= (if a.done then 90 t else -130 t) and not b.done) or
    c.fulfilled or # a comment inside
    all([x, y], fulfilled)
  states = []
}
party china   { name = "China" }
party germany { name = "Germany \"{\" # no comment" }
milestone x { at = earliest(2021-05-24, a.done_at + 3 days - 1/2 hours, end_of_day(y, "UTC")) }
`

// mangle lays a text out at random without changing its tokens: white space
// of any width, lines broken where the grammar allows, empty lines, comments.
func mangle(r *rand.Rand, src string) string {
	toks, _ := lex(src)
	var b strings.Builder
	nest := 0
	var open []bool // whether each open bracket is inside a value
	for i, t := range toks {
		s := src[t.Start:t.End]
		switch {
		case t.Kind == Newline:
			b.WriteString(strings.Repeat(" ", r.Intn(3)) + "\n" + strings.Repeat("\n", r.Intn(3)))
			continue
		case t.Kind == Comment:
			b.WriteString(strings.Repeat(" ", r.Intn(3)) + s)
			continue
		case t.Kind == EOF:
			continue
		case t.Kind == Op && strings.Contains("([{", s):
			value := s != "{" || i < 2 || toks[i-1].Kind != WordKind || toks[i-2].Kind != WordKind
			open = append(open, value)
			if value {
				nest++
			}
		case t.Kind == Op && strings.Contains(")]}", s):
			if open[len(open)-1] {
				nest--
			}
			open = open[:len(open)-1]
		}
		b.WriteString(s)
		next := toks[i+1]
		breakable := nest > 0 && next.Kind != Comment || t.Kind == Op && strings.Contains("+<<=>==!=", s) && s != "=" && next.Kind != Comment
		name := next.Kind == Op && strings.Contains("(.", src[next.Start:next.End]) || s == "."
		switch {
		case breakable && !name && s != "-" && r.Intn(8) == 0:
			fmt.Fprintf(&b, " # c%d\n", i)
		case breakable && !name && s != "-" && r.Intn(4) == 0:
			b.WriteString("\n")
		case name:
		default:
			b.WriteString(strings.Repeat(" ", 1+r.Intn(3)))
		}
	}
	return b.String()
}

// TestFormat lays texts out after laying them out at random: the tokens stay,
// a second time changes nothing, and what comes out can be read.
func TestFormat(t *testing.T) {
	for _, src := range texts(t) {
		if _, errs := Parse([]byte(src)); len(errs) > 0 {
			t.Fatalf("%v\n%s", errs, src)
		}
		r := rand.New(rand.NewSource(1))
		for range 60 {
			mangled := mangle(r, src)
			if _, errs := Parse([]byte(mangled)); len(errs) > 0 {
				t.Fatalf("mangled beyond the grammar: %v\n%s", errs, mangled)
			}
			checkFormat(t, mangled)
		}
	}
}

// checkFormat holds one text to what Format promises. A text that cannot be
// parsed must be refused.
func checkFormat(t *testing.T, src string) {
	t.Helper()
	_, faults := Parse([]byte(strings.ReplaceAll(src, "\r\n", "\n")))
	out, errs := Format([]byte(src))
	if len(errs) != len(faults) || len(errs) > 0 && out != nil {
		t.Fatalf("%d faults in formatting, %d in parsing", len(errs), len(faults))
	}
	if len(errs) > 0 {
		return
	}
	if got, want := tokensOf(string(out)), tokensOf(strings.ReplaceAll(src, "\r\n", "\n")); strings.Join(got, "\x00") != strings.Join(want, "\x00") {
		t.Fatalf("tokens changed:\n%q\n%q", got, want)
	}
	if _, errs := Parse(out); len(errs) > 0 {
		t.Fatalf("formatted text has faults: %v\n%s\nfrom\n%s", errs, out, src)
	}
	again, errs := Format(out)
	if len(errs) > 0 || string(again) != string(out) {
		t.Fatalf("a second time changes it: %v\n%s\n---\n%s", errs, out, again)
	}
	if len(out) > 0 && (out[len(out)-1] != '\n' || strings.Contains(string(out), " \n") || strings.Contains(string(out), "\n\n\n")) {
		t.Fatalf("loose white space:\n%q", out)
	}
}

// TestFormatted shows the standard form.
func TestFormatted(t *testing.T) {
	const src = "detente 1\r\n" + `agreement x {


title="X" # one
 prevails =   text# two
   proof_window= 1 hour    # three
 witnesses = {of=[a,b ,c],quorum=3,faulty=1} # a long line is not waited for
keys = {

of = [
"a", # first
"b" ]

}
when = a . b and
not c.d
x = f( 1/2 kg, - 3 %)-2 %
}
party a {x=1}
party bcd {x=1}
# end`
	const want = `detente 1

agreement x {
  title        = "X"    # one
  prevails     = text   # two
  proof_window = 1 hour # three
  witnesses    = { of = [a, b, c], quorum = 3, faulty = 1 } # a long line is not waited for
  keys = {
    of = [
      "a", # first
      "b"]
  }
  when = a.b and
    not c.d
  x = f(1/2 kg, -3 %) - 2 %
}
party a   { x = 1 }
party bcd { x = 1 }
# end
`
	out, errs := Format([]byte(src))
	if len(errs) > 0 || string(out) != want {
		t.Errorf("%v\n%s\nwant\n%s", errs, out, want)
	}
}

func FuzzFormat(f *testing.F) {
	for _, src := range texts(f) {
		f.Add([]byte(src))
	}
	for _, s := range []string{"", "detente 1", "detente 1\n#", "detente 2\n", "detente 1\na b {\nc = [(-1 %),\n{ d = e }]}", "detente 1\na b { c = not not yes and\n\n# x\n no }"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, src []byte) { checkFormat(t, string(src)) })
}

// TestSpread: a block that stands on several lines has each attribute on its
// own; one that stands on one line keeps it.
func TestSpread(t *testing.T) {
	const src = `detente 1
party a { name = "A"
 keys = { of = ["k"],
 need = 1 } } # who signs
party b {
 name = "B" }
party c { name = "C" }
party d {
}
party e {}
`
	const want = `detente 1

party a {
  name = "A"
  keys = { of = ["k"],
    need = 1 }
} # who signs
party b {
  name = "B"
}
party c { name = "C" }
party d {
}
party e {}
`
	got, errs := Format([]byte(src))
	if string(got) != want {
		t.Errorf("got %v\n%s\nwant\n%s", errs, got, want)
	}
	again, _ := Format(got)
	if string(again) != want {
		t.Errorf("again:\n%s", again)
	}
}
