package agreement_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"detente/agreement"
	"detente/agreement/syntax"
)

// codesOf reads a piece and gives the codes of its diagnostics.
func codesOf(t *testing.T, piece string) []agreement.Code {
	t.Helper()
	_, ds := agreement.Read(bundle(t, agreement.File{Path: "x.agreement", Data: []byte(whole(piece, true))}))
	var codes []agreement.Code
	for _, d := range ds {
		codes = append(codes, d.Code)
	}
	return codes
}

// manyVaults are n vaults of the plain kind.
func manyVaults(n int) string {
	_, vault, _ := strings.Cut(plainVault, "vault footage ")
	text := "" // footage is the first
	for i := range n - 1 {
		text += "vault v" + spelled(i) + " " + vault
	}
	return text + "vault footage {\n  closes = 2021-05-24\n}\n"
}

// TestLimits reads each text at its limit, without a fault, and one past it.
func TestLimits(t *testing.T) {
	name := func(n int) string { return "party " + strings.Repeat("x", n) + " { signs = no }\n" }
	sum := func(n int) string {
		return "milestone start { at = 2021-05-24" + strings.Repeat(" + 1 day", n) + " }\n"
	}
	parens := func(n int) string {
		return "milestone start { at = " + strings.Repeat("(", n) + "2021-05-24" + strings.Repeat(")", n) + " }\n"
	}
	digits := func(n int) string {
		return "reading stock {\n  reporter = alpha\n  unit     = kg\n}\nmilestone start { when = stock < " + strings.Repeat("9", n) + " kg }\n"
	}
	parties := func(n int) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, "party p%s { signs = no }\n", spelled(i))
		}
		return b.String()
	}
	str := func(n int) string {
		return "party delta {\n  signs = no\n  name  = \"" + strings.Repeat("x", n) + "\"\n}\n"
	}
	keys := func(n int) string {
		return "party delta {\n  keys = { of = [" + strings.Repeat("\"ed25519 ...\", ", n) + "], need = 1 }\n}\n"
	}
	cameras := func(n int) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, "c%s, ", spelled(i))
		}
		return "vault footage {\n  cameras = [" + b.String() + "]\n}\n"
	}
	notice := func(n int) string {
		return fmt.Sprintf("act leave {\n  by     = alpha\n  notice = %d days\n}\n", n)
	}
	for _, c := range []struct {
		what string
		make func(int) string
		at   int
		code agreement.Code
	}{
		{"characters of a word", name, syntax.MaxWord, "word-too-long"},
		{"parts of a value", sum, (syntax.MaxNodes - 1) / 2, "value-too-long"},
		{"depth", parens, syntax.MaxDepth - 1, "depth"}, // one for the block
		{"digits", digits, syntax.MaxDigits, "number"},
		{"blocks", parties, 1000 - 9, agreement.CodeTooManyBlocks}, // nine are the plain agreement's
		{"bytes of a string", str, 4096, agreement.CodeOutOfRange},
		{"keys of a party", keys, 16, agreement.CodeListLength},
		{"cameras", cameras, 64, agreement.CodeListLength},
		{"duration", notice, 365000, agreement.CodeOutOfRange},
		{"vaults", manyVaults, 64, agreement.CodeTooManyBlocks},
		{"measures of a commitment", measuresLifted, 62, agreement.CodeListLength},
	} {
		if got := codesOf(t, c.make(c.at)); len(got) > 0 {
			t.Errorf("%s: at the limit of %d: %v", c.what, c.at, got)
		}
		if got := codesOf(t, c.make(c.at+2)); len(got) != 1 || got[0] != c.code {
			t.Errorf("%s: past the limit: %v, want %s", c.what, got, c.code)
		}
		if c.what == "parts of a value" {
			continue // grows by two
		}
		if got := codesOf(t, c.make(c.at+1)); len(got) != 1 || got[0] != c.code {
			t.Errorf("%s: one past the limit: %v, want %s", c.what, got, c.code)
		}
	}
}

// measuresLifted is a commitment to lift n measures.
func measuresLifted(n int) string {
	var b, c strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "measure m%s {\n  by     = alpha\n  starts = in-force\n}\n", spelled(i))
		fmt.Fprintf(&c, "m%s.lifted and ", spelled(i))
	}
	return b.String() + "commitment lift-all {\n  by       = alpha\n  do       = " + c.String() + "yes\n  due      = 2021-05-24\n  verified = { by = beta, within = 1 day, silence = accepts }\n}\n"
}

// spelled writes a number in letters that cannot be taken for each other.
func spelled(i int) string {
	const letters = "abcdefghjk"
	s := ""
	for _, c := range fmt.Sprint(i) {
		s += string(letters[c-'0'])
	}
	return s
}

// TestExpandedCounts needs several values to pass the limit on conditions
// that counts expand to.
func TestExpandedCounts(t *testing.T) {
	texts := func(conditions int) string {
		var b strings.Builder
		b.WriteString("act leave { by = alpha }\n")
		for i := 0; conditions > 0; i++ {
			n := min(conditions, 100)
			conditions -= n
			fmt.Fprintf(&b, "milestone s%s { when = %sno }\n", spelled(i), strings.Repeat("any([leave], done) or ", n))
		}
		return b.String()
	}
	// Each call is one, and so is each condition.
	if got := codesOf(t, texts(2048)); len(got) > 0 {
		t.Errorf("4096 in all: %v", got)
	}
	if got := codesOf(t, texts(2049)); len(got) != 1 || got[0] != agreement.CodeTooManyBlocks {
		t.Errorf("past 4096: %v", got)
	}
}

func TestFileLimits(t *testing.T) {
	text := func(n int) []byte {
		src := whole("", true)
		return []byte(src + strings.Repeat("#", n-len(src)))
	}
	read := func(data []byte) []agreement.Diagnostic {
		_, ds := agreement.Read(&agreement.Bundle{Files: []agreement.File{{Path: "x.agreement", Data: data}}})
		return ds
	}
	if ds := read(text(syntax.MaxFile)); len(ds) > 0 {
		t.Errorf("a file at the limit: %v", ds)
	}
	if ds := read(text(syntax.MaxFile + 1)); len(ds) != 1 || ds[0].Code != agreement.CodeBundle {
		t.Errorf("a file past the limit: %v", ds)
	}
	if _, ds := agreement.Format(text(syntax.MaxFile + 1)); len(ds) != 1 || ds[0].Code != "file-too-large" {
		t.Errorf("formatting a file past the limit: %v", ds)
	}
	if ds := read([]byte("detente 1\n# \xff\n")); len(ds) != 1 || ds[0].Code != "encoding" || ds[0].Range.Start != 12 {
		t.Errorf("not UTF-8: %v", ds)
	}
	if ds := read([]byte("detente 1\n")); len(ds) != 1 || ds[0].Code != agreement.CodeMissingBlock {
		t.Errorf("nothing but the first line: %v", ds)
	}
}

func TestNewBundle(t *testing.T) {
	file := func(path string, n int) agreement.File { return agreement.File{Path: path, Data: make([]byte, n)} }
	many := func(n int) (files []agreement.File) {
		for i := range n {
			files = append(files, file(fmt.Sprintf("f%02d", i), 1))
		}
		return files
	}
	for _, c := range []struct {
		what  string
		files []agreement.File
		want  string // of the error; empty: none
	}{
		{"none", nil, "no files"},
		{"64 files", many(64), ""},
		{"65 files", many(65), "65 files"},
		{"4 MiB", []agreement.File{file("a", 4<<20)}, ""},
		{"4 MiB and one", []agreement.File{file("a", 4<<20+1)}, `file "a": 4194305 bytes`},
		{"8 MiB", []agreement.File{file("a", 4<<20), file("b", 4<<20)}, ""},
		{"8 MiB and one", []agreement.File{file("a", 4<<20), file("b", 4<<20), file("c", 1)}, "in all"},
		{"a zone of 64 KiB", []agreement.File{file("zone/A/B", 64<<10)}, ""},
		{"a larger zone", []agreement.File{file("zone/A/B", 64<<10+1)}, `file "zone/A/B"`},
		{"1 MiB of text in two files", []agreement.File{file("a.agreement", 1<<19), file("b.agreement", 1<<19)}, ""},
		{"1 MiB of text and one", []agreement.File{file("a.agreement", 1<<19), file("b.agreement", 1<<19+1)}, "together"},
		{"a path of 100", []agreement.File{file(strings.Repeat("a", 100), 1)}, ""},
		{"a path of 101", []agreement.File{file(strings.Repeat("a", 101), 1)}, "1 to 100"},
		{"twice", []agreement.File{file("a", 1), file("a", 1)}, "same path"},
		{"twice but for case", []agreement.File{file("Read.md", 1), file("read.md", 1)}, "only in case"},
		{"file and folder", []agreement.File{file("a", 1), file("a/b", 1)}, "both a file and a folder"},
		{"file and folder, not neighbours", []agreement.File{file("a", 1), file("a-", 1), file("a/b", 1)}, "both a file and a folder"},
	} {
		_, err := agreement.NewBundle(c.files)
		var be *agreement.BundleError
		if c.want == "" && err != nil || c.want != "" && (!errors.As(err, &be) || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s: error %v, want one with %q", c.what, err, c.want)
		}
	}
	for _, path := range []string{"", "/a", "a/", "a//b", "./a", "../a", "a/../b", ".hidden", "a\\b", "a b", "a:b", "é", "a.", "a/b./c", "a\x00", "con\n"} {
		if _, err := agreement.NewBundle([]agreement.File{file(path, 1)}); err == nil {
			t.Errorf("the path %q was taken", path)
		}
	}
}

func TestDigest(t *testing.T) {
	a := agreement.File{Path: "cameras.agreement", Data: []byte("test")}
	z := agreement.File{Path: "zone/UTC", Data: nil}
	b := bundle(t, z, a)
	// printf 'detente/bundle/1\n%s 4 cameras.agreement\n%s 0 zone/UTC\n' $(printf test | sha256sum) $(printf '' | sha256sum) | sha256sum
	const want = "2a395a0ceae85c8ce9ec8e8168e1ac583ee54b2746d38cc21587f2461f19bebe"
	if got := b.Digest().String(); got != want {
		t.Errorf("digest %s, want %s", got, want)
	}
	if b.Digest() == bundle(t, a).Digest() {
		t.Error("a file more gives the same digest")
	}
	if d, err := agreement.ParseDigest(b.Digest().String()); err != nil || d != b.Digest() {
		t.Errorf("the digest's text reads back as %s, %v", d, err)
	}
}

// TestHostile reads what has felled other parsers. It must end soon, with
// diagnostics and without a panic.
func TestHostile(t *testing.T) {
	const n = 400 << 10
	head := whole("", true)
	rep := strings.Repeat
	cases := map[string]string{
		"parentheses":        rep("(", n),
		"parentheses in it":  head + "milestone x { at = " + rep("(", n),
		"lists":              head + "act x { by = " + rep("[", n),
		"objects":            head + "party x { keys = " + rep("{a=", n/3),
		"blocks":             head + rep("a b {\n", n/6),
		"blocks on a line":   head + rep("a b {", n/5),
		"nots":               head + "milestone x { when = " + rep("not ", n/4),
		"ifs":                head + "milestone x { when = " + rep("if ", n/3),
		"calls":              head + "milestone x { when = " + rep("f(", n/2),
		"sum":                head + "milestone x { at = 2021-05-24" + rep(" + 1 day", n/8) + " }\n",
		"one string":         head + "party x { name = \"" + rep("a", n) + "\" }\n",
		"quotes":             rep("\"\n", n/2),
		"backslashes":        head + "party x { name = \"" + rep("\\", n),
		"digits":             head + "act x { times = " + rep("9", n) + " }\n",
		"fraction":           head + "act x { notice = 1/" + rep("9", n) + " days }\n",
		"unknown names":      head + "act x { by = [" + rep("zzzz, ", n/6) + "] }\n",
		"repeated names":     head + "act x { by = [" + rep("alpha, ", n/7) + "] }\n",
		"duplicate blocks":   head + rep("party x { signs = no }\n", n/23),
		"unknown attributes": head + "act x {\n" + rep("nmae = 1\n", n/9) + "}\n",
		"newlines":           rep("\n", n), "returns": rep("\r\n", n/2), "nul": rep("\x00", n), "bad bytes": rep("\xff", n),
		"closers": head + rep("}\n", n/2), "bidi": "detente 1\n# " + rep("\u202e", n/3),
	}
	for _, shape := range []string{"milestone %s { at = latest(%[2]s, %[2]s) + 1 day }\n", "milestone %s { when = %[2]s.reached and %[2]s.reached }\n", "group %s { members = [%[2]s, %[2]s] }\n"} {
		s := head + strings.Replace(fmt.Sprintf(shape, "zzz", "alpha"), "alpha.reached", "yes", -1)
		if strings.HasPrefix(shape, "milestone") {
			s = head + "milestone zzz { at = 2021-05-24 }\n"
		}
		prev := "zzz"
		for i := range 900 {
			s += fmt.Sprintf(shape, "n"+spelled(i), prev)
			prev = "n" + spelled(i)
		}
		cases["doubling "+shape[:20]] = s
	}
	for what, src := range cases {
		start := time.Now()
		a, ds := agreement.Read(&agreement.Bundle{Files: []agreement.File{{Path: "x.agreement", Data: []byte(src)}}})
		for _, d := range ds {
			if out := agreement.RenderDiagnostic([]byte(src), d); len(out) > 4000 {
				t.Errorf("%s: a diagnostic of %d bytes", what, len(out))
			}
			if len(d.Message) > 1000 {
				t.Errorf("%s: a message of %d bytes", what, len(d.Message))
			}
		}
		if a == nil && len(ds) == 0 || len(ds) > 60 {
			t.Errorf("%s: agreement %v with %d diagnostics", what, a != nil, len(ds))
		}
		agreement.Format([]byte(src))
		if d := time.Since(start); d > 5*time.Second {
			t.Errorf("%s: took %s", what, d)
		}
	}
}

// TestTooManyCases: what the cases of procedures would make is counted before
// it is made.
func TestTooManyCases(t *testing.T) {
	piece := "group pair { members = [alpha, beta] }\nprocedure dispute {\n  cases = { per = complainant, of = pair, at_once = 64 }\n  opens = { by = complainant }\n"
	for i := range 40 {
		piece += fmt.Sprintf("  stage s%d { lasts = 1 day }\n", i)
	}
	piece += "}\nact leave {\n  of = dispute\n  by = complainant\n}\n"
	b := bundle(t, agreement.File{Path: "x.agreement", Data: []byte(whole(piece, false))})
	a, ds := agreement.Read(b)
	if a != nil || len(ds) != 1 || ds[0].Code != agreement.CodeTooManyBlocks {
		t.Errorf("5,376 blocks of cases: %v", ds)
	}
}
