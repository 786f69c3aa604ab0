package witness

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"path/filepath"
	"strings"

	"detente/internal/durable"
	"detente/internal/httpserve"
	"detente/statement"

	"golang.org/x/mod/sumdb/tlog"
)

// An Evidence is two checkpoints that one log signed and that contradict each
// other. Whoever has it and knows the log's key needs nobody's word.
type Evidence struct {
	Origin     string   `json:"origin"`
	Head       string   `json:"head"`       // the checkpoint that the witness cosigned, as a note
	Checkpoint string   `json:"checkpoint"` // the one that does not follow from it, as a note
	Proof      []string `json:"proof"`      // what came with that one as the consistency proof from Head's size
}

// ErrUnproven says that two checkpoints are signed by the log and do not, by
// themselves, prove that it forked.
var ErrUnproven = errors.New("the two checkpoints do not prove a fork by themselves")

// Check is nil if the evidence proves that whoever holds one of the log's keys
// forked it: two roots of one size, or a larger checkpoint whose own consistency
// proof shows another root for the first Head's size entries. It is ErrUnproven
// if not: the proof may be wrong, or, where Head's size is a power of two, leave
// that root out; the log's entries then decide.
func (e *Evidence) Check(keys ...statement.PublicKey) error {
	head, _, err := statement.OpenCheckpoint([]byte(e.Head), e.Origin, keys...)
	if err != nil {
		return fmt.Errorf("head: %w", err)
	}
	c, _, err := statement.OpenCheckpoint([]byte(e.Checkpoint), e.Origin, keys...)
	if err != nil {
		return fmt.Errorf("checkpoint: %w", err)
	}
	if c.Size == head.Size && c.Root != head.Root {
		return nil
	}
	if c.Size <= head.Size || len(e.Proof) > maxProof {
		return ErrUnproven
	}
	var proof tlog.TreeProof
	for _, line := range e.Proof {
		h, err := tlog.ParseHash(line)
		if err != nil {
			return fmt.Errorf("proof: %w", err)
		}
		proof = append(proof, h)
	}
	if shown, ok := prefixRoot(proof, c, head.Size); ok && shown != head.Root {
		return nil
	}
	return ErrUnproven
}

// prefixRoot is the root of c's first size entries that a consistency proof
// commits c to (RFC 9162, 2.1.4.2, without knowing the first root). It is not
// in the proof if size is a power of two.
func prefixRoot(proof tlog.TreeProof, c statement.Checkpoint, size int64) (root tlog.Hash, ok bool) {
	if size < 1 || size&(size-1) == 0 || len(proof) == 0 {
		return tlog.Hash{}, false
	}
	first, last := size-1, c.Size-1
	for first&1 == 1 {
		first, last = first>>1, last>>1
	}
	old, whole := proof[0], proof[0]
	for _, h := range proof[1:] {
		if last == 0 {
			return tlog.Hash{}, false
		}
		if first&1 == 1 || first == last {
			old, whole = tlog.NodeHash(h, old), tlog.NodeHash(h, whole)
			for first&1 == 0 && first != 0 {
				first, last = first>>1, last>>1
			}
		} else {
			whole = tlog.NodeHash(whole, h)
		}
		first, last = first>>1, last>>1
	}
	return old, last == 0 && whole == c.Root
}

// The names of the files in a log's folder: what proves a fork, and what may.
const (
	evidencePrefix = "evidence-"
	suspectPrefix  = "suspect-"
)

// keepEvidence stores a checkpoint that the log signed and that does not follow
// from the head, with both notes in one file. Those that prove nothing by
// themselves do not take the room of those that do.
func (w *Witness) keepEvidence(l *log, c statement.Checkpoint, req *request) error {
	e := Evidence{Origin: l.origin, Head: string(l.head.note), Checkpoint: string(req.note), Proof: []string{}}
	for _, h := range req.proof {
		e.Proof = append(e.Proof, base64.StdEncoding.EncodeToString(h[:]))
	}
	prefix, most := evidencePrefix, maxEvidence
	if err := e.Check(l.keys...); err != nil {
		prefix, most = suspectPrefix, maxSuspects
	}
	names, err := w.cfg.FS.ReadDir(l.dir)
	if err != nil {
		return err
	}
	for _, name := range names {
		if strings.HasPrefix(name, prefix) {
			most--
		}
	}
	if most <= 0 {
		return nil
	}
	b, err := json.Marshal(e)
	if err != nil {
		return err
	}
	err = durable.CreateFile(w.cfg.FS, filepath.Join(l.dir, fmt.Sprintf("%s%d-%x", prefix, c.Size, c.Root[:8])), append(b, '\n'))
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	return err
}

// Evidence is what proves, or may prove, that a registered log forked.
func (w *Witness) Evidence(origin string) (proves, suspects []Evidence, err error) {
	l := w.log(hashOf(origin))
	if l == nil {
		return nil, nil, fmt.Errorf("the log %q is not registered", origin)
	}
	return w.readEvidence(l)
}

func (w *Witness) readEvidence(l *log) (proves, suspects []Evidence, err error) {
	names, err := w.cfg.FS.ReadDir(l.dir)
	if err != nil {
		return nil, nil, err
	}
	proves, suspects = []Evidence{}, []Evidence{}
	for _, name := range names {
		if !strings.HasPrefix(name, evidencePrefix) && !strings.HasPrefix(name, suspectPrefix) {
			continue
		}
		b, err := durable.ReadFile(w.cfg.FS, filepath.Join(l.dir, name), maxEvidenceFile)
		if err != nil {
			return nil, nil, err
		}
		var e Evidence
		if err := json.Unmarshal(b, &e); err != nil {
			return nil, nil, fmt.Errorf("%s: damaged: %w", name, err)
		}
		if strings.HasPrefix(name, evidencePrefix) {
			proves = append(proves, e)
		} else {
			suspects = append(suspects, e)
		}
	}
	return proves, suspects, nil
}

// serveEvidence gives it to anybody.
func (w *Witness) serveEvidence(rw http.ResponseWriter, r *http.Request) {
	l := w.log(r.PathValue("log"))
	if l == nil {
		http.Error(rw, "unknown log: want the SHA-256 of its origin in hex", http.StatusNotFound)
		return
	}
	proves, suspects, err := w.readEvidence(l)
	if err != nil {
		w.cfg.Log.Error("reading evidence", "origin", l.origin, "error", err)
		http.Error(rw, "the evidence could not be read; ask again later", http.StatusInternalServerError)
		return
	}
	rw.Header().Set("Cache-Control", "no-cache")
	httpserve.Answer(rw, http.StatusOK, map[string][]Evidence{"proves": proves, "suspects": suspects})
}
