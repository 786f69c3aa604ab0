package record

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"detente/agreement"
	"detente/internal/ustar"
	"detente/statement"

	"golang.org/x/mod/sumdb/tlog"
)

// An ExportFile is an exported record in a file, of which no more is in memory
// than the text and where each part stands. Whatever is read of it is held to
// SHA256SUMS. Several may read at the same time.
type ExportFile struct {
	Bundle     *agreement.Bundle
	Checkpoint []byte // cosigned, of exactly the entries

	r       io.ReaderAt
	head    statement.Head
	tiles   []portion
	objects []portion // in the order of their digests
}

// portion is where a file of a container stands, and its SHA-256 as
// SHA256SUMS has it.
type portion struct {
	path     string
	at, size int64
	sum      [sha256.Size]byte
}

// OpenExport reads what a container of some size is made of, and its text. It
// accepts what ReadExport accepts, but for what Tile and Check find later. An
// error that is no *ExportError is one of reading, and says nothing of the
// container.
func OpenExport(r io.ReaderAt, size int64, limits Limits) (*ExportFile, error) {
	if size > limits.Bytes {
		return nil, badExport("container", "has %d bytes, at most %d are read", size, limits.Bytes)
	}
	files, err := filesOf(io.NewSectionReader(r, 0, size), limits)
	if err != nil {
		return nil, err
	}
	if len(files) < 2 || files[0].path != fileFormat || files[1].path != fileSums {
		return nil, badExport("container", "want %s and %s as its first two files", fileFormat, fileSums)
	}
	x := &ExportFile{r: r}
	format, err := x.bytes(files[0])
	if err != nil {
		return nil, err
	}
	if string(format) != statement.PurposeExport.Line() {
		return nil, badExport(fileFormat, "want %q; a newer version needs a newer program", statement.PurposeExport.Line())
	}
	sums, err := x.bytes(files[1])
	if err != nil {
		return nil, err
	}
	if err := readSums(sums, files[2:]); err != nil {
		return nil, err
	}
	return x, x.order(files[2:])
}

// filesOf are the files of a container.
func filesOf(r *io.SectionReader, limits Limits) ([]portion, error) {
	var files []portion
	archive := ustar.NewReader(r, ustar.Limits{Files: limits.Files, File: maxFile, Total: limits.Bytes})
	for {
		path, size, err := archive.Next()
		if err == io.EOF {
			return files, nil
		}
		if broken, ok := errors.AsType[*ustar.Error](err); ok {
			return nil, badExport("container", "%v", broken)
		}
		if err != nil {
			return nil, fmt.Errorf("reading the exported record: %w", err)
		}
		files = append(files, portion{path: path, at: archive.Offset(), size: size})
	}
}

// readSums takes every file's line, and holds the lines to the files.
func readSums(sums []byte, files []portion) error {
	for i := range files {
		line, rest, ok := bytes.Cut(sums, []byte("\n"))
		digest, path, two := bytes.Cut(line, []byte("  "))
		f := &files[i]
		if !ok || !two || string(path) != f.path || len(digest) != 2*len(f.sum) {
			return badExport(fileSums, "line %d is not that of the file %s, which stands at that place", i+1, f.path)
		}
		if _, err := hex.Decode(f.sum[:], digest); err != nil || bytes.ContainsAny(digest, "ABCDEF") {
			return badExport(fileSums, "line %d: want a SHA-256 as 64 lower-case hex digits", i+1)
		}
		sums = rest
	}
	if len(sums) > 0 {
		return badExport(fileSums, "want exactly one line for each of the %d files, each ended by a newline", len(files))
	}
	return nil
}

// order finds the parts of the record in the order that they must have.
func (x *ExportFile) order(files []portion) error {
	take := func(prefix string) (all []portion) {
		n := 0
		for n < len(files) && strings.HasPrefix(files[n].path, prefix) {
			n++
		}
		all, files = files[:n], files[n:]
		return all
	}
	if err := x.bundle(take(folderBundle)); err != nil {
		return err
	}
	if err := x.checkpoint(take(fileCheckpoint)); err != nil {
		return err
	}
	x.tiles = take(folderEntries)
	for n := range x.Tiles() {
		want := tilePath(n, x.width(n))
		if n >= int64(len(x.tiles)) || x.tiles[n].path != want {
			return badExport(want, "is missing: the checkpoint has %d entries", x.head.Size)
		}
	}
	if n := x.Tiles(); int64(len(x.tiles)) > n {
		return misplaced(x.tiles[n])
	}
	x.objects = take(folderObjects)
	for i, f := range x.objects {
		if want := fmt.Sprintf("%s%x", folderObjects, f.sum); f.path != want {
			return badExport(f.path, "is an object with another digest, %s", strings.TrimPrefix(want, folderObjects))
		}
		if i > 0 && f.path <= x.objects[i-1].path {
			return badExport(f.path, "want objects in the order of their digests, each once")
		}
	}
	if len(files) > 0 {
		return misplaced(files[0])
	}
	return nil
}

func misplaced(f portion) error {
	return badExport(f.path, "does not belong here: want %s, %s, %s, tiles and objects, in this order", fileFormat, folderBundle, fileCheckpoint)
}

func (x *ExportFile) bundle(parts []portion) error {
	var files []agreement.File
	for _, f := range parts {
		path := strings.TrimPrefix(f.path, folderBundle)
		if n := len(files); n > 0 && files[n-1].Path >= path {
			return badExport(f.path, "want the files of the bundle in byte order of their paths")
		}
		data, err := x.read(f)
		if err != nil {
			return err
		}
		files = append(files, agreement.File{Path: path, Data: data})
	}
	b, err := agreement.NewBundle(files)
	if err != nil {
		return badExport(folderBundle, "%v", err)
	}
	x.Bundle = b
	return nil
}

func (x *ExportFile) checkpoint(parts []portion) error {
	if len(parts) != 1 || parts[0].path != fileCheckpoint {
		return badExport(fileCheckpoint, "is missing: want it after the files of the bundle")
	}
	note, err := x.read(parts[0])
	if err != nil {
		return err
	}
	n, err := statement.ParseNote(note)
	if err != nil {
		return badExport(fileCheckpoint, "%v", err)
	}
	c, err := statement.ParseCheckpoint(n.Text)
	if err != nil {
		return badExport(fileCheckpoint, "%v", err)
	}
	if c.Size < 1 {
		return badExport(fileCheckpoint, "of size 0: want one that covers entries")
	}
	x.Checkpoint, x.head = note, c.Head()
	return nil
}

// bytes are those of a file of the container, held to nothing.
func (x *ExportFile) bytes(f portion) ([]byte, error) {
	b := make([]byte, f.size)
	if _, err := x.r.ReadAt(b, f.at); err != nil && (err != io.EOF || f.size > 0) {
		return nil, fmt.Errorf("reading %s of the exported record: %w", f.path, err)
	}
	return b, nil
}

// read is a file of the container as SHA256SUMS has it.
func (x *ExportFile) read(f portion) ([]byte, error) {
	b, err := x.bytes(f)
	if err != nil {
		return nil, err
	}
	if got := sha256.Sum256(b); got != f.sum {
		return nil, badExport(f.path, "its SHA-256 is %x, which is not what %s says: one of the two was changed", got, fileSums)
	}
	return b, nil
}

// Size is how many entries there are, by the checkpoint.
func (x *ExportFile) Size() int64 { return x.head.Size }

// Tiles is in how many tiles they stand.
func (x *ExportFile) Tiles() int64 { return (x.head.Size + tileWidth - 1) / tileWidth }

func (x *ExportFile) width(n int64) int { return int(min(tileWidth, x.head.Size-n*tileWidth)) }

// Tile is the entries of tile n, which share their memory.
func (x *ExportFile) Tile(n int64) ([][]byte, error) {
	b, err := x.read(x.tiles[n])
	if err != nil {
		return nil, err
	}
	return x.entries(n, b)
}

func (x *ExportFile) entries(n int64, b []byte) ([][]byte, error) {
	path := x.tiles[n].path
	all := make([][]byte, x.width(n))
	for i := range all {
		if len(b) < 2 || len(b)-2 < int(binary.BigEndian.Uint16(b)) {
			return nil, badExport(path, "ends within entry %d", n*tileWidth+int64(i))
		}
		end := 2 + int(binary.BigEndian.Uint16(b))
		all[i], b = b[2:end:end], b[end:]
	}
	if len(b) > 0 {
		return nil, badExport(path, "has %d bytes after its %d entries", len(b), len(all))
	}
	return all, nil
}

// Entry makes the file a Source. It reads a whole tile for one entry.
func (x *ExportFile) Entry(i int64) ([]byte, error) {
	b, err := x.bytes(x.tiles[i/tileWidth])
	if err != nil {
		return nil, err
	}
	all, err := x.entries(i/tileWidth, b)
	if err != nil {
		return nil, err
	}
	return bytes.Clone(all[i%tileWidth]), nil
}

// Near is the file as a Source for one goroutine, which remembers the tile that
// it read last: for those who read entry after entry.
func (x *ExportFile) Near() Source { return &near{x: x} }

type near struct {
	x    *ExportFile
	n    int64
	tile [][]byte
}

func (s *near) Entry(i int64) ([]byte, error) {
	if s.tile == nil || s.n != i/tileWidth {
		tile, err := s.x.Tile(i / tileWidth)
		if err != nil {
			return nil, err
		}
		s.n, s.tile = i/tileWidth, tile
	}
	return bytes.Clone(s.tile[i%tileWidth]), nil
}

// Object finds an object by its SHA-256.
func (x *ExportFile) Object(digest [sha256.Size]byte) (b []byte, found bool, err error) {
	i, ok := slices.BinarySearchFunc(x.objects, digest, func(f portion, d [sha256.Size]byte) int { return bytes.Compare(f.sum[:], d[:]) })
	if !ok {
		return nil, false, nil
	}
	b, err = x.read(x.objects[i])
	return b, err == nil, err
}

// NewFold begins the fold of the exported record. Entries are to be appended in
// their order, tile after tile; Check then judges the rest.
func (x *ExportFile) NewFold() (*Fold, error) {
	f, err := foldOf(x.Bundle)
	if err != nil {
		return nil, err
	}
	f.ReadFrom(x)
	return f, nil
}

// Check holds a fold of exactly this file's entries to the rest of it, and reads
// every object: that it is what its name says, and that a statement on the
// record names it.
func (x *ExportFile) Check(f *Fold) error {
	if f.Size() != x.Size() {
		return fmt.Errorf("record: %d of %d entries were folded", f.Size(), x.Size())
	}
	if err := x.checkRoot(f.Root()); err != nil {
		return err
	}
	if err := checkFold(f, x.Checkpoint, x.tiles[0].path); err != nil {
		return err
	}
	named := f.batches(f.Size())
	for _, o := range x.objects {
		if !named[o.sum] {
			return badExport(o.path, "no statement on the record names it")
		}
		if _, err := x.read(o); err != nil {
			return err
		}
	}
	return nil
}

func (x *ExportFile) checkRoot(root tlog.Hash) error {
	if root != x.head.Root {
		return badExport(fileCheckpoint, "its root is not that of the entries: one was changed, moved, dropped or added")
	}
	return nil
}
