package witness

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"detente/agreement"
	"detente/internal/httpserve"
	"detente/statement"

	"golang.org/x/mod/sumdb/tlog"
)

// A refusal is an answer of add-checkpoint other than 200.
type refusal struct {
	status int
	reason string
	size   int64 // of the head, for 409
}

func refuse(status int, reason string, args ...any) *refusal {
	return &refusal{status: status, reason: fmt.Sprintf(reason, args...)}
}

func (w *Witness) serveAddCheckpoint(rw http.ResponseWriter, r *http.Request) {
	body, ok := httpserve.Body(rw, r, int64(maxRequest))
	if !ok {
		return
	}
	rw.Header().Set("Cache-Control", "no-store")
	line, no := w.addCheckpoint(body)
	switch {
	case no == nil:
		rw.Header().Set("Content-Type", "text/plain; charset=utf-8")
		rw.Write([]byte(line.String() + "\n"))
	case no.status == http.StatusConflict:
		rw.Header().Set("Content-Type", "text/x.tlog.size")
		rw.WriteHeader(no.status)
		fmt.Fprintf(rw, "%d\n", no.size)
	default:
		http.Error(rw, no.reason, no.status)
	}
}

// addCheckpoint checks a request in the order of C2SP tlog-witness and gives
// the cosignature, or says why not.
func (w *Witness) addCheckpoint(body []byte) (statement.Signature, *refusal) {
	req, err := parseRequest(body)
	if err != nil {
		return statement.Signature{}, refuse(http.StatusBadRequest, "%v", err)
	}
	note, err := statement.ParseNote(req.note)
	if err != nil {
		return statement.Signature{}, refuse(http.StatusBadRequest, "%v", err)
	}
	origin, _, _ := strings.Cut(string(note.Text), "\n")
	l := w.log(hashOf(origin))
	if l == nil {
		return statement.Signature{}, refuse(http.StatusNotFound, "unknown log: register its agreement first")
	}
	c, err := statement.ParseCheckpoint(note.Text)
	if err != nil {
		return statement.Signature{}, refuse(http.StatusBadRequest, "%v", err)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if _, _, err := statement.OpenCheckpoint(req.note, l.origin, l.keys...); err != nil {
		return statement.Signature{}, refuse(http.StatusForbidden, "%v", err)
	}
	if req.old > c.Size {
		return statement.Signature{}, refuse(http.StatusBadRequest, "old size %d is above the checkpoint's, %d", req.old, c.Size)
	}
	if err := w.refresh(l); err != nil {
		return statement.Signature{}, w.failed(l, err)
	}
	if no := w.check(l, req, c); no != nil {
		return statement.Signature{}, no
	}
	return w.cosign(l, c, note)
}

// check compares a checkpoint with the head, with l locked.
func (w *Witness) check(l *log, req *request, c statement.Checkpoint) *refusal {
	fork := c.Size > 0 && c.Size == l.head.Size && c.Root != l.head.Root
	if fork {
		// Whatever the old size, both checkpoints together prove it.
		w.contradicted(l, c, req)
	}
	switch {
	case req.old != l.head.Size:
		return &refusal{status: http.StatusConflict, size: l.head.Size}
	case req.old == 0 && len(req.proof) > 0:
		return refuse(http.StatusUnprocessableEntity, "the proof from size 0 is empty, have %d lines", len(req.proof))
	case c.Size == 0 && c.Root != l.head.Root:
		return refuse(http.StatusUnprocessableEntity, "the root of an empty tree is %s", l.head.Root)
	case req.old == 0:
		return nil
	case fork:
		return refuse(http.StatusUnprocessableEntity, "this witness cosigned size %d with another root, %s", l.head.Size, l.head.Root)
	}
	if err := tlog.CheckTree(req.proof, c.Size, c.Root, req.old, l.head.Root); err != nil {
		w.contradicted(l, c, req)
		return refuse(http.StatusUnprocessableEntity, "the proof does not show that size %d extends size %d", c.Size, req.old)
	}
	return nil
}

// contradicted keeps and reports a checkpoint that does not follow from the head.
func (w *Witness) contradicted(l *log, c statement.Checkpoint, req *request) {
	w.cfg.Log.Error("the log signed a checkpoint that does not follow from the one cosigned", "origin", l.origin, "cosigned", l.head.Size, "size", c.Size, "kept in", l.dir)
	if err := w.keepEvidence(l, c, req); err != nil {
		w.cfg.Log.Error("keeping the evidence of a fork", "origin", l.origin, "error", err)
	}
}

// cosign states the time, with l locked, and makes the checkpoint the head
// before the cosignature is given away. The time is read after the lock is
// taken, so times are ordered as sizes are.
func (w *Witness) cosign(l *log, c statement.Checkpoint, note *statement.Note) (statement.Signature, *refusal) {
	t := w.now()
	if t < l.head.time {
		if t+agreement.Instant(maxStepBack.Seconds()) < l.head.time {
			w.cfg.Log.Error("the clock is behind this witness's own last cosignature", "now", t, "last", l.head.time)
			return statement.Signature{}, refuse(http.StatusServiceUnavailable, "this witness's clock went back; it does not cosign until %s", l.head.time)
		}
		t = l.head.time
	}
	line, err := statement.CosignWith(w.cfg.Cosigner, note.Text, t)
	if err != nil {
		return statement.Signature{}, w.failed(l, err)
	}
	signed, err := statement.NewNote(note.Text, logLine(l, note), line)
	if err != nil {
		return statement.Signature{}, w.failed(l, err)
	}
	if err := w.store(l, head{c, t, signed}); err != nil {
		return statement.Signature{}, w.failed(l, err)
	}
	return line, nil
}

// logLine is the log's own signature; OpenCheckpoint has found that it is there.
func logLine(l *log, note *statement.Note) statement.Signature {
	if line, _, ok := statement.LogLine(note, l.origin, l.keys...); ok {
		return note.Sigs[line]
	}
	panic("witness: a verified checkpoint without the log's signature")
}

func (w *Witness) failed(l *log, err error) *refusal {
	w.cfg.Log.Error("cosigning", "origin", l.origin, "error", err)
	return refuse(http.StatusInternalServerError, "this witness could not store its state; try again later")
}

// serveCheckpoint gives the head to monitors.
func (w *Witness) serveCheckpoint(rw http.ResponseWriter, r *http.Request) {
	l := w.log(r.PathValue("log"))
	if l == nil {
		http.Error(rw, "unknown log: want the SHA-256 of its origin in hex", http.StatusNotFound)
		return
	}
	l.mu.Lock()
	h := l.head
	l.mu.Unlock()
	if h.note == nil {
		http.Error(rw, "nothing of this log was cosigned yet", http.StatusNotFound)
		return
	}
	rw.Header().Set("Content-Type", "text/plain; charset=utf-8")
	rw.Header().Set("Cache-Control", "no-cache")
	rw.Header().Set("Content-Length", strconv.Itoa(len(h.note)))
	rw.Write(h.note)
}

// serveName says who this witness is, for whoever writes it into an agreement.
func (w *Witness) serveName(rw http.ResponseWriter, r *http.Request) {
	httpserve.Answer(rw, http.StatusOK, struct {
		Name string `json:"name"`
		Key  string `json:"key"`
		Time string `json:"time"`
	}{w.key.Name(), w.key.String(), w.now().String()})
}
