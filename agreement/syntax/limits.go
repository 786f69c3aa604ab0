package syntax

// The limits on what is read. A text is posted to depositaries and auditors
// by strangers, so each bounds work or stack that they could ask for.
const (
	// MaxFile bounds a file. The longest real treaties, rendered as blocks,
	// stay far below it.
	MaxFile = 1 << 20
	// MaxDepth bounds nesting of brackets, blocks, `not` and `if`: the parser
	// recurses once for each.
	MaxDepth = 32
	// MaxDigits bounds the digits of one number, so that exact arithmetic on
	// it stays cheap.
	MaxDigits = 40
	// MaxWord bounds a word: names become parts of file names and log origins.
	MaxWord = 64
	// MaxNodes bounds the operators, operands and elements of one value:
	// later passes recurse over them.
	MaxNodes = 1024
	// MaxErrors bounds the faults reported for a file; people read the first.
	MaxErrors = 40
)
