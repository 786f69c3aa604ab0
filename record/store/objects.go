package store

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"detente/internal/durable"
)

// PutObject keeps a blob under its SHA-256, durably. Putting it again changes
// nothing.
func (s *Store) PutObject(data []byte) (digest [32]byte, err error) {
	if len(data) > MaxObject {
		return digest, fmt.Errorf("object of %d bytes: at most %d are allowed", len(data), MaxObject)
	}
	digest = sha256.Sum256(data)
	s.objects.Lock()
	defer s.objects.Unlock()
	s.mu.Lock()
	closing := s.closing
	s.mu.Unlock()
	if closing {
		return digest, errors.New("keeping object: store is closed")
	}
	// It is written also if it is there: a crash or a failed sync may have
	// left a file that is only in the page cache.
	name := s.objectName(digest)
	if err := durable.Mkdir(s.fs, filepath.Dir(name)); err != nil {
		return digest, err
	}
	return digest, durable.WriteFile(s.fs, name, data)
}

// GetObject returns the blob of a digest, verified.
func (s *Store) GetObject(digest [32]byte) ([]byte, error) {
	data, err := durable.ReadFile(s.fs, s.objectName(digest), MaxObject)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("object %x: %w", digest, ErrNotFound)
	}
	if err != nil {
		return nil, fmt.Errorf("object %x: %w", digest, err)
	}
	if got := sha256.Sum256(data); !bytes.Equal(got[:], digest[:]) {
		return nil, fmt.Errorf("%w: object %x: its bytes have digest %x: put it again", ErrDamaged, digest, got)
	}
	return data, nil
}

func (s *Store) objectName(digest [32]byte) string {
	name := hex.EncodeToString(digest[:])
	return filepath.Join(s.dir, "object", name[:2], name)
}
