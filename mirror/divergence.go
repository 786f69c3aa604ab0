package mirror

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"detente/internal/durable"
	"detente/statement"

	"golang.org/x/mod/sumdb/tlog"
)

// A DivergenceError says that what was shown is not a continuation of what
// this mirror saw: the depositary shows an older or a different record. If it is
// a Fork it is a verdict, backed by two signed checkpoints kept under Evidence,
// and whoever follows the record ends. An older head proves nothing against
// anybody: it is kept and said, nothing of it is taken, and the following goes on.
type DivergenceError struct {
	Origin string
	Seen   statement.Head // the largest head seen before
	Shown  statement.Head
	// Fork says that the two heads cannot be of one record and that one key, or
	// a quorum, signed both: it lied. Without it the head shown is only older, or
	// one that another depositary of the record signed.
	Fork     bool
	Evidence string // the folder with both checkpoints; empty if it could not be written
}

func (e *DivergenceError) Error() string {
	s := fmt.Sprintf("this record showed size %d before, now %d: the depositary shows an older or different record (seen before: root %s; shown now: root %s)",
		e.Seen.Size, e.Shown.Size, e.Seen.Root, e.Shown.Root)
	if e.Fork {
		s = fmt.Sprintf("this record forked: size %d with root %s was shown before, now size %d with root %s, and they cannot be of one record: the depositary signed two histories",
			e.Seen.Size, e.Seen.Root, e.Shown.Size, e.Shown.Root)
	}
	if e.Evidence != "" {
		s += "; evidence is in " + e.Evidence
	}
	return s
}

// ErrInconsistent says that entries do not hash to the checkpoint that is
// served beside them. It proves nothing: the answers may only have been damaged.
var ErrInconsistent = errors.New("the entries served do not give the root of the checkpoint served")

// diverge keeps the evidence and makes the verdict.
func (f *Follower) diverge(shown statement.Checkpoint, note []byte, fork bool, proof tlog.TreeProof, root tlog.Hash) error {
	// Of two depositaries, each signing for itself, nobody has lied yet: one that
	// goes on with a record may lack what the other never had cosigned.
	fork = fork && (f.signerOf(f.headNote) == f.signerOf(note) || f.final.proof != nil && f.final.proof.Head.Size >= shown.Size)
	e := &DivergenceError{Origin: f.origin, Seen: f.head.Head(), Shown: shown.Head(), Fork: fork}
	var why strings.Builder
	fmt.Fprintf(&why, "%s\n\nseen: the checkpoint that this mirror had seen.\nshown: the checkpoint shown afterwards.\n", e)
	if proof != nil {
		fmt.Fprintf(&why, "\nThe first %d entries below the checkpoint shown have the root\n%s\nby this consistency proof (RFC 6962, 2.1.2):\n", f.head.Size, root)
		for _, h := range proof {
			fmt.Fprintf(&why, "%s\n", h)
		}
	}
	files := map[string][]byte{"seen": f.headNote, "shown": note, "reason.txt": []byte(why.String())}
	if f.final.note != nil {
		files[seenFinal] = f.final.note
	}
	dir, err := f.keepEvidence(fork, digestOf(append(append([]byte{}, f.headNote...), note...)).String()[:16], files)
	if err != nil {
		return errors.Join(e, fmt.Errorf("keeping the evidence: %w", err))
	}
	e.Evidence = dir
	return e
}

// signerOf is the depositary's key that signed a checkpoint; f.mu or f.moving is
// held.
func (f *Follower) signerOf(note []byte) (key statement.PublicKey) {
	if n, err := statement.ParseNote(note); err == nil {
		_, key, _ = statement.LogLine(n, f.origin, ever(f.fold)...)
	}
	return key
}

// caseFiles are those that every case has; the last is written last.
var caseFiles = []string{"seen", "shown", "reason.txt"}

// olderPrefix begins the names of cases that prove no fork.
const olderPrefix = "older-"

func (f *Follower) keepEvidence(fork bool, name string, files map[string][]byte) (string, error) {
	all := filepath.Join(f.dir, "evidence")
	if err := durable.MkdirAll(f.fs, all); err != nil {
		return "", err
	}
	kept, err := f.fs.ReadDir(all)
	if err != nil {
		return "", err
	}
	if !fork {
		name = olderPrefix + name
	}
	dir, older := filepath.Join(all, name), 0
	for _, k := range kept {
		if k == name {
			if files, err := f.fs.ReadDir(dir); err == nil && slices.Contains(files, caseFiles[len(caseFiles)-1]) {
				return dir, nil
			}
			continue // a crash left it half written
		}
		if strings.HasPrefix(k, olderPrefix) {
			older++
		}
	}
	if len(kept) >= maxEvidence || !fork && older >= maxOlder {
		return "", fmt.Errorf("%s holds %d cases already", all, len(kept))
	}
	if err := durable.MkdirAll(f.fs, dir); err != nil {
		return "", err
	}
	order := caseFiles
	if files[seenFinal] != nil {
		order = append([]string{seenFinal}, order...)
	}
	for _, name := range order {
		if err := durable.WriteFile(f.fs, filepath.Join(dir, name), files[name]); err != nil {
			return "", err
		}
	}
	return dir, nil
}

// explain finds out why new entries do not lead from the head seen to the head
// shown: with authenticated hash tiles a fork is proved; without, nothing is.
func (f *Follower) explain(ctx context.Context, shown statement.Checkpoint, note []byte) error {
	if err := f.continues(authentic(ctx, f.client, shown), shown, note); err != nil {
		return err
	}
	return fmt.Errorf("%w (size %d, though its hash tiles do): ask again, or another mirror", ErrInconsistent, shown.Size)
}
