package witness

import (
	"errors"
	"io/fs"
	"path/filepath"
	"strings"
	"sync"

	"detente/agreement"
	"detente/internal/durable"
	"detente/statement"

	"golang.org/x/mod/sumdb/tlog"
)

// A log is what the witness knows of one origin.
type log struct {
	origin string
	keys   []statement.PublicKey // any of which may sign: the depositary's, its declared successors'
	dir    string

	mu    sync.Mutex
	head  head
	stale bool // the last write failed: the file may hold the old head or the new
}

// A head is the largest checkpoint cosigned, and when it was cosigned last.
type head struct {
	statement.Checkpoint
	time agreement.Instant
	note []byte // with the log's and this witness's lines; nil before the first
}

// emptyHead is where every log starts.
func emptyHead(origin string) head {
	root, _ := tlog.TreeHash(0, nil) // reads nothing for size 0
	return head{Checkpoint: statement.Checkpoint{Origin: origin, Root: root}}
}

// The file "log" of a folder: a line with the origin, and one for each key.
const (
	originPrefix = "origin "
	keyPrefix    = "key "
	maxLogFile   = 8 << 10 // bytes: short lines, one for each depositary of a text
)

func (l *log) file() []byte {
	b := []byte(originPrefix + l.origin + "\n")
	for _, key := range l.keys {
		b = append(b, keyPrefix+key.String()+"\n"...)
	}
	return b
}

// noHead is what the file "head" holds before the first cosignature. A head that
// is gone is thereby told from one that never was: whoever took the one for the
// other would cosign another history from its beginning.
const noHead = "nothing cosigned yet\n"

// loadLog reads a log's folder; nil if its registration was cut short.
func (w *Witness) loadLog(dir string) (*log, error) {
	name := filepath.Join(dir, "log")
	b, err := durable.ReadFile(w.cfg.FS, name, maxLogFile)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, w.unregistered(dir, name)
	}
	if err != nil {
		return nil, err
	}
	l := &log{dir: dir}
	lines := strings.Split(string(b), "\n")
	l.origin = strings.TrimPrefix(lines[0], originPrefix)
	for _, line := range lines[1:max(len(lines)-1, 1)] {
		key, bad := statement.ParsePublicKey(strings.TrimPrefix(line, keyPrefix))
		l.keys, err = append(l.keys, key), errors.Join(err, bad)
	}
	if err != nil || len(l.keys) == 0 || string(l.file()) != string(b) {
		return nil, &durable.DamagedError{Name: name, Why: errors.New("want a line origin and lines key"), Mend: mendLog}
	}
	l.head, err = w.loadHead(l)
	return l, err
}

const mendLog = "restore this file alone from a copy, and nothing else of the folder"

// unregistered looks that a folder without the file "log" is of a registration
// that was cut short, before which nothing can have been cosigned.
func (w *Witness) unregistered(dir, name string) error {
	b, err := durable.ReadFile(w.cfg.FS, filepath.Join(dir, "head"), statement.MaxNote)
	if err == nil && string(b) != noHead {
		err = &durable.DamagedError{Name: name, Why: errors.New("it is missing, and there is a head beside it"), Mend: mendLog}
	}
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// loadHead reads the head back. Both signatures must verify, so neither decay
// nor another program can move a witness back.
func (w *Witness) loadHead(l *log) (head, error) {
	name := filepath.Join(l.dir, "head")
	note, err := durable.ReadFile(w.cfg.FS, name, statement.MaxNote)
	if errors.Is(err, fs.ErrNotExist) {
		return head{}, damaged(name, errors.New("it is missing"))
	}
	if err != nil {
		return head{}, err
	}
	if string(note) == noHead {
		return emptyHead(l.origin), nil
	}
	c, n, err := statement.OpenCheckpoint(note, l.origin, l.keys...)
	if err != nil {
		return head{}, damaged(name, err)
	}
	for _, sig := range n.Sigs {
		if !w.key.Made(sig) {
			continue
		}
		t, err := w.key.VerifyCosignature(n.Text, sig)
		if err != nil {
			return head{}, damaged(name, err)
		}
		return head{Checkpoint: c, time: t, note: note}, nil
	}
	return head{}, damaged(name, errors.New("no cosignature of this witness's key"))
}

func damaged(name string, err error) error {
	return &durable.DamagedError{Name: name, Why: err, Mend: "this witness no longer knows what it cosigned: replace it by one with a new key, and never restore it from a copy"}
}

// store makes h the head, on disk and then here.
func (w *Witness) store(l *log, h head) error {
	if err := durable.WriteFile(w.cfg.FS, filepath.Join(l.dir, "head"), h.note); err != nil {
		l.stale = true
		return err
	}
	l.head = h
	return nil
}

// refresh makes sure that the head here is the one on disk.
func (w *Witness) refresh(l *log) error {
	if !l.stale {
		return nil
	}
	h, err := w.loadHead(l)
	if err != nil {
		return err
	}
	// What was read may not be on the disk yet (the failed write was of this
	// very file), so it is written anew before anything is built on it.
	if h.note != nil {
		if err := durable.WriteFile(w.cfg.FS, filepath.Join(l.dir, "head"), h.note); err != nil {
			return err
		}
	}
	l.head, l.stale = h, false
	return nil
}
