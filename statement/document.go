package statement

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
)

// A Salt is 32 random bytes, new for each document, kept and shown with it. A
// digest without salt would let anybody who can guess a document confirm it.
type Salt [32]byte

// NewDocumentHash starts the digest of a document: write the file into it.
func NewDocumentHash(salt Salt) hash.Hash {
	h := sha256.New()
	h.Write([]byte(PurposeDocument.Line()))
	h.Write(salt[:])
	return h
}

// MaxPayload is the largest payload of a document that is kept beside a record.
const MaxPayload = 64 << 20

// payloadHead is how many bytes of a payload come before the file.
const payloadHead = len(PurposeDocument) + 1 + len(Salt{})

// A Payload is what a document's digest is of: the purpose's line, the salt, the file.
type Payload []byte

// NewPayload is the payload of a file.
func NewPayload(salt Salt, file []byte) Payload {
	p := append([]byte(PurposeDocument.Line()), salt[:]...)
	return append(p, file...)
}

// Digest is that by which a statement names it.
func (p Payload) Digest() [32]byte { return sha256.Sum256(p) }

// File is the file in a payload, if it is that of the document.
func (p Payload) File(d Document) ([]byte, error) {
	digest := p.Digest()
	switch {
	case hex.EncodeToString(digest[:]) != d.Digest:
		return nil, fmt.Errorf("document %s: want a payload with the digest %s, has %x: it is another, or was altered", shown(d.Name), d.Digest, digest)
	case len(p) < payloadHead || string(p[:len(PurposeDocument)+1]) != PurposeDocument.Line():
		return nil, fmt.Errorf("document %s: its author named a payload that does not begin with the line %s and 32 bytes of salt", shown(d.Name), PurposeDocument)
	case int64(len(p)-payloadHead) != d.Size:
		return nil, fmt.Errorf("document %s: its author stated %d bytes, the payload holds %d", shown(d.Name), d.Size, len(p)-payloadHead)
	}
	return p[payloadHead:], nil
}

// DocumentsOf are the documents that a body names.
func DocumentsOf(b Body) []Document {
	_, old, _ := exchange(b, nil)
	return old
}

// WithDocuments is a body that names these documents; false if its kind names none.
func WithDocuments(b Body, docs []Document) (Body, bool) {
	with, _, ok := exchange(b, docs)
	return with, ok
}

// exchange is a body with other documents, and those that it had.
func exchange(b Body, docs []Document) (with Body, old []Document, ok bool) {
	switch b := b.(type) {
	case DeclareBody:
		old, b.Documents = b.Documents, docs
		return b, old, true
	case ReportBody:
		old, b.Documents = b.Documents, docs
		return b, old, true
	case PerformBody:
		old, b.Documents = b.Documents, docs
		return b, old, true
	case LiftBody:
		old, b.Documents = b.Documents, docs
		return b, old, true
	case ImposeBody:
		old, b.Documents = b.Documents, docs
		return b, old, true
	case VerifyBody:
		old, b.Documents = b.Documents, docs
		return b, old, true
	case ContestBody:
		old, b.Documents = b.Documents, docs
		return b, old, true
	case InvokeBody:
		old, b.Documents = b.Documents, docs
		return b, old, true
	case CountBody:
		old, b.Documents = b.Documents, docs
		return b, old, true
	case OpenBody:
		old, b.Documents = b.Documents, docs
		return b, old, true
	case TableBody:
		old, b.Documents = b.Documents, docs
		return b, old, true
	}
	return b, nil, false
}

// NameDocument is how a body names a file.
func NameDocument(name string, salt Salt, file []byte) Document {
	h := NewDocumentHash(salt)
	h.Write(file)
	return Document{Name: name, Size: int64(len(file)), Digest: hex.EncodeToString(h.Sum(nil))}
}
