package agreement_test

import (
	"strings"
	"testing"

	"detente/agreement"
)

func TestRangePosition(t *testing.T) {
	src := []byte("ab\nçd\n\nx")
	for _, c := range []struct{ at, line, column int }{
		{-1, 1, 1}, {0, 1, 1}, {2, 1, 3}, {3, 2, 1}, {5, 2, 2}, {6, 2, 3}, {7, 3, 1}, {8, 4, 1}, {9, 4, 2}, {99, 4, 2},
	} {
		first, last := agreement.RangePosition(src, agreement.Range{Start: c.at, End: c.at})
		if want := (agreement.Position{Line: c.line, Column: c.column}); first != want || last != want {
			t.Errorf("offset %d is at %v and %v, want %v", c.at, first, last, want)
		}
	}
}

func TestRenderDiagnostic(t *testing.T) {
	long := strings.Repeat("x", 400)
	for _, c := range []struct {
		what, src  string
		start, end int
		want       string
	}{
		{"a word", "one\ntwo three\n", 8, 13, "    2 | two three\n      |     ^^^^^\n"},
		{"nothing", "one\n", 3, 3, "    1 | one\n      |    ^\n"},
		{"several lines", "one two\nthree\n", 4, 10, "    1 | one two\n      |     ^^^\n"},
		{"letters of two bytes", "çç x\n", 5, 6, "    1 | çç x\n      |    ^\n"},
		{"a tab", "\tx\n", 1, 2, "    1 | \tx\n      | \t^\n"},
		{"what moves a cursor", "a\x1b[2Jb\n", 5, 6, "    1 | a?[2Jb\n      |      ^\n"},
		{"a long line", long + "y" + long, 400, 401, "    1 | ..." + strings.Repeat("x", 40) + "y" + strings.Repeat("x", 119) + "...\n      | " + strings.Repeat(" ", 43) + "^\n"},
	} {
		d := agreement.Diagnostic{Code: "unit", Range: agreement.Range{File: "f", Start: c.start, End: c.end}, Message: "m", Hint: "h", Warning: true}
		out := agreement.RenderDiagnostic([]byte(c.src), d)
		head, body, _ := strings.Cut(out, "\n")
		if !strings.HasPrefix(head, "f:") || !strings.HasSuffix(head, ": warning: m [unit]") {
			t.Errorf("%s: first line %q", c.what, head)
		}
		if want := c.want + "      hint: h\n"; body != want {
			t.Errorf("%s:\n%s\nwant\n%s", c.what, body, want)
		}
		if strings.Contains(out, "\x1b") {
			t.Errorf("%s: an escape character came through", c.what)
		}
	}
	if got := agreement.RenderDiagnostic(nil, agreement.Diagnostic{Code: "bundle", Message: "m"}); got != ":1:1: error: m [bundle]\n" {
		t.Errorf("without a source: %q", got)
	}
}
