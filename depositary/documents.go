package depositary

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"path/filepath"
	"strconv"

	"detente/internal/durable"
	"detente/internal/httpserve"
	"detente/mirror"
	"detente/mirror/access"
	"detente/record"
	"detente/statement"
)

// sealedForm is how a payload that is encrypted with age begins.
var sealedForm = []byte("age-encryption.org/v1\n")

// attachment finds what a request is about, with h locked for reading. If it
// cannot, it has answered.
func (d *Depositary) attachment(w http.ResponseWriter, r *http.Request, h *hosted) (a record.Attachment, ok bool) {
	entry, bad := strconv.ParseInt(r.PathValue("entry"), 10, 64)
	var err error
	if bad == nil {
		view{d, h}.With(func(f *record.Fold) { a, ok, err = f.Attachment(entry, r.PathValue("digest")) })
	}
	switch {
	case err != nil:
		d.refuse(w, err)
	case !ok:
		httpserve.Refuse(w, http.StatusNotFound, httpserve.Refusal{Code: "not-found", Error: "no entry of this number names a document by this digest", Hint: "submit the statement first; see the entry for its documents"})
	case a.Redacted > 0:
		httpserve.Refuse(w, http.StatusGone, httpserve.Refusal{Code: "redacted", Error: fmt.Sprintf("the document was deleted: entry %d says so, and why", a.Redacted), Hint: "whoever still has it can show that it is the one: the record keeps its digest"})
		ok = false
	}
	return a, ok
}

func (d *Depositary) documentFile(r *reading, a record.Attachment) string {
	return filepath.Join(d.cfg.Dir, "document", r.agreement.ID.String(), fmt.Sprintf("%d-%s", a.Entry, a.Document.Digest))
}

// takeDocument is PUT document/<entry>/<digest>. Of a public record anybody may
// bring the payload: its digest shows that it is the one. Of a private record
// only its author may, encrypted, since nobody here could tell.
func (d *Depositary) takeDocument(w http.ResponseWriter, r *http.Request, h *hosted) {
	a, ok := d.attachment(w, r, h)
	if !ok {
		return
	}
	if h.agreement.Private && access.Reader(r.Context()) != a.By {
		httpserve.Refuse(w, http.StatusForbidden, httpserve.Refusal{Code: "not-author", Error: fmt.Sprintf("entry %d is by %s, who alone brings its documents", a.Entry, a.By), Hint: "sign the request with a key of its author"})
		return
	}
	b, ok := httpserve.Body(w, r, mirror.MaxDocument)
	if !ok {
		return
	}
	var err error
	if h.agreement.Private {
		if !bytes.HasPrefix(b, sealedForm) {
			err = errors.New("a document of a private record is encrypted with age to its readers, and this is not")
		}
	} else {
		_, err = statement.Payload(b).File(a.Document)
	}
	if err != nil {
		httpserve.Refuse(w, http.StatusUnprocessableEntity, httpserve.Refusal{Code: "document", Error: err.Error(), Hint: "see spec/statement.md, Documents"})
		return
	}
	h.appending.Lock() // so that no redaction comes in between
	defer h.appending.Unlock()
	now, _, err := h.fold.Attachment(a.Entry, a.Document.Digest)
	if err != nil {
		d.refuse(w, err)
		return
	}
	if now.Redacted > 0 {
		httpserve.Refuse(w, http.StatusGone, httpserve.Refusal{Code: "redacted", Error: "the document was deleted", Hint: "see the entry that says why"})
		return
	}
	name := d.documentFile(h.reading, a)
	if err = durable.MkdirAll(d.cfg.FS, filepath.Dir(name)); err == nil {
		err = durable.WriteFile(d.cfg.FS, name, b)
	}
	if err != nil {
		d.refuse(w, err)
		return
	}
	httpserve.Answer(w, http.StatusOK, map[string]any{"entry": a.Entry, "document": a.Document.Digest})
}

// giveDocument is GET document/<entry>/<digest>.
func (d *Depositary) giveDocument(w http.ResponseWriter, r *http.Request, h *hosted) {
	a, ok := d.attachment(w, r, h)
	if !ok {
		return
	}
	b, err := durable.ReadFile(d.cfg.FS, d.documentFile(h.reading, a), mirror.MaxDocument)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		httpserve.Refuse(w, http.StatusNotFound, httpserve.Refusal{Code: "not-found", Error: "nobody has brought this document here", Hint: fmt.Sprintf("ask %s for it", a.By)})
	case err != nil:
		d.refuse(w, err)
	default:
		w.Header().Set("Content-Type", "application/octet-stream")
		w.Header().Set("Content-Disposition", "attachment")
		w.Header().Set("Cache-Control", "no-store")
		w.Write(b)
	}
}

// redact deletes what an entry says is to go, with the fold locked. If that fails
// it is tried again when the record is read next, and nothing gives the document
// out meanwhile.
func (d *Depositary) redact(r *reading, entry int64) {
	a, ok, err := r.fold.Redacts(entry)
	if err != nil {
		d.cfg.Log.Error("deleting a document", "entry", entry, "error", err)
	}
	if !ok {
		return
	}
	name := d.documentFile(r, a)
	if err = d.cfg.FS.Remove(name); err == nil {
		err = d.cfg.FS.SyncDir(filepath.Dir(name))
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		d.cfg.Log.Error("deleting a document", "entry", a.Entry, "document", a.Document.Digest, "error", err)
	}
}
