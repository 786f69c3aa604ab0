package record

import (
	"detente/agreement"
	"detente/statement"
)

// An Attachment is a document that a statement on the record names. Its payload
// is kept beside the record, until the record says that it is to go.
type Attachment struct {
	Entry    int64 // that names it
	By       agreement.Name
	Document statement.Document
	Redacted int64 // the entry from which on it is kept no longer; 0 if none
}

// attached names a document of a statement. The same digest in another's
// statement is another attachment: nobody deletes what somebody else attached.
type attached struct {
	statement statement.ID
	digest    string
}

// Attachments are the documents that an entry names.
func (f *Fold) Attachments(entry int64) []Attachment {
	if entry < 0 || entry >= f.Size() {
		return nil
	}
	s := f.entries[entry].Statement
	if s == nil {
		return nil
	}
	var all []Attachment
	for _, d := range statement.DocumentsOf(s.Body) {
		all = append(all, Attachment{Entry: entry, By: s.By, Document: d, Redacted: f.redacted[attached{s.ID, d.Digest}]})
	}
	return all
}

// Attachment is the document that an entry names by a digest.
func (f *Fold) Attachment(entry int64, digest string) (Attachment, bool) {
	for _, a := range f.Attachments(entry) {
		if a.Document.Digest == digest {
			return a, true
		}
	}
	return Attachment{}, false
}

// Redacts is the attachment that an entry has deleted; false if it deletes
// none, for it is no redaction, or not by whoever may.
func (f *Fold) Redacts(entry int64) (Attachment, bool) {
	if entry < 0 || entry >= f.Size() || f.entries[entry].Statement == nil || f.ignored[entry] != "" {
		return Attachment{}, false
	}
	s := f.entries[entry].Statement
	b, is := s.Body.(statement.RedactBody)
	if !is {
		return Attachment{}, false
	}
	return f.Attachment(f.byID[s.Answers], b.Document)
}

// noteRedaction judges a redaction at its place.
func (f *Fold) noteRedaction(j *Judged, b statement.RedactBody) {
	s := j.Statement
	at, known := f.byID[s.Answers]
	a, named := f.Attachment(at, b.Document)
	switch {
	case !known || !named:
		f.ignored[j.Index] = "the statement that it answers names no document by this digest"
	case s.By != a.By && f.signers[s.By].noun != "depositary":
		f.ignored[j.Index] = "only " + string(a.By) + ", who named the document, or a depositary may have it deleted"
	case a.Redacted == 0:
		f.redacted[attached{s.Answers, b.Document}] = j.Index
	}
}
