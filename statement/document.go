package statement

import (
	"crypto/sha256"
	"encoding/hex"
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

// NameDocument is how a body names a file.
func NameDocument(name string, salt Salt, file []byte) Document {
	h := NewDocumentHash(salt)
	h.Write(file)
	return Document{Name: name, Size: int64(len(file)), Digest: hex.EncodeToString(h.Sum(nil))}
}
