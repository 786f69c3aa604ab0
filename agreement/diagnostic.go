package agreement

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
