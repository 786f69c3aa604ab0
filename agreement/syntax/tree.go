package syntax

import "math/big"

// A File is the tree of one file. Comments are beside the tree, in order;
// their spans say where they belong.
type File struct {
	Src      string
	Version  int // the number after `detente`; 0 if the first line is bad
	Blocks   []*Block
	Comments []Span
}

// A Block is `noun name { ... }`.
type Block struct {
	Span
	Noun   *Word
	Name   *Word
	Fields []*Field
	Blocks []*Block // stages and the like
}

// A Field is `name = value`, in a block or an object.
type Field struct {
	Span
	Name  *Word
	Value Node
}

// A Node is a value: one of the types below.
type Node interface{ Pos() Span }

// The values.
type (
	// A Word is a bare word.
	Word struct {
		Span
		Text string
	}
	// A String is text in double quotes; Value is without them.
	String struct {
		Span
		Value string
	}
	// A Number is exact, with a unit or none.
	Number struct {
		Span
		Text     string // the number alone
		Value    *big.Rat
		Unit     string
		UnitSpan Span
	}
	// A Date is a day without a zone.
	Date struct {
		Span
		Year, Month, Day int
	}
	// An Instant is seconds since 1970 in UTC.
	Instant struct {
		Span
		Seconds int64
	}
	// A Select is `name.attribute`.
	Select struct {
		Span
		Name, Attr *Word
	}
	// A Not is `not X`.
	Not struct {
		Span
		X Node
	}
	// A Binary is X Op Y.
	Binary struct {
		Span
		Op   string
		X, Y Node
	}
	// An If is `if Cond then Then else Else`.
	If struct {
		Span
		Cond, Then, Else Node
	}
	// A Call is `func(args)`.
	Call struct {
		Span
		Func *Word
		Args []Node
	}
	// A Paren is `(X)`.
	Paren struct {
		Span
		X Node
	}
	// A List is `[a, b]`.
	List struct {
		Span
		Elems []Node
	}
	// An Object is `{ a = b, c = d }`.
	Object struct {
		Span
		Fields []*Field
	}
)
