package mirror

import (
	"context"
	"encoding/hex"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path"
	"strings"
	"testing"
	"time"

	"detente/internal/clock"
	"detente/record"
	"detente/statement"
)

// A mirror keeps the documents that statements name, if they have the digest on
// the record; serves them when its host is gone; and deletes what is redacted.
func TestDocumentsAreKept(t *testing.T) {
	b := newBook(t)
	good, bad := statement.NewPayload(statement.Salt{1}, []byte("the crates")), statement.NewPayload(statement.Salt{2}, []byte("no crates"))
	name := func(as string, p statement.Payload, size int64) statement.Document {
		d := p.Digest()
		return statement.Document{Name: as, Size: size, Digest: hex.EncodeToString(d[:])}
	}
	docs := []statement.Document{name("crates.txt", good, 10), name("none.txt", bad, 9)}
	b.speak("alba", statement.DeclareBody{Text: "see there", Documents: docs})
	entry := b.fold.Size() - 1
	c := b.besides(map[string][]byte{docs[0].Digest: good, docs[1].Digest: good}) // the second is not the one that the record names
	dir := t.TempDir()
	f, err := Open(within(t), Config{Dir: dir, Client: c})
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	ctx, stop := context.WithCancel(within(t))
	ended := make(chan error, 1)
	go func() { ended <- f.Keep(ctx, nil) }()
	a := record.Attachment{Entry: entry, Document: docs[0]}
	until := func(what string, done func(error) bool) {
		t.Helper()
		for limit := time.Now().Add(15 * time.Second); ; {
			_, err := f.localDocument(a)
			if done(err) {
				return
			}
			if time.Now().After(limit) {
				t.Fatalf("%s: %v", what, err)
			}
			(clock.Real{}).Sleep(ctx, 5*time.Millisecond)
		}
	}
	until("not kept", func(err error) bool { return err == nil })
	own := httptest.NewServer((&Station{Follower: f, Clock: clock.Real{}}).Handler())
	defer own.Close()
	at := own.URL + "/" + b.a.ID.String() + "/" + documentPath(entry, docs[0].Digest)
	if status, body := get(t, at); status != 200 || body != string(good) {
		t.Errorf("served: %d, %q", status, body)
	}
	if status, _ := get(t, strings.Replace(at, docs[0].Digest, docs[1].Digest, 1)); status != 404 {
		t.Errorf("what has another digest is served: %d", status)
	}
	b.add(b.redaction(entry, docs[0].Digest))
	until("not deleted", func(err error) bool {
		_, there := os.Stat(f.documentFile(a))
		return errors.Is(err, ErrRedacted) && errors.Is(there, os.ErrNotExist)
	})
	if status, _ := get(t, at); status != 410 {
		t.Errorf("a redacted one is served: %d", status)
	}
	if _, err := f.Document(ctx, a); !errors.Is(err, ErrRedacted) {
		t.Errorf("a redacted one is fetched: %v", err)
	}
	stop()
	<-ended
}

func get(t *testing.T, url string) (int, string) {
	t.Helper()
	resp, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var b strings.Builder
	if err := resp.Write(&b); err != nil {
		t.Fatal(err)
	}
	_, body, _ := strings.Cut(b.String(), "\r\n\r\n")
	return resp.StatusCode, body
}

// redaction is the author's word that a document is to be deleted.
func (b *book) redaction(entry int64, digest string) []byte {
	b.t.Helper()
	j := record.Must(b.fold.Read(entry))
	redact := &statement.Statement{Agreement: b.a.ID, Bundle: b.a.ID, By: "alba", Answers: j.Statement.ID, Body: statement.RedactBody{Document: digest, Reason: "the court says so"}}
	text, err := redact.Text()
	if err != nil {
		b.t.Fatal(err)
	}
	note, err := statement.Sign(text, key("alba", "alba"))
	if err != nil {
		b.t.Fatal(err)
	}
	return note
}

// besides is a client of the book at an address that has these documents as well.
func (b *book) besides(docs map[string][]byte) *Client {
	b.t.Helper()
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if d, ok := docs[path.Base(r.URL.Path)]; ok {
			w.Write(d)
			return
		}
		b.server.Config.Handler.ServeHTTP(w, r)
	}))
	b.t.Cleanup(front.Close)
	c, err := NewClient(front.URL, b.a.ID, nil)
	if err != nil {
		b.t.Fatal(err)
	}
	return c
}
