package store

import (
	"errors"
	"fmt"

	"detente/statement"
)

var (
	// ErrNotFound says that a tile, entry or object is not there.
	ErrNotFound = errors.New("not found")

	// ErrExists says that a record of this origin exists.
	ErrExists = errors.New("record exists")

	// ErrStopped says that the store takes nothing more after a failed write.
	// Requests that fail with it may or may not be on the record: open the
	// store again and look.
	ErrStopped = errors.New("store has stopped")

	// ErrDamaged says that files of the store contradict themselves, each
	// other, or what was signed. The text says what to restore.
	ErrDamaged = errors.New("store is damaged")

	// ErrRollback says that a cosigned checkpoint shows more, or other,
	// entries than the store has: it lost acknowledged entries, or is an old
	// copy. Nothing is appended to that record any more.
	ErrRollback = errors.New("store shows less than was cosigned")
)

// A ConflictError refuses a compare-and-append: the record has moved on.
type ConflictError struct {
	Origin   string
	Expected int64          // the size the caller expected
	Head     statement.Head // a durable head after the conflict
}

// Error tells both sizes.
func (e *ConflictError) Error() string {
	return fmt.Sprintf("appending to %s: size %d was expected, it is %d: read on and decide again", e.Origin, e.Expected, e.Head.Size)
}

const restore = "move the folder store aside and rebuild its records from mirrors or exports, each with: detente restore --from MIRROR --dir FOLDER --key KEY"

func damaged(where, format string, args ...any) error {
	return fmt.Errorf("%w: %s: %s: %s", ErrDamaged, where, fmt.Sprintf(format, args...), restore)
}

func rollback(where, format string, args ...any) error {
	return fmt.Errorf("%w: %s: %s: %s", ErrRollback, where, fmt.Sprintf(format, args...), restore)
}
