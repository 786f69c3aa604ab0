package agreement

import (
	"bytes"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// A Diagnostic is a fault of the text, for its author. Code is from the
// catalogue in codes.go; Range is exact.
type Diagnostic struct {
	Code    Code
	Range   Range
	Message string // lower case, no full stop: what is wrong and what was expected
	Hint    string // what to do; may be empty
	Warning bool   // the text is usable; the reader should know
}

// A Code names one fault in the append-only catalogue, for example "unknown-name".
type Code string

// A Position is a place for people: Line from 1, Column from 1 in characters.
type Position struct {
	Line, Column int
}

// RangePosition gives the first and the last position of a range of src; the
// last is just after its last character. Offsets past the end count as the end.
func RangePosition(src []byte, r Range) (first, last Position) {
	return position(src, r.Start), position(src, r.End)
}

func position(src []byte, offset int) Position {
	offset = min(max(offset, 0), len(src))
	start := bytes.LastIndexByte(src[:offset], '\n') + 1
	return Position{1 + bytes.Count(src[:start], []byte("\n")), 1 + utf8.RuneCount(src[start:offset])}
}

// HasErrors says whether a diagnostic among these is not a mere warning.
func HasErrors(ds []Diagnostic) bool {
	for _, d := range ds {
		if !d.Warning {
			return true
		}
	}
	return false
}

// maxShown bounds the characters of a source line that are shown.
const maxShown = 160

// RenderDiagnostic prints a diagnostic as a compiler does, with the source
// line and carets under the place. src is the file that d.Range names; what is
// unprintable in it is shown as a question mark. The text ends with a newline.
//
//	cameras.agreement:24:9: error: nothing is called `irann` [unknown-name]
//	   24 |   by = irann
//	      |        ^^^^^
//	      hint: did you mean `iran`?
func RenderDiagnostic(src []byte, d Diagnostic) string {
	var b strings.Builder
	severity := "error"
	if d.Warning {
		severity = "warning"
	}
	first, last := RangePosition(src, d.Range)
	fmt.Fprintf(&b, "%s:%d:%d: %s: %s [%s]\n", d.Range.File, first.Line, first.Column, severity, d.Message, d.Code)
	if len(src) > 0 {
		renderLine(&b, src, d.Range, first, last)
	}
	if d.Hint != "" {
		fmt.Fprintf(&b, "      hint: %s\n", d.Hint)
	}
	return b.String()
}

func renderLine(b *strings.Builder, src []byte, r Range, first, last Position) {
	offset := min(max(r.Start, 0), len(src))
	start := bytes.LastIndexByte(src[:offset], '\n') + 1
	end := len(src)
	if i := bytes.IndexByte(src[offset:], '\n'); i >= 0 {
		end = offset + i
	}
	from, to := first.Column-1, last.Column-1 // characters of the line
	runes := []rune(string(src[start:end]))
	if last.Line != first.Line {
		to = len(runes)
	}
	cut := 0
	if len(runes) > maxShown && from > maxShown/2 {
		cut = min(from-maxShown/4, len(runes))
	}
	shown, dots := runes[cut:], ""
	if cut > 0 {
		dots = "..."
	}
	tail := ""
	if len(shown) > maxShown {
		shown, tail = shown[:maxShown], "..."
	}
	fmt.Fprintf(b, "%5d | %s%s%s\n      | ", first.Line, dots, printable(shown), tail)
	b.WriteString(strings.Repeat(" ", len(dots)))
	for i := cut; i < from && i < len(runes); i++ {
		if runes[i] == '\t' {
			b.WriteByte('\t')
		} else {
			b.WriteByte(' ')
		}
	}
	b.WriteString(strings.Repeat("^", max(1, min(to, cut+maxShown)-from)))
	b.WriteByte('\n')
}

// printable keeps a hostile line from moving the cursor or turning the text
// around.
func printable(rs []rune) string {
	var b strings.Builder
	for _, r := range rs {
		if r != '\t' && !unicode.IsPrint(r) {
			r = '?'
		}
		b.WriteRune(r)
	}
	return b.String()
}
