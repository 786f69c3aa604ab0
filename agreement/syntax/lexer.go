package syntax

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

type lexer struct {
	src    string
	pos    int
	tokens []Token
	errs   []Error
	crs    bool // a carriage return was reported; one is enough
}

// lex splits a text into tokens. The last is EOF. A text that is too large
// or not UTF-8 gives only the error.
func lex(src string) ([]Token, []Error) {
	x := &lexer{src: src}
	if len(src) > MaxFile {
		x.fail("file-too-large", Span{MaxFile, MaxFile}, fmt.Sprintf("the file has %d bytes; at most %d are read", len(src), MaxFile), "split it: every .agreement file of a folder belongs to one agreement")
		return []Token{{EOF, Span{0, 0}}}, x.errs
	}
	if i := invalidUTF8(src); i >= 0 {
		x.fail("encoding", Span{i, i + 1}, "the file is not UTF-8 from here on", "save it as UTF-8")
		return []Token{{EOF, Span{0, 0}}}, x.errs
	}
	for x.pos < len(src) && len(x.errs) < MaxErrors {
		x.step()
	}
	x.emit(EOF, len(src), len(src))
	return x.tokens, x.errs
}

func invalidUTF8(s string) int {
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		if r == utf8.RuneError && n == 1 {
			return i
		}
		i += n
	}
	return -1
}

func (x *lexer) fail(code string, at Span, message, hint string) {
	if len(x.errs) < MaxErrors {
		x.errs = append(x.errs, Error{code, at, message, hint})
	}
}

func (x *lexer) emit(k Kind, start, end int) {
	x.tokens = append(x.tokens, Token{k, Span{start, end}})
	x.pos = end
}

func (x *lexer) at(i int) byte {
	if x.pos+i < len(x.src) {
		return x.src[x.pos+i]
	}
	return 0
}

// step reads one token, or skips white space, or reports a bad character.
func (x *lexer) step() {
	c := x.src[x.pos]
	switch {
	case c == ' ' || c == '\t':
		x.pos++
	case c == '\n':
		x.emit(Newline, x.pos, x.pos+1)
	case c == '#':
		x.comment()
	case c == '"':
		x.quoted()
	case isDigit(c):
		x.number()
	case isLetter(c):
		x.word()
	case strings.IndexByte("{}[](),.+-%", c) >= 0:
		x.emit(Op, x.pos, x.pos+1)
	case c == '=' || c == '<' || c == '>' || c == '!' && x.at(1) == '=':
		n := 1
		if x.at(1) == '=' {
			n = 2
		}
		x.emit(Op, x.pos, x.pos+n)
	default:
		x.badCharacter()
	}
}

// badCharacter reports a character that cannot stand outside strings and
// comments, and skips it.
func (x *lexer) badCharacter() {
	r, n := utf8.DecodeRuneInString(x.src[x.pos:])
	at := Span{x.pos, x.pos + n}
	x.pos += n
	if why := refused(r); why != "" {
		x.refuse(r, at, why)
		return
	}
	if r < utf8.RuneSelf {
		hint := ""
		switch r {
		case '\'', '`':
			hint = "a string is written in double quotes"
		case ';':
			hint = "an attribute ends with its line"
		case ':':
			hint = "write `name = value`"
		case '/', '*':
			hint = "a fraction is written 3/4, without spaces; a comment begins with #"
		}
		x.fail("character", at, fmt.Sprintf("the character %q has no meaning here", r), hint)
		return
	}
	if ascii, ok := lookAlikes[r]; ok {
		x.fail("look-alike", at, fmt.Sprintf("U+%04X looks like %q but is another character", r, ascii), fmt.Sprintf("write %q", ascii))
		return
	}
	x.fail("character", at, fmt.Sprintf("the character U+%04X can stand only in a string or a comment", r), "names are written with a-z, 0-9, - and _")
}

func (x *lexer) refuse(r rune, at Span, why string) {
	switch {
	case r == '\r' && x.crs:
	case r == '\r':
		x.crs = true
		x.fail("control-character", at, "a carriage return; lines end with a line feed alone", "run `detente fmt` once, or save with Unix line ends")
	case why == "control":
		x.fail("control-character", at, fmt.Sprintf("the control character U+%04X is refused everywhere", r), "remove it")
	default:
		x.fail("hidden-character", at, fmt.Sprintf("the character U+%04X is refused everywhere: it %s", r, why), "remove it")
	}
}

func (x *lexer) comment() {
	end := len(x.src)
	if i := strings.IndexByte(x.src[x.pos:], '\n'); i >= 0 {
		end = x.pos + i
	}
	x.scanText(x.pos+1, end, true)
	x.emit(Comment, x.pos, end)
}

// quoted reads a string: one line, with the two escapes \" and \\.
func (x *lexer) quoted() {
	for i := x.pos + 1; i < len(x.src); i++ {
		switch x.src[i] {
		case '\n':
			x.fail("string-not-closed", Span{x.pos, i}, "the string is not closed on its line", "end it with \"; a long text goes into a file that the agreement names")
			x.emit(StringKind, x.pos, i)
			return
		case '\\':
			if i+1 < len(x.src) && x.src[i+1] != '"' && x.src[i+1] != '\\' {
				n := 2
				if x.src[i+1] == '\n' {
					n = 1
				} else if _, size := utf8.DecodeRuneInString(x.src[i+1:]); size > 1 {
					n = 1 + size
				}
				x.fail("escape", Span{i, i + n}, "a string knows only the escapes \\\" and \\\\", "")
				i += n - 1
				continue
			}
			i++
		case '"':
			x.scanText(x.pos+1, i, false)
			x.emit(StringKind, x.pos, i+1)
			return
		}
	}
	x.fail("string-not-closed", Span{x.pos, len(x.src)}, "the string is not closed on its line", "end it with \"")
	x.emit(StringKind, x.pos, len(x.src))
}

// unquote gives the value of a string token that may lack its closing quote.
func unquote(s string) string {
	s = strings.TrimPrefix(s, `"`)
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '\\' && i+1 < len(s):
			i++
			b.WriteByte(s[i])
		case s[i] == '"' && i == len(s)-1:
		default:
			b.WriteByte(s[i])
		}
	}
	return b.String()
}

func (x *lexer) word() {
	end := x.pos
	for end < len(x.src) && isWordByte(x.src[end]) {
		end++
	}
	for x.src[end-1] == '-' {
		end--
	}
	if end-x.pos > MaxWord {
		x.fail("word-too-long", Span{x.pos, end}, fmt.Sprintf("the word has %d characters; at most %d are read", end-x.pos, MaxWord), "")
	}
	x.emit(WordKind, x.pos, end)
}

// IsName says whether a text is one word that may name a block.
func IsName(s string) bool {
	if s == "" || len(s) > MaxWord || !isLetter(s[0]) || s[len(s)-1] == '-' || IsKeyword(s) {
		return false
	}
	for i := range len(s) {
		if !isWordByte(s[i]) {
			return false
		}
	}
	return true
}

func isDigit(c byte) bool    { return '0' <= c && c <= '9' }
func isLetter(c byte) bool   { return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' }
func isWordByte(c byte) bool { return isLetter(c) || isDigit(c) || c == '_' || c == '-' }
