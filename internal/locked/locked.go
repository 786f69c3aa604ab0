package locked

import (
	"fmt"
	"runtime"
	"sync"
)

// MaxSize is the largest buffer in bytes: it is for keys, and the memory that a
// process may lock is often 64 KiB in all.
const MaxSize = 4096

// A Buffer is locked memory. The zero Buffer is empty.
type Buffer struct {
	mu     sync.Mutex
	data   []byte
	region []byte // what was mapped; nil where memory cannot be locked
	lost   runtime.Cleanup
}

// New is a buffer of n zero bytes. Free it.
func New(n int) (*Buffer, error) {
	if n < 1 || n > MaxSize {
		return nil, fmt.Errorf("locked memory: %d bytes, want 1 to %d", n, MaxSize)
	}
	b := &Buffer{}
	if err := b.allocate(n); err != nil {
		return nil, err
	}
	// A buffer that is lost is wiped all the same, though late. Its pages stay.
	b.lost = runtime.AddCleanup(b, func(data []byte) { clear(data) }, b.data)
	return b, nil
}

// Of moves a secret into a new buffer: the secret itself is overwritten, also
// if there is an error.
func Of(secret []byte) (*Buffer, error) {
	defer clear(secret)
	b, err := New(len(secret))
	if err != nil {
		return nil, err
	}
	copy(b.data, secret)
	return b, nil
}

// Bytes is the buffer's memory itself. It must not be used after Free.
func (b *Buffer) Bytes() []byte { return b.data }

// Locked is whether the memory is in fact locked here.
func (b *Buffer) Locked() bool { return b.region != nil }

// Free overwrites the buffer and gives it up; again is nothing.
func (b *Buffer) Free() {
	if b == nil {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.lost.Stop() // else it would write to pages that are gone
	clear(b.data)
	runtime.KeepAlive(b.data)
	b.data = nil
	b.release()
}

// Format keeps the content out of every message.
func (b *Buffer) Format(f fmt.State, _ rune) { fmt.Fprintf(f, "locked memory, %d bytes", len(b.data)) }
