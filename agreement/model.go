package agreement

import (
	"fmt"
	"math/big"
	"time"
)

// A Digest identifies a bundle of files: an agreement's id is the Digest of
// its first bundle, for ever. Its text form is 64 lower-case hex digits.
type Digest [32]byte

// An Instant is a point in time, in whole seconds since 1970-01-01T00:00:00Z.
// Witnesses state whole seconds, so nothing in an agreement is finer.
type Instant int64

// String is the instant in UTC, in the form 2006-01-02T15:04:05Z.
func (t Instant) String() string { return time.Unix(int64(t), 0).UTC().Format(time.RFC3339) }

// A Duration is a length of time in whole seconds; a day is 24 hours.
type Duration int64

// A Name is a word that the text declares: party, commitment, vault and so on.
// All top-level names of an agreement are distinct, whatever they name.
type Name string

// A Range is the place of a piece of text: byte offsets [Start, End) in File.
type Range struct {
	File       string
	Start, End int
}

// Noun is the kind of a block: "party", "commitment", "vault" and so on.
type Noun string

// An Agreement is a text that has been read and checked: every name resolved,
// every expression typed. Slices are in source order.
type Agreement struct {
	ID          Digest // of the bundle it was read from
	Version     int    // of the language: the number after `detente`
	Name        Name
	Title       string
	Text        string // path in the bundle of what the parties really signed; empty if none
	Prevails    string // "text" or "clauses"
	Timezone    string // IANA name; "UTC" if not given
	Zone        *time.Location
	MonthEnd    string // "last-day" or "next-day": what a day is that a month does not have; empty: not said
	Simulated   bool   // `clock = simulated`: every page and verdict says so
	ProofWindow Duration
	Quorum      Quorum
	Amended     Amended
	Private     bool // `record = private`: for Readers and whoever has a part in it
	Was         Name // its name before the amendment by which this text came; empty: the same

	Annexes      []Annex       // the bundle's files beside the text, in order
	Depositaries []*Depositary // the first is the one who opens the record
	Parties      []*Party
	Groups       []*Group
	Witnesses    []*Witness
	Custodians   []*Custodian
	Devices      []*Device
	Readers      []*Reader
	Measures     []*Measure
	Commitments  []*Commitment
	Acts         []*Act
	Readings     []*Reading
	Milestones   []*Milestone
	Vaults       []*Vault
	Bodies       []*Body
	Decisions    []*Decision
	Questions    []*Question
	Cases        []*Case  // of procedures
	Stages       []*Stage // of cases
	Range        Range    // of the agreement block
}

// Quorum says how many witnesses must cosign and how many may lie.
// It holds k >= 2f+1, 2k-n > f and n >= k+f for n = len(Of), k = Need, f = Faulty.
type Quorum struct {
	Of     []Name // witnesses
	Need   int    // k
	Faulty int    // f
	Range  Range
}

// Amended says how a text is amended.
type Amended struct {
	By           []Name // parties that sign: all of these must sign an amendment
	NeverShorten bool   // no amendment brings forward a deadline that is running
	Range        Range  // of the agreement block, if the text says nothing
}

// An Annex is a file of the bundle that is no .agreement file: what the parties
// really signed, or the rules of a time zone.
type Annex struct {
	Path   string
	Digest Digest // SHA-256
}

// Keys are public keys in their text form ("ed25519 " and 32 bytes in
// standard base64) and how many of them must sign together.
type Keys struct {
	Of    []string
	Need  int
	Range Range
}

// Block is what every named block of the text has.
type Block struct {
	Noun   Noun
	Name   Name
	Was    Name   // its name in the text that this one amended; empty: the same
	Clause string // the clause of the signed text it renders; empty if not given
	Case   Name   // of a procedure, to which it belongs; empty: to none
	Words  string // `text = "..."`: the words of the promise, verbatim
	Range  Range  // of the whole block
	Title  Range  // of its name
}

// A Depositary hosts the record.
type Depositary struct {
	Block
	Key        string // "ed25519 ..."
	Address    string // optional http address, a hint only
	Successors []Name
}

// A Party is bound by the agreement, or is one whose acts it speaks of.
type Party struct {
	Block
	Full  string // `name = "..."`; Name if not given
	Signs bool   // `signs = no`: only acts, or is acted for
	Keys  Keys   // none if it signs nothing at all

	Recipient string // "age1...": for documents; empty if none
}

// Speaks says whether the party can make statements.
func (p *Party) Speaks() bool { return len(p.Keys.Of) > 0 }

// A Group is a named list of parties.
type Group struct {
	Block
	Members []Name // groups among them expanded
	Base    string // "frozen" or "follows"; empty if no count asks
}

// A Witness cosigns the record with the time.
type Witness struct {
	Block
	Key     string // C2SP vkey, cosignature/v1 (Ed25519)
	Address string // optional http address, a hint only
}

// A Custodian holds one seat's share of a vault's epoch keys.
type Custodian struct {
	Block
	Key     string // "ed25519 ...": signs its statements
	NamedBy Name   // a party, or "neutral"

	Recipient string // "age1...": for documents; empty if none
}

// A Reader may read a private record.
type Reader struct {
	Block
	Full      string // `name = "..."`; Name if not given
	Key       string // "ed25519 ...": signs its requests
	Recipient string // "age1...": for documents; empty if none
}

// A Device records and seals; its operators can misuse it together.
type Device struct {
	Block
	Operators []Name
	Key       string // "ed25519 ..."
}

// A Measure is held in force by one party against others, and can be lifted.
type Measure struct {
	Block
	By      Name
	Against []Name
	InForce bool // at the start
	Lifted  Expr // condition that lifts it; nil: only its holder does
	Returns Expr // condition that puts it back in force; nil: only its holder does
}

// CommitmentForm is do, keep or never.
type CommitmentForm string

// The three forms of a commitment.
const (
	Do    CommitmentForm = "do"
	Keep  CommitmentForm = "keep"
	Never CommitmentForm = "never"
)

// A Commitment is what a party owes.
type Commitment struct {
	Block
	By   Name
	To   []Name
	Form CommitmentForm
	// What is the fact to bring about (do), to hold (keep), or to avoid
	// (never). It is nil when `do` is given in words only (`do = "..."`): then
	// only a claim and its verification can fulfil it.
	What   Expr
	Deed   string   // the words of a `do = "..."`
	When   Expr     // starts when true; nil: from the entry into force
	From   Expr     // instant, for keep and never; nil: as When
	Until  Expr     // instant, for keep and never; nil: no end
	Due    Expr     // instant, for do; nil only for keep and never
	Ends   Expr     // condition that ends it without breach; nil: none
	Report []Name   // who may report the deed of a party that does not sign
	Verify *Verify  // nil: the claim alone fulfils
	Cure   *Cure    // nil: a breach stays
	Grace  Duration // after Due before it is a breach
}

// Verify says who finds whether a claim is true, within what time of the
// claim, and what silence means.
type Verify struct {
	By             []Name // any one of them decides
	Within         Duration
	SilenceAccepts bool
	Range          Range
}

// Cure says within what time of the breach late performance cures it, and
// how many times.
type Cure struct {
	Within Duration
	Times  int // 0: any number
	Range  Range
}

// An Act is a formal act a party may perform under a condition.
type Act struct {
	Block
	By     []Name   // who may
	When   Expr     // nil: at any time in force
	States []string // words it must carry
	Times  int      // quota over the whole life; 0: any number
	Notice Duration // takes effect this long after it is done
	Effect *Effect  // nil: the fact that it was done
}

// Effect is what an act does when it takes effect.
type Effect struct {
	Verb    string // suspends, resumes, ends
	Of      []Name // commitments
	EndsAll bool   // `effect = { ends = agreement }`: terminates
	Range   Range
}

// A Reading is a fact or number reported by a named reporter.
type Reading struct {
	Block
	Unit     string   // empty: a fact (true or false)
	Reporter []Name   // any one of them
	Every    Duration // how often due; 0: when it has one
	Grace    Duration
}

// A Milestone is a named instant that other times count from.
type Milestone struct {
	Block
	At   Expr // instant; may be unset until a fact happens
	When Expr // condition: reached when it becomes true; exactly one of At and When is set

	Unless Expr // with At: if it is true then the milestone is prevented for ever; nil: nothing prevents it
}

// A Vault is sealed evidence with the rule of its outcome.
type Vault struct {
	Block
	Records      string // words: what is recorded
	Recorder     Name   // a device
	Host         Name   // a party
	OpensTo      []Name // beneficiaries
	OpensIf      Expr   // condition
	Opens        Expr   // instant the recording starts; nil: entry into force
	Closes       Expr   // instant
	Pending      string // "hold" or "erase": a claim proved in time, still undecided at the close
	Else         string // "erase", "release" or "hold"
	HoldAtMost   Duration
	HoldThen     string   // "erase" or "release"
	Epoch        Duration // length of a key period
	Segment      Duration // length of a segment
	Cadence      Duration // from one segment's start to the next; equal to Segment if not given
	SegmentBytes int64    // padded plaintext size of a segment
	Cameras      []string // names of the vault's cameras; one, "main", if not given
	Seats        []Name   // custodians, in roster order: seat 1 first
	Need         int      // shares that open
	Absent       int      // how many that acknowledged may fail
	Proves       Duration // how often each proves that it holds its shares; 0: never
	Working      Duration // working time stated for the cut
	Margin       Duration // M of the cut
	Dispute      string   // "public" or "arbiter": how an unreadable segment is shown
}

// ValueType is the type of an expression.
type ValueType int

// The types of expressions.
const (
	TypeBool ValueType = iota + 1
	TypeInstant
	TypeDuration
	TypeNumber // exact rational with a unit, possibly the empty unit
	TypeWord
	TypeMonths // months and years: a length on the calendar, added to instants alone
)

// An Expr is a typed, resolved expression.
type Expr interface {
	Type() ValueType
	Where() Range
}

// The nodes of expressions.
type (
	// A Literal is a constant: exactly the field for its type is set.
	Literal struct {
		Kind     ValueType
		Bool     bool
		Instant  Instant // a bare date is the start of that day in the agreement's zone
		Duration Duration
		Months   int
		Number   *big.Rat
		Unit     string
		Word     string
		Range    Range
	}
	// A Ref reads an attribute of a named block: `lift-sanctions.fulfilled`.
	// The attributes of each noun, with their types, are in Attributes.
	Ref struct {
		Noun  Noun
		Name  Name
		Attr  string
		Kind  ValueType
		Unit  string // of a number
		Range Range
	}
	// Not negates a condition.
	Not struct {
		X     Expr
		Range Range
	}
	// A Binary is X Op Y with Op one of and or == != < <= > >= + -.
	Binary struct {
		Op    string
		X, Y  Expr
		Kind  ValueType
		Range Range
	}
	// An If is `if Cond then Then else Else`.
	If struct {
		Cond, Then, Else Expr
		Range            Range
	}
	// A Call is a built-in function: earliest, latest (two or more instants)
	// or end_of_day (an instant, and the zone's name as a word).
	Call struct {
		Func  string
		Args  []Expr
		Kind  ValueType
		Zone  *time.Location // of end_of_day: see EndOfDay; nil otherwise
		Range Range
	}
	// A Count is `all`, `any` or `count` over commitments of a group's
	// members, expanded by the checker: Of are the expanded conditions.
	Count struct {
		Func  string
		Of    []Expr
		Range Range
	}
)

// Type gives the type of the expression's value.
func (e *Literal) Type() ValueType { return e.Kind }

// Type gives the type of the expression's value.
func (e *Ref) Type() ValueType { return e.Kind }

// Type gives the type of the expression's value.
func (e *Not) Type() ValueType { return TypeBool }

// Type gives the type of the expression's value.
func (e *Binary) Type() ValueType { return e.Kind }

// Type gives the type of the expression's value.
func (e *If) Type() ValueType { return e.Then.Type() }

// Type gives the type of the expression's value.
func (e *Call) Type() ValueType { return e.Kind }

// Type gives the type of the expression's value.
func (e *Count) Type() ValueType {
	if e.Func == "count" {
		return TypeNumber
	}
	return TypeBool
}

// Where gives the expression's place in the text.
func (e *Literal) Where() Range { return e.Range }

// Where gives the expression's place in the text.
func (e *Ref) Where() Range { return e.Range }

// Where gives the expression's place in the text.
func (e *Not) Where() Range { return e.Range }

// Where gives the expression's place in the text.
func (e *Binary) Where() Range { return e.Range }

// Where gives the expression's place in the text.
func (e *If) Where() Range { return e.Range }

// Where gives the expression's place in the text.
func (e *Call) Where() Range { return e.Range }

// Where gives the expression's place in the text.
func (e *Count) Where() Range { return e.Range }

// Attributes are the words that may follow the dot, by noun, with the type of
// each. The machine gives every one of them a fluent or computes it from one.
var Attributes = map[Noun]map[string]ValueType{
	"agreement": {"in_force": TypeBool, "in_force_at": TypeInstant, "ended": TypeBool},
	"commitment": {
		"dormant": TypeBool, "active": TypeBool, "claimed": TypeBool, "fulfilled": TypeBool,
		"breached": TypeBool, "cured": TypeBool, "suspended": TypeBool, "ended": TypeBool,
		"due": TypeInstant, "claimed_at": TypeInstant, "done_at": TypeInstant, "breached_at": TypeInstant,
	},
	"measure": {"in_force": TypeBool, "lifted": TypeBool, "lifted_at": TypeInstant, "imposed_at": TypeInstant},
	"act":     {"done": TypeBool, "done_at": TypeInstant, "times": TypeNumber},
	"reading": {"value": TypeNumber, "maximum": TypeNumber, "reported": TypeBool, "reported_at": TypeInstant, "late": TypeBool},
	"decision": {
		"open": TypeBool, "tabled": TypeBool, "carried": TypeBool, "not_carried": TypeBool, "decided": TypeBool,
		"opened_at": TypeInstant, "closes": TypeInstant, "decided_at": TypeInstant,
	},
	"question": {"open": TypeBool, "answered": TypeBool}, // and each of its interpretations
	"procedure": {
		"open": TypeBool, "opened": TypeBool, "settled": TypeBool, "exhausted": TypeBool, "closed": TypeBool,
		"opened_at": TypeInstant, "settled_at": TypeInstant, "exhausted_at": TypeInstant,
	},
	"stage": {
		"ready": TypeBool, "open": TypeBool, "opened": TypeBool, "settled": TypeBool, "failed": TypeBool, "ended": TypeBool,
		"opened_at": TypeInstant, "closes": TypeInstant, "ended_at": TypeInstant,
	},
	"milestone": {"reached": TypeBool, "prevented": TypeBool, "at": TypeInstant},
	"vault": {
		"closes": TypeInstant, "open": TypeBool, "released": TypeBool, "erased": TypeBool, "held": TypeBool,
		"decided": TypeBool, "decided_at": TypeInstant,
	},
}

// ParseDigest reads the text form of a Digest.
func ParseDigest(s string) (Digest, error) {
	var d Digest
	if len(s) != 2*len(d) {
		return d, fmt.Errorf("digest has %d characters, want %d lower-case hex digits", len(s), 2*len(d))
	}
	for i := range d {
		hi, lo := hexDigit(s[2*i]), hexDigit(s[2*i+1])
		if hi < 0 || lo < 0 {
			return Digest{}, fmt.Errorf("digest has a character that is not a lower-case hex digit")
		}
		d[i] = byte(hi<<4 | lo)
	}
	return d, nil
}

// String is the digest's text form.
func (d Digest) String() string { return fmt.Sprintf("%x", d[:]) }

func hexDigit(c byte) int {
	switch {
	case '0' <= c && c <= '9':
		return int(c - '0')
	case 'a' <= c && c <= 'f':
		return int(c-'a') + 10
	}
	return -1
}
