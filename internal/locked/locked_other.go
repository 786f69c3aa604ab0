//go:build !linux

package locked

// allocate takes ordinary memory: see the package's documentation.
func (b *Buffer) allocate(n int) error {
	b.data = make([]byte, n)
	return nil
}

func (b *Buffer) release() {}

// Harden does nothing here.
func Harden() error { return nil }
