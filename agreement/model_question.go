package agreement

// A Question is a point on which the parties hold different interpretations.
// While it is open the standing is worked out under each of them.
type Question struct {
	Block
	Answered        []Name // who may answer it; none: nobody
	When            Expr   // it is open once this is true; nil: from the entry into force
	Interpretations []*Interpretation
}

// An Interpretation is one reading of a question.
type Interpretation struct {
	Name    Name
	HeldBy  []Name
	Because string
	Adopted Expr // condition that answers the question so; nil: none
	Range   Range
}
