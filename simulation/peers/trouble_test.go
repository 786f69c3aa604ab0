package peers

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"

	"detente/mirror"
	"detente/record"
	"detente/statement"

	"golang.org/x/mod/sumdb/tlog"
)

// writeKey writes the key file of a witness, as `detente key new` would.
func writeKey(t *testing.T, path, name, kind string) {
	t.Helper()
	content := fmt.Sprintf("detente-key/1\n%s %s %s\n", name, kind, base64.StdEncoding.EncodeToString(private(name).Seed()))
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

func declare(text string) statement.DeclareBody {
	return statement.DeclareBody{Text: text, Documents: []statement.Document{}}
}

// oneTroubled makes one litewitness after the other, and last Detente's own,
// slow, wrong or dead: the other three carry the record on.
func (w *world) oneTroubled(f *mirror.Follower, gates map[string]*gate) {
	w.t.Helper()
	answer := func(status int, body string) func(http.ResponseWriter, *http.Request) {
		return func(rw http.ResponseWriter, r *http.Request) {
			io.Copy(io.Discard, r.Body)
			rw.WriteHeader(status)
			io.WriteString(rw, body)
		}
	}
	for i, trouble := range []struct {
		name string
		be   func(http.ResponseWriter, *http.Request)
	}{
		{"dead", func(_ http.ResponseWriter, r *http.Request) {
			io.Copy(io.Discard, r.Body)
			panic(http.ErrAbortHandler)
		}},
		{"slow", func(_ http.ResponseWriter, r *http.Request) {
			io.Copy(io.Discard, r.Body)
			<-r.Context().Done()
		}},
		{"failing", answer(http.StatusInternalServerError, "database is locked")},
		{"of another log", answer(http.StatusNotFound, "unknown log")},
		{"silent", answer(http.StatusOK, "")},
		{"babbling", answer(http.StatusOK, strings.Repeat("— \n", 10_000))},
		{"wrong about the size", answer(http.StatusConflict, "9007199254740991\n")},
		{"without a size", answer(http.StatusConflict, "soon")},
		{"cosigning something else", w.cosignsAnother},
	} {
		g := gates[names[i%len(names)]]
		g.be(trouble.be)
		before := g.calls.Load()
		w.heard(f, w.say("brio", declare("with one "+trouble.name)))
		if g.calls.Load() == before {
			w.t.Errorf("the witness that is %s was not asked", trouble.name)
		}
		g.be(nil)
	}
}

// cosignsAnother answers with a good cosignature of another checkpoint under a
// witness's own key: a line that claims a known key and does not verify.
func (w *world) cosignsAnother(rw http.ResponseWriter, r *http.Request) {
	io.Copy(io.Discard, r.Body)
	var lines string
	for _, name := range names {
		other := statement.Checkpoint{Origin: record.Origin(w.a), Size: 3, Root: tlog.Hash{1}}
		sig, err := statement.Cosign(signer(name), other.Text(), 1614081600)
		if err != nil {
			panic(err)
		}
		lines += sig.String() + "\n"
	}
	io.WriteString(rw, lines)
}

// losesItsStore restores the depositary's folder from an old copy: what its
// witnesses cosigned since stops it, though litewitness keeps no signature that
// would prove it, and though the one witness that does is dead.
func (w *world) losesItsStore(gates map[string]*gate) {
	w.t.Helper()
	if err := w.end(); err != nil {
		w.t.Fatal(err)
	}
	old := w.t.TempDir()
	if err := os.CopyFS(old, os.DirFS(w.cfg.Dir)); err != nil {
		w.t.Fatal(err)
	}
	w.start()
	f := w.follow()
	w.until(f, "a quorum confirms the head", func(*record.Fold) bool { return true })
	w.heard(f, w.insist("brio", declare("not in the copy")))
	if err := w.end(); err != nil {
		w.t.Fatal(err)
	}
	gates["seoul"].be(func(_ http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		panic(http.ErrAbortHandler)
	})
	w.cfg.Dir = old
	w.start()
	if err := w.ran(); err == nil || !strings.Contains(err.Error(), "lost entries or is an old copy") {
		w.t.Errorf("a depositary in an old copy of its folder: %v", err)
	}
}

// TestLitewitnessRefusesForks shows two histories of one log to litewitness
// and to `detente witness`: neither cosigns the second, whatever the old size.
func TestLitewitnessRefusesForks(t *testing.T) {
	origin := "host/fork"
	key := signer("host").Public().VKey(origin)
	for name, address := range map[string]string{
		"litewitness": litewitness(t, "vienna", map[string]string{origin: key}),
		"detente":     inProcess(t, "vienna", map[string]string{origin: key}),
	} {
		one, other := newTree(t, origin), newTree(t, origin)
		for i := range 7 {
			one.add(fmt.Sprint(i))
			other.add(fmt.Sprint(i % 4)) // differs from entry 4 on
		}
		post := func(old, size int64, of *tree) (int, string) {
			status, body, _ := send(t.Context(), http.MethodPost, address+"/add-checkpoint", of.request(old, size))
			return status, body
		}
		for _, c := range []struct {
			what      string
			old, size int64
			of        *tree
			status    int
			body      string // if not empty
		}{
			{"the first", 0, 5, one, 200, ""},
			{"the same again", 5, 5, one, 200, ""},
			{"a fork that says it is new", 0, 5, other, 409, "5\n"},
			{"a fork from where they agree", 4, 6, other, 409, "5\n"},
			{"a fork with its own proof", 5, 6, other, 422, ""},
			{"a fork of the same size", 5, 5, other, 422, ""},
			{"growth", 5, 7, one, 200, ""},
			{"a step back", 7, 6, one, 400, ""},
		} {
			status, body := post(c.old, c.size, c.of)
			if status != c.status || c.body != "" && body != c.body {
				t.Errorf("%s: %s: %d %q, want %d %q", name, c.what, status, body, c.status, c.body)
			}
		}
	}
}

// A tree is a log that signs whatever it is asked to.
type tree struct {
	t      *testing.T
	origin string
	hashes []tlog.Hash
	n      int64
}

func newTree(t *testing.T, origin string) *tree { return &tree{t: t, origin: origin} }

// ReadHashes makes it a tlog.HashReader.
func (r *tree) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	var out []tlog.Hash
	for _, i := range indexes {
		out = append(out, r.hashes[i])
	}
	return out, nil
}

func (r *tree) add(entry string) {
	h, err := tlog.StoredHashes(r.n, []byte(entry), r)
	if err != nil {
		r.t.Fatal(err)
	}
	r.hashes = append(r.hashes, h...)
	r.n++
}

func (r *tree) checkpoint(size int64) []byte {
	root, err := tlog.TreeHash(size, r)
	if err != nil {
		r.t.Fatal(err)
	}
	s, err := statement.NewSigner(r.origin, private("host").Seed())
	if err != nil {
		r.t.Fatal(err)
	}
	note, err := statement.SignCheckpoint(statement.Checkpoint{Origin: r.origin, Size: size, Root: root}, s)
	if err != nil {
		r.t.Fatal(err)
	}
	return note
}

// request is the body of add-checkpoint.
func (r *tree) request(old, size int64) string {
	var b bytes.Buffer
	fmt.Fprintf(&b, "old %d\n", old)
	if old > 0 && old <= size {
		proof, err := tlog.ProveTree(size, old, r)
		if err != nil {
			r.t.Fatal(err)
		}
		for _, h := range proof {
			fmt.Fprintf(&b, "%s\n", h)
		}
	}
	return b.String() + "\n" + string(r.checkpoint(size))
}
