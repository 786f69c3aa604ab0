package statement

import (
	"encoding/base64"
	"fmt"

	"detente/agreement"

	"golang.org/x/mod/sumdb/tlog"
)

// An ID identifies a statement: SHA-256 over its signed text, never over its
// signatures. The zero ID answers nothing.
type ID [32]byte

// A Head is a size and root of the record, as its tree had them.
type Head struct {
	Size int64
	Root tlog.Hash // zero for size 0
}

// A Statement is one signed message by one declared signer.
type Statement struct {
	Agreement agreement.Digest
	Bundle    agreement.Digest // the version of the bundle it was made under
	By        agreement.Name
	Answers   ID
	Seen      Head // a recent head its author had seen
	Body      Body
}

// A Body is the content of one kind of statement. Every body is a struct of
// this package whose JSON, fields in order, is its one encoding.
type Body interface {
	Kind() Kind
}

// String is the ID's text form, 64 lower-case hex digits.
func (id ID) String() string { return fmt.Sprintf("%x", id[:]) }

// String is the head's text form: size, a space, root in base64.
func (h Head) String() string {
	return fmt.Sprintf("%d %s", h.Size, base64.StdEncoding.EncodeToString(h.Root[:]))
}
