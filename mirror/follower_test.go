package mirror

import (
	"bytes"
	"encoding/base64"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"detente/agreement"
	"detente/record"
	"detente/statement"

	"golang.org/x/mod/sumdb/tlog"
)

const noon = agreement.Instant(1614081600)

// TestFollowAcrossTiles grows a record past two full tiles in steps, restarts
// in between, and fetches nothing twice but the last tile.
func TestFollowAcrossTiles(t *testing.T) {
	b := newBook(t)
	dir := t.TempDir()
	for _, n := range []int{1, 100, 154, 1, 300, 200} {
		b.add(inert(strings.Repeat("x", n), n)...)
		f := b.follow(dir)
		b.requests()
		update(t, f)
		if tiles := asked(b.requests(), "/tile/entries/"); tiles > 3 {
			t.Errorf("%d tiles fetched", tiles)
		}
		if f.Fold().Root() != b.fold.Root() {
			t.Fatal("another root")
		}
		update(t, f)
		if tiles := asked(b.requests(), "/tile/"); tiles != 0 {
			t.Errorf("%d tiles fetched though nothing changed", tiles)
		}
		f.Close()
	}
	f, err := Open(within(t), Config{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if f.Fold().Root() != b.fold.Root() {
		t.Error("the copy does not open without its depositary")
	}
	if err := f.Update(within(t)); !errors.Is(err, ErrOffline) {
		t.Errorf("updating without a depositary: %v", err)
	}
}

// TestFinal: only a quorum of the witnesses that the text names makes entries
// final, and a later checkpoint of the same size replaces an earlier one.
func TestFinal(t *testing.T) {
	b := newBook(t)
	dir := t.TempDir()
	f := b.follow(dir)
	b.add(b.say("brio", "x"))
	for _, by := range [][]string{nil, {"vienna", "geneva"}, {"vienna", "vienna", "geneva"}} {
		b.cosign(noon, by...)
		update(t, f)
		if size, note := f.Final(); size != 0 || note != nil {
			t.Errorf("cosigned by %v: final to %d", by, size)
		}
	}
	first := b.cosign(noon, "vienna", "geneva", "seoul")
	update(t, f)
	if size, note := f.Final(); size != 2 || !bytes.Equal(note, first) {
		t.Errorf("cosigned by three: final to %d", size)
	}
	second := b.cosign(noon+60, "vienna", "geneva", "muscat")
	update(t, f)
	f.Close()
	f = b.follow(dir)
	if _, note := f.Final(); !bytes.Equal(note, second) {
		t.Error("the later checkpoint was not kept")
	}
	b.cosign(noon+30, "vienna", "geneva", "muscat")
	update(t, f)
	if _, note := f.Final(); !bytes.Equal(note, second) {
		t.Error("an earlier checkpoint replaced a later one")
	}
}

// TestRollback: a shorter record is refused, also after a restart.
func TestRollback(t *testing.T) {
	b := newBook(t)
	old := b.fork(1)
	b.add(inert("x", 5)...)
	dir := t.TempDir()
	f := b.follow(dir)
	update(t, f)
	f.Close()
	f = old.follow(dir)
	err := f.Update(within(t))
	e, ok := errors.AsType[*DivergenceError](err)
	if !ok || e.Fork || e.Seen.Size != 6 || e.Shown.Size != 1 {
		t.Fatalf("got %v", err)
	}
	if !strings.Contains(err.Error(), "this record showed size 6 before, now 1") {
		t.Errorf("it says %q", err)
	}
	if files, _ := os.ReadDir(e.Evidence); len(files) != 3 {
		t.Errorf("evidence: %v", files)
	}
}

// TestFork: other entries under the old size, shown at the same size, at a
// larger one, or under a final checkpoint only, are forks; the evidence proves
// it to anybody who has the depositary's key.
func TestFork(t *testing.T) {
	for _, more := range []int{0, 1, 300} {
		b := newBook(t)
		other := b.fork(1)
		b.add(inert("x", 5)...)
		other.add(inert("y", 5+more)...)
		dir := t.TempDir()
		f := b.follow(dir)
		update(t, f)
		f.Close()
		f = other.follow(dir)
		err := f.Update(within(t))
		e, ok := errors.AsType[*DivergenceError](err)
		if !ok || !e.Fork {
			t.Fatalf("%d more: got %v", more, err)
		}
		if more > 0 {
			checkEvidence(t, b, e)
		}
		if head, _ := f.Head(); head != b.fold.Head() {
			t.Error("the mirror moved to the fork")
		}
		f.Close()
		f = b.follow(dir)
		update(t, f) // the record it saw goes on
	}
}

// checkEvidence follows reason.txt as a stranger would.
func checkEvidence(t *testing.T, b *book, e *DivergenceError) {
	t.Helper()
	var heads []statement.Checkpoint
	for _, name := range []string{"seen", "shown"} {
		note, err := os.ReadFile(filepath.Join(e.Evidence, name))
		if err != nil {
			t.Fatal(err)
		}
		c, _, err := statement.OpenCheckpoint(note, record.Origin(b.a), key("x", "host").Public())
		if err != nil {
			t.Fatal(err)
		}
		heads = append(heads, c)
	}
	reason, err := os.ReadFile(filepath.Join(e.Evidence, "reason.txt"))
	if err != nil {
		t.Fatal(err)
	}
	_, lines, ok := strings.Cut(string(reason), "have the root\n")
	if !ok {
		t.Fatalf("no proof in %q", reason)
	}
	root, rest, _ := strings.Cut(lines, "\n")
	_, rest, _ = strings.Cut(rest, "\n")
	var proof tlog.TreeProof
	for _, line := range strings.Fields(rest) {
		raw, err := base64.StdEncoding.DecodeString(line)
		if err != nil {
			t.Fatal(err)
		}
		proof = append(proof, tlog.Hash(raw))
	}
	other, err := tlog.ParseHash(root)
	if err != nil {
		t.Fatal(err)
	}
	if other == heads[0].Root {
		t.Error("the root is the one that was seen")
	}
	if err := tlog.CheckTree(proof, heads[1].Size, heads[1].Root, heads[0].Size, other); err != nil {
		t.Errorf("the proof in the evidence does not hold: %v", err)
	}
}

// TestForkedFinal: a quorum's checkpoint of another history, beside the right head.
func TestForkedFinal(t *testing.T) {
	b := newBook(t)
	other := b.fork(1)
	b.add(inert("x", 5)...)
	other.add(inert("y", 3)...)
	note := other.cosign(noon, "vienna", "geneva", "seoul")
	b.final, b.size = note, 4
	err := b.follow(t.TempDir()).Update(within(t))
	if e, ok := errors.AsType[*DivergenceError](err); !ok || e.Shown.Size != 4 {
		t.Errorf("got %v", err)
	}
}

// TestTamperedAnswers: whatever is flipped on the way, nothing wrong is
// believed, and what proves nothing is not called a fork.
func TestTamperedAnswers(t *testing.T) {
	for _, path := range []string{"/head", "/checkpoint", "/tile/entries/000.p/6", "/bundle"} {
		for _, at := range []int{0, 40, -3} {
			b := newBook(t)
			b.add(inert("x", 5)...)
			b.cosign(noon, "vienna", "geneva", "seoul")
			b.tamper = func(p string, body []byte) []byte {
				if p == path {
					body[(at+len(body))%len(body)] ^= 1
				}
				return body
			}
			f, err := Open(within(t), Config{Dir: t.TempDir(), Client: b.client()})
			if err == nil {
				err = f.Update(within(t))
				f.Close()
			}
			if _, ok := errors.AsType[*DivergenceError](err); err == nil || ok {
				t.Errorf("%s, byte %d: got %v", path, at, err)
			}
		}
	}
}

// TestLostCache: entries are fetched again, and compared with the head that
// was kept; a damaged head is not believed.
func TestLostCache(t *testing.T) {
	b := newBook(t)
	b.add(inert("x", 300)...)
	dir := t.TempDir()
	f := b.follow(dir)
	update(t, f)
	f.Close()
	if err := os.RemoveAll(filepath.Join(dir, "tile")); err != nil {
		t.Fatal(err)
	}
	other := b.fork(1)
	other.add(inert("y", 400)...)
	f = other.follow(dir)
	if e, ok := errors.AsType[*DivergenceError](f.Update(within(t))); !ok || !e.Fork {
		t.Error("with its entries lost a mirror follows a fork")
	}
	f.Close()
	f = b.follow(dir)
	update(t, f)
	if f.Fold().Root() != b.fold.Root() {
		t.Error("another root")
	}
	f.Close()
	if err := os.WriteFile(filepath.Join(dir, "head"), []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(within(t), Config{Dir: dir, Client: b.client()}); err == nil || !strings.Contains(err.Error(), "forgets what this one saw") {
		t.Errorf("with a damaged head: %v", err)
	}
}

func TestOneFolderOneRecord(t *testing.T) {
	b := newBook(t)
	dir := t.TempDir()
	b.follow(dir)
	if _, err := Open(within(t), Config{Dir: dir, Client: b.client()}); err == nil || !strings.Contains(err.Error(), "is held by") {
		t.Errorf("a second mirror in one folder: %v", err)
	}
	c, err := NewClient(b.server.URL, agreement.Digest{1}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Open(within(t), Config{Dir: t.TempDir(), Client: c}); err == nil {
		t.Error("opened the mirror of a record that is not there")
	}
	for _, address := range []string{"", "127.0.0.1:80", "ftp://x", "http://x?y"} {
		if _, err := NewClient(address, b.a.ID, nil); err == nil {
			t.Errorf("address %q is taken", address)
		}
	}
}

// TestMirrorOfAMirror: a copy serves others as the depositary does.
func TestMirrorOfAMirror(t *testing.T) {
	b := newBook(t)
	b.add(inert("x", 300)...)
	b.cosign(noon, "vienna", "geneva", "seoul")
	f := b.follow(t.TempDir())
	update(t, f)
	server := httptest.NewServer(f.Handler())
	defer server.Close()
	c, err := NewClient(server.URL, b.a.ID, nil)
	if err != nil {
		t.Fatal(err)
	}
	second, err := Open(within(t), Config{Dir: t.TempDir(), Client: c})
	if err != nil {
		t.Fatal(err)
	}
	defer second.Close()
	update(t, second)
	if size, _ := second.Final(); size != 301 || second.Fold().Root() != b.fold.Root() {
		t.Errorf("final to %d", size)
	}
	if err := Compare(f, second); err != nil {
		t.Error(err)
	}
}

func TestCompare(t *testing.T) {
	b := newBook(t)
	b.add(inert("x", 3)...)
	other := b.fork(3)
	f, g := b.follow(t.TempDir()), other.follow(t.TempDir())
	update(t, f)
	update(t, g)
	if err := Compare(f, g); err != nil {
		t.Errorf("one is the beginning of the other: %v", err)
	}
	other.add(inert("y", 5)...)
	update(t, g)
	for _, err := range []error{Compare(f, g), Compare(g, f)} {
		if e, ok := errors.AsType[*DivergenceError](err); !ok || !e.Fork {
			t.Errorf("a fork: %v", err)
		}
	}
}

// TestTilesForOthers reads what is served with golang.org/x/mod's own client
// of tiles, which authenticates all of it.
func TestTilesForOthers(t *testing.T) {
	b := newBook(t)
	b.add(inert("x", 1000)...)
	f := b.follow(t.TempDir())
	update(t, f)
	server := httptest.NewServer(f.Handler())
	defer server.Close()
	base := server.URL + "/" + b.a.ID.String() + "/"
	reader := stranger{t, base}
	tree := tlog.TileHashReader(tlog.Tree{N: 1001, Hash: b.fold.Root()}, reader)
	for _, n := range []int64{0, 1, 255, 256, 700, 1000} {
		proof, err := tlog.ProveRecord(1001, n, tree)
		if err != nil {
			t.Fatal(err)
		}
		if err := tlog.CheckRecord(proof, 1001, b.fold.Root(), n, leaf(record.Must(b.fold.Read(n)).Bytes)); err != nil {
			t.Error(n, err)
		}
	}
	for path, want := range map[string]int{
		"tile/0/003.p/233": 200, "tile/0/003": 404, "tile/1/000.p/3": 200, "tile/1/000.p/4": 404, "tile/0/000.p/256": 404,
		"tile/entries/000": 200, "tile/entries/003.p/234": 404, "tile/8/0/000": 404, "tile/data/000": 404, "tile/x": 404,
		"tile/0/999999999999999999999/000": 404, "tile/63/000.p/1": 404, "object/zz": 404, "nothing": 404, "head?after=x": 400,
	} {
		resp, err := http.Get(base + path)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != want {
			t.Errorf("%s: status %d, want %d", path, resp.StatusCode, want)
		}
		if kind := resp.Header.Get("Content-Type"); want == 200 && kind != "application/octet-stream" {
			t.Errorf("%s: type %s", path, kind)
		}
		if cache := resp.Header.Get("Cache-Control"); (want == 200) != strings.Contains(cache, "immutable") {
			t.Errorf("%s: cached as %q", path, cache)
		}
	}
}

// A stranger is a tlog.TileReader over the paths of C2SP tlog-tiles.
type stranger struct {
	t    *testing.T
	base string
}

func (s stranger) Height() int { return 8 }

func (s stranger) SaveTiles([]tlog.Tile, [][]byte) {}

func (s stranger) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	var all [][]byte
	for _, tile := range tiles {
		resp, err := http.Get(s.base + "tile/" + strings.TrimPrefix(tile.Path(), "tile/8/"))
		if err != nil {
			return nil, err
		}
		b, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if err != nil {
			return nil, err
		}
		if len(b) != tile.W*tlog.HashSize {
			s.t.Errorf("%s has %d bytes", tile.Path(), len(b))
		}
		all = append(all, b)
	}
	return all, nil
}

// TestWait: a wait ends when the record shows what is waited for, or with the
// verdict that it will not.
func TestWait(t *testing.T) {
	b := newBook(t)
	f := b.follow(t.TempDir())
	note := b.say("brio", "now")
	s, err := statement.Parse(note)
	if err != nil {
		t.Fatal(err)
	}
	waiting := make(chan error, 1)
	looked := make(chan struct{}, 100)
	go func() {
		waiting <- f.Wait(within(t), func(fold *record.Fold, final int64) bool {
			looked <- struct{}{}
			_, ok := fold.ByID(s.ID)
			return ok && final == fold.Size()
		})
	}()
	<-looked
	b.add(note)
	b.cosign(noon, "vienna", "geneva", "seoul")
	if err := <-waiting; err != nil {
		t.Fatal(err)
	}
	other := b.fork(1)
	other.add(inert("y", 9)...)
	f.client = other.client()
	err = f.Wait(within(t), func(*record.Fold, int64) bool { return false })
	if _, ok := errors.AsType[*DivergenceError](err); !ok {
		t.Errorf("waiting on a fork: %v", err)
	}
}

// TestEvidenceIsBounded: a depositary that shows a thousand forks fills nobody's disk.
func TestEvidenceIsBounded(t *testing.T) {
	b := newBook(t)
	b.add(inert("x", 50)...)
	f := b.follow(t.TempDir())
	update(t, f)
	for i := range int64(maxEvidence + 5) {
		other := b.fork(1)
		other.add(inert("y", int(i+1))...)
		f.client = other.client()
		err := f.Update(within(t))
		e, ok := errors.AsType[*DivergenceError](err)
		if !ok || (e.Evidence == "") != (i >= maxEvidence) {
			t.Errorf("case %d: %v", i, err)
		}
	}
}
