package syntax

import (
	"strings"
	"unicode/utf8"
)

// A line is one line of the text being laid out.
type line struct {
	toks    []string // its tokens, without a comment at the end
	kinds   []Kind
	comment string
	indent  int
	whole   bool // brackets opened in it are closed in it
	inBlock bool // stands directly in a block or at the top, not inside a value
}

// Format lays a text out in the standard form. It changes white space only:
// the tokens and comments that come out are those that went in. Formatting
// again changes nothing. A text with a fault is not formatted.
func Format(src []byte) ([]byte, []Error) {
	text := strings.ReplaceAll(string(src), "\r\n", "\n")
	if _, errs := Parse([]byte(text)); len(errs) > 0 {
		return nil, errs
	}
	toks, _ := lex(text)
	lines := squeeze(split(text, spread(text, toks)))
	for i := 0; i < len(lines); {
		i = layRun(lines, i)
	}
	comments(lines)
	var b strings.Builder
	for _, l := range lines {
		if s := l.String(); s != "" {
			b.WriteString(strings.Repeat("  ", l.indent))
			b.WriteString(s)
		}
		b.WriteByte('\n')
	}
	return []byte(b.String()), nil
}

// spread adds newlines inside the braces of blocks that stand on several lines,
// so that each attribute begins a line of its own.
func spread(text string, toks []Token) []Token {
	type brace struct {
		i, line int // of the token
		block   bool
	}
	var open []brace
	after, before := make(map[int]bool), make(map[int]bool) // tokens
	at := 0                                                 // line
	for i, t := range toks {
		switch s := text[t.Start:t.End]; {
		case t.Kind == Newline:
			at++
		case t.Kind == Op && strings.Contains("{[(", s):
			isBlock := s == "{" && i >= 2 && toks[i-1].Kind == WordKind && toks[i-2].Kind == WordKind
			open = append(open, brace{i, at, isBlock})
		case t.Kind == Op && strings.Contains("}])", s) && len(open) > 0:
			b := open[len(open)-1]
			open = open[:len(open)-1]
			if b.block && b.line != at {
				after[b.i], before[i] = true, true
			}
		}
	}
	var out []Token
	for i, t := range toks {
		if before[i] && toks[i-1].Kind != Newline {
			out = append(out, Token{Newline, Span{t.Start, t.Start}})
		}
		out = append(out, t)
		if after[i] && toks[i+1].Kind != Newline && toks[i+1].Kind != Comment && !before[i+1] {
			out = append(out, Token{Newline, Span{t.End, t.End}})
		}
	}
	return out
}

// split cuts the tokens into lines and finds how deep each is indented: by
// the number of lines above that opened a bracket still open.
func split(text string, toks []Token) []*line {
	type bracket struct {
		line  int
		block bool
	}
	var lines []*line
	var open []bracket
	cur := &line{inBlock: true}
	depth := 0 // of brackets at the start of the line
	continued := false
	indent := func() int {
		n := 0
		for i, b := range open {
			if i == 0 || open[i-1].line != b.line {
				n++
			}
		}
		return n
	}
	for _, t := range toks {
		s := text[t.Start:t.End]
		first := len(cur.toks) == 0
		switch {
		case t.Kind == Newline || t.Kind == EOF && (!first || cur.comment != ""):
			cur.whole = len(open) == depth
			lines = append(lines, cur)
			depth = len(open)
			continued = len(cur.toks) > 0 && continues(cur.toks[len(cur.toks)-1], cur.kinds[len(cur.kinds)-1]) || len(cur.toks) == 0 && continued
			cur = &line{indent: indent(), inBlock: (depth == 0 || open[depth-1].block) && !continued}
			if continued && (depth == 0 || open[depth-1].block) {
				cur.indent++
			}
			continue
		case t.Kind == Comment:
			cur.comment = strings.TrimRight(s, " \t")
			continue
		case t.Kind == Op && strings.Contains("{[(", s):
			n := len(cur.toks)
			isBlock := s == "{" && n >= 2 && cur.kinds[n-1] == WordKind && cur.kinds[n-2] == WordKind
			open = append(open, bracket{len(lines), isBlock})
		case t.Kind == Op && strings.Contains("}])", s) && len(open) > 0:
			open = open[:len(open)-1]
			if allClosers(cur.toks) {
				depth = len(open)
				cur.indent = indent()
			}
		}
		cur.toks = append(cur.toks, s)
		cur.kinds = append(cur.kinds, t.Kind)
	}
	return lines
}

func allClosers(toks []string) bool {
	for _, t := range toks {
		if t != "}" && t != "]" && t != ")" {
			return false
		}
	}
	return true
}

// continues says whether an expression goes on in the next line after this token.
func continues(s string, k Kind) bool {
	switch s {
	case "and", "or":
		return true
	case "+", "-", "==", "!=", "<", "<=", ">", ">=":
		return k == Op
	}
	return false
}

// squeeze leaves at most one empty line between lines, one after the first,
// and none at the start or end of a block or of the text.
func squeeze(lines []*line) []*line {
	empty := func(l *line) bool { return len(l.toks) == 0 && l.comment == "" }
	var out []*line
	for i, l := range lines {
		if !empty(l) {
			out = append(out, l)
			if len(out) == 1 && i+1 < len(lines) && !empty(lines[i+1]) {
				out = append(out, &line{})
			}
			continue
		}
		next := i + 1
		for next < len(lines) && empty(lines[next]) {
			next++
		}
		if len(out) == 0 || empty(out[len(out)-1]) || next == len(lines) {
			continue
		}
		last := out[len(out)-1]
		if n := len(last.toks); n > 0 && strings.Contains("{[(", last.toks[n-1]) {
			continue
		}
		if len(lines[next].toks) > 0 && strings.Contains("}])", lines[next].toks[0]) {
			continue
		}
		out = append(out, l)
	}
	return out
}

// layRun aligns one run of neighbouring lines of one form, beginning at i,
// and gives the index after it: attributes at their `=`, blocks of one noun
// that each stand on one line at their `{`.
func layRun(lines []*line, i int) int {
	key := lines[i].runKey()
	end := i + 1
	for key != "" && end < len(lines) && lines[end].indent == lines[i].indent && lines[end].runKey() == key {
		end++
	}
	if key == "" {
		return end
	}
	at := 1 // the token to align
	if key != "=" {
		at = 2
	}
	width := 0
	for _, l := range lines[i:end] {
		width = max(width, utf8.RuneCountInString(l.toks[at-1]))
	}
	for _, l := range lines[i:end] {
		w := l.toks[at-1]
		l.toks[at-1] = w + strings.Repeat(" ", width-utf8.RuneCountInString(w))
	}
	return end
}

// runKey says what neighbours a line is aligned with; empty for none.
func (l *line) runKey() string {
	if !l.whole || len(l.toks) < 3 || l.kinds[0] != WordKind {
		return ""
	}
	if l.toks[1] == "=" && l.kinds[1] == Op {
		return "="
	}
	if l.inBlock && l.kinds[1] == WordKind && l.toks[2] == "{" {
		return l.toks[0]
	}
	return ""
}

// maxAligned is the width of code beyond which a comment follows it directly:
// one long line would push the comments of its neighbours out of sight.
const maxAligned = 48

// comments aligns the comments that end neighbouring lines.
func comments(lines []*line) {
	trailing := func(l *line) bool {
		return l.comment != "" && len(l.toks) > 0 && utf8.RuneCountInString(l.code()) <= maxAligned
	}
	for i := 0; i < len(lines); i++ {
		end, width := i, 0
		for end < len(lines) && trailing(lines[end]) && lines[end].indent == lines[i].indent {
			width = max(width, utf8.RuneCountInString(lines[end].code()))
			end++
		}
		for _, l := range lines[i:end] {
			l.comment = strings.Repeat(" ", width-utf8.RuneCountInString(l.code())+1) + l.comment
		}
		if end > i {
			i = end - 1
		} else if l := lines[i]; l.comment != "" && len(l.toks) > 0 {
			l.comment = " " + l.comment
		}
	}
}

func (l *line) String() string { return l.code() + l.comment }

// code joins a line's tokens with the standard spaces.
func (l *line) code() string {
	var b strings.Builder
	for i, t := range l.toks {
		if i > 0 && l.spaced(i) {
			b.WriteByte(' ')
		}
		b.WriteString(t)
	}
	return b.String()
}

// spaced says whether a space stands before token i.
func (l *line) spaced(i int) bool {
	prev, cur := strings.TrimRight(l.toks[i-1], " "), l.toks[i]
	if l.kinds[i-1] == StringKind {
		prev = `"`
	}
	if l.kinds[i] == StringKind {
		cur = `"`
	}
	switch {
	case cur == "," || cur == "." || prev == "." || prev == "(" || prev == "[" || cur == ")" || cur == "]":
		return false
	case prev == "{" && cur == "}":
		return false
	case cur == "(":
		return l.kinds[i-1] != WordKind || IsKeyword(prev)
	case prev == "-" && l.kinds[i] == NumberKind:
		return i >= 2 && endsOperand(l.toks[i-2], l.kinds[i-2])
	}
	return true
}

// endsOperand says whether a `-` after this token subtracts.
func endsOperand(s string, k Kind) bool {
	switch k {
	case Op:
		return s == ")" || s == "]" || s == "}" || s == "%"
	case WordKind:
		return !IsKeyword(strings.TrimRight(s, " "))
	}
	return true
}
