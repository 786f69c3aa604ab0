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
	entry  int64
	digest agreement.Digest
}

// Attachments are the documents that an entry names. The error is that of
// Read.
func (f *Fold) Attachments(entry int64) ([]Attachment, error) {
	if entry < 0 || entry >= f.Size() || len(of(f.named.documents, entry)) == 0 {
		return nil, nil
	}
	j, err := f.Read(entry)
	if err != nil {
		return nil, err
	}
	var all []Attachment
	for _, d := range statement.DocumentsOf(j.Statement.Body) {
		all = append(all, Attachment{Entry: entry, By: j.By, Document: d, Redacted: f.redacted[attached{entry, digestOf(d.Digest)}]})
	}
	return all, nil
}

// Attachment is the document that an entry names by a digest. The error is that
// of Read.
func (f *Fold) Attachment(entry int64, digest string) (Attachment, bool, error) {
	all, err := f.Attachments(entry)
	for _, a := range all {
		if a.Document.Digest == digest {
			return a, true, nil
		}
	}
	return Attachment{}, false, err
}

// Redacts is the attachment that an entry has deleted; false if it deletes
// none, for it is no redaction, or not by whoever may. The error is that of
// Read.
func (f *Fold) Redacts(entry int64) (Attachment, bool, error) {
	if entry < 0 || entry >= f.Size() || f.column.kind(entry) != statement.KindRedact || f.ignored[entry] != "" {
		return Attachment{}, false, nil
	}
	j, err := f.Read(entry)
	if err != nil {
		return Attachment{}, false, err
	}
	b, is := j.Statement.Body.(statement.RedactBody)
	if !is {
		panic("record: a redaction that is none")
	}
	return f.Attachment(j.Answers, b.Document)
}

// noteRedaction judges a redaction at its place.
func (f *Fold) noteRedaction(j *Judged, b statement.RedactBody) {
	s := j.Statement
	n, known := f.byID[s.Answers]
	at := attached{int64(n), digestOf(b.Document)}
	if !known || !f.named.names(at.entry, at.digest) {
		f.ignored[j.Index] = "the statement that it answers names no document by this digest"
		return
	}
	by := f.column.names[f.column.marks.at(at.entry).by]
	switch {
	case s.By != by && f.signers[s.By].noun != "depositary":
		f.ignored[j.Index] = "only " + string(by) + ", who named the document, or a depositary may have it deleted"
	case f.redacted[at] == 0:
		f.redacted[at] = j.Index
	}
}
