package machine

// stepGrounds finds what a rule of a case, stage or decision had read.
func stepGrounds(m *Machine, r *rule) ground {
	switch r.block.noun {
	case "procedure":
		switch x := &m.runs[r.block.i]; r.kind {
		case ruleCaseSettled:
			g := ground{e: x.settled}
			for _, k := range x.stages {
				g.read = append(g.read, m.stages[k].status)
			}
			return g
		case ruleCaseExhausted:
			return ground{e: x.exhausted}
		}
	case "stage":
		x := &m.stages[r.block.i]
		switch r.kind {
		case ruleStageReady, ruleStageOpen:
			return ground{e: x.after, read: []int32{m.runs[x.of].status}}
		case ruleStageCloses, ruleStageFails:
			return ground{read: []int32{x.openedAt}}
		case ruleStageSettled:
			return ground{e: x.settled}
		case ruleStageClosed:
			return ground{read: []int32{m.runs[x.of].status}}
		}
	case "decision":
		switch d := &m.decisions[r.block.i]; r.kind {
		case ruleOpen:
			return ground{e: d.opens}
		case ruleVotesClose:
			return ground{e: d.closesAt, read: []int32{d.openedAt}}
		case ruleCarry, ruleFails:
			return ground{e: d.rule}
		case ruleStop, ruleUnstopped:
			return ground{e: d.stops}
		}
	}
	return ground{}
}
