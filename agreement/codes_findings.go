package agreement

// The codes of findings: what is true of an agreement and should be known
// before it is signed.
var findingCodes = []Explanation{
	{Code: FindingHalt, Finding: true, Title: "who can stop the record", Text: "n - k + 1 witnesses who are silent leave no quorum."},
	{Code: FindingFork, Finding: true, Title: "who can show two histories", Text: "Two quorums share at least 2k - n witnesses; if all of those lie, together with the depositary, both histories carry a quorum."},
	{Code: FindingClock, Finding: true, Title: "who can misdate", Text: "A time that counts is at least the (f+1)-th smallest of a quorum's: f liars cannot move it alone."},
	{Code: FindingDepositary, Finding: true, Title: "what the depositary can do", Text: "The depositary hosts the record and is trusted for nothing but being there."},
	{Code: FindingSimulated, Finding: true, Title: "simulated time", Text: "A record with a simulated clock shows how the text works and proves no times."},
	{Code: FindingOneKey, Finding: true, Title: "one key binds a party", Text: "A party that needs one signature is bound by whoever holds that key."},
	{Code: FindingAllKeys, Finding: true, Title: "no key may be lost", Text: "A party that needs all of its keys cannot speak once one is lost, until the others replace it by amendment."},
	{Code: FindingNoVoice, Finding: true, Title: "a party that is only spoken of", Text: "What a party without keys did is known to the record only through those who may report it."},
	{Code: FindingClaim, Finding: true, Title: "a claim is enough", Text: "Nobody verifies the deed."},
	{Code: FindingSilence, Finding: true, Title: "what silence means", Text: "Who claims, who finds, in what time, and what follows if nobody finds anything."},
	{Code: FindingVerifier, Finding: true, Title: "a verifier with an interest", Text: "One who may find alone gains by one of the findings."},
	{Code: FindingOpenEarly, Finding: true, Title: "who can open early", Text: "`need` custodians acting together can recover the keys at any time, without trace."},
	{Code: FindingBlock, Finding: true, Title: "who can stop a release", Text: "n - need + 1 custodians who do not hand over their shares leave too few."},
	{Code: FindingErase, Finding: true, Title: "what erasure is worth", Text: "Destroying a key cannot be proved."},
	{Code: FindingTolerance, Finding: true, Title: "how many corrupt custodians are tolerated", Text: "With h custodians named by the host, i by those to whom it opens, and x corrupt neutral ones: need > i + x and n - need + 1 > h + x."},
	{Code: FindingSealing, Finding: true, Title: "who can stop new keys", Text: "A period's key is used once need + absent custodians have acknowledged their shares."},
	{Code: FindingStall, Finding: true, Title: "whose word a release needs", Text: "Who must claim, find, act or report for the condition to become true."},
	{Code: FindingRecorder, Finding: true, Title: "who operates the recorder", Text: "The operators together can misuse it; cryptography does not help against them."},
	{Code: FindingHost, Finding: true, Title: "what the host can do", Text: "Whoever keeps the sealed evidence can destroy it."},
	{Code: FindingLongStop, Finding: true, Title: "who gains from a standstill", Text: "At the long-stop the text's default decides; it should not profit whoever can bring the standstill about."},
	{Code: FindingReporter, Finding: true, Title: "a reporter's word is a fact", Text: "What is kept or done is known from a reading, and the reading is what its reporter says."},
	{Code: FindingEnd, Finding: true, Title: "who can end the agreement", Text: "The act ends every commitment that is not in breach."},
}
