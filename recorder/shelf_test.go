package recorder

import (
	"bytes"
	"crypto/ed25519"
	"encoding/binary"
	"testing"

	"detente/vault"
)

// reel is the file of n manifests of one camera.
func reelOf(t testing.TB, n int64) []byte {
	t.Helper()
	key := ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))
	var b []byte
	var prev vault.Digest
	for seq := int64(1); seq <= n; seq++ {
		m, err := (&vault.Manifest{Camera: "main", Seq: seq, Prev: prev, Size: vault.SegmentSize(4096), Wall: 1000, Mono: 1, Duration: 10}).Sign(key)
		if err != nil {
			t.Fatal(err)
		}
		wire := m.Encode()
		b = append(binary.BigEndian.AppendUint32(b, uint32(len(wire))), wire...)
		prev = m.Digest()
	}
	return b
}

// A manifest that was being written when the machine stopped is no manifest,
// wherever the write stopped; those before it are kept.
func TestTornReelKeepsWholeManifests(t *testing.T) {
	whole := reelOf(t, 2)
	first := len(reelOf(t, 1))
	for cut := range len(whole) {
		all, kept, err := parseReel(whole[:cut])
		if err != nil {
			t.Fatalf("cut at %d: %v", cut, err)
		}
		want := cut / first
		if len(all) != want || kept != want*first {
			t.Fatalf("cut at %d: %d manifests in %d bytes, want %d in %d", cut, len(all), kept, want, want*first)
		}
	}
}

// Damage before the last manifest is no torn write: nothing is thrown away.
func TestDamagedReelIsRefused(t *testing.T) {
	b := reelOf(t, 20)
	b[0] = 0xff // a length that no manifest has
	if _, _, err := parseReel(b); err == nil {
		t.Error("a length of gigabytes was taken")
	}
	b = reelOf(t, 20)
	b[8] ^= 1 // inside the first manifest's purpose
	if _, _, err := parseReel(b); err == nil {
		t.Error("a manifest of another purpose was taken")
	}
}

func FuzzReel(f *testing.F) {
	f.Add([]byte{})
	f.Add(reelOf(f, 1))
	f.Add(reelOf(f, 3)[:1000])
	f.Fuzz(func(t *testing.T, b []byte) {
		all, whole, err := parseReel(b)
		if err != nil {
			return
		}
		var again []byte
		for _, m := range all {
			wire := m.Encode()
			again = append(binary.BigEndian.AppendUint32(again, uint32(len(wire))), wire...)
		}
		if !bytes.Equal(again, b[:whole]) {
			t.Errorf("%d manifests in %d bytes are not what was read", len(all), whole)
		}
	})
}
