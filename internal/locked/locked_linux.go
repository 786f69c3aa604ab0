package locked

import (
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// allocate maps three or more pages: nothing may touch the first and the last;
// the data ends where the last begins.
func (b *Buffer) allocate(n int) error {
	page := os.Getpagesize()
	inner := (n + page - 1) / page * page
	region, err := unix.Mmap(-1, 0, inner+2*page, unix.PROT_NONE, unix.MAP_ANON|unix.MAP_PRIVATE)
	if err != nil {
		return fmt.Errorf("locked memory: mapping: %w", err)
	}
	data := region[page : page+inner]
	if err := protect(data); err != nil {
		return errors.Join(err, unix.Munmap(region))
	}
	b.region, b.data = region, data[inner-n:inner:inner]
	return nil
}

func protect(data []byte) error {
	if err := unix.Mprotect(data, unix.PROT_READ|unix.PROT_WRITE); err != nil {
		return fmt.Errorf("locked memory: %w", err)
	}
	if err := unix.Mlock(data); err != nil {
		return fmt.Errorf("locked memory: %w%s", err, limit())
	}
	for _, advice := range []int{unix.MADV_DONTDUMP, unix.MADV_DONTFORK} {
		if err := unix.Madvise(data, advice); err != nil {
			return errors.Join(fmt.Errorf("locked memory: %w", err), unix.Munlock(data))
		}
	}
	return nil
}

// limit says what is in the way, if it is the limit on locked memory.
func limit() string {
	var r unix.Rlimit
	if unix.Getrlimit(unix.RLIMIT_MEMLOCK, &r) != nil || r.Cur == unix.RLIM_INFINITY {
		return ""
	}
	return fmt.Sprintf("; this process may lock %d KiB (ulimit -l): allow it at least 64 KiB, with systemd by LimitMEMLOCK=", r.Cur/1024)
}

func (b *Buffer) release() {
	if b.region == nil {
		return
	}
	// Nothing can be done about an error here, and the secret is overwritten.
	unix.Munmap(b.region)
	b.region = nil
}

// Harden forbids core dumps of this process, and other processes of the same
// user to read its memory or to attach to it. It cannot be taken back.
func Harden() error {
	if err := unix.Setrlimit(unix.RLIMIT_CORE, &unix.Rlimit{}); err != nil {
		return fmt.Errorf("forbidding core dumps: %w", err)
	}
	if err := unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0); err != nil {
		return fmt.Errorf("forbidding core dumps: %w", err)
	}
	return nil
}
