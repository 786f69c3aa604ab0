package storm

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"io/fs"
	"net/http"
	"path"
	"slices"
	"strings"
	"time"

	"detente/agreement"
	"detente/beneficiary"
	"detente/depositary"
	"detente/internal/durable"
	"detente/machine"
	"detente/mirror"
	"detente/record"
	"detente/statement"
	"detente/vault"

	"golang.org/x/mod/sumdb/tlog"
)

// A book is what really happened, as nobody in the story can know it.
type book struct {
	w *World

	entries [][]byte // of the record of the honest depositary
	objects [][]byte
	root    tlog.Hash
	signed  map[int64]tlog.Hash // heads that it signed
	acks    map[statement.ID]ack
	most    int64 // entries that it acknowledged

	states   map[tlog.Hash][32]byte // standing by head
	heads    map[string]statement.Head
	forked   map[string]bool // who followed an impostor, at some time
	cosigned map[string]statement.Head
	decided  map[string]machine.Outcome // by reader
	acts     map[string]machine.Outcome // by custodian
	kept     map[vault.Digest]map[int][]byte
	clips    map[int64][]byte
	report   *beneficiary.Report
	allOpen  bool

	texts    int   // versions looked at
	consents int64 // entries looked at for consents in effect

	ledger *vault.Reader // of the longest record that an honest reader has
	fold   *record.Fold
}

// An ack is an acknowledgement.
type ack struct {
	index int64
	entry []byte
	at    time.Duration
}

func newBook(w *World) *book {
	b := &book{
		w: w, signed: map[int64]tlog.Hash{}, acks: map[statement.ID]ack{}, states: map[tlog.Hash][32]byte{}, heads: map[string]statement.Head{},
		forked: map[string]bool{}, cosigned: map[string]statement.Head{}, decided: map[string]machine.Outcome{}, acts: map[string]machine.Outcome{},
		kept: map[vault.Digest]map[int][]byte{}, clips: map[int64][]byte{},
	}
	var err error
	if b.fold, err = record.NewFold(w.agreement); err == nil {
		b.ledger, err = vault.NewReader(w.agreement, vaultName)
	}
	if err != nil {
		panic(err) // the text is ours
	}
	return b
}

func (b *book) size() int64 { return int64(len(b.entries)) }

func (b *book) outcome() string {
	o, _ := b.fold.State().Outcome(vaultName)
	return string(o)
}

func (b *book) dealings() []*vault.Attempt {
	b.follow()
	return b.ledger.Attempts
}

// follow folds what the honest depositary's record has.
func (b *book) follow() {
	for i := b.fold.Size(); i < b.size(); i++ {
		b.amended(b.fold.Append(b.entries[i]))
		b.note(b.fold)
	}
	if err := b.ledger.Read(b.fold, b.fold.Size()); err != nil {
		b.w.fail(1, "reading the record: %v", err)
	}
}

// note compares a reader's standing with what others have at the same head.
func (b *book) note(f *record.Fold) {
	b.same(f.Root(), f.Size(), f.State().Bytes())
}

func (b *book) same(root tlog.Hash, size int64, state []byte) {
	sum := sha256.Sum256(state)
	if old, ok := b.states[root]; ok && old != sum {
		b.w.fail(1, "two readers of the same %d entries have different standings", size)
	}
	b.states[root] = sum
}

// moved takes what the honest depositary's record has now, and says whether it
// has grown.
func (b *book) moved(a *actor, size int64, v depositary.View) (grown bool) {
	if a.crook != "" || size <= b.size() {
		return false
	}
	v.With(func(f *record.Fold) {
		if root, err := f.RootAt(b.size()); err == nil && b.size() > 0 && root != b.root {
			b.w.fail(2, "the depositary's record of %d entries does not begin with the %d that it had", size, b.size())
		}
		var more [][]byte
		for i := b.size(); i < size; i++ {
			e, err := f.Bytes(i)
			if err != nil {
				return // its machine has stopped; its next life has them
			}
			more = append(more, e)
		}
		b.entries, b.root, grown = append(b.entries, more...), f.Root(), true
	})
	return grown
}

// asked looks at a request before it is answered.
func (b *book) asked(to *actor, m *message) {
	if to.role == depositaryRole && m.method == http.MethodPost && m.from.role == custodianRole && m.from.crook == "" && strings.HasSuffix(m.path, "/submit") {
		b.acted(m)
	}
}

// answered looks at an answer before the network has it.
func (b *book) answered(to *actor, m *message, a *answer) {
	if a.status != http.StatusOK || to.crook != "" {
		return
	}
	switch {
	case to.role == witnessRole && strings.HasSuffix(m.path, "/add-checkpoint"):
		b.witnessed(to, m)
	case to.name == depositaryName && (strings.HasSuffix(m.path, "/head") || strings.HasSuffix(m.path, "/checkpoint")):
		b.shown(a.body)
	case to.name == depositaryName && strings.HasSuffix(m.path, "/object") && m.method == http.MethodPost:
		b.objects = append(b.objects, m.body)
	case to.name == depositaryName && strings.HasSuffix(m.path, "/submit"):
		b.acknowledged(m, a)
	}
}

// shown is a checkpoint that the honest depositary signed.
func (b *book) shown(note []byte) {
	c, ok := checkpointOf(note)
	if !ok {
		return
	}
	if root, ok := b.signed[c.Size]; ok && root != c.Root {
		b.w.fail(7, "the honest depositary signed two checkpoints of size %d", c.Size)
	}
	b.signed[c.Size] = c.Root
}

func checkpointOf(note []byte) (statement.Checkpoint, bool) {
	n, err := statement.ParseNote(note)
	if err != nil {
		return statement.Checkpoint{}, false
	}
	c, err := statement.ParseCheckpoint(n.Text)
	return c, err == nil
}

// knows is whether what a message submits was acknowledged or is on the record.
func (b *book) knows(m *message) bool {
	s, err := statement.Parse(m.body)
	if err != nil {
		return slices.ContainsFunc(b.entries, func(e []byte) bool { return bytes.Equal(e, m.body) })
	}
	_, acknowledged := b.acks[s.ID]
	_, there := b.fold.ByID(s.ID)
	return acknowledged || there
}

func (b *book) acknowledged(m *message, a *answer) {
	var j struct {
		Index      int64  `json:"index"`
		Checkpoint string `json:"checkpoint"`
	}
	if err := json.Unmarshal(a.body, &j); err != nil {
		b.w.fail(2, "an acknowledgement that does not read: %v", err)
		return
	}
	b.shown([]byte(j.Checkpoint))
	b.most = max(b.most, j.Index+1)
	s, err := statement.Parse(m.body)
	if err != nil {
		return // a proof of time
	}
	if old, ok := b.acks[s.ID]; ok && old.index != j.Index {
		b.w.fail(2, "one statement was acknowledged as entry %d and as entry %d", old.index, j.Index)
	}
	if _, ok := b.acks[s.ID]; !ok {
		b.acks[s.ID] = ack{j.Index, m.body, b.w.now()}
	}
}

// witnessed is a cosignature of an honest witness.
func (b *book) witnessed(to *actor, m *message) {
	_, note, ok := bytes.Cut(m.body, []byte("\n\n"))
	c, ok2 := checkpointOf(note)
	if !ok || !ok2 {
		b.w.fail(7, "%s cosigned what is no checkpoint", to.name)
		return
	}
	old := b.cosigned[to.name]
	if !to.backed && (c.Size < old.Size || c.Size == old.Size && old.Size > 0 && c.Root != old.Root) {
		b.w.fail(7, "%s cosigned size %d after size %d", to.name, c.Size, old.Size)
	}
	b.cosigned[to.name] = c.Head()
}

// covered is whether all that was acknowledged is cosigned by so many honest
// witnesses that an older record can have no quorum.
func (b *book) covered() bool {
	held := 0
	for i := range b.w.plan.Terms.Witnesses {
		a := b.w.byName[witnessName(i)]
		if a.crook == "" && !a.backed && b.cosigned[a.name].Size >= max(b.most, b.size()) {
			held++
		}
	}
	return b.w.plan.Terms.Witnesses-held < b.w.plan.Terms.Need
}

// started, stepped, restored and diverged are turns of somebody's life.
func (b *book) started(a *actor) {}

func (b *book) stepped(a *actor) {
	if a.role != custodianRole || a.crook != "" {
		return
	}
	text, err := durable.ReadFile(a.disk.fs, path.Join(dir, vaultName, "outcome"), statement.MaxNote+64)
	if errors.Is(err, fs.ErrNotExist) {
		return
	}
	for _, o := range []machine.Outcome{machine.Released, machine.Erased} {
		if strings.HasPrefix(string(text), string(o)+"\n") {
			b.chose(a.name, o, text[len(o)+1:])
		}
	}
}

func (b *book) restored(a *actor) {
	delete(b.heads, a.name)
	delete(b.decided, a.name)
}

func (b *book) diverged(a *actor) { b.w.note("diverged", a.name) }

// chose is that an honest custodian acts on an outcome.
func (b *book) chose(name string, o machine.Outcome, certificate []byte) {
	old, ok := b.acts[name]
	if ok && old != o {
		b.w.fail(3, "%s acted on %s, and now on %s", name, old, o)
	}
	if ok {
		return
	}
	if n := b.lines(certificate); n < b.w.plan.Terms.Need {
		b.w.fail(3, "%s acts on %s by a certificate with the lines of %d witnesses, %d are needed", name, o, n, b.w.plan.Terms.Need)
	}
	for _, other := range names(b.w.plan.Terms.Custodians, custodianName) {
		if b.acts[other] != "" && b.acts[other] != o {
			b.w.fail(3, "%s acts on %s, %s on %s", name, o, other, b.acts[other])
		}
	}
	b.acts[name] = o
	b.w.note("acts", name, string(o))
}

// lines counts the witnesses whose good lines a checkpoint carries.
func (b *book) lines(note []byte) int {
	n, err := statement.ParseNote(note)
	if err != nil {
		return 0
	}
	count := 0
	for _, name := range names(b.w.plan.Terms.Witnesses+1, witnessName) {
		key := b.w.keys.witness(name)
		for _, sig := range n.Sigs {
			if !key.Made(sig) {
				continue
			}
			if _, err := key.VerifyCosignature(n.Text, sig); err == nil {
				count++
			}
			break
		}
	}
	return count
}

// acted looks at what an honest custodian says.
func (b *book) acted(m *message) {
	s, err := statement.Parse(m.body)
	if err != nil || s.By != agreement.Name(m.from.name) {
		return
	}
	switch body := s.Body.(type) {
	case statement.HandOverBody:
		b.chose(m.from.name, machine.Released, []byte(body.Certificate))
	case statement.ErasedBody:
		b.chose(m.from.name, machine.Erased, []byte(body.Certificate))
	}
}

// read looks at what a reader has after an update.
func (b *book) read(a *actor, f *mirror.Follower) {
	head, _ := f.Head()
	old := b.heads[a.name]
	b.heads[a.name] = head
	if head == old {
		return
	}
	f.With(func(fold *record.Fold) {
		root, err := fold.RootAt(min(old.Size, fold.Size()))
		switch {
		case head.Size < old.Size:
			b.w.fail(7, "%s went back from %d entries to %d", a.name, old.Size, head.Size)
		case old.Size > 0 && (err != nil || root != old.Root):
			b.w.fail(7, "%s left the %d entries that it had", a.name, old.Size)
		case fold.Size() == head.Size:
			b.note(fold)
			if b.w.canary == LaggingReader && a.role == mirrorRole && head.Size > 1 && head.Size <= b.size() {
				b.lag(fold)
			}
		}
		o, _ := fold.State().Outcome(vaultName)
		if was := b.decided[a.name]; was != o && (was == machine.Released || was == machine.Erased) {
			b.w.fail(6, "%s saw the outcome %s, and now %s", a.name, was, o)
		}
		b.decided[a.name] = o
		if mine, ok := b.signed[head.Size]; ok && mine != head.Root {
			b.forked[a.name] = true
		}
	})
}

// released is whether a reader sees that the vault opens.
func (b *book) released(f *mirror.Follower) bool {
	_, note := f.Final()
	released := false
	f.With(func(fold *record.Fold) {
		o, _ := fold.State().Outcome(vaultName)
		released = o == machine.Released
		if !released && note != nil {
			c, err := fold.Decide(vaultName, note)
			released = err == nil && c.Outcome == machine.Released
		}
	})
	return released
}

// clip takes an opened clip.
func (b *book) clip(_ string, seq int64, data []byte) error {
	b.clips[seq] = bytes.Clone(data)
	return nil
}

// opened takes a beneficiary's report.
func (b *book) opened(_ *actor, r *beneficiary.Report) {
	b.report = r
	b.allOpen = len(r.Epochs) > 0
	for _, e := range r.Epochs {
		b.allOpen = b.allOpen && e.Open
	}
	if b.outcome() != string(machine.Released) && len(b.entries) > 0 {
		b.follow()
	}
}
