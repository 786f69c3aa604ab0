package agreement

var questionAttrs = []AttributeSpec{
	{Name: "answered", Shape: ShapeNames, Nouns: partyNouns, Words: []string{nobody}, Required: true, Doc: "Who may answer it for all, or nobody."},
	{Name: "when", Shape: ShapeCondition, Doc: "It is open once this is true; without it, from the entry into force."},
}

// nobody is the word for a question that no one may answer.
const nobody = "nobody"

// interpretationSpec is the row of a block that stands inside a question only.
var interpretationSpec = NounSpec{Noun: nounInterpretation, Doc: "One reading of a question; it stands inside the question's block.", Attributes: attributes([]AttributeSpec{
	{Name: "held_by", Shape: ShapeNames, Nouns: partyNouns, Required: true, Doc: "Who holds it."},
	{Name: "because", Shape: ShapeString, Doc: "Why, in their words."},
	{Name: "adopted", Shape: ShapeCondition, Doc: "Answers the question so when it becomes true, such as a decision that is carried."},
})}
