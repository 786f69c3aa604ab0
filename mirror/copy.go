package mirror

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"detente/agreement"
	"detente/record"
	"detente/statement"
)

// A Copy is somebody's verified copy of a record, to be compared or to go on
// from: of a running depositary or mirror, of a mirror's folder, or exported.
type Copy struct {
	Where string // as it was named

	follower *Follower      // nil if exported
	export   *record.Export // nil unless exported
	fold     *record.Fold
	archive  []byte
}

// ExportEnding is how an exported record's file is known.
const ExportEnding = ".detente"

// OpenCopy opens the copy at an address, in a mirror's folder or in an
// exported file. A record at an address is fetched into the folder temp, which
// should be empty: what was seen there before would be held against it. Close
// the copy afterwards. A copy whose entries do not hash to its own signed head
// is a *CorruptError.
func OpenCopy(ctx context.Context, where, temp string) (*Copy, error) {
	c := &Copy{Where: where}
	var err error
	switch {
	case strings.HasPrefix(where, "http://") || strings.HasPrefix(where, "https://"):
		err = c.fetch(ctx, temp)
	case strings.HasSuffix(where, ExportEnding):
		err = c.read()
	default:
		err = c.open(ctx)
	}
	if err != nil {
		c.Close()
		return nil, err
	}
	return c, nil
}

func (c *Copy) fetch(ctx context.Context, temp string) error {
	base, id, err := SplitAddress(c.Where)
	if err != nil {
		return err
	}
	client, err := NewClient(base, id, nil)
	if err != nil {
		return err
	}
	if c.follower, err = Open(ctx, Config{Dir: temp, Client: client}); err != nil {
		return err
	}
	// A host whose term ended shows at least the entry that says so: a copy
	// ends there, and whoever comes next goes on from it.
	if err := c.follower.Update(ctx); err != nil && !ended(err) {
		return fmt.Errorf("%s: %w", c.Where, err)
	}
	c.fold, c.archive = c.follower.fold, c.follower.archive
	return nil
}

// SplitAddress splits a record's address into its host's and the agreement's id.
func SplitAddress(address string) (base string, id agreement.Digest, err error) {
	address = strings.TrimSuffix(address, "/")
	slash := strings.LastIndexByte(address, '/')
	if id, err = agreement.ParseDigest(address[slash+1:]); err != nil || slash < 0 {
		return "", id, fmt.Errorf("address %q: want that of a record: its host's, a slash, and the 64 hex digits of the agreement's id", address)
	}
	return address[:slash], id, nil
}

func (c *Copy) read() error {
	info, err := os.Stat(c.Where)
	if err != nil {
		return err
	}
	if info.Size() > record.DefaultLimits.Bytes {
		return fmt.Errorf("%s: %w: %d bytes, the limit is %d", c.Where, ErrTooLarge, info.Size(), record.DefaultLimits.Bytes)
	}
	b, err := os.ReadFile(c.Where)
	if err != nil {
		return err
	}
	if c.export, err = record.ReadExport(b, record.DefaultLimits); err == nil {
		c.fold, err = c.export.Fold()
	}
	if err != nil {
		return &CorruptError{Where: c.Where, Why: err}
	}
	c.archive, err = record.EncodeBundle(c.export.Bundle)
	return err
}

func (c *Copy) open(ctx context.Context) error {
	if info, err := os.Stat(filepath.Join(c.Where, "bundle")); err != nil || !info.Mode().IsRegular() {
		return fmt.Errorf("%s: no copy of a record: want an address, a mirror's folder, or an exported file %s", c.Where, ExportEnding)
	}
	var err error
	if c.follower, err = Open(ctx, Config{Dir: c.Where}); err != nil {
		return err
	}
	f := c.follower
	c.fold, c.archive = f.fold, f.archive
	if f.fold.Size() == f.head.Size {
		return nil
	}
	var kept [][]byte
	if err := f.eachTile(f.head.Size, func(entries [][]byte) { kept = append(kept, entries...) }); err != nil {
		return err
	}
	return &CorruptError{
		Where: c.Where, Agreement: f.agreement, Head: f.head.Head(), Entries: kept,
		Why: fmt.Errorf("its head is signed for %d entries with root %s, and the %d entries beside it do not give that root", f.head.Size, f.head.Root, len(kept)),
	}
}

// A CorruptError says that a copy contradicts itself, so that it shows nothing
// about the record.
type CorruptError struct {
	Where     string
	Agreement *agreement.Agreement // nil if it could not be read
	Head      statement.Head       // as signed
	Entries   [][]byte             // what is there of the entries
	Why       error
}

func (e *CorruptError) Error() string {
	return fmt.Sprintf("%s is a damaged copy: %v", e.Where, e.Why)
}

// Unwrap gives what was found.
func (e *CorruptError) Unwrap() error { return e.Why }

// Close gives the copy up.
func (c *Copy) Close() error {
	if c.follower == nil {
		return nil
	}
	return c.follower.Close()
}

// Agreement is the agreement whose record it is.
func (c *Copy) Agreement() *agreement.Agreement { return c.fold.Agreement() }

// Archive is the archive of the agreement's bundle.
func (c *Copy) Archive() []byte { return c.archive }

// Fold is the record as it is in the copy.
func (c *Copy) Fold() *record.Fold { return c.fold }

// Checkpoints are the notes that the copy has of its record, largest first: the
// signed head and the newest that a quorum cosigned. Either may be nil; of an
// exported record both are one.
func (c *Copy) Checkpoints() (head, final []byte) {
	if c.export != nil {
		return c.export.Checkpoint, c.export.Checkpoint
	}
	_, head = c.follower.Head()
	_, final = c.follower.Final()
	return head, final
}

// Object is an object that the record names; ErrNotFound if the copy lacks it.
func (c *Copy) Object(ctx context.Context, d agreement.Digest) ([]byte, error) {
	if c.export == nil {
		return c.follower.Object(ctx, d)
	}
	if b, ok := c.export.Object(d); ok {
		return b, nil
	}
	return nil, fmt.Errorf("object %s: %w", d, ErrNotFound)
}

// Batches are the digests of the batches of manifests that a record names.
func Batches(f *record.Fold) []agreement.Digest { return f.Batches(0, f.Size()) }

// IsCorrupt gives what is wrong with a copy that contradicts itself.
func IsCorrupt(err error) (*CorruptError, bool) { return errors.AsType[*CorruptError](err) }
