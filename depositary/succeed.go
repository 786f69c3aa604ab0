package depositary

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"detente/agreement"
	"detente/internal/ahead"
	"detente/internal/durable"
	"detente/mirror"
	"detente/record"
	"detente/record/store"
	"detente/statement"
)

// An AheadError says that a witness cosigned entries that a copy lacks: whoever
// went on from the copy would leave them out of the record for good.
type AheadError struct {
	Witness agreement.Name
	Held    statement.Head // by the witness; only the size may be known
	Copy    statement.Head
}

func (e *AheadError) Error() string {
	return fmt.Sprintf("witness %s cosigned %d entries of this record, and this copy ends with %d in another or shorter history: go on from a copy that has them (another mirror, an export, the old depositary's folder)",
		e.Witness, e.Held.Size, e.Copy.Size)
}

// Import puts the record of a copy into the store, entry by entry, byte by
// byte, or what the store lacks of it. The store signs the same heads with this
// depositary's key. The record is served and takes nothing in until a quorum of
// its witnesses has confirmed that it is the whole record. Only the depositary
// that the text names and its declared successors may import. Do not call it
// while Run works on the record.
//
// Whoever imports with the key that hosted the record before must know that
// it signed nothing beyond the copy: two histories under one key are a fork.
func (d *Depositary) Import(ctx context.Context, c *mirror.Copy) (agreement.Digest, error) {
	d.opening.Lock()
	defer d.opening.Unlock()
	h, err := d.takeIn(ctx, c)
	if err != nil {
		return agreement.Digest{}, fmt.Errorf("importing the record of %s: %w", c.Where, err)
	}
	d.done(h)
	return h.id, nil
}

// Succeed goes on with the record of a copy as its declared successor: it
// imports the copy and has its head cosigned by a quorum under this
// depositary's key. Nothing before changes. If a witness cosigned entries that
// the copy lacks, the error is an *AheadError; with abandon they are given up,
// and that witness cosigns this record no more.
func (d *Depositary) Succeed(ctx context.Context, c *mirror.Copy, abandon bool) (agreement.Digest, error) {
	d.opening.Lock()
	defer d.opening.Unlock()
	h, err := d.takeIn(ctx, c)
	if err == nil {
		defer d.done(h)
		err = d.takeOver(ctx, h, c, abandon)
	}
	if err != nil {
		return agreement.Digest{}, fmt.Errorf("going on with the record of %s: %w", c.Where, err)
	}
	d.cfg.Log.Info("took a record over", "agreement", h.agreement.Name, "origin", h.origin, "entries", h.log.Head().Size)
	d.poke(h)
	return h.id, nil
}

// takeIn imports a copy. The record is then in use.
func (d *Depositary) takeIn(ctx context.Context, c *mirror.Copy) (*hosted, error) {
	if err := d.mayHost(c.Fold()); err != nil {
		return nil, err
	}
	h := d.record(c.Agreement().ID)
	if h != nil {
		if err := d.want(ctx, h); err != nil {
			return nil, err
		}
	} else {
		r, err := d.newReading(c.Archive())
		if err != nil {
			return nil, err
		}
		h = d.newcomer(r)
	}
	if err := d.fill(ctx, h, c); err != nil {
		d.done(h)
		return nil, err
	}
	d.host(h)
	return h, nil
}

// fill puts what the store lacks of a copy into it.
func (d *Depositary) fill(ctx context.Context, h *hosted, c *mirror.Copy) error {
	if h.log == nil {
		if err := d.begin(ctx, h); err != nil {
			return err
		}
	}
	h.appending.Lock()
	defer h.appending.Unlock()
	h.mu.Lock()
	defer h.mu.Unlock()
	fold := c.Fold()
	if have := h.log.Head(); have.Size <= fold.Size() {
		if root, err := fold.RootAt(have.Size); err != nil || root != have.Root {
			return fmt.Errorf("the folder holds %d entries with root %s, which are not the beginning of the copy: two histories; keep both", have.Size, have.Root)
		}
	}
	for size := h.log.Head().Size; size < fold.Size(); size = h.log.Head().Size {
		var entries [][]byte
		for bytes := 0; size+int64(len(entries)) < fold.Size() && len(entries) < store.MaxRead && bytes < importBytes; {
			e, err := fold.Bytes(size + int64(len(entries)))
			if err != nil {
				return err
			}
			entries, bytes = append(entries, e), bytes+len(e)
		}
		if _, _, err := h.log.AppendAll(ctx, entries, size); err != nil {
			return err
		}
		for _, l := range ahead.Look(h.fold.Ring(), entries) {
			h.fold.AppendLook(l)
		}
	}
	h.turn()
	if _, final := c.Checkpoints(); final != nil {
		if err := h.log.PutCosigned(ctx, final); err != nil {
			return err
		}
	}
	d.takeObjects(ctx, h, c)
	return nil
}

// importBytes bounds one append of an import: the store takes a few MiB at once.
const importBytes = 2 << 20

// begin creates the record of a text in the store, with its first entry.
func (d *Depositary) begin(ctx context.Context, h *hosted) error {
	if err := durable.MkdirAll(d.cfg.FS, filepath.Join(d.cfg.Dir, "bundle")); err != nil {
		return err
	}
	if err := durable.WriteFile(d.cfg.FS, d.bundleFile(h.id), h.archive); err != nil {
		return err
	}
	var begun bool
	var err error
	if h.log, begun = d.store.Log(h.origin); !begun {
		if h.log, err = d.store.Create(ctx, h.origin, record.Opening(h.agreement)); err != nil {
			return err
		}
	}
	return d.replay(ctx, h.reading, h.log)
}

// takeObjects takes the batches that the record names. One that cannot be had
// is missed by whoever computes coverage, and told of here.
func (d *Depositary) takeObjects(ctx context.Context, h *hosted, c *mirror.Copy) {
	for _, digest := range mirror.Batches(h.fold) {
		if _, err := d.store.GetObject(digest); err == nil {
			continue
		}
		b, err := c.Object(ctx, digest)
		if err == nil {
			_, err = d.store.PutObject(b)
		}
		if err != nil {
			d.cfg.Log.Warn("a batch of manifests could not be taken over", "origin", h.origin, "batch", digest, "error", err)
		}
	}
}

// takeOver has the head cosigned, after asking what the witnesses hold: a
// witness that has cosigned this head could not cosign a longer copy's history
// that contradicts it.
func (d *Depositary) takeOver(ctx context.Context, h *hosted, c *mirror.Copy, abandon bool) error {
	head := h.log.Head()
	h.register(ctx) // who knows the record already says so, and loses nothing
	for _, w := range h.panel.Load().witnesses {
		if held, _, ok := h.signedBy(ctx, w); ok && (held.Size > head.Size || !h.has(held)) && !abandon {
			return &AheadError{w.Name, held.Head(), head}
		}
	}
	g, err := h.round().Gather(ctx, h.log.Checkpoint(), h.log.HashReader())
	if g != nil && !abandon {
		for name, why := range g.Failed {
			if other, ok := errors.AsType[*mirror.SizeError](why); ok && (other.Size > head.Size || other.Contradicts) {
				return &AheadError{name, statement.Head{Size: other.Size}, head}
			}
		}
	}
	if err != nil {
		return err
	}
	if err := h.log.PutCosigned(context.WithoutCancel(ctx), g.Note); err != nil {
		return err
	}
	h.confirmed.Store(true)
	return nil
}

// A SucceededError says that another depositary has gone on with a record:
// this one must take nothing in for it any more.
type SucceededError struct {
	By      agreement.Name // who hosts it now
	Witness agreement.Name // who showed it
	Held    statement.Head // by the witness, under the key of By
	Head    statement.Head // of the record here
}

func (e *SucceededError) Error() string {
	return fmt.Sprintf("witness %s cosigned %d entries of this record under the key of %s, which has gone on with it; the store here shows %d: take this record off, and follow it there",
		e.Witness, e.Held.Size, e.By, e.Head.Size)
}
