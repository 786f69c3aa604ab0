package machine

import (
	"math/big"

	"detente/agreement"
)

// Verb is what a statement does to the machine.
type Verb string

// The verbs. Statement kinds that change nothing (declare, evidence kinds)
// are not events.
const (
	Sign    Verb = "sign"    // By consents to be bound
	Perform Verb = "perform" // Subject is a commitment: claims that it is done
	Lift    Verb = "lift"    // Subject is a measure
	Impose  Verb = "impose"  // Subject is a measure
	Verify  Verb = "verify"  // Subject is a commitment: Accept or not, of its open claim
	Contest Verb = "contest" // Subject is a commitment: shown, no consequence of its own
	Invoke  Verb = "invoke"  // Subject is an act, States the words it carries
	Report  Verb = "report"  // Subject is a reading
	Vote    Verb = "vote"    // Subject is a decision, Choice the vote
	Count   Verb = "count"   // Subject is a decision, Ballot the votes of members without keys
	Extend  Verb = "extend"  // Subject is a decision or a stage, Until the close consented to
	Opens   Verb = "open"    // Subject is a procedure, a case or a stage; Against gives the roles
	Close   Verb = "close"   // Subject is a case
	Table   Verb = "table"   // Subject is a decision
	Answer  Verb = "answer"  // Subject is a question, Choice the interpretation
)

// An Act is a statement taking effect.
type Act struct {
	At      agreement.Instant
	Entry   int64 // index in the record; -1 in plans and scenarios
	By      agreement.Name
	Verb    Verb
	Subject agreement.Name
	Accept  bool     // verify
	Value   *big.Rat // report of a number; never changed, neither here nor by the caller afterwards
	True    bool     // report of a fact
	Unit    string
	States  []string
	Choice  string            // vote: yes, no, abstain, none
	Ballot  []Ballot          // count
	Against []agreement.Name  // open: who has the roles of the case
	Until   agreement.Instant // extend; Withdrawn takes consent back
}

// Withdrawn is the Until of an extend that takes consent back.
const Withdrawn = never

// A Ballot is how one member voted.
type Ballot struct {
	By     agreement.Name
	Choice string // yes, no, abstain, none
}

// A Verdict says whether an act had an effect. A refusal cites the rule; it
// is an answer about the agreement, never a fault of the program.
type Verdict struct {
	Effect bool
	Reason string          // when refused: lower case, one sentence
	Rule   agreement.Range // the text that refuses, if one does

	// Disputed are the readings of open questions under which it is otherwise,
	// such as `us-standing.left`, separated by commas.
	Disputed string
}

// A Deadline is an armed timer.
type Deadline struct {
	At      agreement.Instant
	Subject agreement.Name // the block it belongs to
	What    string         // "notice", "silence", "votes", "report", "milestone", "from", "until", "due", "cure", "stage", "closes", "long-stop"
	Then    string         // in words: what the text says happens
}

// Cause is one change of one fluent.
type Cause struct {
	At       agreement.Instant
	Entry    int64    // -1 if a deadline did it
	Machine  *Machine // of the text in force then: whose rules and fluents these are
	Rule     int      // index of the rule in the machine
	Fluent   int      // index of the fluent
	Amends   bool     // an amendment did it
	From, To string
	Previous int // index of the fluent's previous cause, -1 if none
}

// Outcome of a vault.
type Outcome string

// The outcomes: open before the close; the other three after. Held is not
// final: it ends in Released or Erased. Once Released or Erased, always.
const (
	Open     Outcome = "open"
	Held     Outcome = "held"
	Released Outcome = "release"
	Erased   Outcome = "erase"
)
