package mirror

import (
	"context"
	"errors"
	"fmt"
	"time"

	"detente/agreement"
	"detente/record"
	"detente/statement"

	"golang.org/x/mod/sumdb/tlog"
)

// Who may sign the record's checkpoints changes with its text. A copy judges
// each by who hosts the record at its size, as the entries below it say: never
// by the first text alone, and never by whoever is shown to be next before the
// entries that say so have been folded.

// entitled are the keys that may sign a checkpoint of a size, as far as a fold
// knows. Whoever recorded the entry that ends its own term also signs the
// checkpoint that shows that entry, or nobody could learn of it: nothing is ever
// final by it.
func entitled(f *record.Fold, size int64) []statement.PublicKey {
	e := f.EraAt(size)
	keys := e.Keys
	if e.From > 0 && e.From == size {
		keys = append(keys, f.EraAt(size-1).Keys...)
	}
	return keys
}

// hostsAt are whose they are, in the same order.
func hostsAt(f *record.Fold, size int64) []agreement.Name {
	e := f.EraAt(size)
	names := e.Hosts
	if e.From > 0 && e.From == size {
		names = append(names, f.EraAt(size-1).Hosts...)
	}
	return names
}

// ever are all keys that have been of a host of the record.
func ever(f *record.Fold) (keys []statement.PublicKey) {
	for _, e := range f.Eras() {
		keys = append(keys, e.Keys...)
	}
	return keys
}

// entitled is for who does not hold f.mu.
func (f *Follower) entitled(size int64) []statement.PublicKey {
	f.mu.RLock()
	defer f.mu.RUnlock()
	return entitled(f.fold, size)
}

// unsigned reads a checkpoint of this record whose signature is still to be judged.
func (f *Follower) unsigned(note []byte) (statement.Checkpoint, error) {
	n, err := statement.ParseNote(note)
	if err != nil {
		return statement.Checkpoint{}, err
	}
	c, err := statement.ParseCheckpoint(n.Text)
	if err == nil && c.Origin != f.origin {
		err = fmt.Errorf("%w: it is of %q, want %q", statement.ErrOrigin, c.Origin, f.origin)
	}
	return c, err
}

// signed is nil if a checkpoint's note is signed by who hosts the record at its
// size; f.moving or f.mu is held.
func (f *Follower) signed(note []byte, size int64) error {
	_, _, err := statement.OpenCheckpoint(note, f.origin, entitled(f.fold, size)...)
	return err
}

// bare is a checkpoint's note with the line alone of who hosts the record at its size.
func (f *Follower) bare(note []byte, size int64) ([]byte, error) {
	n, err := statement.ParseNote(note)
	if err != nil {
		return nil, err
	}
	line, _, ok := statement.LogLine(n, f.origin, entitled(f.fold, size)...)
	if !ok {
		return nil, errors.New("the head shown is not signed")
	}
	return statement.NewNote(n.Text, n.Sigs[line])
}

// An EndedError says that the signer of a head hosts the record no more: what
// it appended after its term is not taken. Ask who hosts it now.
type EndedError struct {
	Size int64 // of the record when its term ended
	Next string
}

func (e *EndedError) Error() string {
	return fmt.Sprintf("the host that signed the head shown hosts the record no more since entry %d, which names %s: what it appended afterwards is not of this record", e.Size-1, e.Next)
}

func ended(err error) bool {
	_, is := errors.AsType[*EndedError](err)
	return is
}

// turns is whether an entry may change who hosts or witnesses the record.
func turns(j *record.Judged) bool {
	if j.Proof != nil {
		return true
	}
	if j.Statement == nil {
		return false
	}
	kind := j.Statement.Body.Kind()
	return kind == statement.KindAmend || kind == statement.KindRenounce
}

// grow folds entries below a head, as long as its signer hosts the record.
func (f *Follower) grow(entries [][]byte, size int64, note []byte) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	n, err := statement.ParseNote(note)
	if err != nil {
		return err
	}
	for _, l := range f.fold.Ring().Look(entries...) {
		if j := f.fold.AppendLook(l); !turns(j) || f.fold.Size() == size {
			continue
		}
		if _, _, ok := statement.LogLine(n, f.origin, f.fold.LogKeys()...); !ok {
			f.news()
			return &EndedError{Size: f.fold.Size(), Next: string(f.fold.Hosts()[0])}
		}
	}
	return nil
}

// trials are attempts to follow a head whose signer was not known.
type trials struct {
	again time.Time // no other before
	pause time.Duration
}

// ErrUnknownHost says that a head is signed by nobody whom the texts in force
// below it name.
var ErrUnknownHost = errors.New("nobody whom the record names as its host signed it")

// approach goes forward towards a head that nobody signed who hosts the record
// as far as this copy goes. An amendment further on may name its signer. So the
// entries below the head are folded on trial, a bundle at a time, and taken
// when somebody vouches for them whom the record itself names: a host and a
// quorum, in a proof of time among them, or the head's signer, once it is
// named. Strangers can make neither. They can copy the true record and append to
// it, and what is fetched of that is bounded. It gives whether the copy moved.
func (f *Follower) approach(ctx context.Context, c statement.Checkpoint, note []byte) (bool, error) {
	switch {
	case c.Size > f.limits.Entries:
		return false, fmt.Errorf("%w: its head claims %d entries, the limit is %d; nothing was fetched", ErrTooLarge, c.Size, f.limits.Entries)
	case time.Now().Before(f.trials.again):
		return false, fmt.Errorf("%w; another such was followed in vain a moment ago", ErrUnknownHost)
	}
	before := f.fold.Size()
	err := f.follow(ctx, c, note)
	switch {
	case errors.Is(err, ErrUnknownHost):
		f.trials.pause = min(max(2*f.trials.pause, trialFirst), trialMost)
		f.trials.again = time.Now().Add(f.trials.pause)
	case err == nil:
		f.trials = trials{}
	}
	return f.fold.Size() > before, err
}

func (f *Follower) follow(ctx context.Context, c statement.Checkpoint, note []byte) error {
	n, err := statement.ParseNote(note)
	if err != nil {
		return err
	}
	tree := authentic(ctx, f.client, c)
	if err := f.extends(tree, c); err != nil {
		return err
	}
	trial, err := f.again(f.fold.Size())
	if err != nil {
		return err
	}
	var held [][]byte // folded on trial, and vouched for by nobody yet
	var bytes, fetched int64
	for trial.Size() < c.Size {
		at := trial.Size()
		size, err := f.fetchTile(ctx, tree, at/tileWidth, c)
		if err != nil {
			return err
		}
		if fetched += size; fetched > f.limits.Bytes {
			return fmt.Errorf("%w: its entries have more than %d bytes", ErrTooLarge, f.limits.Bytes)
		}
		entries, err := f.stored(at, c.Size)
		if err != nil {
			return err
		}
		for i, l := range trial.Ring().Look(entries...) {
			j, e := trial.AppendLook(l), entries[i]
			held, bytes = append(held, e), bytes+int64(len(e))
			if !turns(j) {
				continue
			}
			_, _, named := statement.LogLine(n, f.origin, trial.LogKeys()...)
			if p := j.Proof; p != nil && p.Head.Size > f.fold.Size() {
				more := p.Head.Size - f.fold.Size()
				f.adopt(held[:more])
				held, bytes = held[more:], sizeOf(held[more:])
				if err := f.vouched(p); err != nil {
					return err
				}
			}
			if named {
				f.adopt(held)
				return nil
			}
		}
		if int64(len(held)) > f.limits.Trial || bytes > f.limits.TrialBytes {
			return fmt.Errorf("%w, in the %d entries on from entry %d that were looked at", ErrUnknownHost, len(held), f.fold.Size())
		}
		f.progress(trial.Size(), c.Size)
	}
	return fmt.Errorf("%w, up to its %d entries", ErrUnknownHost, c.Size)
}

func sizeOf(entries [][]byte) (n int64) {
	for _, e := range entries {
		n += int64(len(e))
	}
	return n
}

// extends is nil if the tree of a head has the copy for its beginning. Nobody
// whom the record knows has signed that head: a contradiction proves nothing.
func (f *Follower) extends(tree tlog.HashReader, c statement.Checkpoint) error {
	size, want := f.head.Size, f.head.Root
	if f.fold.Size() > size {
		size, want = f.fold.Size(), f.fold.Root()
	}
	if size == 0 {
		return nil
	}
	root, err := tlog.TreeHash(size, tree)
	if err != nil {
		return fmt.Errorf("%w (size %d; its hash tiles: %w): ask again, or another mirror", ErrInconsistent, c.Size, err)
	}
	if root != want {
		return fmt.Errorf("%w, and it does not continue the %d entries that are here", ErrUnknownHost, size)
	}
	return nil
}

// again is a second fold of the first size entries, from the folder.
func (f *Follower) again(size int64) (*record.Fold, error) {
	fold, err := record.NewFold(f.agreement)
	if err != nil {
		return nil, err
	}
	fold.ReadFrom(&kept{f: f})
	return fold, f.refold(fold, size)
}

// refold appends what is in the folder to a fold, up to size entries.
func (f *Follower) refold(fold *record.Fold, size int64) error {
	for fold.Size() < size {
		entries, err := f.stored(fold.Size(), size)
		if err != nil {
			return err
		}
		for _, l := range fold.Ring().Look(entries...) {
			fold.AppendLook(l)
		}
	}
	return nil
}

// adopt takes entries that were vouched for below a head that is still to come.
// Their bundles are in the folder, perhaps with more after them.
func (f *Follower) adopt(entries [][]byte) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, l := range f.fold.Ring().Look(entries...) {
		f.fold.AppendLook(l)
	}
	f.news()
}

// vouched keeps the checkpoint of a proof of time as the head: a host and a
// quorum, both named by the record, signed it, so it need not come from the host.
func (f *Follower) vouched(p *record.Proof) error {
	if p.Head.Size <= f.head.Size {
		return nil
	}
	note, err := f.bare(p.Note, p.Head.Size)
	if err != nil {
		return err
	}
	return f.arrive(statement.Checkpoint{Origin: f.origin, Size: p.Head.Size, Root: p.Head.Root}, note)
}

// abreast has the fold go back to the head seen if it went on past it, and a head
// shown now leaves out what it took: a host whose term ended may have recorded
// its end otherwise than who came after it.
func (f *Follower) abreast(ctx context.Context, c statement.Checkpoint) error {
	size := f.fold.Size()
	if size <= f.head.Size || c.Size <= f.head.Size {
		return nil
	}
	var root tlog.Hash
	var err error
	want := c.Root
	if c.Size <= size {
		root, err = f.fold.RootAt(c.Size)
	} else {
		want = f.fold.Root()
		root, err = tlog.TreeHash(size, authentic(ctx, f.client, c))
	}
	if err != nil {
		return fmt.Errorf("%w (size %d; its hash tiles: %w): ask again, or another mirror", ErrInconsistent, c.Size, err)
	}
	if root == want {
		return nil
	}
	fold, err := f.again(f.head.Size)
	if err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.fold = fold
	f.news()
	return nil
}
