package main

import (
	"fmt"
	"strings"

	"detente/agreement"
)

// A vaultCoalitions is the table of one vault in `check --json`.
type vaultCoalitions struct {
	Vault       agreement.Name `json:"vault"`
	Custodians  int            `json:"custodians"`
	Need        int            `json:"need"`
	Host        int            `json:"named_by_host"`
	Beneficiary int            `json:"named_by_beneficiaries"`
	Neutral     int            `json:"neutral"`
	Tolerates   int            `json:"tolerates"` // negative: one side needs nobody else
	Deeds       []deedDoers    `json:"deeds"`
}

type deedDoers struct {
	Deed       agreement.Deed `json:"deed"`
	Takes      int            `json:"custodians"`
	Coalitions []coalition    `json:"coalitions"`
	Complete   bool           `json:"complete"` // false: only those of at most two parties
}

type coalition struct {
	Parties []agreement.Name `json:"parties"`
	Named   int              `json:"named"`
	Neutral int              `json:"neutral"`
}

func coalitionsOf(a *agreement.Agreement) []vaultCoalitions {
	out := []vaultCoalitions{}
	for _, c := range agreement.CoalitionsOf(a) {
		v := vaultCoalitions{c.Vault, c.Custodians, c.Need, c.Host, c.Beneficiary, c.Neutral, c.Tolerates, nil}
		for _, d := range c.Doers {
			doers := deedDoers{d.Deed, d.Takes, []coalition{}, d.Complete}
			for _, k := range d.Coalitions {
				doers.Coalitions = append(doers.Coalitions, coalition{append([]agreement.Name{}, k.Parties...), k.Named, k.Neutral})
			}
			v.Deeds = append(v.Deeds, doers)
		}
		out = append(out, v)
	}
	return out
}

// deedWords are a deed in the table's words; custodians' deeds take their number.
var deedWords = map[agreement.Deed]string{
	agreement.DeedOpen:    "open it early, and nothing shows it",
	agreement.DeedBlock:   "stop a release, and are seen",
	agreement.DeedKeep:    "keep a key after the erasure, and nothing shows it",
	agreement.DeedSeal:    "keep a new period's key from use, and are seen",
	agreement.DeedCopy:    "operate the recorder: they see everything before it is sealed",
	agreement.DeedDestroy: "keeps what is sealed: it can destroy what nobody else has a copy of, and is seen",
}

// coalitionRows is how many coalitions the table shows of one deed; --json has all.
const coalitionRows = 16

// printCoalitions prints who could do what, vault by vault.
func printCoalitions(t terminal, a *agreement.Agreement) {
	for _, c := range agreement.CoalitionsOf(a) {
		fmt.Fprintf(t.out, "\nwho could do what to %s (%s: %d named by the host, %d by those to whom it opens, %d neutral)\n",
			c.Vault, count(c.Custodians, "custodian"), c.Host, c.Beneficiary, c.Neutral)
		for _, d := range c.Doers {
			printDoers(t, d, c.Neutral)
		}
		fmt.Fprintf(t.out, "  %s\n", tolerated(c))
	}
}

func printDoers(t terminal, d agreement.Doers, neutral int) {
	if d.Takes == 0 {
		fmt.Fprintf(t.out, "  %s %s\n", together(d.Coalitions[0].Parties), deedWords[d.Deed])
		return
	}
	fmt.Fprintf(t.out, "  %s %s:\n", count(d.Takes, "custodian"), deedWords[d.Deed])
	width := len("nobody")
	for i, k := range d.Coalitions {
		if i < coalitionRows {
			width = max(width, len(together(k.Parties)))
		}
	}
	for i, k := range d.Coalitions {
		if i == coalitionRows {
			fmt.Fprintf(t.out, "    and %d more: see --json\n", len(d.Coalitions)-i)
			break
		}
		fmt.Fprintf(t.out, "    %-*s  %s\n", width, together(k.Parties), members(k, neutral))
	}
	switch {
	case len(d.Coalitions) == 0 && d.Complete:
		fmt.Fprintf(t.out, "    nobody: there are too few\n")
	case !d.Complete:
		fmt.Fprintf(t.out, "    and perhaps three parties or more: so many named custodians that only two together are looked at\n")
	}
}

// members are the custodians of a coalition, by who named them.
func members(k agreement.Coalition, neutral int) string {
	own := fmt.Sprintf("%d of its own", k.Named)
	if len(k.Parties) > 1 {
		own = fmt.Sprintf("%d of their own", k.Named)
	}
	switch {
	case len(k.Parties) == 0:
		return fmt.Sprintf("%d of the %d neutral", k.Neutral, neutral)
	case k.Neutral == 0:
		return own + ", with nobody else"
	}
	return fmt.Sprintf("%s and %d of the %d neutral", own, k.Neutral, neutral)
}

// together names the members of a coalition.
func together(parties []agreement.Name) string {
	if len(parties) == 0 {
		return "no party"
	}
	names := make([]string, len(parties))
	for i, p := range parties {
		names[i] = string(p)
	}
	return strings.Join(names, " + ")
}

// tolerated says the two conditions in the text's own numbers.
func tolerated(c agreement.Coalitions) string {
	stop := c.Custodians - c.Need + 1
	if c.Tolerates < 0 {
		return fmt.Sprintf("it tolerates no corrupt custodian: %d > %d and %d > %d do not both hold, so one side's own are enough", c.Need, c.Beneficiary, stop, c.Host)
	}
	return fmt.Sprintf("it tolerates %s corrupt beside all of one side's: %d > %d + %d, and %d > %d + %d; with one more, one of them fails",
		count(c.Tolerates, "custodian"), c.Need, c.Beneficiary, c.Tolerates, stop, c.Host, c.Tolerates)
}
