package peers

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"detente/agreement"
	"detente/mirror"
	"detente/record"
	"detente/record/store"
	"detente/statement"
)

// fsck runs Tessera's checker of a whole log over HTTP. It ends with 0 whatever
// it found, so what counts is what it says.
func fsck(t *testing.T, url, vkey string) error {
	t.Helper()
	key := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(key, []byte(vkey+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), program(t, "fsck"), "-ui=false", "-N=4", "-v=1", "-storage_url="+url, "-public_key="+key)
	said, err := cmd.CombinedOutput()
	if err != nil {
		return fmt.Errorf("%w: %s", err, said)
	}
	if bytes.Contains(said, []byte("fsck failed")) || !bytes.Contains(said, []byte("Successfully fsck'd log")) {
		return fmt.Errorf("%s", said)
	}
	return nil
}

// reader runs the reader on torchwood's client and gives what it printed.
func reader(t *testing.T, args ...string) (string, error) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), program(t, "reader"), args...)
	var out bytes.Buffer
	cmd.Stdout = &out
	err := ran(cmd)
	return strings.TrimSpace(out.String()), err
}

// ran runs a program; what it said on its errors is in the error.
func ran(cmd *exec.Cmd) error {
	var said bytes.Buffer
	cmd.Stderr = &said
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("%w: %s", err, said.Bytes())
	}
	return nil
}

// A slice is a log as it was at some size, served as a depositary serves it.
type slice struct {
	log  *store.Log
	size int64
	note []byte
}

func (s slice) Head() ([]byte, int64)    { return s.note, s.size }
func (s slice) Final() ([]byte, int64)   { return s.note, s.size }
func (s slice) Changed() <-chan struct{} { return nil }
func (s slice) Bundle() []byte           { return nil }
func (s slice) Object(context.Context, agreement.Digest) ([]byte, error) {
	return nil, mirror.ErrNotFound
}
func (s slice) Tile(path string) ([]byte, error) {
	b, err := s.log.Tile(path)
	if errors.Is(err, store.ErrNotFound) {
		return nil, mirror.ErrNotFound
	}
	return b, err
}

// entryOf is entry i of the generated log: of every length there is, some empty.
func entryOf(i int64) []byte {
	switch {
	case i%1000 == 7:
		return []byte{}
	case i == 300:
		return bytes.Repeat([]byte("x"), statement.MaxEntry)
	}
	return fmt.Appendf(nil, "entry %d", i)
}

// TestReadersOfManySizes generates a log and has both programs read it at the
// sizes where tiles begin, fill and nest.
func TestReadersOfManySizes(t *testing.T) {
	const origin, most = "host/sizes", 65536 + 257
	host, err := statement.NewSigner(origin, private("host").Seed())
	if err != nil {
		t.Fatal(err)
	}
	s, err := store.Open(t.TempDir(), store.Options{Sign: func(origin string, head statement.Head) ([]byte, error) {
		return statement.SignCheckpoint(statement.Checkpoint{Origin: origin, Size: head.Size, Root: head.Root}, host)
	}})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	l, err := s.Create(t.Context(), origin, entryOf(0))
	if err != nil {
		t.Fatal(err)
	}
	for l.Head().Size < most {
		var some [][]byte
		for i := l.Head().Size; i < most && len(some) < 1000; i++ {
			some = append(some, entryOf(i))
		}
		if _, _, err := l.AppendAll(t.Context(), some, l.Head().Size); err != nil {
			t.Fatal(err)
		}
	}
	vkey := host.Public().VKey(origin)
	digest, next := sha256.New(), int64(0)
	for _, size := range []int64{1, 2, 3, 255, 256, 257, 511, 512, 513, 65535, 65536, 65537, most} {
		for ; next < size; next++ {
			fmt.Fprintf(digest, "%d\n%s", len(entryOf(next)), entryOf(next))
		}
		root, err := l.RootAt(size)
		if err != nil {
			t.Fatal(err)
		}
		note, err := statement.SignCheckpoint(statement.Checkpoint{Origin: origin, Size: size, Root: root}, host)
		if err != nil {
			t.Fatal(err)
		}
		server := httptest.NewServer(mirror.Serve(slice{l, size, note}))
		if err := fsck(t, server.URL+"/", vkey); err != nil {
			t.Errorf("size %d: %v", size, err)
		}
		got, err := reader(t, server.URL+"/", vkey, "0")
		if want := fmt.Sprintf("%d %x", size, digest.Sum(nil)); err != nil || got != want {
			t.Errorf("size %d: %q, %v; want %q", size, got, err, want)
		}
		server.Close()
	}
}

// overlong is what fsck v1.0.4 does not look at: it hashes the entries that there
// should be, and leaves what follows them.
const overlong = "bytes after a bundle"

// TestReadersFindTampering has both programs read a real record from a real
// depositary: as it is, through a mirror, and with anything altered on the way.
func TestReadersFindTampering(t *testing.T) {
	keys := keysOf()
	w := newWorld(t, terms("tampered", keys))
	for _, name := range names {
		w.cfg.Witnesses[agreement.Name(name)] = inProcess(t, name, nil)
	}
	w.open()
	f := w.follow()
	for i := range 270 { // a full tile and a partial one, with proofs of time among them
		w.say("brio", declare(fmt.Sprint("word ", i)))
	}
	w.until(f, "all is dated", func(fold *record.Fold) bool { return fold.Size() > 270 && len(fold.Waiting()) == 0 })
	size := f.Fold().Size()
	base := w.url + "/" + w.a.ID.String()
	vkey := signer("host").Public().VKey(record.Origin(w.a))
	witnesses := []string{vkey, "3"}
	for _, name := range names {
		witnesses = append(witnesses, keys[name])
	}
	both := func(url string) (string, error, error) {
		got, err := reader(t, append([]string{url + "/"}, witnesses...)...)
		return got, err, fsck(t, url+"/", vkey)
	}
	honest, err1, err2 := both(base)
	if !strings.HasPrefix(honest, fmt.Sprint(size, " ")) || err1 != nil || err2 != nil {
		t.Fatalf("as it is served: %q of %d, %v, %v", honest, size, err1, err2)
	}
	copied := httptest.NewServer(f.Handler())
	defer copied.Close()
	if got, err1, err2 := both(copied.URL + "/" + w.a.ID.String()); got != honest || err1 != nil || err2 != nil {
		t.Errorf("as a mirror serves it: %q, %v, %v", got, err1, err2)
	}
	for _, c := range tamperings(w, size) {
		server := tampering(t, base, c.path, c.spoil)
		_, err1, err2 := both(server.URL)
		if err1 == nil {
			t.Errorf("%s: torchwood's client reads on", c.name)
		}
		if blind := c.name == overlong; (err2 == nil) != blind {
			t.Errorf("%s: fsck says %v", c.name, err2)
		}
		server.Close()
	}
	// Cosignatures are for who asks for them: torchwood's policy does.
	server := tampering(t, base, "/checkpoint", func(b []byte) []byte {
		lines := strings.SplitAfter(string(b), "\n")
		return []byte(strings.Join(lines[:7], "")) // the log's line and two of its witnesses'
	})
	defer server.Close()
	if _, err := reader(t, append([]string{server.URL + "/"}, witnesses...)...); err == nil {
		t.Error("a checkpoint with two cosignatures meets a policy of three")
	}
}

// A tampered is one path and what is done to it; nil takes it away.
type tampered struct {
	name, path string
	spoil      func([]byte) []byte
}

// tamperings are all kinds of resources of a record of 257 to 511 entries.
func tamperings(w *world, size int64) []tampered {
	partial := fmt.Sprintf("001.p/%d", size-256)
	return []tampered{
		{"a byte of the first tile", "/tile/0/000", flip(40)},
		{"a byte of the partial tile", "/tile/0/" + partial, flip(3)},
		{"a byte of the tile above", "/tile/1/000.p/1", flip(31)},
		{"a byte of an entry bundle", "/tile/entries/000", flip(2000)},
		{"the length of an entry", "/tile/entries/000", flip(1)},
		{"the last byte of the partial bundle", "/tile/entries/" + partial, flip(-1)},
		{"a bundle cut short", "/tile/entries/" + partial, func(b []byte) []byte { return b[:len(b)-3] }},
		{overlong, "/tile/entries/" + partial, func(b []byte) []byte { return append(b, 0, 0) }},
		{"a missing partial tile", "/tile/0/" + partial, nil},
		{"a missing partial bundle", "/tile/entries/" + partial, nil},
		{"the size in the checkpoint", "/checkpoint", replace("\n"+fmt.Sprint(size)+"\n", "\n"+fmt.Sprint(size-1)+"\n")},
		{"the root in the checkpoint", "/checkpoint", flip(len(record.Origin(w.a)) + 8)},
		{"the signatures in the checkpoint", "/checkpoint", replace("— host/", "— most/")},
	}
}

func flip(at int) func([]byte) []byte {
	return func(b []byte) []byte {
		b[(at+len(b))%len(b)] ^= 1
		return b
	}
}

func replace(from, to string) func([]byte) []byte {
	return func(b []byte) []byte { return bytes.ReplaceAll(b, []byte(from), []byte(to)) }
}

// tampering serves what is at another address, but for one path, which is
// spoilt or missing. It panics if nothing was spoilt.
func tampering(t *testing.T, base, path string, spoil func([]byte) []byte) *httptest.Server {
	t.Helper()
	return httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		status, body, kind := send(r.Context(), http.MethodGet, base+r.URL.Path, "")
		if r.URL.Path == path {
			if spoil == nil {
				http.NotFound(w, r)
				return
			}
			before := body
			if body = string(spoil([]byte(body))); body == before {
				t.Errorf("%s is not altered", path)
			}
		}
		w.Header().Set("Content-Type", kind)
		w.WriteHeader(status)
		io.WriteString(w, body)
	}))
}
