package store

import (
	"slices"
	"sync"

	"golang.org/x/mod/sumdb/tlog"
)

// A bundle is flushed entries read from a file, and what the tree has for them.
type bundle struct {
	log     *Log
	n       int64
	entries [][]byte
	leaves  []tlog.Hash // authenticated
	bytes   int
}

// A recent holds the bundles last read, so that reading entry after entry reads
// each file, and authenticates its hashes, once. Entries never change, so what
// it holds cannot become wrong.
type recent struct {
	mu    sync.Mutex
	list  []*bundle // the last used first
	bytes int
}

// get returns a bundle of at least so many entries, or nil.
func (c *recent) get(l *Log, n int64, width int) *bundle {
	c.mu.Lock()
	defer c.mu.Unlock()
	i := slices.IndexFunc(c.list, func(b *bundle) bool { return b.log == l && b.n == n })
	if i < 0 || len(c.list[i].entries) < width {
		return nil
	}
	b := c.list[i]
	copy(c.list[1:], c.list[:i])
	c.list[0] = b
	return b
}

// put keeps a bundle, in place of a shorter one if there is one.
func (c *recent) put(b *bundle) {
	for _, e := range b.entries {
		b.bytes += len(e)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.list = slices.DeleteFunc(c.list, func(old *bundle) bool {
		same := old.log == b.log && old.n == b.n
		if same {
			c.bytes -= old.bytes
		}
		return same
	})
	c.list = slices.Insert(c.list, 0, b)
	c.bytes += b.bytes
	for len(c.list) > maxRecent || len(c.list) > 1 && c.bytes > maxRecentBytes {
		last := len(c.list) - 1
		c.bytes -= c.list[last].bytes
		c.list = slices.Delete(c.list, last, last+1)
	}
}
