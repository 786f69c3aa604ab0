package mirror

import (
	"context"
	"errors"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"

	"detente/agreement"
	"detente/internal/durable"
	"detente/record"
	"detente/statement"
)

// A Fork is two contradicting histories of the record that were shown to this
// copy, as its folder keeps the evidence: what it had seen, and what was shown.
type Fork struct {
	Folder      string // with the evidence
	Seen, Shown Witnessed
	Both        []agreement.Name // who signed both: a host, then witnesses
}

// A Witnessed is one of the two: the largest of its checkpoints that is kept.
type Witnessed struct {
	Head      statement.Head
	Host      agreement.Name   // who signed it
	Witnesses []agreement.Name // who cosigned it
	Quorum    bool
}

// Quorums is whether a quorum cosigned each history: then more witnesses lied, or
// were restored from copies, than the agreement allows for, and everything holds.
func (f *Fork) Quorums() bool { return f.Seen.Quorum && f.Shown.Quorum }

// The cosigned checkpoints beside the heads of a case, if there were any.
const (
	seenFinal  = "seen-final"
	shownFinal = "shown-final"
)

// Forks are the forks that the folder holds, judged by who hosted and witnessed
// the record at each size as far as the copy goes.
func (f *Follower) Forks() (all []Fork, err error) {
	dir := filepath.Join(f.dir, "evidence")
	names, err := f.fs.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	f.mu.RLock()
	defer f.mu.RUnlock()
	slices.Sort(names)
	for _, name := range names {
		if strings.HasPrefix(name, olderPrefix) {
			continue
		}
		k := Fork{Folder: filepath.Join(dir, name)}
		if !f.witnessed(&k.Shown, k.Folder, "shown", shownFinal) || !f.witnessed(&k.Seen, k.Folder, "seen") {
			continue // a crash left it half written; it is written again when it is shown again
		}
		f.seenFinal(&k)
		if k.Seen.Host == k.Shown.Host && k.Seen.Host != "" {
			k.Both = append(k.Both, k.Seen.Host)
		}
		for _, w := range k.Seen.Witnesses {
			if slices.Contains(k.Shown.Witnesses, w) {
				k.Both = append(k.Both, w)
			}
		}
		all = append(all, k)
	}
	return all, nil
}

// seenFinal takes the cosigned checkpoint that was seen in place of the head, if
// it contradicts what was shown: one that is smaller than both may be of both.
func (f *Follower) seenFinal(k *Fork) {
	var w Witnessed
	if f.witnessed(&w, k.Folder, seenFinal) && len(w.Witnesses) > len(k.Seen.Witnesses) && (w.Head == k.Seen.Head || w.Head.Size >= k.Shown.Head.Size) {
		k.Seen = w
	}
}

// witnessed reads one side of a case, its cosigned checkpoint before its head.
func (f *Follower) witnessed(w *Witnessed, dir string, names ...string) (found bool) {
	for _, name := range names {
		note, err := durable.ReadFile(f.fs, filepath.Join(dir, name), statement.MaxNote)
		if err != nil {
			continue
		}
		c, err := f.unsigned(note)
		if err != nil {
			continue
		}
		n, err := statement.ParseNote(note)
		if err != nil {
			continue
		}
		lines, err := cosigners(f.fold.EraAt(c.Size), n)
		if err != nil || found && len(lines) <= len(w.Witnesses) {
			continue
		}
		*w, found = Witnessed{Head: c.Head()}, true
		if _, key, ok := statement.LogLine(n, f.origin, entitled(f.fold, c.Size)...); ok {
			w.Host = hostsAt(f.fold, c.Size)[slices.Index(entitled(f.fold, c.Size), key)]
		}
		for _, l := range lines {
			w.Witnesses = append(w.Witnesses, l.Witness)
		}
		_, err = f.fold.CosignedAt(c.Size, note)
		w.Quorum = err == nil
	}
	return found
}

// askWitnessed adds to the evidence of a fork what of the history that was shown
// a quorum cosigned, if its host shows that.
func (f *Follower) askWitnessed(ctx context.Context, e *DivergenceError) {
	if !e.Fork || e.Evidence == "" {
		return
	}
	note, err := f.client.Checkpoint(ctx, -1)
	if err != nil {
		return
	}
	c, err := f.unsigned(note)
	ours := false
	f.With(func(fold *record.Fold) {
		root, err := fold.RootAt(c.Size)
		ours = err == nil && root == c.Root
	})
	if err == nil && !ours && c.Size <= e.Shown.Size {
		// Without it the case is what it was.
		_ = durable.WriteFile(f.fs, filepath.Join(e.Evidence, shownFinal), note)
	}
}
