package agreement

var bodyAttrs = []AttributeSpec{
	{Name: "members", Shape: ShapeNames, Nouns: partyNouns, Required: true, Doc: "Who votes; a group stands for its members."},
	{Name: "base", Shape: ShapeWord, Words: []string{"frozen", "follows"}, Doc: "Whether `members` keeps counting one who withdrew from the agreement; required unless the group says it."},
	{Name: "weights", Shape: ShapeWeights, Doc: "What each member's vote weighs, with `default` for those not named; 1 each if not given."},
	{Name: "vetoes", Shape: ShapeNames, Nouns: partyNouns, Doc: "The members whose `no` makes `vetoed` true in a rule."},
	{Name: "reported", Shape: ShapeObject, Doc: "Who may put on the record how members without keys voted.", Fields: []AttributeSpec{
		{Name: "by", Shape: ShapeNames, Nouns: partyNouns, Required: true, Doc: "Any one of them may."},
	}},
}

var decisionAttrs = []AttributeSpec{
	ofAttr,
	{Name: "by", Shape: ShapeName, Nouns: []Noun{nounBody}, Required: true, Doc: "The body that decides."},
	{Name: "opens", Shape: ShapeCondition, Doc: "It is open for votes once this is true; without it, from the entry into force."},
	{Name: "within", Shape: ShapeDuration, Low: 1, High: int64(maxDuration), Doc: "How long after it opened it closes; this or `closes`."},
	{Name: "closes", Shape: ShapeInstant, Doc: "When it closes; this or `within`. With neither it stays open until it is carried."},
	{Name: "rule", Shape: ShapeRule, Doc: "It is carried if this is true: `unanimity`, `consensus`, or a condition over votes such as `yes >= 9 and not vetoed`."},
	{Name: "stops", Shape: ShapeRule, Doc: "It is carried at the close unless this is true then."},
	{Name: "silence", Shape: ShapeWord, Words: []string{"carried", "not-carried"}, Required: true, Doc: "What it is at the close if nobody votes; `carried` goes with `stops`."},
	{Name: "excludes", Shape: ShapeNames, Nouns: partyNouns, Doc: "Members that do not vote on it and are not counted."},
	{Name: "drafts", Shape: ShapeObject, Doc: "Who tables drafts, each voted on by itself; it is carried when one of them is.", Fields: []AttributeSpec{
		{Name: "by", Shape: ShapeNames, Nouns: partyNouns, Required: true, Doc: "Any one of them."},
		{Name: "at_most", Shape: ShapeWhole, Default: "1", Low: 1, High: maxAtOnce, Doc: "How many drafts."},
	}},
	{Name: "extends", Shape: ShapeObject, Doc: "How its close is put off.", Fields: extensionFields},
}

var extensionFields = []AttributeSpec{
	{Name: "by", Shape: ShapeName, Nouns: []Noun{nounBody}, Required: true, Doc: "The body that may put it off."},
	{Name: "rule", Shape: ShapeRule, Required: true, Doc: "What of those who consent to the same new close is enough."},
	{Name: "times", Shape: ShapeWhole, Low: 1, High: 1000, Doc: "How many times; any number if not given."},
	{Name: "at_most", Shape: ShapeDuration, Low: 1, High: int64(maxDuration), Doc: "How much later at most, all together."},
}
