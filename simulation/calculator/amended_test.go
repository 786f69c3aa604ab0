package calculator_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"detente/agreement"
	"detente/record"
	"detente/simulation/calculator"
	"detente/simulation/calculator/against"
	"detente/statement"
)

// under is the text that a statement is made under: that in force, or another
// that was or may be.
func (p *pen) under() agreement.Digest {
	all := p.f.Versions()
	if p.rng.IntN(6) == 0 {
		if len(p.texts) > 0 && p.rng.IntN(6) == 0 {
			return p.texts[p.rng.IntN(len(p.texts))].Digest()
		}
		return all[p.rng.IntN(len(all))].Agreement.ID
	}
	return p.f.InForce().ID
}

// inForce is the text in force.
func (p *pen) inForce() string {
	if v := p.f.Versions(); len(v) > 1 {
		return string(v[len(v)-1].Bundle.Files[0].Data)
	}
	return string(p.b.Files[0].Data)
}

// The blocks that amendments add.
func witnessBlock(name string) string {
	key, err := statement.NewWitnessKey(name, keyOf(name, name).Public())
	if err != nil {
		panic(err)
	}
	return fmt.Sprintf("witness %s { key = %q }\n", name, key)
}

// other is the text in force, or the first one, with a change; not every draw
// is sound.
func (p *pen) other() *agreement.Bundle {
	s := string(p.b.Files[0].Data)
	if p.rng.IntN(4) > 0 {
		s = p.inForce()
	}
	swap := func(old, new string) { s = strings.Replace(s, old, new, 1) }
	for range 1 + p.rng.IntN(2) {
		switch p.rng.IntN(20) {
		case 0, 1:
			swap("closes     = 2021-05-24", "closes     = "+p.one("2021-06-24", "2021-05-01", "2021-07-24"))
		case 2:
			swap("closes     = 2021-06-24", "closes     = "+p.one("2021-05-24", "2021-07-24"))
		case 3:
			swap("proof_window = 1 hour", "proof_window = "+p.one("2 hours", "5 hours"))
		case 4:
			swap("at_most = 30 days", "at_most = "+p.one("40 days", "20 days"))
		case 5:
			swap("silence = accepts", "silence = refuses")
		case 6, 7, 16, 17, 18:
			if !strings.Contains(s, "witness lisbon") {
				swap("party iran {", witnessBlock("lisbon")+witnessBlock("oslo")+"party iran {")
			}
			if p.rng.IntN(2) == 0 {
				swap("of = [vienna, geneva, muscat, seoul], quorum = 3, faulty = 1", "of = [lisbon, geneva, muscat, oslo], quorum = 3, faulty = 1")
			} else {
				swap("of = [lisbon, geneva, muscat, oslo], quorum = 3, faulty = 1", "of = [vienna, geneva, muscat, seoul], quorum = 3, faulty = 1")
			}
		case 8, 9:
			if !strings.Contains(s, "custodian c4") {
				swap("vault footage {", fmt.Sprintf("custodian c4 {\n  named_by = neutral\n  key = %q\n}\nvault footage {", keyOf("c4", "c4").Public()))
			}
			if p.rng.IntN(2) == 0 {
				swap("of = [c1, c2, c3], need = 2", "of = [c1, c2, c4], need = "+p.one("1", "2"))
			} else {
				swap("of = [c1, c2, c4]", "of = [c1, c2, c3]")
			}
		case 10, 19:
			old, other := fmt.Sprintf("depositary host { key = %q }", keyOf("host", "host").Public()), fmt.Sprintf("depositary other { key = %q }", keyOf("other", "other").Public())
			next := fmt.Sprintf("depositary host {\n  successors = [other]\n  key = %q\n}", keyOf("host", "host").Public())
			swap(old, p.one(next+"\n"+other, next+"\n"+other, other))
		case 11:
			swap(keyOf("iaea", "iaea-1").Public().String(), keyOf("iaea", "iaea-3").Public().String())
		case 12:
			swap("proof_window =", "amended = { by = [iran, iaea], never = [shorten] }\n  proof_window =")
		case 13:
			swap("party us { signs = no }", fmt.Sprintf("party us { keys = { of = [%q], need = 1 } }", keyOf("us", "us").Public()))
		case 14:
			swap("  due      = 2021-04-01\n", "  due      = "+p.one("2021-06-01", "2021-03-15")+"\n"+p.one("", "  grace = 2 days\n"))
		case 15:
			swap("opens_if   = ", "opens_if   = grant-access.fulfilled or ")
		}
	}
	b, err := agreement.NewBundle([]agreement.File{{Path: "freeze.agreement", Data: []byte(s)}})
	if err != nil {
		p.t.Fatal(err)
	}
	return b
}

// amend appends what has to do with amendments.
func (p *pen) amend() {
	if len(p.texts) == 0 || p.rng.IntN(6) == 0 {
		p.publish()
		if p.rng.IntN(3) > 0 {
			p.agree()
		}
		return
	}
	to := p.texts[len(p.texts)-1]
	if p.rng.IntN(4) == 0 {
		to = p.texts[p.rng.IntN(len(p.texts))]
	}
	consent := statement.AmendBody{Bundle: to.Digest().String(), Findings: strings.Repeat("0", 64)}
	switch p.rng.IntN(8) {
	case 0, 1:
		p.say("iran", statement.ID{}, consent)
	case 2, 3:
		p.say("iaea", statement.ID{}, consent)
	case 4:
		consent.Bundle = p.f.InForce().ID.String()
		p.say(p.one("iran", "iaea"), statement.ID{}, consent)
	case 5:
		p.say("us", statement.ID{}, consent)
	case 6:
		for _, c := range []string{"c1", "c2", "c3", "c4"}[:1+p.rng.IntN(4)] {
			p.say(c, statement.ID{}, statement.RenounceBody{Bundle: to.Digest().String()})
		}
	case 7:
		p.say(p.one("host", "other"), statement.ID{}, statement.HostBody{Address: "http://127.0.0.1:1", Reason: "here"})
	}
}

// agree has all whom the latest text needs consent to it, and custodians
// renounce for it now and then; a proof may follow.
func (p *pen) agree() {
	if len(p.texts) == 0 {
		return
	}
	to := p.texts[len(p.texts)-1].Digest().String()
	for _, by := range []string{"iran", "iaea", "us"}[:2+p.rng.IntN(2)] {
		p.say(by, statement.ID{}, statement.AmendBody{Bundle: to, Findings: strings.Repeat("0", 64)})
	}
	switch p.rng.IntN(4) {
	case 0:
		for _, c := range []string{"c1", "c2", "c3", "c4"} {
			p.say(c, statement.ID{}, statement.RenounceBody{Bundle: to})
		}
		fallthrough
	case 1, 2:
		p.now += 600
		p.put(record.ProofEntry(p.cosigned()))
	}
}

// publish puts a text on the record, now and then not in order; only one that
// is sound, which the calculator cannot judge.
func (p *pen) publish() {
	b := p.other()
	if a, _ := agreement.Read(b); a == nil || a.ID == p.f.InForce().ID {
		return
	}
	parts, err := record.TextParts(b)
	if err != nil {
		p.t.Fatal(err)
	}
	for _, part := range parts {
		p.say("iran", statement.ID{}, part)
	}
	p.texts = append(p.texts, b)
}

// The product and the calculator read random amended records alike.
func TestRandomAmendedRecords(t *testing.T) {
	happened := map[string]int{}
	for seed := range uint64(*records) {
		p := newPen(t, seed)
		p.amends = true
		p.write(12 + p.rng.IntN(40))
		for _, n := range []int{len(p.entries), 1 + p.rng.IntN(len(p.entries))} {
			if err := against.Product(p.b, p.entries[:n], nil); err != nil {
				t.Fatalf("seed %d, %d entries: %v", seed, n, err)
			}
		}
		v := p.f.Versions()
		happened[fmt.Sprintf("%d texts", len(v))]++
		for _, v := range v[1:] {
			for _, k := range v.Carried.Became {
				happened["became "+k.To]++
			}
			if len(v.Carried.Moved) > 0 {
				happened["a deadline moved"]++
			}
			if len(v.Amendment.Joins) > 0 {
				happened["a party joined"]++
			}
		}
		eras := p.f.Eras()
		for i, e := range eras {
			if len(e.Lists) > 1 {
				happened["two lists"]++
			}
			if i > 0 && len(e.Lists) == 1 && len(eras[i-1].Lists) == 1 && !slices.Equal(e.Lists[0].Names, eras[i-1].Lists[0].Names) {
				happened["takeover"]++
			}
			if i > 0 && len(e.Lists) == 1 && len(eras[i-1].Lists) == 2 {
				happened["joint proof"]++
			}
			if len(e.Hosts) > 1 {
				happened["successor"]++
			}
		}
		for i := range p.f.Size() {
			j := p.f.Entry(i)
			if j.Fault != nil {
				happened[j.Fault.Code]++
			} else if j.Effect != nil && !j.Effect.Verdict.Effect && j.Kind == statement.KindAmend {
				happened["no amendment"]++
			}
		}
		r, err := calculator.Run(p.b.Files[0].Data, p.entries, nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range r.Vaults[0].Certificates {
			if len(v) > 1 {
				happened[c.Ground+", amended"]++
			}
		}
	}
	t.Logf("%v", happened)
	for _, want := range []string{"1 texts", "2 texts", "3 texts", "a deadline moved", "a party joined", "two lists", "joint proof", "takeover", "successor",
		"no amendment", "no-text", "wrong-bundle", "decided, amended", "halted, amended"} {
		if happened[want] == 0 {
			t.Errorf("never in %d records: %s", *records, want)
		}
	}
}
