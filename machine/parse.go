package machine

import (
	"fmt"
	"math/big"
	"slices"
	"strings"
	"time"

	"detente/agreement"
)

// The grammar of assumptions and of scenarios' acts:
//
//	INSTANT BY VERB [SUBJECT] [accepts | refuses | VALUE [UNIT] | states WORDS | VOTE | VOTE NAMES ... |
//	until INSTANT | not | against NAMES]
//
// INSTANT is a date, which begins at midnight in the agreement's zone, or an
// instant in UTC to the second. VERB is in the third person or the base form.
// VALUE is true, false or an exact number. WORDS and NAMES are separated by
// commas. VOTE is yes, no, abstain or none.
//
//	2021-05-01 iran lifts us-sanctions
//	2021-05-10T00:00:00Z iran verifies lift-sanctions accepts
//	2021-06-01 iaea reports stockpile 299.5 kg
//	2021-06-01 iran invokes cease states deems, significant
//	2021-06-01 france votes censure yes
//	2021-06-01 chair counts censure yes uk, us no russia abstain india
//	2021-06-01 france extends censure until 2021-07-01
//	2021-06-01 iran opens dispute against uk, france states non-performance
//	2021-06-01 chair tables censure

// ParseAssume reads one assumption, which is an act, or `silence until
// INSTANT`: then quiet is true and the act holds only the instant.
func (m *Machine) ParseAssume(text string) (a Act, quiet bool, err error) {
	if len(text) > maxLine {
		return Act{}, false, fmt.Errorf("an assumption has at most %d bytes", maxLine)
	}
	words := strings.Fields(text)
	if len(words) > 0 && words[0] == "silence" {
		if len(words) != 3 || words[1] != "until" {
			return Act{}, false, fmt.Errorf("expected `silence until INSTANT`, such as `silence until 2021-06-01`")
		}
		t, err := parseInstant(words[2], m.zone())
		return Act{At: t, Entry: -1}, true, err
	}
	a, err = m.parseAct(words)
	return a, false, err
}

// parseAct reads an act and finds its names in the agreement.
func (m *Machine) parseAct(words []string) (Act, error) {
	const form = "expected INSTANT BY VERB SUBJECT, such as `2021-05-01 iran lifts us-sanctions`"
	if len(words) < 3 {
		return Act{}, fmt.Errorf("%s", form)
	}
	t, err := parseInstant(words[0], m.zone())
	if err != nil {
		return Act{}, err
	}
	a := Act{At: t, Entry: -1, By: agreement.Name(words[1])}
	if a.Verb, err = parseVerb(words[2]); err != nil {
		return Act{}, err
	}
	if b, ok := m.byName[a.By]; !ok || b.noun != "party" {
		return Act{}, unknownWord("no party is named", words[1], m.namesOf("party"))
	}
	rest := words[3:]
	if a.Verb == Sign {
		if len(rest) > 0 {
			return Act{}, fmt.Errorf("%q after `signs`: a party signs the agreement as a whole", clip(rest[0]))
		}
		return a, nil
	}
	if a.Verb == Opens || a.Verb == Close || a.Verb == Extend {
		return a, m.parseProcedure(&a, words[2], rest)
	}
	noun := nounOf(a.Verb)
	if len(rest) == 0 {
		return Act{}, fmt.Errorf("%s what: expected the name of a %s after it", words[2], noun)
	}
	a.Subject = agreement.Name(rest[0])
	if b, ok := m.byName[a.Subject]; !ok || b.noun != noun {
		return Act{}, unknownWord("no "+string(noun)+" is named", rest[0], m.namesOf(noun))
	}
	return a, m.parseRest(&a, rest[1:])
}

func nounOf(v Verb) agreement.Noun {
	switch v {
	case Lift, Impose:
		return "measure"
	case Invoke:
		return "act"
	case Report:
		return "reading"
	case Answer:
		return "question"
	case Vote, Count, Table:
		return "decision"
	}
	return "commitment"
}

// parseProcedure reads what is opened, closed or put off.
func (m *Machine) parseProcedure(a *Act, verb string, rest []string) error {
	if len(rest) == 0 {
		return fmt.Errorf("%s what: expected the name of a procedure, case, stage or decision after it", verb)
	}
	a.Subject = agreement.Name(rest[0])
	noun := m.byName[a.Subject].noun
	_, procedure := m.procedures[a.Subject]
	known := map[Verb]bool{Opens: procedure || noun == "procedure" || noun == "stage", Close: noun == "procedure", Extend: noun == "stage" || noun == "decision"}
	if !known[a.Verb] {
		names := append(m.namesOf("procedure"), m.namesOf("stage")...)
		if a.Verb == Extend {
			names = append(m.namesOf("decision"), m.namesOf("stage")...)
		}
		return unknownWord("nothing that "+thirdPerson[a.Verb]+" is named", rest[0], names)
	}
	switch {
	case a.Verb == Opens:
		return parseOpening(a, rest[1:])
	case a.Verb == Extend:
		return m.parseUntil(a, rest[1:])
	case len(rest) > 1:
		return fmt.Errorf("%q after %s: nothing more is expected", clip(rest[1]), a.Subject)
	}
	return nil
}

// namesOf are the names of the blocks of a noun, in the order of the text.
func (m *Machine) namesOf(noun agreement.Noun) []string {
	var out []string
	last := ""
	for i := range m.fluents {
		if f := &m.fluents[i]; f.block.noun == noun && string(f.name) != last {
			last = string(f.name)
			out = append(out, last)
		}
	}
	return out
}

// verbs are in the order in which messages list them.
var verbs = []Verb{Sign, Perform, Lift, Impose, Verify, Contest, Invoke, Report, Vote, Count, Extend, Opens, Close, Table, Answer}

func parseVerb(word string) (Verb, error) {
	var known []string
	for _, v := range verbs {
		if word == string(v) || word == thirdPerson[v] {
			return v, nil
		}
		known = append(known, thirdPerson[v])
	}
	return "", unknownWord("nothing that can be done is called", word, known)
}

// parseRest reads what follows the subject.
func (m *Machine) parseRest(a *Act, rest []string) error {
	switch {
	case a.Verb == Vote:
		if len(rest) != 1 || !slices.Contains(voteWords, rest[0]) {
			return fmt.Errorf("expected yes, no, abstain or none after `votes %s`", a.Subject)
		}
		a.Choice = rest[0]
		return nil
	case a.Verb == Answer:
		if len(rest) != 1 {
			return fmt.Errorf("expected one interpretation after `answers %s`", a.Subject)
		}
		a.Choice = rest[0]
		return nil
	case a.Verb == Count:
		return parseBallot(a, rest)

	case a.Verb == Verify:
		if len(rest) != 1 || rest[0] != "accepts" && rest[0] != "refuses" {
			return fmt.Errorf("expected `accepts` or `refuses` after `verifies %s`", a.Subject)
		}
		a.Accept = rest[0] == "accepts"
		return nil
	case a.Verb == Report:
		return parseValue(a, rest)
	case a.Verb == Invoke && len(rest) > 0:
		words := strings.Join(rest[1:], " ")
		if rest[0] != "states" || words == "" {
			return fmt.Errorf("expected `states` and the words it carries after `invokes %s`", a.Subject)
		}
		for w := range strings.SplitSeq(words, ",") {
			if w = strings.TrimSpace(w); w == "" {
				return fmt.Errorf("a comma too many in the words that %s states", a.Subject)
			}
			a.States = append(a.States, w)
		}
		return nil
	case len(rest) > 0:
		return fmt.Errorf("%q after %s: nothing more is expected", clip(rest[0]), a.Subject)
	}
	return nil
}

func parseValue(a *Act, rest []string) error {
	const form = "expected true, false or a number and its unit, such as `299.5 kg`"
	if len(rest) == 0 || len(rest) > 2 {
		return fmt.Errorf("%s, after `reports %s`", form, a.Subject)
	}
	if len(rest) == 1 && (rest[0] == "true" || rest[0] == "false") {
		a.True = rest[0] == "true"
		return nil
	}
	q, err := parseNumber(rest[0])
	if err != nil {
		return err
	}
	a.Value = q
	if len(rest) == 2 {
		a.Unit = rest[1]
	}
	return nil
}

// parseNumber reads a decimal or a fraction, exactly.
func parseNumber(s string) (*big.Rat, error) {
	bad := fmt.Errorf("%q is no exact number such as 300, 3.67 or 3/4", clip(s))
	if len(s) > maxPlaces {
		return nil, bad
	}
	digits, separators := strings.TrimPrefix(s, "-"), 0
	for i := range len(digits) {
		switch c := digits[i]; {
		case '0' <= c && c <= '9':
		case (c == '.' || c == '/') && i > 0 && i < len(digits)-1:
			separators++
		default:
			return nil, bad
		}
	}
	q, ok := new(big.Rat).SetString(s)
	if !ok || digits == "" || separators > 1 {
		return nil, bad
	}
	return q, nil
}

// parseInstant reads 2021-05-24 or 2021-05-24T00:00:00Z.
func parseInstant(s string, zone *time.Location) (agreement.Instant, error) {
	if t, err := time.Parse(time.DateOnly, s); err == nil {
		return agreement.StartOfDay(t.Year(), t.Month(), t.Day(), zone), nil
	}
	if t, err := time.Parse("2006-01-02T15:04:05Z", s); err == nil && len(s) == len("2006-01-02T15:04:05Z") {
		return agreement.Instant(t.Unix()), nil
	}
	return 0, fmt.Errorf("%q is no instant: write a date such as 2021-05-24, or 2021-05-24T00:00:00Z in UTC", clip(s))
}

// clip keeps unbounded input out of messages.
func clip(s string) string {
	if len(s) > maxWord {
		return s[:maxWord] + "..."
	}
	return s
}
