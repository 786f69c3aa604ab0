package mirror

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"detente/agreement"
	"detente/record"
	"detente/statement"

	"golang.org/x/mod/sumdb/tlog"
)

// OriginHash names a record at witnesses' monitoring addresses: SHA-256 of its
// origin, in hex.
func OriginHash(origin string) string { return fmt.Sprintf("%x", sha256.Sum256([]byte(origin))) }

func digestOf(b []byte) agreement.Digest { return sha256.Sum256(b) }

// A Round asks all witnesses for cosignatures at once.
type Round struct {
	Witnesses []*Witness
	Need      int           // a quorum, if there are no Lists
	Lists     []record.List // of each of which a quorum must cosign
	Within    time.Duration // for each witness; real time
	// Grace is how long the round goes on, in real time, once a quorum
	// answered: a slow witness must not hold the record up, but one that is
	// merely second should count.
	Grace time.Duration
}

// A Gathered is what a round brought.
type Gathered struct {
	Note   []byte                   // the checkpoint with the depositary's line and the witnesses', in their order
	Lines  int                      // how many witnesses cosigned
	Failed map[agreement.Name]error // who did not, and why; who was only slow is there with ErrSlow
}

// ErrSlow says that a round went on without waiting for a witness.
var ErrSlow = errors.New("no answer in time")

// Gather asks for cosignatures on a signed checkpoint; tree holds the record's
// hashes up to its size and is read by several goroutines until Gather
// returns. Fewer lines than needed are an error, beside which what came is given.
func (r *Round) Gather(ctx context.Context, note []byte, tree tlog.HashReader) (*Gathered, error) {
	n, err := statement.ParseNote(note)
	if err != nil {
		return nil, err
	}
	type answer struct {
		i    int
		line statement.Signature
		err  error
	}
	if IsInTurn(ctx) {
		return r.gatherInTurn(ctx, n, note, tree)
	}
	ctx, cancel := context.WithTimeout(ctx, r.Within)
	var asking sync.WaitGroup
	defer func() {
		cancel()
		asking.Wait()
	}()
	answers := make(chan answer, len(r.Witnesses))
	for i, w := range r.Witnesses {
		asking.Go(func() {
			line, _, err := w.Cosign(ctx, note, tree)
			answers <- answer{i, line, err}
		})
	}
	lines := make([]*statement.Signature, len(r.Witnesses))
	g := &Gathered{Failed: map[agreement.Name]error{}}
	for _, w := range r.Witnesses {
		g.Failed[w.Name] = ErrSlow
	}
	var grace <-chan time.Time
	for left := len(r.Witnesses); left > 0; left-- {
		select {
		case a := <-answers:
			if a.err != nil {
				g.Failed[r.Witnesses[a.i].Name] = a.err
				continue
			}
			delete(g.Failed, r.Witnesses[a.i].Name)
			lines[a.i] = &a.line
			g.Lines++
		case <-grace:
			left = 0
		}
		if grace == nil && r.enough(lines) == nil {
			timer := time.NewTimer(r.Grace)
			defer timer.Stop()
			grace = timer.C
		}
	}
	return g, g.finish(n, lines, r.enough(lines))
}

// enough is nil if those who cosigned are a quorum, of every list if there are
// lists. A witness is in a list by its key, whatever the text calls it.
func (r *Round) enough(lines []*statement.Signature) error {
	if r.Lists == nil {
		return short(r.count(lines, func(*Witness) bool { return true }), r.Need)
	}
	for _, l := range r.Lists {
		if err := short(r.count(lines, func(w *Witness) bool {
			return slices.ContainsFunc(l.Keys, func(k statement.WitnessKey) bool { return k == w.Key })
		}), l.Need); err != nil {
			return err
		}
	}
	return nil
}

func (r *Round) count(lines []*statement.Signature, in func(*Witness) bool) (n int) {
	for i, l := range lines {
		if l != nil && in(r.Witnesses[i]) {
			n++
		}
	}
	return n
}

func short(have, need int) error {
	if have < need {
		return fmt.Errorf("cosignatures of %d witnesses, %d are needed", have, need)
	}
	return nil
}

// finish puts the note together.
func (g *Gathered) finish(n *statement.Note, lines []*statement.Signature, short error) error {
	// Lines of the asked witnesses that the note had before are replaced.
	sigs := slices.DeleteFunc(slices.Clone(n.Sigs), func(old statement.Signature) bool {
		return slices.ContainsFunc(lines, func(l *statement.Signature) bool {
			return l != nil && l.Name == old.Name && l.Hash == old.Hash
		})
	})
	for _, l := range lines {
		if l != nil {
			sigs = append(sigs, *l)
		}
	}
	var err error
	if g.Note, err = statement.NewNote(n.Text, sigs...); err != nil {
		return err
	}
	if short != nil {
		return fmt.Errorf("%w: %w", short, g.why())
	}
	return nil
}

// why joins what failed, in the order of names.
func (g *Gathered) why() error {
	var names []agreement.Name
	for name := range g.Failed {
		names = append(names, name)
	}
	slices.Sort(names)
	var all []error
	for _, name := range names {
		all = append(all, fmt.Errorf("%s: %w", name, g.Failed[name]))
	}
	return errors.Join(all...)
}
