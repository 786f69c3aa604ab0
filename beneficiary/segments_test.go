package beneficiary

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"strings"
	"testing"

	"detente/agreement"
	"detente/statement"
	"detente/vault"
)

const padded = 200

// A bench is an opening whose one epoch is recovered, with the recorder at hand
// who seals for it.
type bench struct {
	*opening
	t        *testing.T
	recorder ed25519.PrivateKey
	epoch    vault.Digest
	kept     map[string][]byte // sealed segments by name
	clips    []string
}

func newBench(t *testing.T) *bench {
	t.Helper()
	b := &bench{t: t, recorder: ed25519.NewKeyFromSeed(bytes.Repeat([]byte{1}, ed25519.SeedSize)), epoch: vault.Digest{1}, kept: map[string][]byte{}}
	key, err := statement.NewPublicKey(b.recorder.Public().(ed25519.PublicKey))
	if err != nil {
		t.Fatal(err)
	}
	l, err := vault.NewLedger(vault.Terms{
		Agreement: agreement.Digest{2}, Vault: "footage", Recorder: "recorder", RecorderKey: key, Seats: []agreement.Name{"c1"}, Need: 1,
		Epoch: 1000, Segment: 10, Cadence: 10, SegmentBytes: padded, Cameras: []string{"main"},
	})
	if err != nil {
		t.Fatal(err)
	}
	id, err := vault.NewIdentity(bytes.Repeat([]byte{3}, vault.SeedSize))
	if err != nil {
		t.Fatal(err)
	}
	b.opening = &opening{
		Config: Config{
			Segment: func(_ context.Context, camera string, seq int64) ([]byte, error) {
				if s, ok := b.kept[fmt.Sprint(camera, seq)]; ok {
					return s, nil
				}
				return nil, errors.New("no such segment")
			},
			Clip: func(camera string, seq int64, data []byte) error {
				b.clips = append(b.clips, fmt.Sprintf("%s %d %s", camera, seq, data))
				return nil
			},
		},
		ledger: &vault.Reader{Ledger: l}, report: &Report{}, keys: map[vault.Digest]*vault.Identity{b.epoch: id},
		seen: map[segmentName]vault.Digest{}, padded: padded,
	}
	return b
}

// seal seals data as a segment, keeps it, and gives its signed manifest.
func (b *bench) seal(camera string, seq int64, data string, change func(*vault.Manifest)) *vault.SignedManifest {
	b.t.Helper()
	var sealed bytes.Buffer
	w, err := vault.SealSegment(&sealed, b.keys[b.epoch].Recipient(), []byte(data), padded)
	if err != nil {
		b.t.Fatal(err)
	}
	b.kept[fmt.Sprint(camera, seq)] = sealed.Bytes()
	m := vault.Manifest{
		Agreement: agreement.Digest{2}, Vault: vault.VaultID(agreement.Digest{2}, "footage"), Camera: camera, Epoch: b.epoch, Seq: seq,
		Prev: vault.Digest{byte(seq - 1)}, Size: w.Size, Root: w.Root, Duration: 10_000,
	}
	if change != nil {
		change(&m)
	}
	signed, err := m.Sign(b.recorder)
	if err != nil {
		b.t.Fatal(err)
	}
	return signed
}

// open opens the segment of a manifest that is sealed at entry 0.
func (b *bench) open(m *vault.SignedManifest) {
	b.t.Helper()
	if err := b.segment(b.t.Context(), m, 0); err != nil {
		b.t.Fatal(err)
	}
}

// wantFailed wants n failures, the last for this reason, and only these clips.
func (b *bench) want(failed int, reason string, clips ...string) {
	b.t.Helper()
	if fmt.Sprint(b.clips) != fmt.Sprint(clips) || b.report.Opened != len(clips) {
		b.t.Errorf("opened %q, want %q", b.clips, clips)
	}
	if n := len(b.report.Failed); n != failed || n > 0 && !strings.Contains(b.report.Failed[n-1].Reason, reason) {
		b.t.Errorf("failed %+v, want %d, the last for %q", b.report.Failed, failed, reason)
	}
}

// A manifest that is sealed twice is opened once. A second one with its number
// is reported, and what it describes does not take the place of the first.
func TestNumbersThatAreDoubled(t *testing.T) {
	b := newBench(t)
	m := b.seal("main", 1, "the first", nil)
	b.open(m)
	b.open(m)
	b.want(0, "", "main 1 the first")
	b.open(b.seal("main", 1, "the second", nil))
	b.want(1, "two manifests with this number", "main 1 the first")
}

// The name of a camera comes from whoever signs: one that the text does not
// have is reported, and names no file.
func TestManifestsThatAreNotOfThisVault(t *testing.T) {
	b := newBench(t)
	b.open(b.seal("../../etc/passwd", 1, "x", nil))
	b.want(1, "not of a camera of this vault")
	b.open(b.seal("main", 1, "x", func(m *vault.Manifest) { m.Vault = vault.VaultID(m.Agreement, "another") }))
	b.want(2, "not of a camera of this vault")
	b.open(b.seal("main", 1, "x", func(m *vault.Manifest) { m.Agreement[0] ^= 1 }))
	b.want(3, "not of a camera of this vault")
	b.open(b.seal("main", 1, "mine", nil))
	b.want(3, "", "main 1 mine")
}

// Nothing is decrypted that the recorder has not signed for, and as signed.
func TestSegmentsThatAreNotAsSigned(t *testing.T) {
	b := newBench(t)
	m := b.seal("main", 1, "x", nil)
	m.Sig[5] ^= 1
	b.open(m)
	b.want(1, "signature")
	m = b.seal("main", 2, "x", nil)
	b.kept["main2"][vault.HeaderSize+20] ^= 1
	b.open(m)
	b.want(2, "not the bytes")
	m = b.seal("main", 3, "x", nil)
	delete(b.kept, "main3")
	b.open(m)
	b.want(3, "no such segment")
	b.open(b.seal("main", 4, "x", func(m *vault.Manifest) { m.Epoch = vault.Digest{9} }))
	b.want(4, "was not recovered")
}
