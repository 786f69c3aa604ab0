package recorder

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"

	"detente/internal/durable"
	"detente/vault"
)

// A shelf is the sealed segments and the manifests of a vault, on disk.
type shelf struct {
	fs   durable.FS
	dir  string
	mu   sync.Mutex
	cams map[string]*reel
}

// A reel is one camera's chain of manifests.
type reel struct {
	count int64                   // manifests so far
	head  vault.Digest            // of the last one
	open  []*vault.SignedManifest // not known to be on the record yet
}

// maxReel bounds the file of a camera's manifests: a year of ten-second
// segments is 1.2 GB.
const maxReel = 4 << 30

// openShelf reads what is there. A manifest that was being written when the
// machine stopped is no manifest: its segment is recorded over.
func openShelf(fsys durable.FS, dir string, cameras []string) (*shelf, error) {
	s := &shelf{fs: fsys, dir: dir, cams: map[string]*reel{}}
	for _, d := range append([]string{filepath.Join(dir, "manifest")}, s.folders(cameras)...) {
		if err := durable.MkdirAll(fsys, d); err != nil {
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
		return nil, fmt.Errorf("%s: %w", s.reelFile(camera), err)
	}
	if whole < len(b) {
		if err := durable.WriteFile(s.fs, s.reelFile(camera), b[:whole]); err != nil {
			return nil, err
		}
	}
	for _, m := range all {
		if m.Camera != camera || m.Seq != r.count+1 || m.Prev != r.head {
			return nil, fmt.Errorf("%s: manifest %d does not follow the one before it: the folder is damaged", s.reelFile(camera), m.Seq)
		}
		r.count, r.head = m.Seq, m.Digest()
	}
	r.open = all
	return r, nil
}

// maxManifest is more than the wire form of any manifest.
const maxManifest = 4096

// parseReel reads length-prefixed manifests and says how many bytes are whole
// ones: what follows was being written when the machine stopped.
func parseReel(b []byte) (all []*vault.SignedManifest, whole int, err error) {
	for rest := b; len(rest) >= 4; rest = b[whole:] {
		n := int(binary.BigEndian.Uint32(rest))
		if n > maxManifest {
			return nil, 0, fmt.Errorf("a manifest of %d bytes after %d bytes: the file is damaged", n, whole)
		}
		if len(rest) < 4+n {
			break
		}
		m, err := vault.ParseManifest(rest[4 : 4+n])
		if err != nil {
			return nil, 0, fmt.Errorf("after %d bytes: %w", whole, err)
		}
		all, whole = append(all, m), whole+4+n
	}
	return all, whole, nil
}

// next gives the number and the previous digest of a camera's next manifest.
func (s *shelf) next(camera string) (seq int64, prev vault.Digest) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.cams[camera]
	return r.count + 1, r.head
}

// add appends a manifest, durably, to its camera's chain.
func (s *shelf) add(m *vault.SignedManifest) error {
	wire := m.Encode()
	b := append(binary.BigEndian.AppendUint32(nil, uint32(len(wire))), wire...)
	f, err := s.fs.OpenFile(s.reelFile(m.Camera), os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return fmt.Errorf("keeping manifest %d of camera %s: %w", m.Seq, m.Camera, err)
	}
	if err := s.fs.SyncDir(filepath.Dir(s.reelFile(m.Camera))); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.cams[m.Camera]
	r.count, r.head = m.Seq, m.Digest()
	r.open = append(r.open, m)
	return nil
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
