package record

import (
	"bytes"
	"encoding/base64"
	"fmt"

	"detente/agreement"
	"detente/statement"
)

// texts are the bundles that statements on the record carry. A bundle counts
// from the place of its last part, whether or not a proof covers that: who
// consents to it must be able to read it, and that does not hang on time.
type texts struct {
	parts map[partsOf]*parts
	whole map[agreement.Digest]*text
}

// partsOf is whose parts of what: those of two authors are never mixed, so
// nobody can spoil another's with a part that is none.
type partsOf struct {
	by     agreement.Name
	bundle agreement.Digest
}

// parts are parts of an archive, the latest of each number; nil for none. They
// are kept until all are there: who never brings the last makes every reader of
// the record keep the others.
type parts struct {
	data    [][]byte
	missing int
}

// A text is a bundle that is wholly on the record, and what came of reading it.
type text struct {
	bundle    *agreement.Bundle
	agreement *agreement.Agreement // nil if unsound
	unsound   error
}

// gather folds a part, at its place.
func (f *Fold) gather(j *Judged, b statement.TextBody) {
	id, err := agreement.ParseDigest(b.Bundle)
	if err != nil || f.texts.whole[id] != nil {
		return
	}
	key := partsOf{f.column.name(j.Statement.By), id}
	p := f.texts.parts[key]
	if p == nil || len(p.data) != b.Of {
		p = &parts{data: make([][]byte, b.Of), missing: b.Of}
		f.texts.parts[key] = p
	}
	if p.data[b.Part-1] == nil {
		p.missing--
	}
	if p.data[b.Part-1], err = base64.StdEncoding.DecodeString(b.Data); err != nil {
		panic("record: a part of a text that package statement refuses: " + err.Error())
	}
	if p.missing > 0 {
		return
	}
	// Parts that do not make the bundle are all dropped, so that each costs at
	// most one reading of as many bytes as it has.
	delete(f.texts.parts, key)
	if bundle, err := DecodeBundle(bytes.Join(p.data, nil)); err == nil && bundle.Digest() == id {
		t := &text{bundle: bundle}
		t.agreement, t.unsound = readText(bundle)
		f.texts.whole[id] = t
	}
}

// textOf is the sound text of a bundle that somebody consents to.
func (f *Fold) textOf(bundle string, by agreement.Name) (*text, *Fault) {
	id, err := agreement.ParseDigest(bundle)
	if err != nil {
		return nil, fault(FaultNoText, by, "%v", err)
	}
	t := f.texts.whole[id]
	switch {
	case t == nil:
		return nil, fault(FaultNoText, by, "bundle %s is not on the record: want all parts of it before the first consent", id)
	case t.unsound != nil:
		return nil, fault(FaultUnsound, by, "bundle %s is on the record and cannot be agreed to: %v", id, t.unsound)
	}
	return t, nil
}

// Text is a bundle that statements on the record carry; false if it is not
// wholly there. The agreement is nil and the error set if it is unsound.
func (f *Fold) Text(id agreement.Digest) (b *agreement.Bundle, a *agreement.Agreement, ok bool, err error) {
	t := f.texts.whole[id]
	if t == nil {
		return nil, nil, false, nil
	}
	if t.unsound != nil {
		err = fmt.Errorf("bundle %s: %w", id, t.unsound)
	}
	return t.bundle, t.agreement, true, err
}
