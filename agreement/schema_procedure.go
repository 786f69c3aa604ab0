package agreement

var ofAttr = AttributeSpec{Name: "of", Shape: ShapeName, Nouns: []Noun{nounProcedure}, Doc: "The procedure to each of whose cases it belongs: it exists once per case."}

var procedureAttrs = []AttributeSpec{
	{Name: "cases", Shape: ShapeObject, Doc: "Of what there is one case each; one case in all if not given.", Fields: []AttributeSpec{
		{Name: "per", Shape: ShapeWords, Doc: "The role, or the thing, of which each has a case of its own."},
		{Name: "of", Shape: ShapeNames, Nouns: partyNouns, Doc: "Who may have the role; there is a case for each."},
		{Name: "at_once", Shape: ShapeWhole, Default: "1", Low: 1, High: maxAtOnce, Doc: "How many cases of each at once; one more is refused."},
	}},
	{Name: "roles", Shape: ShapeRoles, Doc: "Further roles, given when a case is opened, and who may have them."},
	{Name: "between", Shape: ShapeCondition, Doc: "Which roles go together, as in `(complainant == iran) != (respondent == iran)`."},
	{Name: "opens", Shape: ShapeObject, Required: true, Doc: "Who opens a case.", Fields: []AttributeSpec{
		{Name: "by", Shape: ShapeNames, Nouns: partyNouns, Required: true, Doc: "Any one of them, or the one with the role."},
		{Name: "when", Shape: ShapeCondition, Doc: "When it is permitted; at any time if not given."},
		{Name: "states", Shape: ShapeWords, Doc: "Words that the opening must carry; said, never checked."},
	}},
	{Name: "settled", Shape: ShapeCondition, Doc: "What settles a case, besides a stage that is settled."},
	{Name: "exhausted", Shape: ShapeCondition, Doc: "When a case that is not settled is exhausted."},
}

var stageAttrs = []AttributeSpec{
	{Name: "after", Shape: ShapeCondition, Doc: "When it begins, or may be opened; with the case if not given."},
	{Name: "opens", Shape: ShapeObject, Doc: "Who opens it; without it, it opens by itself.", Fields: []AttributeSpec{
		{Name: "by", Shape: ShapeNames, Nouns: partyNouns, Required: true, Doc: "Any one of them."},
		{Name: "optional", Shape: ShapeYesNo, Default: "yes", Doc: "A stage that somebody opens may always be left out; said for the reader."},
	}},
	{Name: "lasts", Shape: ShapeDuration, Low: 1, High: int64(maxDuration), Required: true, Doc: "How long it is open before it has failed."},
	{Name: "settled", Shape: ShapeCondition, Doc: "What settles it, and the case with it."},
	{Name: "binds", Shape: ShapeYesNo, Default: "yes", Doc: "Whether what comes of it binds; `no` for advice."},
	{Name: "extends", Shape: ShapeObject, Doc: "How its end is put off.", Fields: extensionFields},
}

// stageSpec is the row of a block that stands inside a procedure only.
var stageSpec = NounSpec{Noun: nounStage, Doc: "One rung of a procedure; it stands inside the procedure's block.", Attributes: attributes(stageAttrs)}
