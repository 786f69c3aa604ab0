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

	"golang.org/x/mod/sumdb/tlog"
)

// An Export is a record with everything an auditor needs: the text, every
// entry, a cosigned checkpoint over all of them, and the batches of manifests
// that its statements name by digest.
type Export struct {
	Bundle     *agreement.Bundle
	Entries    [][]byte
	Checkpoint []byte   // cosigned, of exactly these entries
	Objects    [][]byte // in the order of their SHA-256, each once
}

// Limits bound what ReadExport takes in.
type Limits struct {
	Bytes int64 // of the container
	Files int
}

// DefaultLimits are generous for a record of years: a million entries in 4,096
// tiles, and a batch of manifests every ten minutes for a year.
var DefaultLimits = Limits{Bytes: 4 << 30, Files: 1 << 17}

// maxFile is the largest file of a container: a tile of 256 entries of 65,535
// bytes is just below 16 MiB, the largest object is 16 MiB.
const maxFile = 16 << 20

// tileWidth is how many entries a full tile holds (C2SP tlog-tiles).
const tileWidth = 256

// The names in a container.
const (
	fileFormat     = "detente"
	fileSums       = "SHA256SUMS"
	fileCheckpoint = "checkpoint"
	folderBundle   = "bundle/"
	folderEntries  = "tile/entries/"
	folderObjects  = "object/"
)

// An ExportError says which part of a container is wrong, and how.
type ExportError struct {
	Part   string // a file of the container, or "container"
	Reason string
}

// Error gives both.
func (e *ExportError) Error() string { return "export: " + e.Part + ": " + e.Reason }

func badExport(part, reason string, args ...any) error {
	return &ExportError{Part: part, Reason: fmt.Sprintf(reason, args...)}
}

// Export is this record up to a final checkpoint, which is where an export
// ends: what no quorum has cosigned may still be rewritten. Objects that no
// statement up to there names are left out.
func (f *Fold) Export(b *agreement.Bundle, cosigned []byte, objects ...[]byte) (*Export, error) {
	size, err := f.Final(cosigned)
	if err != nil {
		return nil, fmt.Errorf("export: the checkpoint it would end on is not final: %w", err)
	}
	if b.Digest() != f.agreement.ID {
		return nil, fmt.Errorf("export: the bundle is %s, the record is of %s", b.Digest(), f.agreement.ID)
	}
	e := &Export{Bundle: b, Checkpoint: bytes.Clone(cosigned)}
	named := f.batches(size)
	for _, o := range objects {
		if named[sha256.Sum256(o)] {
			e.Objects = append(e.Objects, o)
		}
	}
	for i := range size {
		b, err := f.Bytes(i)
		if err != nil {
			return nil, fmt.Errorf("export: %w", err)
		}
		e.Entries = append(e.Entries, b)
	}
	slices.SortFunc(e.Objects, func(x, y []byte) int {
		dx, dy := sha256.Sum256(x), sha256.Sum256(y)
		return bytes.Compare(dx[:], dy[:])
	})
	e.Objects = slices.CompactFunc(e.Objects, bytes.Equal)
	return e, nil
}

// Bytes is the container: the one archive of these files in their one order.
func (e *Export) Bytes() ([]byte, error) {
	var files []ustar.File
	add := func(path string, data []byte) { files = append(files, ustar.File{Path: path, Data: data}) }
	for _, f := range e.Bundle.Files {
		add(folderBundle+f.Path, f.Data)
	}
	add(fileCheckpoint, e.Checkpoint)
	for n := int64(0); n < int64(len(e.Entries)); n += tileWidth {
		w := min(tileWidth, int64(len(e.Entries))-n)
		tile, err := entryBundle(e.Entries[n : n+w])
		if err != nil {
			return nil, badExport(tilePath(n/tileWidth, int(w)), "%v", err)
		}
		add(tilePath(n/tileWidth, int(w)), tile)
	}
	for _, o := range e.Objects {
		add(fmt.Sprintf("%s%x", folderObjects, sha256.Sum256(o)), o)
	}
	head := []ustar.File{{Path: fileFormat, Data: []byte(statement.PurposeExport.Line())}, {Path: fileSums, Data: sums(files)}}
	b, err := ustar.Bytes(append(head, files...))
	if err != nil {
		return nil, badExport("container", "%v", err)
	}
	return b, nil
}

// sums is the file that `sha256sum -c` reads.
func sums(files []ustar.File) []byte {
	var b bytes.Buffer
	for _, f := range files {
		fmt.Fprintf(&b, "%x  %s\n", sha256.Sum256(f.Data), f.Path)
	}
	return b.Bytes()
}

// entryBundle is a tile of entries: each as 16 bits of length, big endian, and
// its bytes.
func entryBundle(entries [][]byte) ([]byte, error) {
	var b []byte
	for i, e := range entries {
		if len(e) > statement.MaxEntry {
			return nil, fmt.Errorf("entry %d of the tile has %d bytes, which its 16 bits of length cannot say", i, len(e))
		}
		b = binary.BigEndian.AppendUint16(b, uint16(len(e)))
		b = append(b, e...)
	}
	return b, nil
}

// tilePath is where C2SP tlog-tiles puts tile n of entries: three digits a
// folder, all but the last marked x; a partial tile is a file of its width.
func tilePath(n int64, width int) string {
	p := tlog.Tile{H: 8, L: -1, N: n, W: width}.Path()
	return folderEntries + strings.TrimPrefix(p, "tile/8/data/")
}

// ReadExport reads a container. It accepts exactly what Bytes gives, and
// checks that the entries hash to the checkpoint's root. It does not judge
// signatures: Fold does. Its error is an *ExportError.
func ReadExport(container []byte, limits Limits) (*Export, error) {
	x, err := OpenExport(bytes.NewReader(container), int64(len(container)), limits)
	if err != nil {
		return nil, err
	}
	e := &Export{Bundle: x.Bundle, Checkpoint: x.Checkpoint}
	var t Frontier
	for n := range x.Tiles() {
		entries, err := x.Tile(n)
		if err != nil {
			return nil, err
		}
		for _, b := range entries {
			t.Add(tlog.RecordHash(b))
		}
		e.Entries = append(e.Entries, entries...)
	}
	for _, f := range x.objects {
		b, err := x.read(f)
		if err != nil {
			return nil, err
		}
		e.Objects = append(e.Objects, b)
	}
	return e, x.checkRoot(t.Root())
}
