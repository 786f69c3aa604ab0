package statement

import (
	"bytes"
	"encoding/hex"
	"testing"
)

func TestPayloads(t *testing.T) {
	file := []byte("forty crates")
	p := NewPayload(Salt{1, 2, 3}, file)
	digest := p.Digest()
	d := NameDocument("list.txt", Salt{1, 2, 3}, file)
	if d.Digest != hex.EncodeToString(digest[:]) {
		t.Fatalf("the payload's digest is %x, the document's %s", digest, d.Digest)
	}
	if got, err := p.File(d); err != nil || !bytes.Equal(got, file) {
		t.Fatalf("%q, %v", got, err)
	}
	for i := range p {
		for _, flip := range []byte{1, 0x80} {
			bad := bytes.Clone(p)
			bad[i] ^= flip
			if got, err := Payload(bad).File(d); err == nil {
				t.Fatalf("byte %d flipped: %q", i, got)
			}
		}
	}
	other := NewPayload(Salt{9}, file)
	if _, err := other.File(d); err == nil {
		t.Error("another salt")
	}
	// An author who names what is no payload, or states another size, is told from one who was cheated.
	junk := Payload("no payload at all, but with the digest that was named")
	sum := junk.Digest()
	if _, err := junk.File(Document{Name: "x", Size: int64(len(junk)) - 52, Digest: hex.EncodeToString(sum[:])}); err == nil {
		t.Error("what is no payload")
	}
	d.Size++
	if _, err := p.File(d); err == nil {
		t.Error("another size")
	}
	empty := NewPayload(Salt{}, nil)
	if got, err := empty.File(NameDocument("empty", Salt{}, nil)); err != nil || len(got) != 0 {
		t.Errorf("an empty file: %q, %v", got, err)
	}
	for n := range empty {
		short := empty[:n]
		sum := short.Digest()
		if _, err := short.File(Document{Name: "x", Digest: hex.EncodeToString(sum[:])}); err == nil {
			t.Errorf("%d bytes of a payload", n)
		}
	}
}

func TestDocumentsOfEveryBodyThatNamesThem(t *testing.T) {
	docs := []Document{NameDocument("x", Salt{}, nil)}
	named := 0
	for _, s := range samples() {
		with, ok := WithDocuments(s.body, docs)
		has := bytes.Contains(mustEncode(t, s.body), []byte(`"documents":`))
		if ok != has {
			t.Errorf("%s: names documents: %v, its form has them: %v", s.body.Kind(), ok, has)
		}
		if !ok {
			continue
		}
		named++
		if got := DocumentsOf(with); len(got) != 1 || got[0] != docs[0] || with.Kind() != s.body.Kind() {
			t.Errorf("%s: %+v", s.body.Kind(), got)
		}
	}
	if named < 8 {
		t.Errorf("%d kinds name documents", named)
	}
}

func mustEncode(t *testing.T, b Body) []byte {
	t.Helper()
	line, err := encodeBody(b)
	if err != nil {
		t.Fatal(err)
	}
	return line
}
