package depositary

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"detente/agreement"
	"detente/mirror"
	"detente/record"
	"detente/statement"

	"golang.org/x/mod/sumdb/tlog"
)

// OpenRecord opens the record of an agreement from the archive of its bundle
// (record.EncodeBundle): it checks the text, registers it with the witnesses
// and has its first entry cosigned by a quorum of them. A record that is open
// already is left as it is.
func (d *Depositary) OpenRecord(ctx context.Context, archive []byte) (agreement.Digest, error) {
	d.opening.Lock()
	defer d.opening.Unlock()
	defer d.look()
	r, err := d.newReading(archive)
	if err != nil {
		return agreement.Digest{}, fmt.Errorf("opening a record: %w", err)
	}
	id := r.agreement.ID
	if d.record(id) != nil {
		return id, nil
	}
	if err := d.mayHost(r.fold); err != nil {
		return id, fmt.Errorf("opening a record: %w", err)
	}
	if r.panel.Load().era.Keys[0] != d.cfg.Signer.Public() {
		return id, fmt.Errorf("opening a record: the text names this depositary as a successor, and %s to open the record: a successor goes on from a copy of it (serve --succeed --from)", r.agreement.Depositaries[0].Name)
	}
	h := d.newcomer(r)
	defer d.done(h)
	note, err := d.announce(ctx, h)
	if err != nil {
		return id, fmt.Errorf("opening record %s: %w", h.origin, err)
	}
	// The bundle is written first: a record without its bundle could not be
	// loaded, a bundle without its record is only not open yet. A record whose
	// opening failed halfway is in the store already.
	if err := d.begin(ctx, h); err != nil {
		return id, fmt.Errorf("opening record %s: %w", h.origin, err)
	}
	if err := h.log.PutCosigned(ctx, note); err != nil {
		return id, fmt.Errorf("opening record %s: %w", h.origin, err)
	}
	h.confirmed.Store(true)
	d.host(h)
	d.cfg.Log.Info("opened a record", "agreement", h.agreement.Name, "origin", h.origin)
	d.poke(h)
	return id, nil
}

// newcomer is a record that is not hosted yet, in use.
func (d *Depositary) newcomer(r *reading) *hosted {
	h := newHosted(r.agreement.ID, record.Origin(r.agreement))
	d.adopt(h, r)
	return h
}

// host has a record found from now on.
func (d *Depositary) host(h *hosted) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.records[h.id] = h
}

// look ends Run if the store has stopped: no other record's worker would find
// that out before its next entry, and nothing can be opened meanwhile.
func (d *Depositary) look() error {
	err := d.store.Err()
	if err != nil {
		select {
		case d.halt <- err:
		default:
		}
	}
	return err
}

// announce registers a record with its witnesses and gets its first checkpoint
// cosigned. The entry follows from the agreement alone, so this checkpoint may
// be signed before it is stored: no other can ever stand there.
func (d *Depositary) announce(ctx context.Context, h *hosted) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, 2*h.within)
	defer cancel()
	refused := h.register(ctx)
	var tree oneEntry
	tree[0] = tlog.RecordHash(record.Opening(h.agreement))
	note, err := d.sign(h.origin, statement.Head{Size: 1, Root: tree[0]})
	if err != nil {
		return nil, err
	}
	g, err := h.round().Gather(ctx, note, tree)
	if err == nil {
		return g.Note, nil
	}
	for name, why := range g.Failed {
		if _, ok := errors.AsType[*mirror.SizeError](why); ok {
			return nil, fmt.Errorf("witness %s cosigned more of this record already: it was opened before and this depositary has lost it; restore its folder: %w", name, why)
		}
	}
	return nil, fmt.Errorf("not opened: %w", errors.Join(append([]error{err}, refused...)...))
}

// oneEntry is the tree of a record with one entry.
type oneEntry [1]tlog.Hash

// ReadHashes makes it a tlog.HashReader.
func (t oneEntry) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, len(indexes))
	for k, i := range indexes {
		if i != 0 {
			return nil, fmt.Errorf("hash %d of a tree of one entry", i)
		}
		out[k] = t[0]
	}
	return out, nil
}

// register asks all witnesses at once, and waits for a quorum of answers and a
// little longer; who is slower is registered behind our back. Witnesses of other
// programs do not know the request; their operators have registered the
// record, or the round fails.
func (h *hosted) register(ctx context.Context) (refused []error) {
	p := h.panel.Load()
	if mirror.IsInTurn(ctx) {
		for _, w := range p.witnesses {
			if err := w.Register(ctx, h.archive); err != nil && !errors.Is(err, mirror.ErrNotFound) {
				refused = append(refused, err)
			}
		}
		return refused
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), h.within)
	answers := make(chan error, len(p.witnesses))
	archive := h.archive // who is slow answers when the record may be in nobody's use
	var all sync.WaitGroup
	for _, w := range p.witnesses {
		all.Go(func() { answers <- w.Register(ctx, archive) })
	}
	go func() {
		all.Wait()
		cancel()
	}()
	var grace <-chan time.Time
	answered := 0
	for range p.witnesses {
		select {
		case err := <-answers:
			if err != nil && !errors.Is(err, mirror.ErrNotFound) {
				refused = append(refused, err)
				continue
			}
		case <-grace:
			return refused
		}
		if answered++; answered == p.need() {
			timer := time.NewTimer(roundGrace)
			defer timer.Stop()
			grace = timer.C
		}
	}
	return refused
}

// introduce registers the record with witnesses that do not know it: they were
// away when it was opened. They cosign from the next round on.
func (d *Depositary) introduce(ctx context.Context, h *hosted, g *mirror.Gathered) {
	for _, w := range h.panel.Load().witnesses {
		if !errors.Is(g.Failed[w.Name], mirror.ErrUnknownLog) || time.Since(h.work.introduced[w.Name]) < introduceEvery {
			continue
		}
		if h.work.introduced == nil {
			h.work.introduced = map[agreement.Name]time.Time{}
		}
		h.work.introduced[w.Name] = time.Now()
		within, archive := h.within, h.archive // likewise
		register := func() {
			ctx, cancel := context.WithTimeout(ctx, within)
			defer cancel()
			if err := w.Register(ctx, archive); err != nil {
				d.cfg.Log.Warn("a witness does not know the record", "origin", h.origin, "error", err)
			}
		}
		if mirror.IsInTurn(ctx) {
			register()
		} else {
			d.workers.Go(register)
		}
	}
}

// round is a round of this record's witnesses.
func (h *hosted) round() *mirror.Round {
	p := h.panel.Load()
	return &mirror.Round{Witnesses: p.witnesses, Lists: p.era.Lists, Within: h.within, Grace: roundGrace}
}
