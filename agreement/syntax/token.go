package syntax

import "strings"

// A Span is the bytes [Start, End) of a file.
type Span struct{ Start, End int }

// Pos gives the span itself; embedding it makes a type a Node.
func (s Span) Pos() Span { return s }

// An Error is a fault of the text. Code is one of package agreement's
// catalogue.
type Error struct {
	Code string
	Span
	Message string // lower case, no full stop
	Hint    string // may be empty
}

// Kind is the kind of a token.
type Kind uint8

// The kinds of tokens. Op covers all brackets, marks and operators.
const (
	EOF Kind = iota
	Newline
	Comment
	WordKind
	NumberKind
	DateKind
	InstantKind
	StringKind
	Op
)

// A Token is one piece of a text. White space is not a token; a Newline is.
type Token struct {
	Kind Kind
	Span
}

// keywords are words that can be neither a name nor a unit.
var keywords = map[string]bool{
	"and": true, "or": true, "not": true, "if": true, "then": true, "else": true, "yes": true, "no": true,
}

// IsKeyword says whether the word belongs to the grammar of expressions.
func IsKeyword(s string) bool { return keywords[s] }

// describe names a token for a message: short, and nothing unprintable.
func describe(src string, t Token) string {
	switch t.Kind {
	case EOF:
		return "the end of the file"
	case Newline:
		return "the end of the line"
	case StringKind:
		return "a string"
	case Comment:
		return "a comment"
	}
	s := src[t.Start:t.End]
	if len(s) > 40 {
		s = s[:40] + "..."
	}
	return "`" + strings.ToValidUTF8(s, "?") + "`"
}
