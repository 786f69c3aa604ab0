package availability

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"slices"

	"detente/agreement"
	"detente/statement"
	"detente/vault"
)

// A Config is what a check needs.
type Config struct {
	Ledger *vault.Ledger // of the vault, read as far as the record is known
	// Object fetches a batch of manifests by its digest.
	Object func(ctx context.Context, digest agreement.Digest) ([]byte, error)
	// Segment fetches a sealed segment. An error that is fs.ErrNotExist says that
	// the host has not got it; any other, that nothing was found out.
	Segment func(ctx context.Context, camera string, seq int64) ([]byte, error)

	// Have gives what a copy has of a segment; nil: there is no copy. An error
	// that is fs.ErrNotExist says that it has not got it.
	Have func(camera string, seq int64) ([]byte, error)
	// Keep puts a segment that is good into the copy.
	Keep func(camera string, seq int64, segment []byte) error
}

// A Name is a segment's place in its vault.
type Name struct {
	Camera string `json:"camera"`
	Seq    int64  `json:"seq"`
}

// A Finding is what is wrong with one segment, or with those of one batch from
// Seq on.
type Finding struct {
	Name
	Entry  int64  `json:"entry"` // that sealed it
	Reason string `json:"reason"`
}

// A Report is what was found out.
type Report struct {
	Vault      agreement.Name `json:"vault"`
	Sealed     int64          `json:"sealed"` // segments that the record describes
	There      int64          `json:"there"`  // asked for, and good
	Copied     int64          `json:"copied"` // of these, new in the copy
	Lost       []Finding      `json:"lost"`   // missing or altered
	Unanswered []Finding      `json:"unanswered"`
}

// Draw picks n segments, or all (nil) if there are no more, from those sealed.
// The head is of a checkpoint that a quorum cosigned; with it anybody draws the
// same. Each is as likely as any other, however often it was sealed.
func Draw(l *vault.Ledger, head statement.Head, n int) map[Name]bool {
	ranges := sealed(l)
	total := size(ranges)
	if total <= int64(n) {
		return nil
	}
	drawn := map[Name]bool{}
	for i := uint64(0); len(drawn) < n; i++ {
		b := append([]byte(statement.PurposeSample), '\n')
		b = append(b, head.Root[:]...)
		b = binary.BigEndian.AppendUint64(b, uint64(head.Size))
		b = binary.BigEndian.AppendUint64(b, i)
		sum := sha256.Sum256(b)
		drawn[at(ranges, int64(binary.BigEndian.Uint64(sum[:])%uint64(total)))] = true
	}
	return drawn
}

// Sealed is how many segments the entries of a ledger seal, each counted once.
func Sealed(l *vault.Ledger) int64 { return size(sealed(l)) }

// sealed are the ranges that the entries seal, in order and without overlap. One
// that states more than a batch can hold is cut; that it lies is found out when
// its manifests are looked at.
func sealed(l *vault.Ledger) (ranges []statement.CameraRange) {
	for _, s := range l.Seals {
		for _, r := range s.Body.Ranges {
			if r.Last < r.First {
				continue
			}
			if r.Last-r.First >= vault.MaxBatchBytes {
				r.Last = r.First + vault.MaxBatchBytes - 1
			}
			ranges = append(ranges, r)
		}
	}
	slices.SortFunc(ranges, func(a, b statement.CameraRange) int {
		return cmp.Or(cmp.Compare(a.Camera, b.Camera), cmp.Compare(a.First, b.First))
	})
	merged := ranges[:0]
	for _, r := range ranges {
		last := len(merged) - 1
		if last < 0 || merged[last].Camera != r.Camera || merged[last].Last < r.First {
			merged = append(merged, r)
			continue
		}
		merged[last].Last = max(merged[last].Last, r.Last)
	}
	return merged
}

func size(ranges []statement.CameraRange) (total int64) {
	for _, r := range ranges {
		total += r.Last - r.First + 1
	}
	return total
}

// at is the segment with a number among those of ranges.
func at(ranges []statement.CameraRange, i int64) Name {
	for _, r := range ranges {
		n := r.Last - r.First + 1
		if i < n {
			return Name{r.Camera, r.First + i}
		}
		i -= n
	}
	panic("availability: a number of no segment")
}

// Check asks for the segments that are drawn, or for all if drawn is nil. The
// error is of this machine; what is wrong with a segment is reported.
func Check(ctx context.Context, cfg Config, drawn map[Name]bool) (*Report, error) {
	c := &check{Config: cfg, drawn: drawn, seen: map[Name]vault.Digest{}}
	c.report = Report{Vault: cfg.Ledger.Terms.Vault, Sealed: Sealed(cfg.Ledger), Lost: []Finding{}, Unanswered: []Finding{}}
	for _, s := range cfg.Ledger.Seals {
		if !slices.ContainsFunc(s.Body.Ranges, c.wants) {
			continue
		}
		if err := c.seal(ctx, s); err != nil {
			return nil, err
		}
	}
	return &c.report, nil
}

type check struct {
	Config
	drawn  map[Name]bool
	seen   map[Name]vault.Digest
	report Report
}

func (c *check) wants(r statement.CameraRange) bool {
	if c.drawn == nil {
		return true
	}
	for n := range c.drawn {
		if n.Camera == r.Camera && n.Seq >= r.First && n.Seq <= r.Last {
			return true
		}
	}
	return false
}

func (c *check) seal(ctx context.Context, s vault.Seal) error {
	manifests, err := c.batch(ctx, s)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil {
		for _, r := range s.Body.Ranges {
			c.find(ctx, Finding{Name{r.Camera, r.First}, s.Entry, ""}, fmt.Errorf("segments %d to %d: their manifests cannot be had: %w", r.First, r.Last, err))
		}
		return nil
	}
	for _, m := range manifests {
		name := Name{m.Camera, m.Seq}
		if c.drawn != nil && !c.drawn[name] {
			continue
		}
		if err := c.segment(ctx, m, Finding{name, s.Entry, ""}); err != nil {
			return err
		}
	}
	return nil
}

func (c *check) batch(ctx context.Context, s vault.Seal) ([]*vault.SignedManifest, error) {
	d, err := agreement.ParseDigest(s.Body.Batch)
	if err != nil {
		return nil, err
	}
	object, err := c.Object(ctx, d)
	if err != nil {
		return nil, err
	}
	return vault.OpenBatch(s.Body, object)
}

// find files a finding where it belongs.
func (c *check) find(ctx context.Context, f Finding, err error) {
	f.Reason = err.Error()
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, vault.ErrSegment) || errors.Is(err, vault.ErrBatch) || errors.Is(err, errManifest) {
		c.report.Lost = append(c.report.Lost, f)
	} else if ctx.Err() == nil {
		c.report.Unanswered = append(c.report.Unanswered, f)
	}
}

// errManifest is that what the recorder signed describes no segment of the vault.
var errManifest = errors.New("the manifest is not good")

func (c *check) segment(ctx context.Context, m *vault.SignedManifest, f Finding) error {
	t := &c.Ledger.Terms
	if first, again := c.seen[f.Name]; again {
		if first != m.Digest() {
			c.find(ctx, f, fmt.Errorf("%w: the recorder signed two with this number", errManifest))
		}
		return nil
	}
	c.seen[f.Name] = m.Digest()
	if err := m.Verify(c.Ledger.KeysAt(f.Entry)...); err != nil {
		c.find(ctx, f, fmt.Errorf("%w: %w", errManifest, err))
		return nil
	}
	if !slices.Contains(t.Cameras, m.Camera) || m.Agreement != t.Agreement || m.Vault != vault.VaultID(t.Agreement, t.Vault) {
		c.find(ctx, f, fmt.Errorf("%w: it is not of a camera of this vault", errManifest))
		return nil
	}
	if c.Have != nil {
		if b, err := c.Have(m.Camera, m.Seq); err == nil && good(m, b) == nil {
			c.report.There++
			return nil
		} else if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	b, err := c.Segment(ctx, m.Camera, m.Seq)
	if err == nil {
		err = good(m, b)
	}
	if err != nil {
		c.find(ctx, f, err)
		return ctx.Err()
	}
	c.report.There++
	if c.Keep == nil {
		return nil
	}
	c.report.Copied++
	return c.Keep(m.Camera, m.Seq, b)
}

func good(m *vault.SignedManifest, b []byte) error {
	return vault.VerifySegment(bytes.NewReader(b), m.Size, m.Root)
}
