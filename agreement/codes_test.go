package agreement_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"detente/agreement"
)

// plain is the agreement of which the catalogue's examples are pieces.
const plain = `agreement example {
  title     = "Example"
  witnesses = { of = [w-a, w-b, w-c, w-d], quorum = 3, faulty = 1 }
}
depositary registry {
  key = "ed25519 ..."
}
witness w-a { key = "w-a+..." }
witness w-b { key = "w-b+..." }
witness w-c { key = "w-c+..." }
witness w-d { key = "w-d+..." }
party alpha {
  keys = { of = ["ed25519 ..."], need = 1 }
}
party beta {
  keys = { of = ["ed25519 ..."], need = 1 }
}
party gamma {
  signs = no
}
`

// plainVault is added for pieces that speak of a vault.
const plainVault = `device camera {
  operators = [alpha, beta]
  key       = "ed25519 ..."
}
custodian k-a {
  named_by = alpha
  key      = "ed25519 ..."
}
custodian k-b {
  named_by = beta
  key      = "ed25519 ..."
}
custodian k-c {
  named_by = neutral
  key      = "ed25519 ..."
}
custodian k-d {
  named_by = neutral
  key      = "ed25519 ..."
}
custodian k-e {
  named_by = neutral
  key      = "ed25519 ..."
}
commitment lift {
  by       = alpha
  do       = "lift it"
  due      = footage.closes
  verified = { by = beta, within = 7 days, silence = refuses }
}
vault footage {
  records    = "what is agreed"
  recorder   = camera
  host       = alpha
  opens_to   = beta
  opens_if   = lift.fulfilled
  closes     = 2021-05-24
  pending    = hold
  else       = erase
  hold       = { at_most = 30 days, then = erase }
  epochs     = { every = 1 day, segments = 30 seconds }
  custodians = { of = [k-a, k-b, k-c, k-d, k-e], need = 3 }
}
`

var marks = strings.NewReplacer("«", "", "»", "")

// whole completes a piece of text. Blocks of the piece are merged into the
// plain agreement's of the same name: an attribute it gives replaces theirs.
func whole(piece string, fillKeys bool) string {
	if strings.HasPrefix(marks.Replace(piece), "detente") {
		return piece
	}
	base := plain
	if strings.Contains(piece, "footage") {
		base += plainVault
	}
	text := "detente 1\n\n"
	own := blocks(piece)
	used := make(map[string]bool)
	for _, b := range blocks(base) {
		for _, o := range own {
			if o.key == b.key {
				b = merge(b, o)
				used[o.key] = true
			}
		}
		if fillKeys || !strings.Contains(b.text, "«\"ed25519 ...") {
			b.text = string(fillNamed(b.text, b.key))
		}
		text += b.text
	}
	for _, o := range own {
		if !used[o.key] {
			text += string(fillNamed(o.text, o.key))
		}
	}
	return text
}

// fillNamed fills placeholders with keys that no other block gets.
func fillNamed(text, block string) string {
	n := 0
	return placeholder.ReplaceAllStringFunc(text, func(m string) string {
		if name, ok := strings.CutSuffix(m[1:], `+..."`); ok {
			return `"` + exampleWitness(name) + `"`
		}
		n++
		return `"` + exampleKey(fmt.Sprint(block, n)) + `"`
	})
}

type textBlock struct{ key, text string }

func blocks(s string) []textBlock {
	var out []textBlock
	var cur textBlock
	for _, line := range strings.SplitAfter(s, "\n") {
		if cur.text == "" {
			w := strings.Fields(marks.Replace(line) + " - -")
			cur.key = w[0] + " " + w[1]
		}
		cur.text += line
		if line == "}\n" || strings.HasSuffix(line, "}\n") && cur.text == line {
			out, cur = append(out, cur), textBlock{}
		}
	}
	if cur.text != "" {
		out = append(out, cur)
	}
	return out
}

var attribute = regexp.MustCompile(`^  «?([a-z_]+)»? +=`)

func merge(base, own textBlock) textBlock {
	given := make(map[string]bool)
	lines := strings.SplitAfter(own.text, "\n")
	for _, l := range lines {
		if m := attribute.FindStringSubmatch(l); m != nil {
			given[m[1]] = true
		}
	}
	text := lines[0]
	for _, l := range strings.SplitAfter(base.text, "\n")[1:] {
		if m := attribute.FindStringSubmatch(l); m != nil && !given[m[1]] {
			text += l
		}
	}
	return textBlock{base.key, text + strings.Join(lines[1:], "")}
}

// unmark takes the marks out of a text and gives the ranges between them.
func unmark(file, s string) (string, []agreement.Range) {
	var out strings.Builder
	var ranges []agreement.Range
	for _, part := range regexp.MustCompile("[«»]|[^«»]+").FindAllString(s, -1) {
		switch part {
		case "«":
			ranges = append(ranges, agreement.Range{File: file, Start: out.Len()})
		case "»":
			ranges[len(ranges)-1].End = out.Len()
		default:
			out.WriteString(part)
		}
	}
	return out.String(), ranges
}

// bare are the codes whose example would be too large or is no text; each has
// a test of its own, here or in limits_test.go.
var bare = map[agreement.Code]bool{
	"file-too-large": true, "encoding": true, "value-too-long": true, agreement.CodeBundle: true, agreement.CodeNoText: true,
	agreement.CodeTooManyBlocks: true, agreement.CodeStrayFile: true, agreement.CodeMissingBlock: true, agreement.CodeAmendName: true,
}

// amends reads the text that an example amends, and gives what is wrong with
// the amendment.
func amends(t *testing.T, piece string, a *agreement.Agreement, ds []agreement.Diagnostic) []agreement.Diagnostic {
	t.Helper()
	if a == nil || len(ds) > 0 {
		t.Fatalf("an example of an amendment is faulty itself: %v", ds)
	}
	b := bundle(t, agreement.File{Path: "x.agreement", Data: []byte(whole(piece, true))})
	old, ds := agreement.Read(b)
	if old == nil || len(ds) > 0 {
		t.Fatalf("the text amended:\n%s", show(b, ds))
	}
	_, ds = agreement.Amends(old, a)
	return ds
}

func TestCatalogue(t *testing.T) {
	seen := make(map[agreement.Code]bool)
	for _, code := range agreement.Codes() {
		e, _ := agreement.Explain(code)
		if seen[code] {
			t.Errorf("%s stands twice in the catalogue", code)
		}
		seen[code] = true
		if e.Title == "" || !strings.HasSuffix(e.Text, ".") {
			t.Errorf("%s lacks a title or a text", code)
		}
		if e.Finding || bare[code] {
			continue
		}
		t.Run(string(code), func(t *testing.T) {
			src, ranges := unmark("x.agreement", whole(e.Bad, code != agreement.CodeKeyPlaceholder))
			if len(ranges) == 0 {
				t.Fatal("the example marks no place")
			}
			b := bundle(t, agreement.File{Path: "x.agreement", Data: []byte(src)})
			a, ds := agreement.Read(b)
			if e.Amends != "" {
				ds = amends(t, e.Amends, a, ds)
			}
			if len(ds) != len(ranges) {
				t.Fatalf("%d diagnostics, want %d:\n%s\n%s", len(ds), len(ranges), show(b, ds), src)
			}
			for i, d := range ds {
				if d.Code != code || d.Range != ranges[i] || d.Warning != e.Warning {
					t.Errorf("got %s at %v (warning: %v), want %s at %v (%v)\n%s", d.Code, d.Range, d.Warning, code, ranges[i], e.Warning, show(b, ds))
				}
			}
			if e.Good == "" {
				return
			}
			b = bundle(t, agreement.File{Path: "x.agreement", Data: []byte(whole(e.Good, true))})
			a, ds = agreement.Read(b)
			if e.Amends != "" {
				ds = amends(t, e.Amends, a, ds)
			}
			if a == nil || len(ds) > 0 {
				t.Errorf("the good example:\n%s", show(b, ds))
			}
		})
	}
	if _, ok := agreement.Explain("no-such-code"); ok {
		t.Error("a code that does not exist is explained")
	}
}
