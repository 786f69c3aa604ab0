package depositary

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"

	"detente/agreement"
	"detente/internal/httpserve"
	"detente/mirror"
	"detente/record"
)

// A Refusal is why an entry was not taken in: a rule, in the words of
// spec/http.md, and what to do.
type Refusal struct {
	Status int // of HTTP
	Code   string
	Reason string
	Hint   string
}

func (r *Refusal) Error() string { return r.Code + ": " + r.Reason }

// The refusals besides those of package record.
const (
	codeUnknownRecord = "unknown-record"
	codeUnconfirmed   = "unconfirmed"
	codeStopped       = "stopped"
	codeEnded         = "ended"
	codeMoved         = "moved"
	codeUseless       = "useless"
	codeUnread        = "unread"
)

// hints say what to do about a fault, by its code.
var hints = map[string]string{
	record.FaultOversized:      "shorten it, or put the text into a document named by digest",
	record.FaultUnknownForm:    "send the signed note as it is, without any encoding around it",
	record.FaultVersion:        "use the version of the program that the agreement was made with",
	record.FaultNotCanonical:   "make the statement with detente, or compare it with spec/statement.md",
	record.FaultUnknownKind:    "see spec/statement.md for the kinds",
	record.FaultWrongAgreement: "look at the agreement's id on the statement's second line; send it to that record",
	record.FaultWrongBundle:    "read the record anew and make the statement under the text in force",
	record.FaultUnknownSigner:  "only parties with keys, custodians, devices and depositaries make statements",
	record.FaultSignature:      "sign it again; if the key is right, the text was changed after signing",
	record.FaultRevokedKey:     "sign with a key that is in force",
	record.FaultUnsigned:       "collect the signatures that are missing, with keys in force, and send it again",
	record.FaultNotSigner:      "see spec/statement.md for who may sign which kind",
	record.FaultForeignHead:    "update your mirror; if the head came from this record, keep it: it is evidence of a fork",
	record.FaultKeyChange:      "see which keys are in force at the end of the record",
	record.FaultNoText:         "put the whole text on the record first: detente amend does",
	record.FaultUnsound:        "see what is wrong with the text: detente check",
	record.FaultMayNotAmend:    "see what the two texts exclude: detente diff",
	record.FaultTooFew:         "ask more witnesses for their cosignatures",
	record.FaultFork:           "keep it: it is evidence that the depositary signed two histories",
}

// statusOf is the HTTP status of a fault.
func statusOf(code string) int {
	switch code {
	case record.FaultOversized:
		return http.StatusRequestEntityTooLarge
	case record.FaultUnknownForm, record.FaultVersion, record.FaultNotCanonical, record.FaultUnknownKind, record.FaultNote, record.FaultOpening:
		return http.StatusBadRequest
	case record.FaultUnknownSigner, record.FaultSignature, record.FaultRevokedKey, record.FaultUnsigned, record.FaultNotSigner:
		return http.StatusForbidden
	}
	return http.StatusUnprocessableEntity
}

func refuseFault(f *record.Fault) *Refusal {
	return &Refusal{statusOf(f.Code), f.Code, f.Reason, hints[f.Code]}
}

// Submit takes an entry into a record: a statement, or a proof of time. With
// expect >= 0 only if the record has exactly that many entries. What comes
// back proves that the entry is there, durably. The entry must not be changed
// afterwards. The error is a *Refusal if the
// entry is at fault or the record cannot take it now.
func (d *Depositary) Submit(id agreement.Digest, entry []byte, expect int64) (*mirror.Receipt, error) {
	h := d.record(id)
	if h == nil {
		return nil, &Refusal{http.StatusNotFound, codeUnknownRecord, fmt.Sprintf("no record of agreement %s is open here", id), "look at the list of records at /"}
	}
	if err := d.want(d.life, h); err != nil {
		return nil, unreadable(h, err)
	}
	defer d.done(h)
	return d.submit(h, entry, expect)
}

// unreadable is the answer to who wants a record that cannot be read.
func unreadable(h *hosted, err error) error {
	switch {
	case h.halted.Load() != nil:
		return &Refusal{http.StatusServiceUnavailable, codeStopped, "the depositary has stopped this record: what it holds of it is damaged", "ask a mirror of it; tell whoever runs the depositary"}
	case errors.Is(err, context.Canceled):
		return err // it is ending
	}
	return &Refusal{http.StatusServiceUnavailable, codeUnread, "the depositary could not read the record now", "ask again in a moment"}
}

// owed asks whether the record must have a submitted proof.
func (h *hosted) owed(entry []byte) (bool, string, error) {
	note, err := record.ParseProof(entry)
	if err != nil {
		return false, err.Error(), err
	}
	return h.fold.Owed(note)
}

// receipt proves that an entry is below a checkpoint of the record.
func (h *hosted) receipt(s *submission) (*mirror.Receipt, error) {
	r := &mirror.Receipt{Index: s.stands.Index, Entry: s.look.Bytes(), Checkpoint: s.under.note}
	h.mu.RLock()
	defer h.mu.RUnlock()
	if said := s.look.Statement(); said != nil {
		r.ID = said.ID
		if s.again { // perhaps with other signatures
			j, err := h.fold.Read(r.Index)
			if err != nil {
				return nil, err
			}
			r.Entry = j.Bytes
		}
	}
	var err error
	r.Proof, err = s.under.prove(r.Index)
	return r, err
}

// serveSubmit is POST submit.
func (d *Depositary) serveSubmit(w http.ResponseWriter, r *http.Request, h *hosted) {
	expect, ok := expectOf(w, r)
	if !ok {
		return
	}
	entry, ok := httpserve.Body(w, r, maxSubmit)
	if !ok {
		return
	}
	// The record keeps it; what it was read into has room for much more.
	receipt, err := d.Submit(h.id, bytes.Clone(entry), expect)
	var answer []byte
	if err == nil {
		answer, err = receipt.Encode(entry)
	}
	if err != nil {
		httpserve.Charge(r.Context(), costOf(err))
		d.refuse(w, err)
		return
	}
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Write(answer)
}

// costOf is what a refused submission costs its sender besides what each does:
// nothing if it is not at fault.
func costOf(err error) float64 {
	r, is := errors.AsType[*Refusal](err)
	switch {
	case !is || r.Status >= 500 || r.Code == codeMoved:
		return 0
	case r.Code == record.FaultSignature:
		return httpserve.CostSignature
	}
	return httpserve.CostRefused
}

// refuse answers with a refusal, or, if it is a failure of ours, with a 500
// that says nothing of the inside.
func (d *Depositary) refuse(w http.ResponseWriter, err error) {
	var text *TextError
	switch r, ok := errors.AsType[*Refusal](err); {
	case ok:
		httpserve.Refuse(w, r.Status, httpserve.Refusal{Code: r.Code, Error: r.Reason, Hint: r.Hint})
	case errors.As(err, &text):
		httpserve.Refuse(w, http.StatusUnprocessableEntity, httpserve.Refusal{Code: "text", Error: text.Error(), Hint: "run detente check on it"})
	case errors.Is(err, context.Canceled):
		httpserve.Refuse(w, http.StatusServiceUnavailable, httpserve.Refusal{Code: codeStopped, Error: "the depositary is ending", Hint: "send it again later"})
	default:
		d.cfg.Log.Error("answering a request", "error", err)
		httpserve.Refuse(w, http.StatusInternalServerError, httpserve.Refusal{Code: "storage", Error: "the depositary failed; whether the entry is on the record is not known", Hint: "send it again: twice is harmless"})
	}
}
