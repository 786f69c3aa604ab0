package vault

import (
	"errors"
	"fmt"
	"slices"

	"detente/agreement"
	"detente/statement"
)

// An Entry is what the ledger needs of one entry of the record. Statement is
// nil for anything but a statement that the record holds valid; the ledger
// judges what it says, not who may sign.
type Entry struct {
	Index     int64
	ID        statement.ID
	Statement *statement.Statement
	Clock     agreement.Instant // of the record after this entry
	Root      [32]byte          // of the record up to and including this entry
}

// A Verdict is what the ledger found on one statement about its vault. Without
// Force the statement stands on the record and changes nothing here.
type Verdict struct {
	Index   int64
	Kind    statement.Kind
	By      agreement.Name
	Force   bool
	Culprit agreement.Name // who broke a rule; empty if nobody
	Reason  string         // lower case; empty if there is nothing to add
}

// A Ledger folds the record's entries, in their order, into the state of one
// vault. It is a pure fold: the same entries give the same ledger to everyone.
type Ledger struct {
	Terms    Terms
	Verdicts []Verdict

	Attempts  []*Attempt // every dealing that reached the record, in order
	Custodies []*Custody // seat 1 first
	Seals     []Seal
	Services  []Service
	Requests  []*Request
	HandOvers []*HandOver
	Recorder  Alive

	size       int64
	counts     []int // of seats, by each text so far
	amended    int64 // entries before the last amendment took hold; 0 if there was none
	clock      agreement.Instant
	began      agreement.Instant // the first that the clock showed; 0: it has shown none
	heads      heads
	halves     map[Digest]bool  // of every key ever published for this vault
	spent      map[Digest]int64 // keys that a dealing has named, and at which entry
	dealings   map[dealing]placed
	byDigest   map[Digest]*Attempt
	byID       map[statement.ID]*Attempt // nil: refused
	requests   map[statement.ID]*Request
	handOvers  map[statement.ID]*HandOver
	handed     map[handed][]byte
	deviceKeys []deviceKey
	root       [32]byte // of what was folded
}

// deviceKey is a key of the recorder and the entries between which it holds.
type deviceKey struct {
	key         statement.PublicKey
	from, until int64 // until < 0: still
}

// A Custody is one custodian's seat.
type Custody struct {
	Seat      int
	Custodian agreement.Name
	Accepted  int64 // entry, -1 if it has not accepted
	Barred    int64 // entry of its false complaint, -1 if none: no share until an amendment seats it again
	Replaced  int64 // entry of the amendment that took the seat from it, -1 if none: it keeps what it holds
	Erased    []Erasure
	Alive     Alive
	Possessed []Possession // its proofs that it holds its shares

	unspent []publishedKey
}

// publishedKey is a key that no dealing has named yet.
type publishedKey struct {
	PublicKey
	digest Digest
	entry  int64
}

// Alive is when somebody was last heard of: the entry, and the record's clock there.
type Alive struct {
	Entry int64 // -1: never
	Clock agreement.Instant
}

// Erasure is a custodian's word that it destroyed its shares and keys. Nobody
// can check it.
type Erasure struct {
	Entry       int64
	Epochs      int
	Again       bool // a copy restored after an erasure was erased again
	Certificate string
}

// A Seal says that a batch of manifests existed when its entry did.
type Seal struct {
	Entry int64
	Body  statement.SealBody
}

// Service is a visit, reboot, clock step, media swap, loss, tamper or outage.
type Service struct {
	Entry int64
	By    agreement.Name
	Body  statement.ServiceBody
}

// NewLedger starts the ledger of a vault, with no entry yet. Whether this
// process can judge at all its caller has found out with SelfTest, once.
func NewLedger(t Terms) (*Ledger, error) {
	if err := t.check(); err != nil {
		return nil, err
	}
	l := &Ledger{
		Terms: t, Recorder: Alive{Entry: -1},
		heads: heads{sizes: map[[32]byte]uint32{}}, halves: map[Digest]bool{}, spent: map[Digest]int64{}, handed: map[handed][]byte{},
		dealings: map[dealing]placed{}, byDigest: map[Digest]*Attempt{}, byID: map[statement.ID]*Attempt{},
		requests: map[statement.ID]*Request{}, handOvers: map[statement.ID]*HandOver{},
		deviceKeys: []deviceKey{{key: t.RecorderKey, until: -1}},
	}
	for _, name := range t.Seats {
		l.seat(name)
	}
	l.counts = []int{len(l.Custodies)}
	return l, nil
}

// Size is the number of entries folded.
func (l *Ledger) Size() int64 { return l.size }

// Head is the size and root of what was folded.
func (l *Ledger) Head() statement.Head { return statement.Head{Size: l.size, Root: l.root} }

// Append folds the next entry. The verdict is nil unless the entry is a
// statement about this vault. An error means that this process could not
// judge: the ledger must not be used further.
func (l *Ledger) Append(e Entry) (*Verdict, error) {
	if e.Index != l.size {
		return nil, fmt.Errorf("ledger of vault %s: entry %d after %d entries", l.Terms.Vault, e.Index, l.size)
	}
	l.size++
	l.clock = max(l.clock, e.Clock)
	if l.began == 0 {
		l.began = l.clock
	}
	l.heads.tick(l.size, l.clock)
	if l.heads.rootAt == nil {
		l.heads.sizes[e.Root], l.root = uint32(l.size), e.Root
	}
	if e.Statement == nil {
		return nil, nil
	}
	v := &Verdict{Index: e.Index, Kind: e.Statement.Body.Kind(), By: e.Statement.By}
	about, err := l.judge(e, v)
	if err != nil {
		return nil, fmt.Errorf("ledger of vault %s: entry %d: %w", l.Terms.Vault, e.Index, err)
	}
	if !about {
		return nil, nil
	}
	l.heard(e)
	l.Verdicts = append(l.Verdicts, *v)
	return v, nil
}

// judge folds a statement; about says whether it is about this vault.
func (l *Ledger) judge(e Entry, v *Verdict) (about bool, err error) {
	vault := string(l.Terms.Vault)
	switch b := e.Statement.Body.(type) {
	case statement.KeyBody:
		l.deviceKeyChange(e, b)
		return false, nil
	case statement.AcceptCustodyBody:
		if about = b.Vault == vault; about {
			l.accept(e, b, v)
		}
	case statement.EpochBody:
		if about = b.Vault == vault; about {
			l.epoch(e, b, v)
		}
	case statement.SharesBody:
		if about = b.Vault == vault; about {
			l.shares(e, b, v)
		}
	case statement.AcknowledgeBody:
		if about = b.Vault == vault; about {
			l.acknowledge(e, b, v)
		}
	case statement.PossessBody:
		if about = b.Vault == vault; about {
			l.possess(e, b, v)
		}
	case statement.ComplainBody:
		if about = b.Vault == vault; about {
			err = l.complain(e, b, v)
		}
	case statement.SealBody:
		if about = b.Vault == vault; about {
			l.seal(e, b, v)
		}
	case statement.ServiceBody:
		if about = b.Vault == vault; about {
			l.Services = append(l.Services, Service{Entry: e.Index, By: e.Statement.By, Body: b})
			v.Force = true
		}
	case statement.HeartbeatBody:
		about, v.Force = b.Vault == vault, true
	default:
		return l.judgeOutcome(e, v)
	}
	return about, err
}

// heard notes that somebody with a part in this vault spoke.
func (l *Ledger) heard(e Entry) {
	now := Alive{Entry: e.Index, Clock: l.clock}
	if e.Statement.By == l.Terms.Recorder {
		l.Recorder = now
	}
	if c := l.custody(e.Statement.By); c != nil {
		c.Alive = now
	}
}

func (v *Verdict) inert(culprit agreement.Name, reason string, args ...any) {
	v.Force, v.Culprit, v.Reason = false, culprit, fmt.Sprintf(reason, args...)
}

func (l *Ledger) deviceKeyChange(e Entry, b statement.KeyBody) {
	if e.Statement.By != l.Terms.Recorder {
		return
	}
	for i := range l.deviceKeys {
		for _, r := range b.Revoke {
			if k := &l.deviceKeys[i]; k.until < 0 && k.key.String() == r {
				k.until = e.Index
			}
		}
	}
	for _, a := range b.Add {
		if k, err := statement.ParsePublicKey(a); err == nil {
			l.deviceKeys = append(l.deviceKeys, deviceKey{key: k, from: e.Index, until: -1})
		}
	}
}

// KeysAt gives the recorder's keys in force at an entry, by which manifests sealed there are signed.
func (l *Ledger) KeysAt(entry int64) []statement.PublicKey {
	var out []statement.PublicKey
	for _, k := range l.deviceKeys {
		if k.from <= entry && (k.until < 0 || entry < k.until) {
			out = append(out, k.key)
		}
	}
	return out
}

func (l *Ledger) seal(e Entry, b statement.SealBody, v *Verdict) {
	if e.Statement.By != l.Terms.Recorder {
		v.inert(e.Statement.By, "only recorder %s seals for vault %s", l.Terms.Recorder, l.Terms.Vault)
		return
	}
	l.Seals = append(l.Seals, Seal{Entry: e.Index, Body: b})
	v.Force = true
}

func (l *Ledger) accept(e Entry, b statement.AcceptCustodyBody, v *Verdict) {
	c := l.custody(e.Statement.By)
	if c == nil || c.Replaced >= 0 {
		v.inert(e.Statement.By, "%s has no seat in vault %s", e.Statement.By, l.Terms.Vault)
		return
	}
	if err := l.publish(c, b.Key, e.Index); err != nil {
		v.inert(keyCulprit(err, e.Statement.By), "%v", err)
		return
	}
	if c.Accepted < 0 {
		c.Accepted = e.Index
	}
	v.Force = true
}

func (l *Ledger) custody(name agreement.Name) *Custody {
	i := slices.IndexFunc(l.Custodies, func(c *Custody) bool { return c.Custodian == name })
	if i < 0 {
		return nil
	}
	return l.Custodies[i]
}

// publish takes a custodian's key for a dealing to come. A key, or a half of
// one, that anybody published before is refused: it might be known, or be
// another seat's.
func (l *Ledger) publish(c *Custody, text string, entry int64) error {
	k, err := l.freshKey(text)
	if err != nil {
		return err
	}
	if len(c.unspent) >= MaxUnspentKeys {
		return fmt.Errorf("%w: %s has %d unused, want at most %d", errEnough, c.Custodian, len(c.unspent), MaxUnspentKeys)
	}
	l.halves[k.pq], l.halves[k.dh] = true, true
	c.unspent = append(c.unspent, publishedKey{PublicKey: k, digest: k.Digest(), entry: entry})
	return nil
}

// errPublished: who is first on the record need not be who drew the key, so
// this is nobody's fault.
var errPublished = errors.New("the key, or a half of it, was published before; draw a fresh one")

// errEnough: what its custodian had read may not have shown yet how many it has.
var errEnough = errors.New("published more keys than dealings have used")

// keyCulprit is who is at fault for a key that was refused.
func keyCulprit(err error, by agreement.Name) agreement.Name {
	if errors.Is(err, errPublished) || errors.Is(err, errEnough) {
		return ""
	}
	return by
}

func (l *Ledger) freshKey(text string) (PublicKey, error) {
	b, err := decodeBytes(text, KeySize)
	if err != nil {
		return PublicKey{}, fmt.Errorf("key: %w", err)
	}
	k, err := ParsePublicKey(b)
	if err != nil {
		return PublicKey{}, err
	}
	if l.halves[k.pq] || l.halves[k.dh] {
		return PublicKey{}, errPublished
	}
	return k, nil
}

// Fresh says whether a custodian has a key for the next dealing.
func (c *Custody) Fresh() bool { return len(c.unspent) > 0 }

// Keys gives the keys that the custodian has published and no dealing has used.
func (c *Custody) Keys() []PublicKey {
	var out []PublicKey
	for _, k := range c.unspent {
		out = append(out, k.PublicKey)
	}
	return out
}

func (c *Custody) has(d Digest) bool {
	return slices.ContainsFunc(c.unspent, func(k publishedKey) bool { return k.digest == d })
}

// spend removes a key that a recorded dealing has named, for ever.
func (c *Custody) spend(d Digest) {
	c.unspent = slices.DeleteFunc(c.unspent, func(k publishedKey) bool { return k.digest == d })
}
