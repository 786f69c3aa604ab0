package recorder

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"

	"detente/internal/durable"
	"detente/statement"
	"detente/vault"
)

// A shelf is the sealed segments and the manifests of a vault, on disk.
type shelf struct {
	fs   durable.FS
	dir  string
	mu   sync.Mutex
	cams map[string]*reel
	own  *statement.PublicKey // the recorder's key: manifests of other keys are those of who was recorder before
	// added has an element after a manifest was added.
	added chan struct{}
}

// A reel is one camera's chain of manifests.
type reel struct {
	count int64                   // manifests so far
	head  vault.Digest            // of the last one
	end   vault.Milliseconds      // when the last one's clip ended
	open  []*vault.SignedManifest // not known to be on the record yet
	torn  error                   // of a write: what the file ends with is not known
}

// maxReel bounds the file of a camera's manifests: a year of ten-second
// segments is 1.2 GB.
const maxReel = 4 << 30

// openShelf reads what is there. A manifest that was being written when the
// machine stopped is no manifest: its segment is recorded over.
func openShelf(fsys durable.FS, dir string, cameras []string, own *statement.PublicKey) (*shelf, error) {
	s := &shelf{fs: fsys, dir: dir, own: own, cams: map[string]*reel{}, added: make(chan struct{}, 1)}
	for _, d := range append([]string{filepath.Join(dir, "manifest"), filepath.Join(dir, "dealing")}, s.folders(cameras)...) {
		if err := durable.MkdirAll(fsys, d); err != nil {
			return nil, err
		}
		if err := durable.RemoveTemps(fsys, d); err != nil {
			return nil, err
		}
	}
	for _, camera := range cameras {
		r, err := s.readReel(camera)
		if err != nil {
			return nil, fmt.Errorf("camera %s: %w", camera, err)
		}
		s.cams[camera] = r
	}
	return s, nil
}

func (s *shelf) folders(cameras []string) (out []string) {
	for _, c := range cameras {
		out = append(out, filepath.Join(s.dir, "segment", c))
	}
	return out
}

func (s *shelf) reelFile(camera string) string { return filepath.Join(s.dir, "manifest", camera) }

func (s *shelf) segmentFile(camera string, seq int64) string {
	return filepath.Join(s.dir, "segment", camera, strconv.FormatInt(seq, 10))
}

func (s *shelf) readReel(camera string) (*reel, error) {
	r := &reel{}
	b, err := durable.ReadFile(s.fs, s.reelFile(camera), maxReel)
	if errors.Is(err, fs.ErrNotExist) {
		return r, nil
	}
	if err != nil {
		return nil, err
	}
	all, whole, err := parseReel(b)
	if err != nil {
		return nil, s.damaged(camera, err)
	}
	// It is written anew also if it is whole: after a failed sync an earlier life
	// may have left its end in the page cache alone, where it can be read and no
	// later sync writes it, and what is appended would follow a hole.
	if len(b) > 0 {
		if err := durable.WriteFile(s.fs, s.reelFile(camera), b[:whole]); err != nil {
			return nil, err
		}
	}
	for _, m := range all {
		next := m.Seq == r.count+1 && m.Prev == r.head
		if foreign := s.own != nil && m.Verify(*s.own) != nil; m.Camera != camera || !next && !(foreign && m.Seq > r.count) {
			return nil, s.damaged(camera, fmt.Errorf("manifest %d does not follow the one before it", m.Seq))
		}
		r.count, r.head, r.end = m.Seq, m.Digest(), m.Wall+m.Duration
	}
	r.open = all
	return r, nil
}

// damaged refuses to go on from a chain of manifests that is not what was
// written: its numbers would be used twice.
func (s *shelf) damaged(camera string, why error) error {
	return &durable.DamagedError{
		Name: s.reelFile(camera), Why: why,
		Mend: "restore this file from a copy made since; without one, keep the folder as it is and have another device enrolled",
	}
}

// maxManifest is more than the wire form of any manifest.
const maxManifest = 4096

// parseReel reads length-prefixed manifests and says how many bytes are whole
// ones. What follows was being written when the machine stopped: at most one
// manifest, of which the disk may have kept any part, or its length and zeros.
func parseReel(b []byte) (all []*vault.SignedManifest, whole int, err error) {
	for whole < len(b) {
		m, n, err := parseOne(b[whole:])
		one := 4 + maxManifest
		if len(all) > 0 {
			one = 4 + len(all[0].Encode()) // those of one camera are of one size
		}
		if err != nil && len(b)-whole <= one {
			return all, whole, nil
		}
		if err != nil {
			return nil, 0, fmt.Errorf("after %d bytes: %w", whole, err)
		}
		all, whole = append(all, m), whole+n
	}
	return all, whole, nil
}

func parseOne(b []byte) (*vault.SignedManifest, int, error) {
	if len(b) < 4 {
		return nil, 0, io.ErrUnexpectedEOF
	}
	n := binary.BigEndian.Uint32(b)
	if n > maxManifest || int(n) > len(b)-4 {
		return nil, 0, fmt.Errorf("a manifest of %d bytes", n)
	}
	m, err := vault.ParseManifest(b[4 : 4+n])
	return m, 4 + int(n), err
}

// next gives the number and the previous digest of a camera's next manifest.
func (s *shelf) next(camera string) (seq int64, prev vault.Digest) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.cams[camera]
	return r.count + 1, r.head
}

// add appends a manifest, durably, to its camera's chain. After a failure
// nobody knows what the file ends with until it is read again.
func (s *shelf) add(m *vault.SignedManifest) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.cams[m.Camera]
	if r.torn != nil {
		return fmt.Errorf("after a failed write the folder must be opened again: %w", r.torn)
	}
	wire := m.Encode()
	b := append(binary.BigEndian.AppendUint32(nil, uint32(len(wire))), wire...)
	f, err := s.fs.OpenFile(s.reelFile(m.Camera), os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	if err := errors.Join(err, f.Sync(), f.Close(), s.fs.SyncDir(filepath.Dir(s.reelFile(m.Camera)))); err != nil {
		r.torn = fmt.Errorf("keeping manifest %d of camera %s: %w", m.Seq, m.Camera, err)
		return r.torn
	}
	r.count, r.head, r.end = m.Seq, m.Digest(), m.Wall+m.Duration
	r.open = append(r.open, m)
	select {
	case s.added <- struct{}{}:
	default:
	}
	return nil
}

// ended is when the earliest of the cameras' last clips ended, in Unix
// seconds; 0 if there is none.
func (s *shelf) ended() (at int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range s.cams {
		if end := int64(r.end / 1000); r.count > 0 && (at == 0 || end < at) {
			at = end
		}
	}
	return at
}

// sealed forgets the open manifests that the record has: those of a camera up
// to the number last.
func (s *shelf) sealed(camera string, last int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.cams[camera]
	if r == nil {
		return
	}
	n := 0
	for n < len(r.open) && r.open[n].Seq <= last {
		n++
	}
	r.open = r.open[n:]
}

// pending are the open manifests, at most a batch, in the batch's order.
func (s *shelf) pending() []*vault.SignedManifest {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []*vault.SignedManifest
	for _, c := range slices.Sorted(maps.Keys(s.cams)) {
		open := s.cams[c].open
		out = append(out, open[:min(len(open), vault.MaxManifests-len(out))]...)
	}
	return out
}

// segment opens the file of a segment named as "<camera>/<seq>".
func (s *shelf) segment(name string) (string, bool) {
	camera, number, ok := strings.Cut(name, "/")
	seq, err := strconv.ParseInt(number, 10, 64)
	if !ok || err != nil || strconv.FormatInt(seq, 10) != number || s.cams[camera] == nil {
		return "", false
	}
	return s.segmentFile(camera, seq), true
}
