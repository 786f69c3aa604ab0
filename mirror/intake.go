package mirror

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"detente/agreement"
	"detente/internal/clock"
	"detente/internal/durable"
	"detente/internal/httpserve"
	"detente/record"
	"detente/statement"

	"golang.org/x/mod/sumdb/tlog"
)

// An Intake is the second intake of a mirror or custodian: it takes entries
// that their depositary may not take, gives signed receipts for them, keeps
// them durably, and submits them again and again until they are on the record
// or can no longer matter. Its methods may be called at the same time.
type Intake struct {
	f      *Follower
	signer statement.Signer
	clock  clock.Clock
	log    *slog.Logger
	dir    string

	mu   sync.Mutex
	held map[agreement.Digest]*held // by digest of the entry
	wake chan struct{}
}

// A held entry waits to be put on the record.
type held struct {
	*Handed
	by    string // who made it; empty for a proof of time
	final int64  // so much was final here when it came
	file  string
}

// OpenIntake opens the second intake in the follower's folder. signer signs the
// receipts: with a name that the agreement declares, or with a key of its own.
func OpenIntake(f *Follower, signer statement.Signer, c clock.Clock, log *slog.Logger) (*Intake, error) {
	n := &Intake{f: f, signer: signer, clock: c, log: log, dir: filepath.Join(f.dir, "intake"), held: map[agreement.Digest]*held{}, wake: make(chan struct{}, 1)}
	if err := durable.MkdirAll(f.fs, n.dir); err != nil {
		return nil, fmt.Errorf("opening the intake: %w", err)
	}
	if err := durable.RemoveTemps(f.fs, n.dir); err != nil {
		return nil, fmt.Errorf("opening the intake: %w", err)
	}
	names, err := f.fs.ReadDir(n.dir)
	if err != nil {
		return nil, fmt.Errorf("opening the intake: %w", err)
	}
	for _, name := range names {
		file := filepath.Join(n.dir, name)
		b, err := durable.ReadFile(f.fs, file, 4*statement.MaxEntry)
		if err != nil {
			return nil, fmt.Errorf("opening the intake: %w", err)
		}
		h, err := ReadHanded(b)
		if err != nil {
			return nil, fmt.Errorf("opening the intake: %s: %w; take the file away, and hand the entry in again if it can still be read", file, err)
		}
		n.held[digestOf(h.Entry)] = &held{Handed: h, by: makerOf(h.Entry), final: h.Seen.Size, file: file}
	}
	return n, nil
}

// makerOf is who made a statement; empty for a proof of time.
func makerOf(entry []byte) string {
	if s, err := statement.Parse(entry); err == nil {
		return string(s.By)
	}
	return ""
}

// HandIn takes an entry. If it is on the record, that is proved; otherwise the
// receipt is given once the entry is durable here. The error is a
// *RefusedError if the record would not have it, or if there is no room.
func (n *Intake) HandIn(entry []byte) (*Receipt, *Handed, error) {
	var known *Receipt
	var refused error
	n.f.With(func(f *record.Fold) { known, refused = n.look(f, entry) })
	if known != nil || refused != nil {
		return known, nil, refused
	}
	head, _ := n.f.Head()
	final, _ := n.f.Final()
	declared := n.declared()
	n.mu.Lock() // never before the follower's lock: Withheld is called within it
	defer n.mu.Unlock()
	digest, by := digestOf(entry), makerOf(entry)
	if h := n.held[digest]; h != nil {
		return nil, h.Handed, nil
	}
	of := 0
	for _, h := range n.held {
		if h.by == by {
			of++
		}
	}
	if of >= maxHeldOf || len(n.held) >= maxHeld {
		return nil, nil, &RefusedError{Status: http.StatusTooManyRequests, Code: "full", Reason: "as many entries are held here as there may be", Hint: "hand it to another mirror or custodian"}
	}
	h := &Handed{Entry: entry}
	var err error
	if h.Receipt, err = signReceipt(n.f.agreement.ID, entry, agreement.Instant(n.clock.Now().Unix()), head, n.signer); err != nil {
		return nil, nil, err
	}
	if !declared {
		h.Key = n.signer.Public().String()
	}
	if _, err := h.read(); err != nil {
		return nil, nil, err
	}
	b, err := h.Bytes()
	if err != nil {
		return nil, nil, err
	}
	x := &held{Handed: h, by: by, final: final, file: filepath.Join(n.dir, digest.String())}
	if err := durable.WriteFile(n.f.fs, x.file, b); err != nil {
		return nil, nil, &StorageError{err}
	}
	n.held[digest] = x
	select {
	case n.wake <- struct{}{}:
	default:
	}
	return nil, h, nil
}

// declared is whether the signer is a name of the agreement.
func (n *Intake) declared() (ok bool) {
	n.f.With(func(f *record.Fold) { _, ok = f.Keys(agreement.Name(n.signer.Name())) })
	return ok
}

// look finds an entry on the record, or the reason why it is refused.
func (n *Intake) look(f *record.Fold, entry []byte) (*Receipt, error) {
	if index, ok := onRecord(f, entry); ok && index < n.f.head.Size {
		return n.receipt(f, index)
	}
	if len(entry) > statement.MaxEntry {
		return nil, &RefusedError{cost: httpserve.CostRefused, Status: http.StatusRequestEntityTooLarge, Code: "too-large", Reason: "an entry holds at most 65535 bytes"}
	}
	if why, code := faultOf(f, entry); why != "" {
		cost := float64(httpserve.CostRefused)
		if code == record.FaultSignature {
			cost = httpserve.CostSignature
		}
		return nil, &RefusedError{cost: cost, Status: http.StatusUnprocessableEntity, Code: "inert", Reason: why, Hint: "see spec/http.md; the depositary cites the rule"}
	}
	return nil, nil
}

// receipt proves that an entry is below the head seen.
func (n *Intake) receipt(f *record.Fold, index int64) (*Receipt, error) {
	j, err := f.Read(index)
	if err != nil {
		return nil, err
	}
	r := &Receipt{Index: index, Entry: j.Bytes, Checkpoint: n.f.headNote}
	if j.Statement != nil {
		r.ID = j.Statement.ID
	}
	r.Proof, err = tlog.ProveRecord(n.f.head.Size, index, f.HashReader())
	return r, err
}

// Pending are the entries held that are not on the record as it is here.
func (n *Intake) Pending() []*Handed {
	n.mu.Lock()
	defer n.mu.Unlock()
	var all []*Handed
	for _, h := range n.held {
		all = append(all, h.Handed)
	}
	slices.SortFunc(all, func(a, b *Handed) int {
		if a.Received != b.Received {
			return int(a.Received - b.Received)
		}
		return strings.Compare(string(a.Entry), string(b.Entry))
	})
	return all
}

// Withheld is an entry held here that the record lacks and that could have
// borne on what its first size entries decide: it was here before those were
// final here, it would not be inert, it does not cite a head of all of them or
// more (then its place is after them, or its author invented the head to make
// everybody wait), and it is more than words or evidence. nil if there is none. Whoever is about to act for good on a decision of that
// prefix waits until the entry is on the record, or until the time up to which
// a silent depositary could have made him wait anyhow.
func (n *Intake) Withheld(f *record.Fold, size int64) *Handed {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, h := range n.held {
		if _, there := onRecord(f, h.Entry); there || h.final >= size || irrelevant(f, h.Entry) != "" {
			continue
		}
		if s, err := statement.Parse(h.Entry); err == nil {
			if s.Seen.Size >= size {
				continue
			}
			if force := s.Body.Kind().Force(); force != statement.ForceMachine && force != statement.ForceRecord {
				continue
			}
		}
		return h.Handed
	}
	return nil
}

// Run submits what is held until ctx is done.
func (n *Intake) Run(ctx context.Context) error {
	pause := submitFirst
	for {
		if n.pass(ctx) {
			pause = submitFirst
		} else {
			pause = min(2*pause, submitMost)
		}
		timer := time.NewTimer(pause)
		select {
		case <-ctx.Done():
			timer.Stop()
			return nil
		case <-n.wake:
			timer.Stop()
			pause = submitFirst
		case <-timer.C:
		}
	}
}

// Step does once, in the caller's goroutine, what Run goes on doing: it submits
// what is held. It is for simulations; it is not called beside Run.
func (n *Intake) Step(ctx context.Context) { n.pass(ctx) }

// pass submits everything once; it is false if something was not taken.
func (n *Intake) pass(ctx context.Context) bool {
	well := true
	for _, h := range n.Pending() {
		var there bool
		var why string
		n.f.With(func(f *record.Fold) {
			index, ok := onRecord(f, h.Entry)
			size := n.f.finalSize()
			there = ok && index < size
			if !ok {
				why = irrelevant(f, h.Entry)
			}
		})
		switch {
		case there:
			n.drop(h, "it is on the record")
			continue
		case why != "":
			n.drop(h, why)
			continue
		case n.f.client == nil:
			continue
		}
		// What stands on the record and is not final is submitted again as well:
		// a depositary that is followed by another may have lost it.
		if _, _, err := n.f.client.HandIn(ctx, h.Entry); err != nil && ctx.Err() == nil {
			n.log.Warn("the depositary did not take what was handed in here", "entry", digestOf(h.Entry), "of", makerOf(h.Entry), "error", err)
			well = false
		}
	}
	return well
}

// drop lets go of an entry.
func (n *Intake) drop(h *Handed, why string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	digest := digestOf(h.Entry)
	x := n.held[digest]
	if x == nil {
		return
	}
	if err := n.f.fs.Remove(x.file); err != nil && !errors.Is(err, fs.ErrNotExist) {
		n.log.Warn("letting go of an entry that was handed in", "error", err)
		return
	}
	delete(n.held, digest)
	n.log.Info("what was handed in here is settled", "entry", digest, "why", why)
}

// The answer to what was handed in and is not on the record: status 202.
type handedJSON struct {
	Receipt string `json:"receipt"`
	Key     string `json:"key"` // of a signer that is no name of the agreement
}

// serveSubmit is POST submit at a mirror or custodian.
func (n *Intake) serveSubmit(w http.ResponseWriter, r *http.Request) {
	entry, ok := httpserve.Body(w, r, statement.MaxEntry)
	if !ok {
		return
	}
	there, h, err := n.HandIn(entry)
	w.Header().Set("Cache-Control", "no-store")
	switch refused, ok := errors.AsType[*RefusedError](err); {
	case ok:
		httpserve.Charge(r.Context(), refused.cost)
		httpserve.Refuse(w, refused.Status, httpserve.Refusal{Code: refused.Code, Error: refused.Reason, Hint: refused.Hint})
	case err != nil:
		n.log.Error("taking an entry in", "error", err)
		httpserve.Refuse(w, http.StatusInternalServerError, httpserve.Refusal{Code: "storage", Error: "it could not be kept here", Hint: "hand it to another"})
	case there != nil:
		answer, err := there.Encode(entry)
		if err != nil {
			httpserve.Refuse(w, http.StatusInternalServerError, httpserve.Refusal{Code: "storage", Error: "the proof could not be made", Hint: "ask again"})
			return
		}
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
		w.Write(answer)
	default:
		httpserve.Answer(w, http.StatusAccepted, handedJSON{string(h.Receipt), h.Key})
	}
}

// serveHeld is GET held: what is held here and the record lacks, for all to
// see; and GET held/<digest>, the entry itself.
func (n *Intake) serveHeld(w http.ResponseWriter, r *http.Request) {
	if name := r.PathValue("digest"); name != "" {
		d, err := agreement.ParseDigest(name)
		n.mu.Lock()
		h := n.held[d]
		n.mu.Unlock()
		if err != nil || h == nil {
			refuseMissing(w, "no such entry is held here")
			return
		}
		serveBytes(w, h.Entry, octets, fresh)
		return
	}
	type item struct {
		Entry    string `json:"entry"`
		By       string `json:"by"`
		Received int64  `json:"received"`
		Receipt  string `json:"receipt"`
		Key      string `json:"key"`
	}
	list := []item{}
	for _, h := range n.Pending() {
		list = append(list, item{digestOf(h.Entry).String(), makerOf(h.Entry), int64(h.Received), string(h.Receipt), h.Key})
	}
	w.Header().Set("Cache-Control", "no-cache")
	httpserve.Answer(w, http.StatusOK, map[string]any{"held": list})
}

func decodeHanded(answer, entry []byte) (*Handed, error) {
	var j handedJSON
	if err := json.Unmarshal(answer, &j); err != nil {
		return nil, fmt.Errorf("receipt: %w", err)
	}
	h := &Handed{Entry: entry, Receipt: []byte(j.Receipt), Key: j.Key}
	if _, err := h.read(); err != nil {
		return nil, err
	}
	return h, nil
}

// finalSize is how many entries are final, for callers within With.
func (f *Follower) finalSize() int64 {
	if f.final.proof == nil {
		return 0
	}
	return f.final.proof.Head.Size
}
