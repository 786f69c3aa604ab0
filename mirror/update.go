package mirror

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"detente/internal/durable"
	"detente/record"
	"detente/statement"
)

// ErrOffline says that a mirror was opened without a depositary to ask.
var ErrOffline = errors.New("this mirror has no depositary to ask")

// Update fetches what is new, verifies it and folds it. A record that does not
// continue what was seen is a *DivergenceError, and nothing of it is kept but
// the evidence.
func (f *Follower) Update(ctx context.Context) error {
	_, err := f.update(ctx, nil)
	return err
}

// errOvertaken says that a question was given up because another call moved
// this copy meanwhile: whoever waits looks again at once.
var errOvertaken = errors.New("another call moved this copy meanwhile")

// unless asks until news is closed: a host may keep a question waiting for half
// a minute, while another call learns what the caller waits for. A nil news
// never ends it.
func unless(ctx context.Context, news <-chan struct{}, ask func(context.Context) ([]byte, error)) ([]byte, error) {
	if news == nil {
		return ask(ctx)
	}
	select {
	case <-news:
		return nil, errOvertaken
	default:
	}
	asking, cancel := context.WithCancel(ctx)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		select {
		case <-news:
			cancel()
		case <-asking.Done():
		}
	}()
	note, err := ask(asking)
	overtaken := err != nil && asking.Err() != nil && ctx.Err() == nil
	cancel()
	<-ended
	if overtaken {
		return nil, errOvertaken
	}
	return note, err
}

// fetchNew fetches the head and the final checkpoint, and reports whether either
// changed. With news the depositary may keep it waiting: for an entry if all is
// final, else, for a moment, for the quorum; but no longer than until news is
// closed, which the caller took from Changed before it looked.
func (f *Follower) fetchNew(ctx context.Context, news <-chan struct{}) (bool, error) {
	if f.client == nil {
		return false, ErrOffline
	}
	head, final := f.size(), int64(0)
	if size, note := f.Final(); note != nil {
		final = size
	}
	afterHead, afterFinal := int64(-1), int64(-1)
	if news != nil && final >= head {
		afterHead = head
	} else if news != nil {
		afterFinal = final
	}
	note, err := unless(ctx, news, func(ctx context.Context) ([]byte, error) { return f.client.Head(ctx, afterHead) })
	if err != nil {
		return false, fmt.Errorf("fetching the head: %w", err)
	}
	changed, err := f.advance(ctx, note, head)
	if fork, ok := errors.AsType[*DivergenceError](err); ok {
		f.askWitnessed(ctx, fork)
	}
	if err != nil {
		return changed, err
	}
	brief, cancel := context.WithTimeout(ctx, quorumWithin)
	defer cancel()
	if changed || afterFinal < 0 {
		brief, afterFinal, news = ctx, -1, nil
	}
	note, err = unless(brief, news, func(ctx context.Context) ([]byte, error) { return f.client.Checkpoint(ctx, afterFinal) })
	if afterFinal >= 0 && brief.Err() != nil && ctx.Err() == nil {
		return false, nil // no quorum yet: the head may have news
	}
	if err != nil {
		return changed, fmt.Errorf("fetching the checkpoint: %w", err)
	}
	newer, err := f.finish(ctx, note)
	return changed || newer, err
}

// advance moves to a head that was shown to a question asked when this mirror
// had a head of size had. If it has moved on since, by another call, an answer
// that is only older than what it has now is no fault of anybody's.
func (f *Follower) advance(ctx context.Context, note []byte, had int64) (bool, error) {
	c, err := f.unsigned(note)
	if err != nil {
		return false, fmt.Errorf("the head shown: %w", err)
	}
	f.moving.Lock()
	defer f.moving.Unlock()
	if err := f.abreast(ctx, c); err != nil {
		return false, err
	}
	moved := false
	if err := f.signed(note, c.Size); err != nil {
		if !errors.Is(err, statement.ErrUnsigned) || c.Size <= f.fold.Size() {
			return false, fmt.Errorf("the head shown is not signed as this record's: %w", err)
		}
		if moved, err = f.approach(ctx, c, note); err != nil {
			return moved, fmt.Errorf("the head shown is not signed as this record's: %w", err)
		}
	}
	// Cosignatures come and go; only the depositary's line is kept with a head.
	if note, err = f.bare(note, c.Size); err != nil {
		return moved, err
	}
	changed, err := f.move(ctx, c, note, had)
	return changed || moved, err
}

// move moves to a head whose signature was judged.
func (f *Follower) move(ctx context.Context, c statement.Checkpoint, note []byte, had int64) (bool, error) {
	switch {
	case had <= c.Size && c.Size < f.head.Size && f.began(c):
		return false, nil
	case c.Size < f.head.Size, c.Size == f.head.Size && c.Root != f.head.Root && f.headNote != nil:
		return false, f.diverge(c, note, c.Size == f.head.Size || !f.began(c), nil, c.Root)
	case c.Size == f.head.Size && c.Size == f.fold.Size():
		return false, nil
	case c.Size <= f.fold.Size() && c.Size > f.head.Size:
		return true, f.arrive(c, note) // abreast has compared them
	case c.Size > f.limits.Entries:
		return false, fmt.Errorf("%w: its head claims %d entries, the limit is %d; nothing was fetched", ErrTooLarge, c.Size, f.limits.Entries)
	case c.Size-f.fold.Size() > atOnce:
		return f.fetch(ctx, c, note)
	}
	return f.fetchAtOnce(ctx, c, note)
}

// began is whether a smaller checkpoint is the beginning of what was folded:
// then the depositary shows an older record, else another one.
func (f *Follower) began(c statement.Checkpoint) bool {
	root, err := f.fold.RootAt(c.Size)
	return err != nil || root == c.Root
}

// finish takes a checkpoint that may be final. A quorum may have cosigned
// since the head was fetched; then the record is advanced to it first.
func (f *Follower) finish(ctx context.Context, note []byte) (bool, error) {
	c, err := f.unsigned(note)
	if err != nil {
		return false, fmt.Errorf("the checkpoint shown: %w", err)
	}
	changed := false
	if had := f.size(); c.Size > had {
		if changed, err = f.advance(ctx, note, had); err != nil {
			return changed, err
		}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.signed(note, c.Size); err != nil {
		return changed, fmt.Errorf("the checkpoint shown is not signed as this record's: %w", err)
	}
	p, err := f.fold.CheckProof(note, f.fold.Size())
	if fault, ok := errors.AsType[*record.Fault](err); ok {
		switch fault.Code {
		case record.FaultTooFew, record.FaultDepositary:
			// Nothing is final yet; nor by who shows the end of its own term.
			return changed, nil
		case record.FaultFork:
			return changed, f.diverge(c, note, true, nil, c.Root)
		}
	}
	if err != nil {
		return changed, fmt.Errorf("the checkpoint shown: %w", err)
	}
	if f.final.proof != nil && !later(p, f.final.proof) {
		return changed, nil
	}
	if err := durable.WriteFile(f.fs, filepath.Join(f.dir, "checkpoint"), note); err != nil {
		return changed, &StorageError{err}
	}
	f.final = final{note, p}
	f.news()
	return true, nil
}

// later says whether p shows more than q: a larger size, or the same at later times.
func later(p, q *record.Proof) bool {
	return p.Head.Size > q.Head.Size || p.Head.Size == q.Head.Size && p.Lo > q.Lo
}

func (f *Follower) size() int64 {
	f.mu.RLock()
	defer f.mu.RUnlock()
	return f.head.Size
}

// Wait updates until cond is true or ctx is done. cond sees the fold and the
// number of entries that are final; it must not change them. A depositary that
// cannot be reached is asked again; any other failure ends the wait.
func (f *Follower) Wait(ctx context.Context, cond func(fold *record.Fold, final int64) bool) error {
	return f.wait(ctx, func() bool { return cond(f.fold, f.finalSize()) })
}

// WaitFinal updates until the newest cosigned checkpoint is another than the
// one given, which the caller has judged; nil: none was seen. One of the same
// size with later times is another. It fails as Wait does.
func (f *Follower) WaitFinal(ctx context.Context, judged []byte) error {
	return f.wait(ctx, func() bool { return !bytes.Equal(f.final.note, judged) })
}

// wait updates until done, called with f.mu held for reading, says so. What
// another call learns is noticed as well: the channel of news is taken before
// done looks.
func (f *Follower) wait(ctx context.Context, done func() bool) error {
	for news := (<-chan struct{})(nil); ; {
		changed, err := f.update(ctx, news)
		if err != nil && !temporary(err) {
			return err
		}
		news = f.Changed()
		f.mu.RLock()
		enough := done()
		f.mu.RUnlock()
		if enough {
			return nil
		}
		if changed || errors.Is(err, errOvertaken) {
			continue
		}
		timer := time.NewTimer(pollEvery)
		select {
		case <-ctx.Done():
			timer.Stop()
			return errors.Join(ctx.Err(), err)
		case <-news:
			timer.Stop()
		case <-timer.C:
		}
	}
}

// A StorageError says that the mirror's own folder could not be written. Asking
// the depositary again does not mend that.
type StorageError struct{ Err error }

func (e *StorageError) Error() string { return "keeping the copy: " + e.Err.Error() }

// Unwrap gives what the file system said.
func (e *StorageError) Unwrap() error { return e.Err }

// temporary says that asking again may help: nothing was shown that proves a
// fork. An answer that does not read, or is not signed, is one of these, and so
// is an older head: else whoever is on the line could end a custodian with one
// byte, or with what was served yesterday, and with it the watch over a record
// that halts.
func temporary(err error) bool {
	if d, ok := errors.AsType[*DivergenceError](err); ok && d.Fork {
		return false
	}
	if r, ok := errors.AsType[*RefusedError](err); ok {
		return r.Status >= 500 || r.Status == 429
	}
	if _, ok := errors.AsType[*StorageError](err); ok {
		return false
	}
	return !errors.Is(err, ErrOffline) && !errors.Is(err, context.Canceled)
}
