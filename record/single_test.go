package record

import (
	"bytes"
	"encoding/base64"
	"errors"
	"os"
	"strings"
	"testing"

	"detente/statement"
)

// singleVector is where a reader of another make finds one.
const singleVector = "../spec/vectors/record/single.tlog-proof"

// singles is a record with a dated statement, the statement's index and the
// cosigned checkpoint, by exactly a quorum.
func singles(t testing.TB) (b *book, n int64, note []byte) {
	t.Helper()
	b = three(t)
	note = b.cosign(b.checkpoint(3), noon, noon+1, noon+2)
	return b, 1, note
}

// TestSingle: one entry is proven by a file and the text, and the file is the
// vector.
func TestSingle(t *testing.T) {
	b, n, note := singles(t)
	file, err := b.f.SingleProof(n, note, true)
	if err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile(singleVector, file, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	vector, err := os.ReadFile(singleVector)
	if err != nil || !bytes.Equal(vector, file) {
		t.Errorf("%s is not what this package makes: %v", singleVector, err)
	}
	_, a := mustRead(t)
	s, err := ReadSingle(a, vector, nil)
	if err != nil {
		t.Fatal(err)
	}
	if s.Index != n || !bytes.Equal(s.Entry, b.read(n).Bytes) || s.Proof.Lo != noon+1 || len(s.Proof.Cosignatures) != 3 {
		t.Errorf("%+v", s)
	}
	bare, err := b.f.SingleProof(n, note, false)
	if err != nil {
		t.Fatal(err)
	}
	if s, err := ReadSingle(a, bare, b.read(n).Bytes); err != nil || s.Index != n {
		t.Errorf("with the entry beside it: %v", err)
	}
	if _, err := ReadSingle(a, bare, nil); err == nil {
		t.Error("a proof of no entry")
	}
	for _, given := range [][]byte{bare, file} {
		if _, err := ReadSingle(a, given, b.read(n+1).Bytes); !errors.Is(err, ErrNotIncluded) {
			t.Errorf("with another entry: %v", err)
		}
	}
	for _, n := range []int64{-1, 3, 100} {
		if _, err := b.f.SingleProof(n, note, true); err == nil {
			t.Errorf("a proof of entry %d under a checkpoint of 3", n)
		}
	}
}

// TestSingleFlips: no byte of the file can be another.
func TestSingleFlips(t *testing.T) {
	b, n, note := singles(t)
	file, err := b.f.SingleProof(n, note, true)
	if err != nil {
		t.Fatal(err)
	}
	for i := range file {
		for _, bit := range []byte{1, 4, 32} {
			bad := bytes.Clone(file)
			bad[i] ^= bit
			if _, err := ReadSingle(b.a, bad, nil); err == nil {
				t.Fatalf("byte %d, %q, can be %q", i, file[i], bad[i])
			}
		}
	}
	for cut := range file {
		if _, err := ReadSingle(b.a, file[:cut], nil); err == nil {
			t.Fatalf("it can end after %d bytes", cut)
		}
	}
	if _, err := ReadSingle(b.a, append(bytes.Clone(file), '\n'), nil); err == nil {
		t.Error("something can follow it")
	}
}

// TestSingleRefuses: files that are not by the text's quorum, or in another form.
func TestSingleRefuses(t *testing.T) {
	b, n, note := singles(t)
	file, err := b.f.SingleProof(n, note, true)
	if err != nil {
		t.Fatal(err)
	}
	few := (&single{extra: b.read(n).Bytes, index: n, note: b.cosign(b.checkpoint(3), noon, noon)}).encode()
	for name, bad := range map[string]string{
		"two cosignatures": string(few),
		"no header":        strings.TrimPrefix(string(file), singleHeader),
		"another version":  strings.Replace(string(file), "@v1", "@v2", 1),
		"no index":         strings.Replace(string(file), "index 1\n", "", 1),
		"leading zero":     strings.Replace(string(file), "index 1", "index 01", 1),
		"a plus":           strings.Replace(string(file), "index 1", "index +1", 1),
		"negative":         strings.Replace(string(file), "index 1", "index -1", 1),
		"another index":    strings.Replace(string(file), "index 1", "index 2", 1),
		"extra twice":      strings.Replace(string(file), "extra ", "extra AAAA\nextra ", 1),
		"CRLF":             strings.ReplaceAll(string(file), "\n", "\r\n"),
		"64 hashes":        strings.Replace(string(file), "index 1\n", "index 1\n"+strings.Repeat(strings.Repeat("A", 43)+"=\n", 64), 1),
		"too large":        strings.Repeat("x", maxSingle+1),
	} {
		if s, err := ReadSingle(b.a, []byte(bad), nil); err == nil {
			t.Errorf("%s: read as %+v", name, s)
		}
	}
	// The largest entry fits.
	whole := &single{extra: make([]byte, statement.MaxEntry), note: note}
	if _, err := parseSingle(whole.encode()); err != nil {
		t.Error(err)
	}
	whole.extra = make([]byte, statement.MaxEntry+1)
	if _, err := parseSingle(whole.encode()); err == nil {
		t.Error("an entry past the limit")
	}
}

func FuzzSingle(f *testing.F) {
	b, n, note := singles(f)
	for _, extra := range []bool{true, false} {
		file, err := b.f.SingleProof(n, note, extra)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(file)
	}
	f.Add([]byte(singleHeader + "extra " + base64.StdEncoding.EncodeToString([]byte("x")) + "\nindex 0\n\nnote"))
	f.Fuzz(func(t *testing.T, file []byte) {
		if s, err := parseSingle(file); err == nil && !bytes.Equal(s.encode(), file) {
			t.Errorf("%q is read, and written as %q", file, s.encode())
		}
		ReadSingle(b.a, file, nil)
	})
}
