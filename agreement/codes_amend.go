package agreement

// The codes of the amendment rule, of names that changed, and of texts that
// cannot amend another.
var amendCodes = []Explanation{
	{Code: CodeAmendedBy, Title: "an amendment by one who does not sign",
		Text: "An amendment is signed like the agreement, so only parties that sign the agreement can be required to sign it.",
		Bad:  "agreement example {\n  amended = { by = [alpha, «gamma»] }\n}\n", Good: "agreement example {\n  amended = { by = [alpha, beta] }\n}\n"},
	{Code: CodeWas, Title: "a former name that is none",
		Text: "`was` gives the one name that the block had in the text before; no two blocks continue the same one.",
		Bad:  "milestone start {\n  was = «\"start\"»\n  at  = 2021-05-24\n}\n", Good: "milestone start {\n  was = \"beginning\"\n  at  = 2021-05-24\n}\n"},
	{Code: CodeAmendClock, Title: "an amendment cannot change the clock",
		Text:   "A record whose time is simulated proves no times; making it real afterwards would date what nobody dated.",
		Amends: "agreement example {\n  clock = simulated\n}\n",
		Bad:    "agreement «example» {\n  clock = real\n}\n", Good: "agreement example {\n  clock = simulated\n}\n"},
	{Code: CodeAmendName, Title: "the text of another agreement",
		Text: "The agreement block has another name, so this may be the wrong text. If it is the right one, `was` says so."},
	{Code: CodeAmendWas, Title: "continues nothing of the text before",
		Text:   "`was` names a block of the same kind in the text that is amended, and only one block may continue it. A block that is new has no `was`.",
		Amends: "milestone start { at = 2021-05-24 }\n",
		Bad:    "milestone «begin» {\n  was = \"strat\"\n  at  = 2021-05-24\n}\n", Good: "milestone begin {\n  was = \"start\"\n  at  = 2021-05-24\n}\n"},
	{Code: CodeAmendKind, Title: "a name that stood for something else",
		Text:   "What is on the record under a name stays what it is: a promise to do something does not become one to keep something, kilograms do not become tons, a party does not become a witness. What is new takes a new name.",
		Amends: "reading stock {\n  reporter = alpha\n  unit     = kg\n}\n",
		Bad:    "reading «stock» {\n  reporter = alpha\n  unit     = litres\n}\n", Good: "reading volume {\n  reporter = alpha\n  unit     = litres\n}\n"},
	{Code: CodeAmendVault, Title: "an amendment cannot take a vault away",
		Text:   "What is sealed stays sealed under the rule of its outcome. The rule may be amended; the vault may not disappear.",
		Amends: "agreement example {\n  title = \"Example with footage\"\n}\n",
		Bad:    "agreement «example» {\n  title = \"Example\"\n}\n"},
}
