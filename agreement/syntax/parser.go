package syntax

import (
	"fmt"
	"sort"
	"strconv"
	"strings"
)

type parser struct {
	src   string
	toks  []Token // without comments
	pos   int
	nest  int // open ( [ and object {: newlines inside mean nothing
	depth int
	nodes int // of the value being read
	errs  []Error
	bad   map[int]bool // starts of lines on which the lexer found a fault
}

// Parse reads a text. The tree is never nil; it lacks what could not be read.
func Parse(src []byte) (*File, []Error) {
	text := string(src)
	toks, errs := lex(text)
	f := &File{Src: text}
	p := &parser{src: text, errs: errs}
	for _, t := range toks {
		if t.Kind == Comment {
			f.Comments = append(f.Comments, t.Span)
		} else {
			p.toks = append(p.toks, t)
		}
	}
	if len(toks) == 1 && len(errs) > 0 {
		return f, errs
	}
	p.bad = make(map[int]bool)
	for _, e := range errs {
		p.bad[lineStart(text, e.Start)] = true
	}
	f.Version = p.firstLine()
	if f.Version > 1 {
		// What looks like a fault may be a word of that version.
		at := p.toks[1].Span
		return f, []Error{{"newer-version", at, fmt.Sprintf("the text is written in version %s of the language; this program knows version 1", p.text(p.toks[1])), "a newer `detente` reads it; the text may be quite right"}}
	}
	if f.Version == 1 {
		p.blocks(f)
	}
	sort.SliceStable(p.errs, func(i, j int) bool { return p.errs[i].Start < p.errs[j].Start })
	return f, p.errs
}

func lineStart(s string, i int) int { return strings.LastIndexByte(s[:i], '\n') + 1 }

// cur is the current token; inside brackets newlines are passed over.
func (p *parser) cur() Token {
	for p.nest > 0 && p.toks[p.pos].Kind == Newline {
		p.pos++
	}
	return p.toks[p.pos]
}

func (p *parser) text(t Token) string { return p.src[t.Start:t.End] }

// ahead is the token n after the current one, newlines counted.
func (p *parser) ahead(n int) Token {
	if p.pos+n < len(p.toks) {
		return p.toks[p.pos+n]
	}
	return p.toks[len(p.toks)-1]
}

func (p *parser) advance() Token {
	t := p.cur()
	if t.Kind != EOF {
		p.pos++
	}
	return t
}

// is says whether the current token is the given operator or word.
func (p *parser) is(s string) bool {
	t := p.cur()
	return (t.Kind == Op || t.Kind == WordKind) && p.text(t) == s
}

func (p *parser) skipNewlines() {
	for p.toks[p.pos].Kind == Newline {
		p.pos++
	}
}

func (p *parser) fail(code string, at Span, message, hint string) {
	if len(p.errs) >= MaxErrors {
		p.pos = len(p.toks) - 1 // nothing more is wanted
		return
	}
	// What follows from a fault on the same line, or at the same place, is noise.
	if n := len(p.errs); n > 0 && p.errs[n-1].Span == at || p.bad[lineStart(p.src, at.Start)] {
		return
	}
	p.errs = append(p.errs, Error{code, at, message, hint})
}

// expected reports that the current token is not what the grammar wants.
func (p *parser) expected(what, hint string) {
	t := p.cur()
	p.fail("syntax", t.Span, fmt.Sprintf("expected %s, found %s", what, describe(p.src, t)), hint)
}

// expect consumes the given operator.
func (p *parser) expect(op, hint string) (Token, bool) {
	if p.is(op) {
		return p.advance(), true
	}
	p.expected("`"+op+"`", hint)
	return Token{}, false
}

// firstLine reads `detente 1` and gives the version; 0 if there is none.
func (p *parser) firstLine() int {
	word, num := p.ahead(0), p.ahead(1)
	if word.Kind != WordKind || word.Start != 0 || p.text(word) != "detente" || num.Kind != NumberKind {
		end := 0
		for end < len(p.src) && p.src[end] != '\n' {
			end++
		}
		p.fail("first-line", Span{0, end}, "the first line is not `detente` and the number of the language's version", "begin the file with `detente 1`")
		return 0
	}
	p.pos += 2
	v, err := strconv.Atoi(p.text(num))
	if err != nil || v == 0 {
		p.fail("first-line", num.Span, "the version of the language is a whole number from 1", "write `detente 1`")
		return 0
	}
	if v > 1 {
		return v
	}
	if k := p.cur().Kind; k != Newline && k != EOF {
		p.expected("the end of the line", "")
		p.resume(false)
	}
	return v
}

func (p *parser) blocks(f *File) {
	for {
		p.skipNewlines()
		if p.cur().Kind == EOF {
			return
		}
		if b, ok := p.block(); ok {
			f.Blocks = append(f.Blocks, b)
		} else {
			p.resume(false)
		}
	}
}

// startsBlock says whether `noun name {` stands at the current token.
func (p *parser) startsBlock() bool {
	open := p.ahead(2)
	return p.ahead(0).Kind == WordKind && p.ahead(1).Kind == WordKind && open.Kind == Op && p.text(open) == "{"
}

// resume goes on, after a fault, at the next line that begins an attribute
// or a block, or (inside a block) closes one.
func (p *parser) resume(inside bool) {
	p.nest, p.depth = 0, 0
	for p.cur().Kind != EOF {
		if p.advance().Kind != Newline {
			continue
		}
		p.skipNewlines()
		t, next := p.ahead(0), p.ahead(1)
		switch {
		case p.startsBlock():
			return
		case inside && t.Kind == WordKind && (next.Kind == Op && p.text(next) == "=" || next.Kind > Comment && next.Kind < Op):
			return // `name = value`, or a name and a value whose = is missing
		case inside && t.Kind == Op && p.text(t) == "}" && (next.Kind == Newline || next.Kind == EOF):
			return
		}
	}
}

// block reads `noun name { ... }`.
func (p *parser) block() (*Block, bool) {
	start := p.cur()
	b := &Block{Span: start.Span}
	var ok bool
	if b.Noun, ok = p.word("a block such as `party iran { ... }`"); !ok {
		return nil, false
	}
	if b.Name, ok = p.word(fmt.Sprintf("the name of the %s", shorten(b.Noun.Text))); !ok {
		return nil, false
	}
	open, ok := p.expect("{", "")
	if !ok {
		return nil, false
	}
	if p.depth++; p.depth > MaxDepth {
		p.tooDeep(open.Span)
		return nil, false
	}
	depth := p.depth
	for p.item(b, open) {
	}
	p.depth = depth - 1
	return b, true
}

// strayHint says what an author may have meant by what follows a value.
func (p *parser) strayHint(value Node) string {
	switch value.(type) {
	case *Number:
		return "a date is written as in `2021-05-24`"
	case *Word:
		if k := p.cur().Kind; k == WordKind || k == NumberKind {
			return "words stand in quotes, as in `\"deliver the goods\"`"
		}
	}
	return ""
}

// innerNouns are those of blocks that stand inside others.
var innerNouns = map[string]bool{"stage": true, "interpretation": true}

// item reads one attribute or block inside a block; false at its end.
func (p *parser) item(b *Block, open Token) bool {
	depth := p.depth
	p.skipNewlines()
	t := p.cur()
	switch {
	case p.is("}"):
		b.End = p.advance().End
		if k := p.cur().Kind; k != Newline && k != EOF && !p.is("}") {
			p.expected("the end of the line after a block", "")
			p.resume(true)
		}
		return false
	case t.Kind == EOF || t.Kind == WordKind && p.ahead(1).Kind == WordKind && p.src[t.Start-1] == '\n' && !innerNouns[p.text(t)]:
		// A block at the start of a line is a new one, not an inner one, unless
		// its noun is one that stands inside blocks alone.
		p.fail("not-closed", open.Span, fmt.Sprintf("the block %s is not closed", b.Name.Text), "end it with } on a line of its own")
		b.End = t.Start
		return false
	case p.startsBlock():
		if inner, ok := p.block(); ok {
			b.Blocks = append(b.Blocks, inner)
			return true
		}
	default:
		if f, ok := p.field(); ok {
			b.Fields = append(b.Fields, f)
			if k := p.cur().Kind; k == Newline || k == EOF || p.is("}") {
				return true
			}
			hint := p.strayHint(f.Value)
			if p.is(",") {
				hint = "attributes of a block stand on lines of their own"
			}
			p.expected("the end of the line", hint)
		}
	}
	if end, ok := p.closedOnLine(open); ok {
		p.nest, p.depth, b.End = 0, depth, end
		return false
	}
	p.resume(true)
	p.depth = depth
	return true
}

// closedOnLine says, after a fault, whether the block that open began is
// closed on that same line, and if so goes to the line's end.
func (p *parser) closedOnLine(open Token) (end int, ok bool) {
	if lineStart(p.src, open.Start) != lineStart(p.src, p.toks[p.pos].Start) {
		return 0, false
	}
	i := p.pos
	for i > 0 && p.toks[i].Start > open.Start {
		i--
	}
	braces := 0
	for ; p.toks[i].Kind != Newline && p.toks[i].Kind != EOF; i++ {
		switch p.text(p.toks[i]) {
		case "{":
			braces++
		case "}":
			braces--
			end = p.toks[i].End
		}
	}
	if braces != 0 {
		return 0, false
	}
	p.pos = i
	return end, true
}

// field reads `name = value`.
func (p *parser) field() (*Field, bool) {
	name, ok := p.word("an attribute such as `name = value`")
	if !ok {
		return nil, false
	}
	if _, ok := p.expect("=", "write `name = value`"); !ok {
		return nil, false
	}
	if p.nest == 0 {
		p.nodes = 0
	}
	v, ok := p.value()
	if !ok {
		return nil, false
	}
	return &Field{Span{name.Start, v.Pos().End}, name, v}, true
}

func (p *parser) word(what string) (*Word, bool) {
	t := p.cur()
	if t.Kind != WordKind {
		p.expected(what, "")
		return nil, false
	}
	p.advance()
	return &Word{t.Span, p.text(t)}, true
}

func (p *parser) tooDeep(at Span) {
	p.fail("depth", at, fmt.Sprintf("nested more than %d deep", MaxDepth), "name the inner parts as milestones or commitments of their own")
}

// enter counts one level of nesting and one node; false past a limit.
func (p *parser) enter(at Span) bool {
	if p.depth++; p.depth > MaxDepth {
		p.tooDeep(at)
		return false
	}
	return p.count(at)
}

func (p *parser) count(at Span) bool {
	if p.nodes++; p.nodes > MaxNodes {
		p.fail("value-too-long", at, fmt.Sprintf("the value has more than %d parts", MaxNodes), "split it")
		return false
	}
	return true
}
