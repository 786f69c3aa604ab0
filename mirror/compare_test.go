package mirror

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"detente/agreement"
	"detente/internal/ustar"
	"detente/record"
	"detente/statement"
)

// copyOf is what somebody who follows a book has.
func copyOf(t testing.TB, b *book) *Copy {
	t.Helper()
	c, err := OpenCopy(within(t), b.server.URL+"/"+b.a.ID.String(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

func compared(t testing.TB, a, b *Copy) *Comparison {
	t.Helper()
	r, err := a.Compare(b)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestCompareCopies: equal, longer, and every kind of difference, from either
// side; the evidence names the entry, the cause and who signed both, and is
// checked by somebody who has nothing else.
func TestCompareCopies(t *testing.T) {
	b := newBook(t)
	b.add(inert("x", 3)...)
	short := copyOf(t, b)
	if r := compared(t, short, copyOf(t, b)); r.Finding != Equal || r.Evidence != nil {
		t.Errorf("twice the same: %+v", r)
	}
	b.add(b.say("brio", "one"))
	b.cosign(noon, "vienna", "geneva", "seoul")
	if r := compared(t, short, copyOf(t, b)); r.Finding != Extends || r.B.Head.Size-r.A.Head.Size != 1 || r.B.Final != 5 || r.A.Final != 0 {
		t.Errorf("one more: %+v", r)
	}
	for _, c := range []struct {
		name  string
		by    []string
		cause Cause
		both  []agreement.Name
	}{
		{"fork", []string{"vienna", "muscat", "seoul"}, CauseFork, []agreement.Name{"host", "vienna", "seoul"}},
		{"tail", nil, CauseTail, []agreement.Name{"host"}},
		{"few", []string{"vienna"}, CauseTail, []agreement.Name{"host"}},
	} {
		other := b.fork(4)
		other.add(other.say("brio", "another"))
		other.add(inert("y", 300)...)
		if c.by != nil {
			other.cosign(noon+60, c.by...)
		}
		for _, pair := range [][2]*Copy{{copyOf(t, b), copyOf(t, other)}, {copyOf(t, other), copyOf(t, b)}} {
			r := compared(t, pair[0], pair[1])
			if r.Finding != Differ || r.Evidence.Index != 4 || r.Evidence.Cause != c.cause || !slices.Equal(r.Evidence.Both, c.both) {
				t.Fatalf("%s: %+v", c.name, r.Evidence)
			}
			file, err := r.Evidence.Bytes()
			if err != nil {
				t.Fatal(err)
			}
			e, err := ReadEvidence(file)
			if err != nil {
				t.Fatal(err)
			}
			if e.Text() != r.Evidence.Text() || e.Agreement().ID != b.a.ID || !strings.Contains(e.Text(), "differ first in entry 4") {
				t.Errorf("%s, read again: %s", c.name, e.Text())
			}
			again, err := e.Bytes()
			if err != nil || !bytes.Equal(again, file) {
				t.Errorf("%s: another encoding (%v)", c.name, err)
			}
		}
	}
}

// evidence is a sound file of it, and its parts.
func evidence(t testing.TB) []byte {
	b := newBook(t)
	b.add(b.say("brio", "one"))
	b.cosign(noon, "vienna", "geneva", "seoul")
	other := b.fork(1)
	other.add(other.say("brio", "another"), []byte("more"))
	other.cosign(noon, "vienna", "geneva", "muscat")
	file, err := compared(t, copyOf(t, b), copyOf(t, other)).Evidence.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	return file
}

// TestForgedEvidence: evidence in which anything is changed proves nothing.
func TestForgedEvidence(t *testing.T) {
	limits := ustar.Limits{Files: 9, File: record.MaxBundle, Total: 2 * record.MaxBundle}
	good := evidence(t)
	change := func(f func(files []ustar.File) []ustar.File) error {
		files, err := ustar.Read(bytes.NewReader(good), limits)
		if err != nil {
			t.Fatal(err)
		}
		forged, err := ustar.Bytes(f(files))
		if err != nil {
			t.Fatal(err)
		}
		_, err = ReadEvidence(forged)
		return err
	}
	if err := change(func(f []ustar.File) []ustar.File { return f }); err != nil {
		t.Fatalf("unchanged: %v", err)
	}
	for i := range 9 {
		for name, f := range map[string]func(b []byte) []byte{
			"flipped": func(b []byte) []byte { b[len(b)/2] ^= 1; return b },
			"empty":   func([]byte) []byte { return nil },
			"longer":  func(b []byte) []byte { return append(b, '\n') },
		} {
			err := change(func(files []ustar.File) []ustar.File {
				files[i].Data = f(bytes.Clone(files[i].Data))
				return files
			})
			if err == nil {
				t.Errorf("file %d %s: still taken for a proof", i, name)
			}
		}
	}
	if err := change(func(f []ustar.File) []ustar.File {
		copy(f[6:], f[3:6])
		f[6].Path, f[7].Path, f[8].Path = "b/checkpoint", "b/entry", "b/proof"
		return f
	}); err == nil {
		t.Error("the same history twice: taken for a proof")
	}
	if err := change(func(f []ustar.File) []ustar.File { return f[:8] }); err == nil {
		t.Error("a file missing: taken for a proof")
	}
}

// TestCorruptCopy: a mirror's folder whose entries do not give its own signed
// head is told from a fork; so is a damaged export.
func TestCorruptCopy(t *testing.T) {
	b := newBook(t)
	b.add(inert("x", 5)...)
	dir := t.TempDir()
	f := b.follow(dir)
	update(t, f)
	f.Close()
	name := filepath.Join(dir, "tile", "entries", "000")
	kept, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	kept[len(kept)-2] ^= 1
	if err := os.WriteFile(name, kept, 0o600); err != nil {
		t.Fatal(err)
	}
	_, err = OpenCopy(within(t), dir, "")
	corrupt, ok := errors.AsType[*CorruptError](err)
	if !ok || corrupt.Head.Size != 6 || len(corrupt.Entries) != 6 {
		t.Errorf("a flipped bit: %v", err)
	}
	file := filepath.Join(t.TempDir(), "record.detente")
	if err := os.WriteFile(file, []byte("no export"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenCopy(within(t), file, ""); err == nil {
		t.Error("no export, and it was opened")
	} else if _, ok := errors.AsType[*CorruptError](err); !ok {
		t.Errorf("no export: %v", err)
	}
	if _, err := OpenCopy(within(t), t.TempDir(), ""); err == nil {
		t.Error("an empty folder was opened")
	}
}

// TestDivergenceKinds holds the two verdicts of a follower apart: hash tiles
// that lead to the root shown and contradict the head seen prove a fork; entries
// that lead nowhere prove nothing, and nothing is kept as evidence.
func TestDivergenceKinds(t *testing.T) {
	for _, lies := range []string{"/tile/entries/", "/tile/0/"} {
		b := newBook(t)
		b.add(inert("x", 5)...)
		dir := t.TempDir()
		f := b.follow(dir)
		update(t, f)
		b.add(inert("z", 2)...)
		b.tamper = func(path string, body []byte) []byte {
			if strings.Contains(path, "/tile/entries/") || strings.HasPrefix(path, lies) {
				body = bytes.Clone(body)
				body[len(body)-1] ^= 1
			}
			return body
		}
		err := f.Update(within(t))
		if !errors.Is(err, ErrInconsistent) {
			t.Errorf("lies in %s: %v", lies, err)
		}
		if _, err := os.Stat(filepath.Join(dir, "evidence")); err == nil {
			t.Errorf("lies in %s: kept as evidence", lies)
		}
		b.tamper = nil
		update(t, f)
	}
}

func FuzzEvidence(f *testing.F) {
	good := evidence(f)
	f.Add(good)
	f.Add(good[:len(good)-1024])
	f.Add([]byte(statement.PurposeEvidence.Line()))
	f.Fuzz(func(t *testing.T, b []byte) {
		e, err := ReadEvidence(b)
		if err != nil {
			return
		}
		again, err := e.Bytes()
		if err != nil || !bytes.Equal(again, b) {
			t.Errorf("evidence has two encodings (%v)", err)
		}
	})
}
