package agreement

// An Explanation documents a code.
type Explanation struct {
	Code  Code
	Title string // a few words
	Text  string // what the fault is, and why it is one
	// Bad is the smallest text with the fault, and Good one without. The place
	// of the diagnostic stands between « and ». Unless it begins with
	// `detente`, it is a piece of a text whose other blocks are those of a
	// plain agreement between alpha and beta, with gamma who signs nothing;
	// and attributes it does not give are the plain agreement's.
	Bad, Good string
	// Amends is, for a code of amendments, the text that Bad and Good amend.
	Amends  string
	Warning bool // the text remains usable
	Finding bool // a sentence about who could cheat, not a fault
}

// Explain gives the documentation of a code.
func Explain(code Code) (Explanation, bool) {
	for _, part := range catalogue {
		for _, e := range part {
			if e.Code == code {
				return e, true
			}
		}
	}
	return Explanation{}, false
}

// Codes lists every code ever used, in the order of the catalogue.
func Codes() []Code {
	var codes []Code
	for _, part := range catalogue {
		for _, e := range part {
			codes = append(codes, e.Code)
		}
	}
	return codes
}

var catalogue = [][]Explanation{surfaceCodes, wordCodes, valueCodes, soundCodes, findingCodes, amendCodes}
