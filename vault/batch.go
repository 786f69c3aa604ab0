package vault

import (
	"crypto/sha256"
	"fmt"

	"detente/statement"
)

// A batch is the object that a seal statement names: the purpose, then signed
// manifests, each preceded by its length as a big-endian u32, cameras in byte
// order of their names, each camera's manifests dense and in order.

// EncodeBatch gives the object of a batch. Manifests are in batch order.
func EncodeBatch(manifests []*SignedManifest) ([]byte, error) {
	t := newTranscript(statement.PurposeVaultBatch)
	for _, m := range manifests {
		t = t.bytes(m.Encode())
	}
	if _, err := ParseBatch(t); err != nil {
		return nil, err
	}
	return t, nil
}

// ParseBatch reads a batch strictly. It does not verify signatures.
func ParseBatch(b []byte) ([]*SignedManifest, error) {
	if len(b) > MaxBatchBytes {
		return nil, fmt.Errorf("%w: %d bytes, want at most %d", ErrBatch, len(b), MaxBatchBytes)
	}
	f := fields{rest: b}
	if statement.Purpose(f.next(len(statement.PurposeVaultBatch))) != statement.PurposeVaultBatch {
		return nil, fmt.Errorf("%w: does not start with the purpose %s", ErrBatch, statement.PurposeVaultBatch)
	}
	var out []*SignedManifest
	for len(f.rest) > 0 {
		if len(out) == MaxManifests {
			return nil, fmt.Errorf("%w: more than %d manifests", ErrBatch, MaxManifests)
		}
		wire := f.next(-1)
		if f.bad {
			return nil, fmt.Errorf("%w: torn after %d manifests", ErrBatch, len(out))
		}
		m, err := ParseManifest(wire)
		if err != nil {
			return nil, fmt.Errorf("%w: manifest %d: %w", ErrBatch, len(out), err)
		}
		if len(out) > 0 {
			if err := follows(out[len(out)-1], m); err != nil {
				return nil, err
			}
		}
		out = append(out, m)
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("%w: no manifest", ErrBatch)
	}
	return out, nil
}

func follows(p, m *SignedManifest) error {
	switch {
	case m.Agreement != p.Agreement || m.Vault != p.Vault:
		return fmt.Errorf("%w: manifests of two vaults", ErrBatch)
	case m.Camera < p.Camera:
		return fmt.Errorf("%w: camera %s after %s, want byte order", ErrBatch, m.Camera, p.Camera)
	case m.Camera == p.Camera && m.Seq != p.Seq+1:
		return fmt.Errorf("%w: camera %s has %d after %d, want dense numbers", ErrBatch, m.Camera, m.Seq, p.Seq)
	case m.Camera == p.Camera && m.Prev != p.Digest():
		return fmt.Errorf("%w: camera %s, manifest %d does not name the one before it", ErrBatch, m.Camera, m.Seq)
	}
	return nil
}

// BatchDigest identifies a batch object.
func BatchDigest(b []byte) Digest { return sha256.Sum256(b) }

// Ranges says which manifests of each camera a batch holds, as a seal states it.
func Ranges(manifests []*SignedManifest) []statement.CameraRange {
	out := []statement.CameraRange{}
	for _, m := range manifests {
		if n := len(out); n == 0 || out[n-1].Camera != m.Camera {
			out = append(out, statement.CameraRange{Camera: m.Camera, First: m.Seq})
		}
		r := &out[len(out)-1]
		r.Last, r.Head = m.Seq, m.Digest().String()
	}
	return out
}

// SealOf gives the seal statement for a batch object.
func SealOf(vault string, object []byte) (statement.SealBody, error) {
	ms, err := ParseBatch(object)
	if err != nil {
		return statement.SealBody{}, err
	}
	return statement.SealBody{Vault: vault, Batch: BatchDigest(object).String(), Manifests: len(ms), Ranges: Ranges(ms)}, nil
}

// OpenBatch reads the object that a seal names and checks that it is that
// object and holds what the seal says.
func OpenBatch(seal statement.SealBody, object []byte) ([]*SignedManifest, error) {
	if d := BatchDigest(object); d.String() != seal.Batch {
		return nil, fmt.Errorf("%w: the object's digest is %s, the seal names %s", ErrBatch, d, seal.Batch)
	}
	ms, err := ParseBatch(object)
	if err != nil {
		return nil, err
	}
	got := Ranges(ms)
	if len(ms) != seal.Manifests || len(got) != len(seal.Ranges) {
		return nil, fmt.Errorf("%w: %d manifests of %d cameras, the seal says %d of %d", ErrBatch, len(ms), len(got), seal.Manifests, len(seal.Ranges))
	}
	for i := range got {
		if got[i] != seal.Ranges[i] {
			return nil, fmt.Errorf("%w: camera %s: not the range that the seal states", ErrBatch, got[i].Camera)
		}
	}
	return ms, nil
}
