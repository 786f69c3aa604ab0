package agreement

// A Body decides by votes. Members are in the order of the text.
type Body struct {
	Block
	Members []Name
	Base    string  // "frozen" or "follows": whether a member that withdraws still counts
	Weights []int64 // by member; 1 each if the text gives none
	Vetoes  []Name  // members whose `no` makes `vetoed` true
	Report  []Name  // who may put on the record how members without keys voted
}

// Weight is that of a member's vote; 0 for one who is none.
func (b *Body) Weight(n Name) int64 {
	for i, m := range b.Members {
		if m == n {
			return b.Weights[i]
		}
	}
	return 0
}

// A Decision is a question put to a body. It is carried by Rule, as soon as no
// vote that is still missing could undo it; or, with Stops, at the close unless
// Stops is true then. Whatever is not carried at the close is not carried.
type Decision struct {
	Block
	By       Name     // a body
	Opens    Expr     // condition; nil: at the entry into force
	Within   Duration // from the opening to the close; 0: as Closes
	Closes   Expr     // instant; nil: Within, or open until carried
	Rule     Expr     // condition over tallies; nil: only Stops
	Stops    Expr     // condition over tallies; nil: silence does not carry
	Excludes []Name   // members that do not vote on it
	Extends  *Extension

	Draft    Name   // the decision of which this is a draft; empty: of none
	Drafts   []Name // decisions of which one is to be carried
	DraftsBy []Name // who tables them
}

// SilenceCarries says what it means that nobody votes.
func (d *Decision) SilenceCarries() bool { return d.Stops != nil }

// Extension says how the close of a decision or stage is put off.
type Extension struct {
	By     Name     // the body that extends
	Rule   Expr     // condition over tallies of those who consent to one new close
	Times  int      // 0: any number
	AtMost Duration // all together; 0: any length
	Range  Range
}

// A Tally counts votes on the decision in whose rule it stands. What is one of
//
//	yes, no, abstained   who voted so
//	cast                 yes and no together
//	voted                whoever voted
//	members              whoever may vote
//	vetoed               whether a member with a veto voted no (a condition)
type Tally struct {
	What     string
	Of       *Body
	In       []Name // only these members; nil: all
	Within   Name   // the group that In are, for people to read; empty: all
	Weighted bool   // sums weights
	Range    Range
}

// Type gives the type of the expression's value.
func (e *Tally) Type() ValueType {
	if e.What == "vetoed" {
		return TypeBool
	}
	return TypeNumber
}

// Where gives the expression's place in the text.
func (e *Tally) Where() Range { return e.Range }
