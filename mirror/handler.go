package mirror

import (
	"context"
	"fmt"
	"net/http"

	"detente/agreement"
	"detente/record"

	"golang.org/x/mod/sumdb/tlog"
)

// Handler serves the copy as the depositary serves the record: under the
// agreement's id, checkpoint, head, tile/..., bundle and object/<hex>. What is
// sent to others was verified here; they verify it again. A private record is
// served to those who may read it.
func (f *Follower) Handler() http.Handler {
	mux := http.NewServeMux()
	prefix := "/" + f.agreement.ID.String()
	mux.Handle(prefix+"/", http.StripPrefix(prefix, Serve(shelf{f})))
	return f.guard(mux, nil)
}

// shelf is a follower's copy as a Shelf.
type shelf struct{ f *Follower }

func (s shelf) Head() ([]byte, int64) {
	head, note := s.f.Head()
	return note, head.Size
}

func (s shelf) Final() ([]byte, int64) {
	if size, note := s.f.Final(); note != nil {
		return note, size
	}
	return s.Head()
}

func (s shelf) Changed() <-chan struct{} { return s.f.Changed() }

func (s shelf) Bundle() []byte { return s.f.archive }

func (s shelf) Object(_ context.Context, d agreement.Digest) ([]byte, error) {
	return s.f.localObject(d)
}

func (s shelf) Tile(path string) (b []byte, err error) {
	t, err := parseTilePath(path)
	if err != nil {
		return nil, err
	}
	s.f.With(func(fold *record.Fold) { b, err = readTile(fold, t) })
	return b, err
}

// readTile makes a tile of a fold, which keeps every hash and entry.
func readTile(fold *record.Fold, t tlog.Tile) ([]byte, error) {
	first, width := t.N*tileWidth, int64(t.W)
	have := fold.Size()
	for range max(t.L, 0) {
		have /= tileWidth
	}
	if t.N > fold.Size() || first+width > have {
		return nil, fmt.Errorf("%s: %w: the size is %d", tilePath(t), ErrNotFound, fold.Size())
	}
	if t.L != entryLevel {
		return tlog.ReadTileData(t, fold.HashReader())
	}
	entries := make([][]byte, width)
	for i := range entries {
		var err error
		if entries[i], err = fold.Bytes(first + int64(i)); err != nil {
			return nil, err
		}
	}
	return encodeEntries(entries), nil
}
