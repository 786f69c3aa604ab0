package mirror

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"detente/record"
	"detente/statement"

	"golang.org/x/mod/sumdb/tlog"
)

func FuzzDecodeEntries(f *testing.F) {
	f.Add(encodeEntries([][]byte{[]byte("a"), {}, []byte("bc")}))
	f.Add([]byte{0, 5, 'x'})
	f.Add(make([]byte, 2*tileWidth+2))
	f.Fuzz(func(t *testing.T, b []byte) {
		entries, err := decodeEntries(b)
		if err != nil {
			return
		}
		if again := encodeEntries(entries); !bytes.Equal(again, b) {
			t.Errorf("%x is read, and written as %x", b, again)
		}
	})
}

func FuzzParseTilePath(f *testing.F) {
	for _, s := range []string{"tile/0/000", "tile/entries/x001/234.p/7", "tile/63/000", "tile/data/000", "tile/00/000", "tile/0/1", ""} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		tile, err := parseTilePath(s)
		if err != nil {
			return
		}
		if again := tilePath(tile); again != s || tile.N < 0 || tile.W < 1 || tile.W > tileWidth || tile.L < entryLevel || tile.L > 63 {
			t.Errorf("%q is read as %+v, %q", s, tile, again)
		}
	})
}

func FuzzDecodeBundle(f *testing.F) {
	_, b := pledge(f)
	archive, err := record.EncodeBundle(b)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(archive)
	f.Add(archive[:600])
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, archive []byte) {
		b, err := record.DecodeBundle(archive)
		if err != nil {
			return
		}
		if again, err := record.EncodeBundle(b); err != nil || !bytes.Equal(again, archive) {
			t.Errorf("an archive is read and written as another: %v", err)
		}
	})
}

func TestTileWidth(t *testing.T) {
	full := make([][]byte, tileWidth)
	if entries, err := decodeEntries(encodeEntries(full)); err != nil || len(entries) != tileWidth {
		t.Error(err)
	}
	if _, err := decodeEntries(encodeEntries(append(full, nil))); err == nil {
		t.Error("a bundle of 257 entries is read")
	}
}

// receipt is a true receipt for the last entry of a book.
func (b *book) receipt() *Receipt {
	b.t.Helper()
	last := record.Must(b.fold.Read(b.fold.Size() - 1))
	note, size := b.Head()
	proof, err := tlog.ProveRecord(size, last.Index, b.fold.HashReader())
	if err != nil {
		b.t.Fatal(err)
	}
	return &Receipt{Index: last.Index, ID: last.Statement.ID, Entry: last.Bytes, Checkpoint: note, Proof: proof}
}

// TestReceipt: a receipt proves its entry, and nothing else does.
func TestReceipt(t *testing.T) {
	b := newBook(t)
	other := b.fork(1)
	b.add(inert("x", 3)...)
	note := b.say("brio", "on the record")
	b.add(note)
	origin, host := record.Origin(b.a), key("x", "host").Public()
	encoded, err := b.receipt().Encode(note)
	if err != nil {
		t.Fatal(err)
	}
	r, err := decodeReceipt(encoded, note)
	if err != nil {
		t.Fatal(err)
	}
	head, err := r.Verify(origin, host)
	if err != nil || head != b.fold.Head() {
		t.Fatal(head, err)
	}
	for name, spoil := range map[string]func(r *Receipt){
		"another index":   func(r *Receipt) { r.Index-- },
		"past the size":   func(r *Receipt) { r.Index = 5 },
		"another entry":   func(r *Receipt) { r.Entry = b.say("brio", "not on the record") },
		"a shorter proof": func(r *Receipt) { r.Proof = r.Proof[1:] },
		"another log":     func(r *Receipt) { r.Checkpoint, _ = other.Head() },
		"unsigned":        func(r *Receipt) { r.Checkpoint = bytes.Replace(r.Checkpoint, []byte("\n5\n"), []byte("\n6\n"), 1) },
	} {
		bad := b.receipt()
		spoil(bad)
		if _, err := bad.Verify(origin, host); err == nil {
			t.Errorf("%s: verifies", name)
		}
	}
	if _, err := decodeReceipt(encoded, b.say("brio", "another")); err == nil || !strings.Contains(err.Error(), "is for statement") {
		t.Errorf("a receipt for another statement: %v", err)
	}
	sibling := b.receipt()
	sibling.Entry = b.say("alba", "someone else's")
	if encoded, err = sibling.Encode(note); err != nil {
		t.Fatal(err)
	}
	if _, err := decodeReceipt(encoded, note); err == nil {
		t.Error("a receipt that shows another statement is taken")
	}
}

// A depositary that puts a copy without force on the record, and gives a receipt
// for it, has not taken the statement in. A copy that counts is as good.
func TestReceiptForACopyOfNoForce(t *testing.T) {
	mine := func(b *book) []byte { return b.say("brio", "said in time") }
	relined := func(note []byte, change func(n *statement.Note)) []byte {
		n, err := statement.ParseNote(note)
		if err != nil {
			t.Fatal(err)
		}
		change(n)
		return n.Bytes()
	}
	for name, c := range map[string]struct {
		change func(n *statement.Note)
		counts bool
	}{
		"a spoiled signature": {func(n *statement.Note) { n.Sigs[0].Sig[9] ^= 1 }, false},
		"an unknown key":      {func(n *statement.Note) { n.Sigs[0].Hash ^= 1 }, false},
		"a line more":         {func(n *statement.Note) { n.Sigs = append(n.Sigs, statement.Signature{Name: "x", Sig: []byte{1}}) }, true},
	} {
		b := newBook(t)
		b.add(relined(mine(b), c.change))
		if valid := b.fold.Entry(1).Fault == nil; valid != c.counts {
			t.Fatalf("%s: on the record it counts: %v", name, valid)
		}
		head, _ := b.Head()
		proof, err := tlog.ProveRecord(2, 1, b.fold.HashReader())
		if err != nil {
			t.Fatal(err)
		}
		s, err := statement.Parse(mine(b))
		if err != nil {
			t.Fatal(err)
		}
		answer, err := (&Receipt{Index: 1, ID: s.ID, Entry: record.Must(b.fold.Read(1)).Bytes, Checkpoint: head, Proof: proof}).Encode(mine(b))
		if err != nil {
			t.Fatal(err)
		}
		host := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodPost {
				w.Write(answer)
				return
			}
			http.StripPrefix("/"+b.a.ID.String(), Serve(b)).ServeHTTP(w, r)
		}))
		defer host.Close()
		client, err := NewClient(host.URL, b.a.ID, nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := client.Submit(within(t), mine(b)); (err == nil) != c.counts {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzDecodeReceipt(f *testing.F) {
	b := newBook(f)
	note := b.say("brio", "x")
	b.add(note)
	good, err := b.receipt().Encode(note)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	long, err := json.Marshal(receiptJSON{Proof: make([]string, 100)})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(long)
	f.Add([]byte("{}"))
	f.Fuzz(func(t *testing.T, answer []byte) {
		r, err := decodeReceipt(answer, note)
		if err != nil {
			return
		}
		s, err := statement.Parse(r.Entry)
		if err != nil || s.ID != r.ID {
			t.Error("a receipt is read whose entry is not the statement")
		}
	})
}
