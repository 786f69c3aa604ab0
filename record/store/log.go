package store

import (
	"context"
	"fmt"
	"sync"

	"golang.org/x/mod/sumdb/tlog"

	"detente/statement"
)

// A Log is one record in a store. Its methods may be called concurrently; all
// of them see only what is durable. It costs about a kilobyte while idle.
type Log struct {
	s      *Store
	origin string
	dir    string

	// files is held for reading while the tail file or tiles are read, and for
	// writing while the flusher replaces the tail file. It is taken before mu.
	files sync.RWMutex

	mu         sync.RWMutex
	head       statement.Head // published
	checkpoint []byte         // signed, of head
	flushed    int64          // size of the tail file; smaller entries are in files
	packs      packs          // where those of full bundles are
	edge       *edge          // as the committer staged it; nil: it is that of the tail file
	fresh      [][]byte       // entries from index flushed on
	rewrite    bool           // the tail file may not be durable, and must be written anew
	broken     error          // nothing is appended any more

	notes        []cosigned // published, not flushed
	notesFlushed uint32
	noteNext     uint32 // ordinal of the next note staged
	latest       cosigned
	changed      chan struct{} // closed at the next change; nil if nobody waits
}

// Origin names the record.
func (l *Log) Origin() string { return l.origin }

// Append puts an entry at the end of the record. expect is the size that the
// record must have (a *ConflictError tells of another), or -1 for any. When it
// returns without error the entry is durable at the index, in a tree with this
// head, whose checkpoint is signed. The entry must not be changed meanwhile.
func (l *Log) Append(ctx context.Context, entry []byte, expect int64) (index int64, head statement.Head, err error) {
	return l.AppendAll(ctx, [][]byte{entry}, expect)
}

// AppendAll appends several entries at consecutive indexes, all or none. index
// is that of the first.
func (l *Log) AppendAll(ctx context.Context, entries [][]byte, expect int64) (index int64, head statement.Head, err error) {
	if len(entries) == 0 || expect < -1 {
		return 0, head, fmt.Errorf("appending to %s: %d entries at size %d were asked for", l.origin, len(entries), expect)
	}
	r := &request{log: l, entries: entries, expect: expect}
	if err := l.s.submit(ctx, r); err != nil {
		if _, ok := err.(*ConflictError); ok {
			return 0, head, err
		}
		return 0, head, fmt.Errorf("appending to %s: %w", l.origin, err)
	}
	return r.index, r.head, nil
}

// Head is the size and root of what is durable.
func (l *Log) Head() statement.Head {
	l.mu.RLock()
	defer l.mu.RUnlock()
	return l.head
}

// Checkpoint is the signed note of Head, without cosignatures. It must not be
// changed.
func (l *Log) Checkpoint() []byte {
	l.mu.RLock()
	defer l.mu.RUnlock()
	return l.checkpoint
}

// Changed returns a channel that is closed at the next change of the head or of
// the cosigned checkpoints. Take it before looking at them.
func (l *Log) Changed() <-chan struct{} {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.changed == nil {
		l.changed = make(chan struct{})
	}
	return l.changed
}

// RootAt is the root of the first size entries.
func (l *Log) RootAt(size int64) (tlog.Hash, error) {
	head := l.Head()
	switch {
	case size == 0:
		return tlog.Hash{}, nil
	case size == head.Size:
		return head.Root, nil
	case size < 0 || size > head.Size:
		return tlog.Hash{}, fmt.Errorf("root of size %d of %s: %w, its size is %d", size, l.origin, ErrNotFound, head.Size)
	}
	return tlog.TreeHash(size, l.HashReader())
}
