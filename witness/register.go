package witness

import (
	"errors"
	"fmt"
	"path/filepath"

	"detente/internal/durable"
	"detente/statement"
)

var errFull = errors.New("this witness has all the records it can hold")

// Add registers a log: from here on its checkpoints are cosigned. Adding it
// again changes nothing; another key for the same origin is refused.
func (w *Witness) Add(origin string, key statement.PublicKey) error {
	if !statement.ValidKeyName(origin) {
		return fmt.Errorf("registering a log: %q cannot be an origin", origin)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.lock == nil {
		return errors.New("registering a log: the witness is closed")
	}
	hash := hashOf(origin)
	if l, ok := w.logs[hash]; ok {
		if l.key != key {
			return fmt.Errorf("registering a log: %q is registered with another key", origin)
		}
		return nil
	}
	if len(w.logs) >= maxLogs {
		return errFull
	}
	l := &log{origin: origin, key: key, dir: filepath.Join(w.cfg.Dir, "logs", hash), head: emptyHead(origin)}
	if err := durable.MkdirAll(w.cfg.FS, l.dir); err != nil {
		return fmt.Errorf("registering a log: %w", err)
	}
	if err := durable.WriteFile(w.cfg.FS, filepath.Join(l.dir, "log"), l.file()); err != nil {
		return fmt.Errorf("registering a log: %w", err)
	}
	w.logs[hash] = l
	return nil
}
