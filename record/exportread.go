package record

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"

	"detente/agreement"
	"detente/internal/ustar"
	"detente/statement"
)

// exportReader takes the files of a container in their order.
type exportReader struct{ files []ustar.File }

// take gives the next file if its path starts with prefix.
func (r *exportReader) take(prefix string) (ustar.File, bool) {
	if len(r.files) == 0 || !strings.HasPrefix(r.files[0].Path, prefix) {
		return ustar.File{}, false
	}
	f := r.files[0]
	r.files = r.files[1:]
	return f, true
}

func (r *exportReader) bundle() (*agreement.Bundle, error) {
	var files []agreement.File
	for {
		f, ok := r.take(folderBundle)
		if !ok {
			break
		}
		f.Path = strings.TrimPrefix(f.Path, folderBundle)
		if n := len(files); n > 0 && files[n-1].Path >= f.Path {
			return nil, badExport(folderBundle+f.Path, "want the files of the bundle in byte order of their paths")
		}
		files = append(files, agreement.File{Path: f.Path, Data: f.Data})
	}
	b, err := agreement.NewBundle(files)
	if err != nil {
		return nil, badExport(folderBundle, "%v", err)
	}
	return b, nil
}

func (r *exportReader) checkpoint(e *Export) (statement.Head, error) {
	f, ok := r.take(fileCheckpoint)
	if !ok || f.Path != fileCheckpoint {
		return statement.Head{}, badExport(fileCheckpoint, "is missing: want it after the files of the bundle")
	}
	n, err := statement.ParseNote(f.Data)
	if err != nil {
		return statement.Head{}, badExport(fileCheckpoint, "%v", err)
	}
	c, err := statement.ParseCheckpoint(n.Text)
	if err != nil {
		return statement.Head{}, badExport(fileCheckpoint, "%v", err)
	}
	if c.Size < 1 {
		return statement.Head{}, badExport(fileCheckpoint, "of size 0: want one that covers entries")
	}
	e.Checkpoint = f.Data
	return c.Head(), nil
}

// entries reads the tiles of a record of this size: all full but the last.
func (r *exportReader) entries(e *Export, size int64) error {
	for n := int64(0); n*tileWidth < size; n++ {
		w := int(min(tileWidth, size-n*tileWidth))
		want := tilePath(n, w)
		f, ok := r.take(want)
		if !ok || f.Path != want {
			return badExport(want, "is missing: the checkpoint has %d entries", size)
		}
		b := f.Data
		for i := range w {
			if len(b) < 2 || len(b)-2 < int(binary.BigEndian.Uint16(b)) {
				return badExport(want, "ends within entry %d", n*tileWidth+int64(i))
			}
			end := 2 + int(binary.BigEndian.Uint16(b))
			e.Entries = append(e.Entries, b[2:end:end])
			b = b[end:]
		}
		if len(b) > 0 {
			return badExport(want, "has %d bytes after its %d entries", len(b), w)
		}
	}
	return nil
}

func (r *exportReader) objects(e *Export) error {
	last := ""
	for {
		f, ok := r.take(folderObjects)
		if !ok {
			break
		}
		if want := fmt.Sprintf("%s%x", folderObjects, sha256.Sum256(f.Data)); f.Path != want {
			return badExport(f.Path, "is an object with another digest, %s", strings.TrimPrefix(want, folderObjects))
		}
		if f.Path <= last {
			return badExport(f.Path, "want objects in the order of their digests, each once")
		}
		last = f.Path
		e.Objects = append(e.Objects, f.Data)
	}
	if len(r.files) > 0 {
		return badExport(r.files[0].Path, "does not belong here: want %s, %s, %s, tiles and objects, in this order", fileFormat, folderBundle, fileCheckpoint)
	}
	return nil
}

// Fold folds the exported record and judges what ReadExport leaves: that the
// bundle is a sound text, that the checkpoint is final for it, and that every
// object is named by a statement on the record. Entries with faults are no
// error: they are in the fold.
func (e *Export) Fold() (*Fold, error) {
	return e.FoldWith(func(f *Fold, entries [][]byte) error {
		for _, entry := range entries {
			f.Append(entry)
		}
		return nil
	})
}

// FoldWith is Fold by a caller who has the means to fold all entries faster, or
// to say how far it is: feed must append each entry, in order, and its error
// ends the fold.
func (e *Export) FoldWith(feed func(f *Fold, entries [][]byte) error) (*Fold, error) {
	a, diagnostics := agreement.Read(e.Bundle)
	if a == nil {
		for _, d := range diagnostics {
			if !d.Warning {
				return nil, badExport(folderBundle+d.Range.File, "the text is not sound: %s: %s", d.Code, d.Message)
			}
		}
		return nil, badExport(folderBundle, "the text is not sound")
	}
	f, err := NewFold(a)
	if err != nil {
		return nil, badExport(folderBundle, "%v", err)
	}
	if err := feed(f, e.Entries); err != nil {
		return nil, err
	}
	if f.Size() != int64(len(e.Entries)) {
		return nil, fmt.Errorf("record: %d of %d entries were folded", f.Size(), len(e.Entries))
	}
	return f, e.Check(f)
}

// Check holds a fold of exactly this export's entries to the rest of it.
func (e *Export) Check(f *Fold) error {
	if j := f.Entry(0); j == nil || j.Fault != nil {
		return badExport(tilePath(0, min(tileWidth, len(e.Entries))), "entry 0 is not the opening of the record of this bundle, %s", f.agreement.ID)
	}
	size, err := f.Final(e.Checkpoint)
	if err != nil {
		return badExport(fileCheckpoint, "%v", err)
	}
	if size != f.Size() {
		return badExport(fileCheckpoint, "of size %d, with %d entries: want it to cover exactly the entries", size, f.Size())
	}
	named := f.batches(size)
	for _, o := range e.Objects {
		if d := sha256.Sum256(o); !named[d] {
			return badExport(fmt.Sprintf("%s%x", folderObjects, d), "no statement on the record names it")
		}
	}
	return nil
}

// batches are the digests of the objects that statements among the first size
// entries name.
func (f *Fold) batches(size int64) map[agreement.Digest]bool {
	all := map[agreement.Digest]bool{}
	for _, d := range f.Batches(0, size) {
		all[d] = true
	}
	return all
}

// Object finds an object by its SHA-256.
func (e *Export) Object(digest [32]byte) ([]byte, bool) {
	i, ok := slices.BinarySearchFunc(e.Objects, digest, func(o []byte, d [32]byte) int {
		got := sha256.Sum256(o)
		return bytes.Compare(got[:], d[:])
	})
	if !ok {
		return nil, false
	}
	return e.Objects[i], true
}
