package depositary

import (
	"bytes"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"detente/record"
	"detente/statement"
)

// The payload of a document is taken from anybody who has it, given to
// everybody, and gone for good once its author says so.
func TestDocuments(t *testing.T) {
	w := newWorld(t).open()
	payload := statement.NewPayload(statement.Salt{1}, []byte("forty crates"))
	doc := statement.NameDocument("list.txt", statement.Salt{1}, []byte("forty crates"))
	r := w.submit(w.brio(statement.DeclareBody{Documents: []statement.Document{doc}}))
	c := w.client()

	if _, err := c.Document(w.ctx(), r.Index, doc.Digest); err == nil || !strings.Contains(err.Error(), "nobody has brought") {
		t.Errorf("before it was brought: %v", err)
	}
	for name, put := range map[string]func() error{
		"another payload": func() error { return c.PutDocument(w.ctx(), r.Index, doc.Digest, payload[1:]) },
		"another entry":   func() error { return c.PutDocument(w.ctx(), 0, doc.Digest, payload) },
		"no entry":        func() error { return c.PutDocument(w.ctx(), 1000, doc.Digest, payload) },
		"another digest":  func() error { return c.PutDocument(w.ctx(), r.Index, strings.Repeat("0", 64), payload) },
		"a path":          func() error { return c.PutDocument(w.ctx(), r.Index, "..%2f..%2fx", payload) },
	} {
		if put() == nil {
			t.Errorf("%s was taken", name)
		}
	}
	for range 2 { // twice is harmless
		if err := c.PutDocument(w.ctx(), r.Index, doc.Digest, payload); err != nil {
			t.Fatal(err)
		}
	}
	got, err := c.Document(w.ctx(), r.Index, doc.Digest)
	if err != nil || !bytes.Equal(got, payload) {
		t.Fatalf("%q, %v", got, err)
	}
	w.restart()
	if got, err := w.client().Document(w.ctx(), r.Index, doc.Digest); err != nil || !bytes.Equal(got, payload) {
		t.Fatalf("after a restart: %q, %v", got, err)
	}

	w.until(w.follower(), "it is confirmed", func(f *record.Fold) bool { return f.Size() > r.Index })
	s := w.draft("brio", statement.RedactBody{Document: doc.Digest, Reason: "it names a driver"})
	s.Answers = r.ID
	gone := w.submit(sign(t, s, "brio"))
	path := "document/" + itoa(r.Index) + "/" + doc.Digest
	if resp, b := w.get(path); resp.StatusCode != http.StatusGone || !bytes.Contains(b, []byte("entry "+itoa(gone.Index))) {
		t.Errorf("after its redaction: %d %s", resp.StatusCode, b)
	}
	if err := w.client().PutDocument(w.ctx(), r.Index, doc.Digest, payload); err == nil {
		t.Error("it was taken again")
	}
	if files, _ := filepath.Glob(filepath.Join(w.cfg.Dir, "document", "*", "*")); len(files) > 0 {
		t.Errorf("left: %v", files)
	}
	// A copy restored from a backup, or left by a crash before the deletion, goes at the next start.
	file := w.d.documentFile(w.hosted().reading, record.Attachment{Entry: r.Index, Document: doc})
	if err := os.WriteFile(file, payload, 0o600); err != nil {
		t.Fatal(err)
	}
	w.restart()
	if _, err := os.Stat(file); !os.IsNotExist(err) {
		t.Errorf("restored: %v", err)
	}
}

// Of a private record strangers see the checkpoints, and nothing else anywhere.
func TestPrivateRecord(t *testing.T) {
	w := newWorldOf(t, "secret").open()
	for path, status := range map[string]int{
		"checkpoint": 200, "head": 200, "bundle": 401, "status.json": 401, "": 401, "tile/0/000.p/1": 401, "tile/entries/000.p/1": 401,
		"object/" + strings.Repeat("0", 64): 401, "document/1/" + strings.Repeat("0", 64): 401, "entry/0": 401, "nothing": 401,
		"checkpoint/": 401, "head?after=0": 200,
	} {
		if resp, b := w.get(path); resp.StatusCode != status {
			t.Errorf("%s: %d %s, want %d", path, resp.StatusCode, b, status)
		}
	}
	if resp, _ := w.ask("POST", "/"+w.a.ID.String()+"/submit", w.brio(statement.DeclareBody{Text: "x", Documents: []statement.Document{}}), nil); resp.StatusCode != 401 {
		t.Errorf("submit: %d", resp.StatusCode)
	}
	_, home := w.ask("GET", "/", nil, nil)
	if bytes.Contains(home, []byte(w.a.Title)) || !bytes.Contains(home, []byte(w.a.ID.String())) {
		t.Errorf("the list tells: %s", home)
	}
}

func itoa(n int64) string { return strconv.FormatInt(n, 10) }
