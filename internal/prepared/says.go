package prepared

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"unicode"

	"detente/statement"
)

// openings say in words what a statement of the commoner kinds is. Of the
// others the kind is said as it stands.
var openings = map[statement.Kind]string{
	statement.KindSign:       "consents to be bound by the agreement, having been shown its findings",
	statement.KindDeclare:    "declares, without any effect",
	statement.KindReport:     "reports a reading",
	statement.KindPerform:    "claims that what a commitment asks is done",
	statement.KindLift:       "says that a measure is lifted",
	statement.KindImpose:     "says that a measure is in force",
	statement.KindVerify:     "finds on the claim that it answers",
	statement.KindContest:    "disputes a claim or the standing of a commitment, in words",
	statement.KindInvoke:     "performs a formal act of the text",
	statement.KindKey:        "changes the keys that sign in its name, from the statement's place on",
	statement.KindOutcome:    "agrees on what becomes of a vault that nothing decided",
	statement.KindAttributed: "reports what somebody else said or did, without the force of a statement by them",
	statement.KindVote:       "votes, or takes a vote back",
	statement.KindCount:      "reports how members without keys voted",
	statement.KindExtend:     "consents to another close",
	statement.KindOpen:       "opens a case of a procedure, or a stage of one",
	statement.KindClose:      "withdraws a case",
	statement.KindAnswer:     "answers a question for all",
	statement.KindTable:      "tables a draft of a decision",
	statement.KindAmend:      "consents to another text of the agreement",
	statement.KindWithdraw:   "gives notice of leaving the agreement",
}

// Says puts a statement into lines for the person who is to sign it: who, what
// kind, what it answers, and every field of its body. Two statements that differ
// say different lines, but for the head that they cite.
func Says(s *statement.Statement) []string {
	opening, ok := openings[s.Body.Kind()]
	if !ok {
		opening = "makes a statement of kind " + string(s.Body.Kind())
	}
	out := []string{fmt.Sprintf("%s %s", s.By, opening)}
	out = append(out, "under agreement "+s.Agreement.String())
	if s.Bundle != s.Agreement {
		out = append(out, "as amended to "+s.Bundle.String())
	}
	if s.Answers != (statement.ID{}) {
		out = append(out, "in answer to statement "+s.Answers.String())
	}
	text, err := s.Text()
	if err != nil {
		return append(out, "it cannot be written: "+err.Error())
	}
	lines := bytes.Split(bytes.TrimSuffix(text, []byte("\n")), []byte("\n"))
	return append(out, fields(lines[len(lines)-1])...)
}

// fields lists a body, which is one line of JSON that has been checked, field by
// field in its order. Strings that have several lines keep them.
func fields(body []byte) []string {
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	var out []string
	d.Token() // the opening brace: the body has been read before
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return append(out, "what follows cannot be read")
		}
		var raw json.RawMessage
		if err := d.Decode(&raw); err != nil {
			return append(out, "what follows cannot be read")
		}
		var text string
		if json.Unmarshal(raw, &text) != nil {
			text = string(raw)
		}
		for i, l := range strings.Split(text, "\n") {
			mark := ":"
			if i > 0 {
				mark = "|"
			}
			if l != "" {
				l = " " + l
			}
			out = append(out, fmt.Sprintf("%s%s%s", name, mark, l))
		}
	}
	return out
}

// unseen is whether a character is one that a reader would not see as itself.
func unseen(r rune) bool {
	return r != ' ' && !unicode.IsGraphic(r) || unicode.Is(unicode.Bidi_Control, r)
}
