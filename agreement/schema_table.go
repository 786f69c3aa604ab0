package agreement

// What every block but the agreement itself may carry.
var (
	clauseAttr    = AttributeSpec{Name: "clause", Shape: ShapeString, Doc: "The clause of the signed text that the block renders."}
	wordsAttr     = AttributeSpec{Name: "text", Shape: ShapeString, Doc: "The words of the promise, verbatim."}
	wasAttr       = AttributeSpec{Name: "was", Shape: ShapeString, Doc: "In an amended text: the name that the block had before."}
	recipientAttr = AttributeSpec{Name: "recipient", Shape: ShapeRecipient, Doc: "The age recipient to which documents of a private record are encrypted for it."}
	partyNouns    = []Noun{nounParty, nounGroup}
)

func later(names ...string) []AttributeSpec {
	var specs []AttributeSpec
	for _, n := range names {
		specs = append(specs, AttributeSpec{Name: n, Later: true})
	}
	return specs
}

func attributes(own []AttributeSpec, laterNames ...string) []AttributeSpec {
	return append(append([]AttributeSpec{clauseAttr, wordsAttr, wasAttr}, own...), later(laterNames...)...)
}

var schema = []NounSpec{
	{Noun: nounAgreement, Doc: "The agreement as a whole; there is exactly one such block.", Attributes: append([]AttributeSpec{
		{Name: "title", Shape: ShapeString, Required: true, Doc: "Its title."},
		{Name: "text", Shape: ShapeFile, Doc: "The file that the parties really signed, bound by its digest."},
		{Name: "prevails", Shape: ShapeWord, Words: []string{"text", "clauses"}, Default: "clauses", Doc: "Which prevails if text and clauses differ; to be said when there is a text."},
		{Name: "timezone", Shape: ShapeZone, Default: `"UTC"`, Doc: "The zone in which a bare date begins at midnight."},
		{Name: "month_end", Shape: ShapeWord, Words: []string{"last-day", "next-day"}, Doc: "What day is meant where months are counted to one that the month does not have."},
		{Name: "clock", Shape: ShapeWord, Words: []string{"real", "simulated"}, Default: "real", Doc: "Whether the record's time is real; every page and verdict says so if it is not."},
		{Name: "proof_window", Shape: ShapeDuration, Default: "1 hour", Low: 1, High: int64(7 * day), Doc: "How long after a deadline older proofs of time may still arrive before it is decided."},
		{Name: "record", Shape: ShapeWord, Words: []string{"public", "private"}, Default: "public", Doc: "Who may read the record: all, or its parties, devices, custodians, depositaries and readers."},
		{Name: "witnesses", Shape: ShapeObject, Required: true, Doc: "Who cosigns the record, how many must, and how many may lie.", Fields: []AttributeSpec{
			{Name: "of", Shape: ShapeNames, Nouns: []Noun{nounWitness}, Required: true, Doc: "The witnesses."},
			{Name: "quorum", Shape: ShapeWhole, Required: true, Low: 1, High: maxWitnesses, Doc: "How many must cosign (k)."},
			{Name: "faulty", Shape: ShapeWhole, Required: true, Low: 0, High: maxWitnesses, Doc: "How many may be corrupt or silent (f); 2k - n > f, k > 2f and n >= k + f hold."},
		}},
		{Name: "amended", Shape: ShapeObject, Doc: "How the text is amended; without it, by every party that signs.", Fields: []AttributeSpec{
			{Name: "by", Shape: ShapeNames, Nouns: partyNouns, Doc: "Who must all sign an amendment; every party that signs, if not given."},
			{Name: "never", Shape: ShapeWords, Words: []string{neverShorten}, Doc: "What an amendment may not do; `shorten` is to bring a deadline that is running forward."},
		}},
		wasAttr,
	}, later("texts", "calendars", "signatories", "in_force", "ends", "renews", "invokes")...)},

	{Noun: nounDepositary, Doc: "Who hosts the record; the first one opens it.", Attributes: attributes([]AttributeSpec{
		{Name: "key", Shape: ShapeKey, Required: true, Doc: "Its public key; it signs the record's checkpoints."},
		{Name: "address", Shape: ShapeString, Doc: "Where it can be reached; a hint, not a commitment."},
		{Name: "successors", Shape: ShapeNames, Nouns: []Noun{nounDepositary}, Doc: "Who may take over the record, in this order."},
	})},
	{Noun: nounParty, Doc: "One who is bound, or whose acts the agreement speaks of.", Attributes: attributes([]AttributeSpec{
		{Name: "name", Shape: ShapeString, Doc: "Its full name."},
		{Name: "signs", Shape: ShapeYesNo, Default: "yes", Doc: "Whether it signs the agreement and is bound; one that does not may still report or verify if it has keys, and is only acted for if it has none."},
		{Name: "keys", Shape: ShapeObject, Doc: "Its public keys and how many of them sign together; required if it signs.", Fields: []AttributeSpec{
			{Name: "of", Shape: ShapeKeys, Required: true, Doc: "The keys, each held by another person."},
			{Name: "need", Shape: ShapeWhole, Required: true, Low: 1, High: maxKeys, Doc: "How many must sign together."},
		}},
		recipientAttr,
	}, "state", "tolerance", "delegates", "withdraws")},
	{Noun: nounGroup, Doc: "A named list of parties.", Attributes: attributes([]AttributeSpec{
		{Name: "members", Shape: ShapeNames, Nouns: partyNouns, Required: true, Doc: "Its members; another group stands for its members, and union(...) joins lists."},
		{Name: "base", Shape: ShapeWord, Words: []string{"frozen", "follows"}, Doc: "Whether counts over the group keep the membership of the signing; required if the group is counted."},
	})},
	{Noun: nounWitness, Doc: "One who cosigns the record with the time.", Attributes: attributes([]AttributeSpec{
		{Name: "key", Shape: ShapeWitnessKey, Required: true, Doc: "Its verifier key for cosignatures: Ed25519 (type 0x04) or ML-DSA-44 (type 0x06)."},
		{Name: "address", Shape: ShapeString, Doc: "Where it can be reached; a hint, not a commitment."},
	})},
	{Noun: nounCustodian, Doc: "One who holds a share of a vault's keys.", Attributes: attributes([]AttributeSpec{
		{Name: "named_by", Shape: ShapeName, Nouns: []Noun{nounParty}, Words: []string{string(neutral)}, Required: true, Doc: "The party that named it, or neutral."},
		{Name: "key", Shape: ShapeKey, Required: true, Doc: "Its public key; it signs its statements."},
		recipientAttr,
	})},
	{Noun: nounDevice, Doc: "What records and seals.", Attributes: attributes([]AttributeSpec{
		{Name: "operators", Shape: ShapeNames, Nouns: partyNouns, Required: true, Doc: "Who operates it jointly; together they can misuse it."},
		{Name: "key", Shape: ShapeKey, Required: true, Doc: "Its public key; it signs what it seals."},
	})},
	{Noun: nounReader, Doc: "One who may read a private record, and says nothing on it.", Attributes: attributes([]AttributeSpec{
		{Name: "name", Shape: ShapeString, Doc: "Its full name."},
		{Name: "key", Shape: ShapeKey, Required: true, Doc: "Its public key; it signs its requests."},
		recipientAttr,
	})},
	{Noun: nounMeasure, Doc: "Something one party holds in force against others and can lift.", Attributes: attributes([]AttributeSpec{
		{Name: "by", Shape: ShapeName, Nouns: []Noun{nounParty, nounBody}, Required: true, Doc: "Who holds it."},
		{Name: "against", Shape: ShapeNames, Nouns: partyNouns, Doc: "Whom it burdens."},
		{Name: "starts", Shape: ShapeWord, Words: []string{"in-force", "lifted"}, Required: true, Doc: "Its status when the agreement enters into force."},
		{Name: "lifted", Shape: ShapeObject, Doc: "What lifts it besides its holder.", Fields: []AttributeSpec{
			{Name: "when", Shape: ShapeCondition, Required: true, Doc: "It is lifted when this becomes true."},
		}},
		{Name: "returns", Shape: ShapeObject, Doc: "What puts it back in force besides its holder.", Fields: []AttributeSpec{
			{Name: "when", Shape: ShapeCondition, Required: true, Doc: "It is in force again when this becomes true."},
		}},
	}, "parts")},
	{Noun: nounCommitment, Doc: "What a party owes: to do once, to keep true, or never to let happen.", Attributes: attributes(append([]AttributeSpec{ofAttr}, commitmentAttrs...), "then", "worth", "every", "parts")},
	{Noun: nounAct, Doc: "A formal act that a party may perform.", Attributes: attributes(append([]AttributeSpec{ofAttr}, actAttrs...), "who", "resumes", "per")},
	{Noun: nounReading, Doc: "A number, or a fact if it has no unit, that a named reporter reports.", Attributes: attributes([]AttributeSpec{
		{Name: "reporter", Shape: ShapeNames, Nouns: partyNouns, Required: true, Doc: "Who reports it; any one of them."},
		{Name: "unit", Shape: ShapeUnit, Doc: "The unit of the number; without it the reading is a fact."},
		{Name: "due", Shape: ShapeObject, Doc: "How often it is due.", Fields: []AttributeSpec{
			{Name: "every", Shape: ShapeDuration, Required: true, Low: 1, High: int64(maxDuration), Doc: "From one report to the next."},
			{Name: "grace", Shape: ShapeDuration, Default: "0 days", High: int64(maxDuration), Doc: "How much later it may come before it is late."},
		}},
	})},
	{Noun: nounMilestone, Doc: "A named instant that other times count from.", Attributes: attributes([]AttributeSpec{
		ofAttr,
		{Name: "at", Shape: ShapeInstant, Doc: "The instant; this or `when`."},
		{Name: "when", Shape: ShapeCondition, Doc: "Reached as soon as this is true; this or `at`."},
		{Name: "unless", Shape: ShapeCondition, Doc: "Not reached, and never again, if this is true at that instant; with `at`."},
	})},
	{Noun: nounVault, Doc: "Sealed evidence with the rule of its outcome.", Attributes: attributes(vaultAttrs, "parts", "retention", "extends")},

	{Noun: nounBody, Doc: "Those who decide together by votes.", Attributes: attributes(bodyAttrs)},
	{Noun: nounDecision, Doc: "A question that a body votes on: its rule, its time and what silence means.", Attributes: attributes(decisionAttrs)},
	{Noun: nounProcedure, Doc: "A ladder of timed stages, run once per case.", Attributes: attributes(procedureAttrs)},
	{Noun: nounQuestion, Doc: "A point on which the parties hold different interpretations.", Attributes: attributes(questionAttrs)},

	{Noun: "exchange", Later: true}, {Noun: "cases", Later: true}, {Noun: "calendar", Later: true},
}

var commitmentAttrs = []AttributeSpec{
	{Name: "by", Shape: ShapeName, Nouns: []Noun{nounParty}, Required: true, Doc: "Who owes it."},
	{Name: "to", Shape: ShapeNames, Nouns: partyNouns, Doc: "To whom."},
	{Name: "do", Shape: ShapeDeed, Doc: "The fact to bring about once, or the deed in words."},
	{Name: "keep", Shape: ShapeCondition, Doc: "The condition to keep true."},
	{Name: "never", Shape: ShapeCondition, Doc: "The condition that must not come about."},
	{Name: "when", Shape: ShapeCondition, Doc: "It starts when this is true; without it, at the entry into force."},
	{Name: "from", Shape: ShapeInstant, Doc: "When a keep or never begins."},
	{Name: "until", Shape: ShapeInstant, Doc: "When a keep or never ends."},
	{Name: "due", Shape: ShapeInstant, Doc: "By when a do is due; an act at that very second is in time."},
	{Name: "ends", Shape: ShapeCondition, Doc: "Ends it without a breach."},
	{Name: "grace", Shape: ShapeDuration, High: int64(maxDuration), Doc: "How long after the due time it becomes a breach."},
	{Name: "reported", Shape: ShapeObject, Doc: "Who may put on the record what a party that does not sign did.", Fields: []AttributeSpec{
		{Name: "by", Shape: ShapeNames, Nouns: partyNouns, Required: true, Doc: "Any one of them may."},
	}},
	{Name: "verified", Shape: ShapeObject, Doc: "Who finds whether a claim of performance is true.", Fields: []AttributeSpec{
		{Name: "by", Shape: ShapeNames, Nouns: partyNouns, Required: true, Doc: "Any one of them decides."},
		{Name: "within", Shape: ShapeDuration, Required: true, Low: 1, High: int64(maxDuration), Doc: "How long after the claim."},
		{Name: "silence", Shape: ShapeWord, Words: []string{"accepts", "refuses"}, Required: true, Doc: "What it means if nobody finds anything in that time."},
	}},
	{Name: "cure", Shape: ShapeObject, Doc: "How late performance cures a breach.", Fields: []AttributeSpec{
		{Name: "within", Shape: ShapeDuration, Required: true, Low: 1, High: int64(maxDuration), Doc: "How long after the breach."},
		{Name: "times", Shape: ShapeWhole, Low: 1, High: 1000, Doc: "How many times; any number if not given."},
	}},
}

var actAttrs = []AttributeSpec{
	{Name: "by", Shape: ShapeNames, Nouns: partyNouns, Required: true, Doc: "Who may perform it."},
	{Name: "when", Shape: ShapeCondition, Doc: "When it is permitted; at any time if not given."},
	{Name: "states", Shape: ShapeWords, Doc: "Words that it must carry; said, never checked."},
	{Name: "times", Shape: ShapeWhole, Low: 1, High: 1000, Doc: "How many times in all; any number if not given."},
	{Name: "notice", Shape: ShapeDuration, High: int64(maxDuration), Doc: "How long after it is done it takes effect."},
	{Name: "effect", Shape: ShapeObject, Doc: "What it does when it takes effect; exactly one of the three.", Fields: []AttributeSpec{
		{Name: "suspends", Shape: ShapeNames, Nouns: []Noun{nounCommitment}, Doc: "Commitments that rest until resumed."},
		{Name: "resumes", Shape: ShapeNames, Nouns: []Noun{nounCommitment}, Doc: "Commitments that go on."},
		{Name: "ends", Shape: ShapeNames, Nouns: []Noun{nounCommitment}, Words: []string{"agreement"}, Doc: "Commitments that end, or the agreement."},
		{Name: "in_part", Later: true}, {Name: "until", Later: true},
	}},
}

var vaultAttrs = []AttributeSpec{
	{Name: "records", Shape: ShapeString, Required: true, Doc: "What is recorded, in words."},
	{Name: "recorder", Shape: ShapeName, Nouns: []Noun{nounDevice}, Required: true, Doc: "The device that seals."},
	{Name: "cameras", Shape: ShapeWords, Default: "[main]", Doc: "The vault's cameras."},
	{Name: "host", Shape: ShapeName, Nouns: []Noun{nounParty}, Required: true, Doc: "Who keeps the sealed evidence."},
	{Name: "opens_to", Shape: ShapeNames, Nouns: partyNouns, Required: true, Doc: "Who receives the keys on release."},
	{Name: "opens_if", Shape: ShapeCondition, Required: true, Doc: "Released if this is true at the close."},
	{Name: "opens", Shape: ShapeInstant, Doc: "When recording starts; at the entry into force if not given."},
	{Name: "closes", Shape: ShapeInstant, Required: true, Doc: "When the outcome is decided."},
	{Name: "pending", Shape: ShapeWord, Words: []string{"hold", "erase"}, Required: true, Doc: "What a claim that existed by the close and is still undecided then does."},
	{Name: "else", Shape: ShapeWord, Words: []string{"erase", "release", "hold"}, Required: true, Doc: "The outcome if the condition is not true."},
	{Name: "hold", Shape: ShapeObject, Required: true, Doc: "How long evidence is held at most, and what then.", Fields: []AttributeSpec{
		{Name: "at_most", Shape: ShapeDuration, Required: true, Low: 1, High: int64(maxDuration), Doc: "The long-stop, counted from the close."},
		{Name: "then", Shape: ShapeWord, Words: []string{"erase", "release"}, Required: true, Doc: "The outcome at the long-stop."},
	}},
	{Name: "cut", Shape: ShapeObject, Doc: "The times of the rule for a record that halted.", Fields: []AttributeSpec{
		{Name: "working", Shape: ShapeDuration, Default: "1 day", Low: 1, High: int64(maxDuration), Doc: "Working time after the long-stop in which the record may still be completed."},
		{Name: "margin", Shape: ShapeDuration, Default: "1 hour", Low: 1, High: int64(maxDuration), Doc: "How far the two certificates lie apart."},
	}},
	{Name: "epochs", Shape: ShapeObject, Required: true, Doc: "The periods of keys and the segments in them.", Fields: []AttributeSpec{
		{Name: "every", Shape: ShapeDuration, Required: true, Low: 1, High: int64(maxDuration), Doc: "The length of a period."},
		{Name: "segments", Shape: ShapeDuration, Required: true, Low: 1, High: int64(day), Doc: "The length of a segment."},
		{Name: "cadence", Shape: ShapeDuration, Low: 1, High: int64(maxDuration), Doc: "From the start of one segment to the start of the next; one after the other if not given."},
		{Name: "bytes", Shape: ShapeWhole, Default: "4194304", Low: 1024, High: 1 << 28, Doc: "The size to which every segment is padded."},
	}},
	{Name: "custodians", Shape: ShapeObject, Required: true, Doc: "Who holds the shares of the keys.", Fields: []AttributeSpec{
		{Name: "of", Shape: ShapeNames, Nouns: []Noun{nounCustodian}, Required: true, Doc: "The custodians in the order of their seats."},
		{Name: "need", Shape: ShapeWhole, Required: true, Low: 2, High: maxSeats, Doc: "How many together open."},
		{Name: "absent", Shape: ShapeWhole, Default: "0", High: maxSeats, Doc: "How many that acknowledged may fail; a period is sealed with need + absent acknowledgements."},
		{Name: "proves", Shape: ShapeDuration, Low: int64(hour), High: int64(maxDuration), Doc: "How often each proves on the record that it still holds its shares; never if not given."},
	}},
	{Name: "dispute", Shape: ShapeWord, Words: []string{"public", "arbiter"}, Default: "public", Doc: "To whom an unreadable segment is shown."},
}
