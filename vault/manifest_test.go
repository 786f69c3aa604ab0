package vault

import (
	"bytes"
	"crypto/ed25519"
	"errors"
	"strings"
	"testing"

	"detente/statement"
)

// chain makes n signed manifests of a camera from number first.
func chain(t testing.TB, camera string, first int64, n int, prev Digest) []*SignedManifest {
	t.Helper()
	var out []*SignedManifest
	for i := range n {
		m := Manifest{
			Agreement: testAgreement, Vault: VaultID(testAgreement, "cameras"), Camera: camera, Seq: first + int64(i), Prev: prev,
			Size: SegmentSize(worldPadded), Root: Digest{1}, Wall: 1_000_000_000, Duration: 10_000, Checkpoint: [32]byte{2},
		}
		s, err := m.Sign(signingKey())
		if err != nil {
			t.Fatal(err)
		}
		out, prev = append(out, s), m.Digest()
	}
	return out
}

func TestManifestRoundTripAndSize(t *testing.T) {
	s := chain(t, "east", 1, 1, Digest{})[0]
	if n := len(s.Bytes()); n != 312 {
		t.Errorf("a camera of four characters gives %d signed bytes, want 312", n)
	}
	p, err := ParseManifest(s.Encode())
	if err != nil {
		t.Fatal(err)
	}
	if *p != *s || !bytes.Equal(p.Encode(), s.Encode()) {
		t.Error("decoding and encoding changed it")
	}
	pub, err := statement.NewPublicKey(signingKey().Public().(ed25519.PublicKey))
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Verify(pub); err != nil {
		t.Error(err)
	}
	if err := p.Verify(); !errors.Is(err, ErrSignature) {
		t.Errorf("no keys: got %v, want %v", err, ErrSignature)
	}
	p.Seq++
	if err := p.Verify(pub); !errors.Is(err, ErrSignature) {
		t.Errorf("altered: got %v, want %v", err, ErrSignature)
	}
}

func TestManifestsAreReadStrictly(t *testing.T) {
	good := chain(t, "east", 1, 1, Digest{})[0].Manifest
	for name, alter := range map[string]func(*Manifest){
		"no camera":          func(m *Manifest) { m.Camera = "" },
		"camera too long":    func(m *Manifest) { m.Camera = strings.Repeat("e", MaxCameraName+1) },
		"camera not UTF-8":   func(m *Manifest) { m.Camera = "\xff" },
		"number 0":           func(m *Manifest) { m.Seq = 0 },
		"first with prev":    func(m *Manifest) { m.Prev = Digest{1} },
		"second without":     func(m *Manifest) { m.Seq = 2 },
		"size below any":     func(m *Manifest) { m.Size = HeaderSize },
		"size above any":     func(m *Manifest) { m.Size = SegmentSize(MaxSegmentBytes) + 1 },
		"negative wall":      func(m *Manifest) { m.Wall = -1 },
		"wall past the end":  func(m *Manifest) { m.Wall = maxTime + 1 },
		"negative mono":      func(m *Manifest) { m.Mono = -1 },
		"duration over":      func(m *Manifest) { m.Duration = maxDuration + 1 },
		"duration below all": func(m *Manifest) { m.Duration = -1 },
	} {
		m := good
		alter(&m)
		if _, err := m.Sign(signingKey()); !errors.Is(err, ErrManifest) {
			t.Errorf("%s: signing: got %v, want %v", name, err, ErrManifest)
		}
		s := SignedManifest{Manifest: m}
		if _, err := ParseManifest(s.Encode()); !errors.Is(err, ErrManifest) {
			t.Errorf("%s: reading: got %v, want %v", name, err, ErrManifest)
		}
	}
	for name, alter := range map[string]func(*Manifest){
		"longest camera":   func(m *Manifest) { m.Camera = strings.Repeat("e", MaxCameraName) },
		"longest duration": func(m *Manifest) { m.Duration = maxDuration },
		"largest size":     func(m *Manifest) { m.Size = SegmentSize(MaxSegmentBytes) },
	} {
		m := good
		alter(&m)
		if _, err := m.Sign(signingKey()); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	wire := (&SignedManifest{Manifest: good}).Encode()
	for n := range wire {
		if _, err := ParseManifest(wire[:n]); !errors.Is(err, ErrManifest) {
			t.Fatalf("torn after %d bytes: got %v", n, err)
		}
	}
	if _, err := ParseManifest(append(bytes.Clone(wire), 0)); !errors.Is(err, ErrManifest) {
		t.Errorf("a byte more: got %v", err)
	}
	if _, err := ParseManifest(bytes.Replace(wire, []byte("manifest/1"), []byte("manifest/2"), 1)); !errors.Is(err, ErrManifest) {
		t.Errorf("another version: got %v", err)
	}
}

func TestBatches(t *testing.T) {
	east := chain(t, "east", 1, 3, Digest{})
	west := chain(t, "west", 1, 2, Digest{})
	object, err := EncodeBatch(append(append([]*SignedManifest{}, east...), west...))
	if err != nil {
		t.Fatal(err)
	}
	seal, err := SealOf("cameras", object)
	if err != nil {
		t.Fatal(err)
	}
	if seal.Manifests != 5 || len(seal.Ranges) != 2 || seal.Ranges[0].Last != 3 || seal.Ranges[1].Head != west[1].Digest().String() {
		t.Errorf("seal %+v", seal)
	}
	ms, err := OpenBatch(seal, object)
	if err != nil || len(ms) != 5 {
		t.Fatalf("%d manifests, %v", len(ms), err)
	}
	again, err := EncodeBatch(ms)
	if err != nil || !bytes.Equal(again, object) {
		t.Errorf("decoding and encoding changed it: %v", err)
	}
	for name, alter := range map[string]func(*statement.SealBody){
		"another batch":  func(b *statement.SealBody) { b.Batch = Digest{}.String() },
		"another count":  func(b *statement.SealBody) { b.Manifests = 4 },
		"another range":  func(b *statement.SealBody) { b.Ranges[0].First = 2 },
		"another head":   func(b *statement.SealBody) { b.Ranges[1].Head = b.Ranges[0].Head },
		"a camera fewer": func(b *statement.SealBody) { b.Ranges = b.Ranges[:1] },
	} {
		b := seal
		b.Ranges = append([]statement.CameraRange(nil), seal.Ranges...)
		alter(&b)
		if _, err := OpenBatch(b, object); !errors.Is(err, ErrBatch) {
			t.Errorf("%s: got %v, want %v", name, err, ErrBatch)
		}
	}
}

func TestBatchesAreReadStrictly(t *testing.T) {
	east, west := chain(t, "east", 1, 3, Digest{}), chain(t, "west", 1, 1, Digest{})
	other := chain(t, "east", 2, 1, Digest{9})
	foreign := chain(t, "west", 1, 1, Digest{})[0]
	foreign.Vault = VaultID(testAgreement, "other")
	for name, ms := range map[string][]*SignedManifest{
		"none":                  {},
		"reordered":             {east[1], east[0]},
		"a number left out":     {east[0], east[2]},
		"a number twice":        {east[0], east[0]},
		"cameras out of order":  {west[0], east[0]},
		"another previous":      {east[0], other[0]},
		"another vault's among": {east[0], foreign},
	} {
		if _, err := EncodeBatch(ms); !errors.Is(err, ErrBatch) {
			t.Errorf("%s: got %v, want %v", name, err, ErrBatch)
		}
	}
	object, err := EncodeBatch(east)
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range []int{0, 3, 20, 30, len(object) - 1} {
		if _, err := ParseBatch(object[:n]); !errors.Is(err, ErrBatch) {
			t.Errorf("torn after %d bytes: got %v, want %v", n, err, ErrBatch)
		}
	}
	if _, err := EncodeBatch(chain(t, "e", 1, MaxManifests, Digest{})); err != nil {
		t.Errorf("%d manifests: %v", MaxManifests, err)
	}
	if _, err := EncodeBatch(chain(t, "e", 1, MaxManifests+1, Digest{})); !errors.Is(err, ErrBatch) {
		t.Errorf("%d manifests: got %v, want %v", MaxManifests+1, err, ErrBatch)
	}
	if _, err := ParseBatch(make([]byte, MaxBatchBytes+1)); !errors.Is(err, ErrBatch) || !strings.Contains(err.Error(), "at most") {
		t.Errorf("a byte too many: got %v, want %v", err, ErrBatch)
	}
}
