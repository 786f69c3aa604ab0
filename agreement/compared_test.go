package agreement

// Compared gives the attributes that the comparison of two texts knows, by noun.
func Compared() map[Noun]map[string]bool {
	out := map[Noun]map[string]bool{}
	note := func(noun Noun, f *facets) {
		if out[noun] == nil {
			out[noun] = map[string]bool{}
		}
		for _, x := range f.of {
			out[noun][x.attr] = true
		}
	}
	f := &facets{}
	f.agreement(&Agreement{})
	note(nounAgreement, f)
	for noun, blocks := range map[Noun][]any{
		nounDepositary: {&Depositary{}}, nounParty: {&Party{}}, nounGroup: {&Group{}}, nounWitness: {&Witness{}}, nounCustodian: {&Custodian{}},
		nounDevice: {&Device{}}, nounReader: {&Reader{}}, nounMeasure: {&Measure{}}, nounAct: {&Act{}}, nounReading: {&Reading{}}, nounMilestone: {&Milestone{}}, nounVault: {&Vault{}},
		nounBody: {&Body{}}, nounDecision: {&Decision{}}, nounProcedure: {&Case{}}, nounStage: {&Stage{}}, nounQuestion: {&Question{}},
		nounCommitment: {&Commitment{Form: Do}, &Commitment{Form: Keep}, &Commitment{Form: Never}},
	} {
		for _, b := range blocks {
			f := &facets{}
			f.block(&entry{whole: b})
			note(noun, f)
		}
	}
	return out
}
