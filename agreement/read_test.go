package agreement_test

import (
	"fmt"
	"math/rand"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"detente/agreement"

	"golang.org/x/tools/txtar"
)

// erase clears what may change when a text is laid out anew: ranges, and the
// digest of the bytes.
func erase(v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if !v.IsNil() {
			erase(v.Elem())
		}
	case reflect.Slice:
		for i := range v.Len() {
			erase(v.Index(i))
		}
	case reflect.Struct:
		if !v.CanSet() {
			return
		}
		switch v.Type() {
		case reflect.TypeFor[agreement.Range](), reflect.TypeFor[agreement.Digest]():
			v.SetZero()
			return
		}
		for i := range v.NumField() {
			if f := v.Field(i); f.CanSet() {
				erase(f)
			}
		}
	case reflect.Array:
		if v.CanSet() && v.Type() == reflect.TypeFor[agreement.Digest]() {
			v.SetZero()
		}
	}
}

// meaning reads a text and leaves out where things stand.
func meaning(src []byte, others []agreement.File) (*agreement.Agreement, []agreement.Diagnostic) {
	b, err := agreement.NewBundle(append([]agreement.File{{Path: "x.agreement", Data: src}}, others...))
	if err != nil {
		return nil, []agreement.Diagnostic{{Message: err.Error()}}
	}
	a, ds := agreement.Read(b)
	if a != nil {
		erase(reflect.ValueOf(a).Elem())
	}
	for i := range ds {
		ds[i].Range = agreement.Range{}
		if j := strings.LastIndex(ds[i].Hint, ", line "); j >= 0 {
			ds[i].Hint = ds[i].Hint[:j]
		}
	}
	return a, ds
}

// keepsMeaning holds Format to its promise on one text.
func keepsMeaning(t *testing.T, src []byte, others []agreement.File) {
	t.Helper()
	out, ds := agreement.Format(src)
	if len(ds) > 0 {
		return // not formatted, so not changed
	}
	before, ds1 := meaning(src, others)
	after, ds2 := meaning(out, others)
	if strings.Contains(string(src), "\r") {
		return // read only after formatting
	}
	if !reflect.DeepEqual(before, after) || !reflect.DeepEqual(ds1, ds2) {
		t.Fatalf("formatting changed the meaning\n%+v\n%+v\nof\n%s\n---\n%s", ds1, ds2, src, out)
	}
}

func TestFormatKeepsMeaning(t *testing.T) {
	r := rand.New(rand.NewSource(2))
	read := 0
	for range 400 {
		src := []byte(whole(randomPiece(r), true))
		if a, _ := meaning(src, nil); a != nil {
			read++
		}
		keepsMeaning(t, src, nil)
	}
	if read < 100 {
		t.Errorf("only %d of the random texts are agreements", read)
	}
	ar, err := txtar.ParseFile("testdata/types.txtar")
	if err != nil {
		t.Fatal(err)
	}
	keepsMeaning(t, []byte(whole(string(ar.Files[0].Data), true)), nil)
}

// TestReadIsAFunction reads the same bytes again and again.
func TestReadIsAFunction(t *testing.T) {
	paths, _ := filepath.Glob("testdata/*.txtar")
	for _, path := range paths {
		ar, err := txtar.ParseFile(path)
		if err != nil {
			t.Fatal(err)
		}
		src := []byte(whole(string(ar.Files[0].Data), true))
		b := bundle(t, agreement.File{Path: "x.agreement", Data: src})
		a1, ds1 := agreement.Read(b)
		for range 5 {
			if a2, ds2 := agreement.Read(b); !reflect.DeepEqual(a1, a2) || !reflect.DeepEqual(ds1, ds2) {
				t.Fatalf("%s: two readings differ", path)
			}
		}
	}
}

// randomPiece writes a random piece, mostly sound, with spaces, line breaks
// and comments where the grammar lets them be.
func randomPiece(r *rand.Rand) string {
	g := &generator{r: r}
	g.line("reading stock {\n  reporter = alpha\n  unit = kg\n}")
	g.line("reading sealed { reporter = [alpha, beta] }")
	g.line("act leave { by = alpha }")
	for i := range 1 + r.Intn(4) {
		g.b.WriteString(g.comment())
		name := "m" + spelled(i)
		if r.Intn(2) == 0 {
			fmt.Fprintf(&g.b, "milestone %s {%s\n  at =%s%s\n}\n", name, g.comment(), g.space(), g.instant(3))
		} else {
			fmt.Fprintf(&g.b, "milestone %s {\n  when =%s%s%s\n}\n", name, g.space(), g.condition(3), g.comment())
		}
		g.times = append(g.times, name)
	}
	fmt.Fprintf(&g.b, "commitment pay {\n  by =%salpha\n  do=\"pay\" \n  due = %s\n  verified = {%sby = beta,%swithin = 7 days, silence = accepts }\n}\n", g.space(), g.instant(2), g.space(), g.space())
	return g.b.String()
}

type generator struct {
	r     *rand.Rand
	b     strings.Builder
	times []string
}

func (g *generator) line(s string) { g.b.WriteString(s + g.comment() + "\n") }

func (g *generator) space() string { return strings.Repeat(" ", 1+g.r.Intn(3)) }

func (g *generator) comment() string {
	if g.r.Intn(3) > 0 {
		return ""
	}
	return " # note " + fmt.Sprint(g.r.Intn(9)) + "\n"
}

// wrap puts brackets around, perhaps over several lines.
func (g *generator) wrap(open, inner, close string) string {
	switch g.r.Intn(4) {
	case 0:
		return open + "\n" + inner + close
	case 1:
		return open + " " + inner + " # here\n" + close
	}
	return open + inner + close
}

// join writes a binary operator, after which a line may break.
func (g *generator) join(x, op, y string) string {
	if g.r.Intn(4) == 0 {
		return x + g.space() + op + g.comment() + "\n" + y
	}
	return x + g.space() + op + g.space() + y
}

func (g *generator) instant(depth int) string {
	switch n := g.r.Intn(7); {
	case depth == 0 || n == 0:
		return fmt.Sprintf("20%02d-0%d-1%d", 10+g.r.Intn(20), 1+g.r.Intn(9), g.r.Intn(9))
	case n == 1:
		return []string{"leave.done_at", "stock.reported_at", "agreement.in_force_at"}[g.r.Intn(3)]
	case n == 2:
		return g.join(g.instant(depth-1), []string{"+", "-"}[g.r.Intn(2)], fmt.Sprintf("%d%sdays", 1+g.r.Intn(90), g.space()))
	case n == 3:
		return []string{"earliest", "latest"}[g.r.Intn(2)] + g.wrap("(", g.instant(depth-1)+","+g.space()+g.instant(depth-1), ")")
	case n == 4:
		return "end_of_day" + g.wrap("(", g.instant(depth-1), ")")
	case n == 5:
		return g.wrap("(", "if "+g.condition(depth-1)+" then "+g.instant(depth-1)+" else "+g.instant(depth-1), ")")
	case len(g.times) > 0:
		return g.times[g.r.Intn(len(g.times))]
	}
	return "2021-05-24T12:00:00Z"
}

func (g *generator) condition(depth int) string {
	switch n := g.r.Intn(7); {
	case depth == 0 || n == 0:
		return []string{"leave.done", "sealed", "not stock.late", "yes", "any([leave], done)"}[g.r.Intn(5)]
	case n == 1:
		return g.join("stock", []string{"<", "<=", "==", "!=", ">", ">="}[g.r.Intn(6)], fmt.Sprintf("%d.%d kg", g.r.Intn(300), 1+g.r.Intn(9)))
	case n == 2:
		return g.join(g.instant(depth-1), "<", g.instant(depth-1))
	case n == 3:
		return "not " + g.wrap("(", g.condition(depth-1), ")")
	case n == 4:
		return g.join("stock - -5 kg", ">", "1/2 kg")
	}
	op := []string{"and", "or"}[g.r.Intn(2)]
	return g.join(g.wrap("(", g.condition(depth-1), ")"), op, g.wrap("(", g.condition(depth-1), ")"))
}

// FuzzRead reads any bytes. Whatever comes back must hang together: ranges
// inside the file, codes in the catalogue, findings and formatting that work
// on what was read.
func FuzzRead(f *testing.F) {
	for _, pattern := range []string{"testdata/*.txtar", "../examples/*/*.agreement"} {
		paths, err := filepath.Glob(pattern)
		if err != nil || len(paths) == 0 {
			f.Fatalf("%s: no seeds (%v)", pattern, err)
		}
		for _, path := range paths {
			data, err := os.ReadFile(path)
			if err != nil {
				f.Fatal(err)
			}
			for _, file := range txtar.Parse(data).Files {
				f.Add([]byte(whole(string(file.Data), true)))
			}
			if strings.HasSuffix(path, ".agreement") {
				f.Add(data)
			}
		}
	}
	for _, code := range agreement.Codes() {
		e, _ := agreement.Explain(code)
		src, _ := unmark("x", whole(e.Bad, true))
		f.Add([]byte(src))
	}
	f.Fuzz(func(t *testing.T, src []byte) { checkRead(t, src) })
}

func checkRead(t *testing.T, src []byte) {
	t.Helper()
	a, ds := agreement.Read(&agreement.Bundle{Files: []agreement.File{{Path: "x.agreement", Data: src}}})
	if agreement.HasErrors(ds) != (a == nil) {
		t.Fatalf("agreement: %v, with %d diagnostics", a != nil, len(ds))
	}
	for _, d := range ds {
		if d.Range.Start < 0 || d.Range.Start > d.Range.End || d.Range.End > len(src) {
			t.Fatalf("%s at %v of %d bytes", d.Code, d.Range, len(src))
		}
		if _, ok := agreement.Explain(d.Code); !ok {
			t.Fatalf("the code %s is not in the catalogue", d.Code)
		}
		if d.Message == "" || strings.HasSuffix(d.Message, ".") {
			t.Fatalf("message %q", d.Message)
		}
		agreement.RenderDiagnostic(src, d)
	}
	if a != nil && agreement.FindingsText(a) == "" {
		t.Fatal("no findings")
	}
	keepsMeaning(t, src, nil)
}

var pieces = regexp.MustCompile(`"[^"\n]*"|[A-Za-z0-9_.%-]+|[^ A-Za-z0-9]`)

// TestMutations drops, doubles, swaps and borrows words of good texts: nearly
// right is what authors write, and where a checker's assumptions break.
func TestMutations(t *testing.T) {
	var texts []string
	for _, name := range []string{"vault-silence", "types", "counts", "times", "silent-parties"} {
		ar, err := txtar.ParseFile("testdata/" + name + ".txtar")
		if err != nil {
			t.Fatal(err)
		}
		texts = append(texts, whole(string(ar.Files[0].Data), true))
	}
	r := rand.New(rand.NewSource(3))
	for i := range 1500 {
		src := texts[i%len(texts)]
		for range 1 + r.Intn(3) {
			at := pieces.FindAllStringIndex(src, -1)
			a, b := at[r.Intn(len(at))], at[r.Intn(len(at))]
			switch r.Intn(4) {
			case 0:
				src = src[:a[0]] + src[a[1]:]
			case 1:
				src = src[:a[1]] + " " + src[a[0]:]
			case 2:
				src = src[:a[0]] + src[b[0]:b[1]] + src[a[1]:]
			case 3:
				src = src[:a[0]] + src[b[0]:b[1]] + " " + src[a[0]:]
			}
		}
		checkRead(t, []byte(src))
	}
}
