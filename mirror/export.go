package mirror

import (
	"context"
	"errors"
	"fmt"

	"detente/agreement"
	"detente/record"
)

// ErrNotFinal says that no quorum has cosigned anything of the record yet.
var ErrNotFinal = errors.New("nothing of this record is final yet: wait for a quorum of witnesses")

// Export is the record up to its newest final checkpoint, with every batch of
// manifests that its statements name, as one `.detente` container. Batches not
// kept here are fetched; one that nobody has is left out and named in missing,
// for a record must not become unreadable because somebody hides a batch.
func (f *Follower) Export(ctx context.Context) (container []byte, missing []agreement.Digest, err error) {
	f.mu.RLock()
	p, note := f.final.proof, f.final.note
	var batches []agreement.Digest
	if p != nil {
		batches = f.fold.Batches(0, p.Head.Size)
	}
	f.mu.RUnlock()
	if p == nil {
		return nil, nil, ErrNotFinal
	}
	var objects [][]byte
	for _, d := range batches {
		b, err := f.Object(ctx, d)
		if errors.Is(err, ErrNotFound) {
			missing = append(missing, d)
			continue
		}
		if err != nil {
			return nil, nil, fmt.Errorf("exporting: %w", err)
		}
		objects = append(objects, b)
	}
	var e *record.Export
	f.With(func(fold *record.Fold) { e, err = fold.Export(f.bundle, note, objects...) })
	if err != nil {
		return nil, nil, err
	}
	container, err = e.Bytes()
	return container, missing, err
}
