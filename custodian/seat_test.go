package custodian

import (
	"bytes"
	"crypto/rand"
	"log/slog"
	"path/filepath"
	"testing"

	"detente/agreement"
	"detente/internal/durable"
	"detente/internal/durable/durabletest"
	"detente/vault"
)

// What was destroyed does not come back when the power is cut, whatever of the
// disk's own delays survives.
func TestDestroyedFilesStayDestroyed(t *testing.T) {
	for name, keep := range map[string]durabletest.Keep{"nothing": durabletest.KeepNothing, "some": durabletest.KeepSome(1), "all": durabletest.KeepAll} {
		m := durabletest.New()
		s := &seat{custodian: &Custodian{cfg: Config{FS: m, Log: slog.New(slog.DiscardHandler)}}, vault: "footage", dir: "/footage"}
		if err := s.open(); err != nil {
			t.Fatal(err)
		}
		for _, file := range []string{"a", "b", "c"} {
			if err := durable.WriteFile(m, s.path("share", file), []byte("a share of 64 bytes")); err != nil {
				t.Fatal(err)
			}
		}
		if n, err := s.empty("share"); n != 3 || err != nil {
			t.Fatalf("destroyed %d, %v", n, err)
		}
		after := m.Crash(keep)
		if left, err := after.ReadDir("/footage/share"); err != nil || len(left) != 0 {
			t.Errorf("the disk kept %s of what was not synced, and %v are there again, %v", name, left, err)
		}
	}
}

// dealt is a dealing with two of three seats, and the seats' keys.
func dealt(t *testing.T) (*vault.Attempt, []*vault.PrivateKey) {
	t.Helper()
	p := vault.Params{Agreement: agreement.Digest{1}, Vault: "footage", Epoch: 1, Attempt: 1, Need: 2, Absent: 1}
	var keys []*vault.PrivateKey
	for _, name := range []agreement.Name{"c1", "c2", "c3"} {
		k, err := vault.GenerateKey(rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		keys = append(keys, k)
		p.Seats = append(p.Seats, vault.SeatKey{Custodian: name, Key: k.Public()})
	}
	d, err := vault.Deal(rand.Reader, p)
	if err != nil {
		t.Fatal(err)
	}
	return &vault.Attempt{Core: d.Core, Digest: d.Digest, Dealing: d}, keys
}

// A key that the disk damaged is lost. A complaint would publish what is in its
// place and accuse the recorder.
func TestDamagedKeyIsLostAndNothingIsSaid(t *testing.T) {
	a, keys := dealt(t)
	s := newSeat(t, t.TempDir())
	s.number = 1
	file := s.path("key", a.Core.Seats[0].Key.String())
	for name, seed := range map[string][]byte{"zeros": make([]byte, vault.SeedSize), "short": {1, 2, 3}, "another's": keys[1].Seed()} {
		if err := durable.WriteFile(durable.OS, file, seed); err != nil {
			t.Fatal(err)
		}
		if body, err := s.answerTo(a); body != nil || err != nil {
			t.Errorf("%s: it says %+v, %v", name, body, err)
		}
	}
	if err := durable.WriteFile(durable.OS, file, keys[0].Seed()); err != nil {
		t.Fatal(err)
	}
	s.custodian.cfg.Random = rand.Reader
	if body, err := s.answerTo(a); body == nil || err != nil {
		t.Errorf("with its own key it says nothing, %v: this shows nothing", err)
	}
}

// A share that the disk damaged is not handed over: it would be proved wrong.
func TestDamagedShareIsNotHandedOver(t *testing.T) {
	a, keys := dealt(t)
	s := newSeat(t, t.TempDir())
	s.number = 1
	share, err := a.Dealing.OpenShare(1, keys[0])
	if err != nil {
		t.Fatal(err)
	}
	r := &vault.Request{Keys: []vault.PublicKey{keys[1].Public()}}
	for name, b := range map[string][]byte{"zeros": make([]byte, vault.ShareSize), "torn": share.Bytes()[:10], "no scalar": bytes.Repeat([]byte{255}, vault.ShareSize)} {
		if err := durable.WriteFile(durable.OS, s.path("share", a.Digest.String()), b); err != nil {
			t.Fatal(err)
		}
		if _, ok, err := s.handOne(a, r); ok || err != nil {
			t.Errorf("%s: handed over %v, %v", name, ok, err)
		}
	}
	if err := durable.WriteFile(durable.OS, s.path("share", a.Digest.String()), share.Bytes()); err != nil {
		t.Fatal(err)
	}
	if _, ok, err := s.handOne(a, r); !ok || err != nil {
		t.Errorf("the right share is not handed over: %v", err)
	}
	if filepath.Base(s.path("share", a.Digest.String())) != a.Digest.String() {
		t.Errorf("a share is kept as %s", s.path("share", a.Digest.String()))
	}
}
