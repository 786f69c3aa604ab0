package mirror

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"time"

	"detente/agreement"
	"detente/internal/durable"
	"detente/record"
	"detente/statement"

	"golang.org/x/mod/sumdb/tlog"
)

// An UnpublishedError says that a witness cosigned entries that the depositary
// does not show: they existed by the witness's time, and clocks may run from
// them that nobody sees. Note is the proof, signed by both.
type UnpublishedError struct {
	Witness agreement.Name
	Shown   statement.Head // by the depositary
	Held    statement.Head // by the witness
	Note    []byte
}

func (e *UnpublishedError) Error() string {
	return fmt.Sprintf("witness %s cosigned %d entries of this record, the depositary shows %d: it withholds the rest", e.Witness, e.Held.Size, e.Shown.Size)
}

// Ask asks witnesses for the largest checkpoint each cosigned and compares it
// with the record as the depositary shows it. The error is an
// *UnpublishedError or a *DivergenceError; heard is how many witnesses told.
func (f *Follower) Ask(ctx context.Context, ws []*Witness) (heard int, err error) {
	for _, w := range ws {
		note, err := f.latest(ctx, w)
		if err != nil {
			continue // it does not answer, or tells nobody: nothing is known from it
		}
		c, err := f.unsigned(note)
		if err != nil {
			continue
		}
		if c.Size > f.size() {
			// It may just have been published; and who hosts the record then, only
			// its entries say.
			if err := f.Update(ctx); err != nil {
				return heard, err
			}
		}
		if _, _, err := statement.OpenCheckpoint(note, f.origin, f.entitled(c.Size)...); err != nil {
			continue // not signed by who hosts it: the witness's word alone is no proof
		}
		if !w.cosigned(note) {
			continue // nor is the host's, brought by whoever is on the line
		}
		heard++
		if head, _ := f.Head(); c.Size > head.Size {
			return heard, &UnpublishedError{w.Name, head, c.Head(), note}
		}
		if err := f.compare(c, note); err != nil {
			return heard, err
		}
	}
	return heard, nil
}

// cosigned is whether a note has a cosignature of this witness.
func (w *Witness) cosigned(note []byte) bool {
	n, err := statement.ParseNote(note)
	return err == nil && slices.ContainsFunc(n.Sigs, func(sig statement.Signature) bool {
		_, err := w.Key.VerifyCosignature(n.Text, sig)
		return err == nil
	})
}

func (f *Follower) latest(ctx context.Context, w *Witness) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, askWithin)
	defer cancel()
	return w.Latest(ctx, f.origin)
}

// compare holds a checkpoint that is not longer than the copy against it.
func (f *Follower) compare(c statement.Checkpoint, note []byte) error {
	f.mu.RLock()
	defer f.mu.RUnlock()
	if f.began(c) {
		return nil
	}
	return f.diverge(c, note, true, nil, c.Root)
}

// Cosign has the largest head seen cosigned by witnesses, without the
// depositary, and gives the note if a quorum did. So a party dates what it
// holds when the depositary is silent, and a custodian comes by the
// certificate of a record that halted.
func (f *Follower) Cosign(ctx context.Context, ws []*Witness) ([]byte, error) {
	_, head := f.Head()
	if head == nil {
		return nil, fmt.Errorf("cosigning: this mirror has seen no head yet")
	}
	c, err := f.unsigned(head)
	if err != nil {
		return nil, fmt.Errorf("cosigning: %w", err)
	}
	r := Round{Witnesses: ws, Lists: f.listsAt(c.Size), Within: askWithin, Grace: time.Second}
	g, err := r.Gather(ctx, head, tlog.HashReaderFunc(func(indexes []int64) (hashes []tlog.Hash, err error) {
		f.With(func(fold *record.Fold) { hashes, err = fold.HashReader().ReadHashes(indexes) })
		return hashes, err
	}))
	if err != nil {
		return nil, fmt.Errorf("cosigning: %w", err)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	p, err := f.fold.CheckProof(g.Note, f.fold.Size())
	if err != nil {
		return nil, fmt.Errorf("cosigning: %w", err)
	}
	if f.final.proof == nil || later(p, f.final.proof) {
		if err := durable.WriteFile(f.fs, filepath.Join(f.dir, "checkpoint"), g.Note); err != nil {
			return nil, fmt.Errorf("cosigning: %w", err)
		}
		f.final = final{g.Note, p}
		f.news()
	}
	return g.Note, nil
}

// listsAt are the lists of witnesses that must cosign a checkpoint of a size.
func (f *Follower) listsAt(size int64) []record.List {
	f.mu.RLock()
	defer f.mu.RUnlock()
	return f.fold.EraAt(size).Lists
}
