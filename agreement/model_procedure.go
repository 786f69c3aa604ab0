package agreement

// A Case is one run of a procedure: one for each complainant, place or draft,
// expanded when the text is read. Its name is that of the procedure and what it
// is a case of, as in `dispute/uk`; a procedure without cases has one, with its
// own name.
type Case struct {
	Block
	Procedure Name
	By        []Name // who may open it
	When      Expr   // nil: at any time in force
	States    []string
	Roles     []*Role // that whoever opens it gives to parties
	Settled   Expr    // besides any stage that is settled; nil: none
	Exhausted Expr    // nil: never
}

// A Role is a part in a case, given when the case is opened. Lists of names
// hold it under its path, as in `dispute/uk/respondent`.
type Role struct {
	Name Name // the path
	Word string
	Of   []Name // who may have it
}

// A Stage is one rung of a procedure, in one case: `dispute/uk/ministers`.
type Stage struct {
	Block
	After   Expr   // nil: as soon as the case is open
	By      []Name // who may open it; none: it opens by itself
	Lasts   Duration
	Settled Expr // settles the case; nil: nothing does
	Advises bool // `binds = no`: what comes of it binds nobody
	Extends *Extension
}
