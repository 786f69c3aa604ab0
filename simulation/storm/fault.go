package storm

import (
	"fmt"
	"strings"
)

// A Kind is one kind of fault.
type Kind string

// The kinds of faults. Each has to be injected for a search to count.
const (
	WriteLost      Kind = "write failed and was lost"
	WriteKept      Kind = "write failed and was kept"
	WriteTorn      Kind = "write failed and was kept in part"
	PowerCut       Kind = "power cut during a write"
	SectorLost     Kind = "unsynced sector lost in a power cut"
	SectorKept     Kind = "unsynced sector kept in a power cut"
	SectorReversed Kind = "later sector kept, earlier one lost"
	DiskFull       Kind = "disk full"
	ReadError      Kind = "read failed"

	RequestDropped   Kind = "request dropped"
	AnswerDropped    Kind = "answer dropped"
	RequestDoubled   Kind = "request doubled"
	RequestDelayed   Kind = "request delayed"
	RequestReordered Kind = "request overtaken by a later one"
	AnswerTruncated  Kind = "answer truncated"
	AnswerStale      Kind = "older answer given again"
	AnswerGarbled    Kind = "answer garbled"
	Partition        Kind = "somebody cut off"

	ClockSkewed  Kind = "clock off"
	ClockForward Kind = "clock stepped forward"
	ClockBack    Kind = "clock stepped back"

	Killed    Kind = "process killed"
	Restarted Kind = "orderly restart"
	PowerOff  Kind = "machine switched off"
	Restored  Kind = "restored from a backup"

	WrongTime       Kind = "witness stated a wrong time"
	ForkCosigned    Kind = "witness cosigned a fork"
	WitnessRefused  Kind = "witness refused"
	WrongShare      Kind = "custodian handed over a wrong share"
	NoShare         Kind = "custodian refused to hand over"
	ShareKept       Kind = "custodian kept its shares"
	ShareEarly      Kind = "custodian handed over early"
	FalseComplaint  Kind = "custodian complained falsely"
	BadDealing      Kind = "recorder dealt badly"
	RecorderSilent  Kind = "recorder fell silent"
	Censored        Kind = "depositary censored a submission"
	ProofsWithheld  Kind = "depositary withheld proofs"
	ForkServed      Kind = "depositary served a fork"
	RolledBack      Kind = "depositary served an older record"
	DepositaryGone  Kind = "depositary gone for good"
	AtDeadline      Kind = "statement within seconds of a deadline"
	Replayed        Kind = "statement replayed"
	Garbage         Kind = "garbage submitted"
	RequestTooEarly Kind = "shares requested before the outcome"

	TextAmended     Kind = "text amended"
	CloseMoved      Kind = "text amended: another close"
	WitnessRelieved Kind = "text amended: another witness"
	WitnessesJoint  Kind = "proof by the witnesses of two texts"
	ConsentLate     Kind = "consent without effect"
	ConsentRival    Kind = "consent to a competing text"
	ConsentBack     Kind = "consent taken back"
	HandedIn        Kind = "statement handed in at a custodian"
	Beat            Kind = "heartbeat"
	SaidBefore      Kind = "statement of an earlier text under a later one"
)

// Kinds are all kinds, in the order of the table. Those of a role's life are
// counted for each role.
func Kinds() []Kind {
	all := []Kind{
		WriteLost, WriteKept, WriteTorn, PowerCut, SectorLost, SectorKept, SectorReversed, DiskFull, ReadError,
		RequestDropped, AnswerDropped, RequestDoubled, RequestDelayed, RequestReordered, AnswerTruncated, AnswerStale, AnswerGarbled, Partition,
		ClockSkewed, ClockForward, ClockBack,
	}
	for _, k := range []Kind{Killed, Restarted, PowerOff, Restored} {
		for _, r := range roles {
			all = append(all, k.of(r))
		}
	}
	return append(all,
		WrongTime, ForkCosigned, WitnessRefused, WrongShare, NoShare, ShareKept, ShareEarly, FalseComplaint, BadDealing, RecorderSilent,
		Censored, ProofsWithheld, ForkServed, RolledBack, DepositaryGone, AtDeadline, Replayed, Garbage, RequestTooEarly,
		TextAmended, CloseMoved, WitnessRelieved, WitnessesJoint, ConsentLate, ConsentRival, ConsentBack, SaidBefore, HandedIn, Beat)
}

// of is the kind for one role.
func (k Kind) of(r Role) Kind { return k + ": " + Kind(r) }

// Counts say how often each kind of fault was injected.
type Counts map[Kind]int64

// Add adds other counts.
func (c Counts) Add(o Counts) {
	for k, n := range o {
		c[k] += n
	}
}

// Total is the number of faults.
func (c Counts) Total() (n int64) {
	for _, k := range c {
		n += k
	}
	return n
}

// Missing are the kinds that were never injected.
func (c Counts) Missing() (out []Kind) {
	for _, k := range Kinds() {
		if c[k] == 0 {
			out = append(out, k)
		}
	}
	return out
}

// Table is the summary by kind.
func (c Counts) Table() string {
	var b strings.Builder
	for _, k := range Kinds() {
		fmt.Fprintf(&b, "%12d  %s\n", c[k], k)
	}
	fmt.Fprintf(&b, "%12d  in all\n", c.Total())
	return b.String()
}
