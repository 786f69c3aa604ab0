package ustar

import (
	"archive/tar"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strings"
	"testing"
	"testing/iotest"
)

var roomy = Limits{Files: 100, File: 1 << 20, Total: 1 << 20}

var sample = []File{
	{"detente", []byte("detente/export/1\n")},
	{"SHA256SUMS", nil},
	{"bundle/texts/a.md", bytes.Repeat([]byte("x"), Block)},
	{"bundle/zone/Europe/Vienna", []byte{0, 1, 2, 255}},
	{strings.Repeat("d", 60) + "/" + strings.Repeat("n", 100), []byte("long\n")},
	{"ünï.txt", []byte("utf-8 path\n")},
}

func mustBytes(t testing.TB, files []File) []byte {
	t.Helper()
	b, err := Bytes(files)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func same(a, b []File) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i].Path != b[i].Path || !bytes.Equal(a[i].Data, b[i].Data) {
			return false
		}
	}
	return true
}

func TestRoundTrip(t *testing.T) {
	for _, files := range [][]File{nil, sample[:1], sample} {
		b := mustBytes(t, files)
		// One byte at a time: nothing may depend on how reads are cut.
		back, err := Read(iotest.OneByteReader(bytes.NewReader(b)), roomy)
		if err != nil || !same(files, back) {
			t.Fatalf("read back %d files, %v; want %d", len(back), err, len(files))
		}
	}
}

// TestExample holds the package comment to its word.
func TestExample(t *testing.T) {
	b := mustBytes(t, []File{{"a", []byte("hi\n")}})
	if len(b) != 2048 || string(b[124:135]) != "00000000003" || string(b[148:154]) != "007337" {
		t.Fatalf("%d bytes, size %q, checksum %q", len(b), b[124:135], b[148:154])
	}
}

func TestOtherReaders(t *testing.T) {
	b := mustBytes(t, sample)
	tr := tar.NewReader(bytes.NewReader(b))
	for _, f := range sample {
		h, err := tr.Next()
		if err != nil {
			t.Fatal(err)
		}
		data, err := io.ReadAll(tr)
		if err != nil || h.Name != f.Path || !bytes.Equal(data, f.Data) || h.Mode != 0o444 || h.Typeflag != tar.TypeReg {
			t.Fatalf("archive/tar read %+v (%d bytes, %v), want %q", h, len(data), err, f.Path)
		}
	}
	if _, err := tr.Next(); err != io.EOF {
		t.Fatalf("after the last file: %v", err)
	}
	if _, err := exec.LookPath("tar"); err != nil {
		t.Logf("no tar program on this machine: read by archive/tar only")
		return
	}
	cmd := exec.Command("tar", "--quoting-style=literal", "-tf", "-")
	cmd.Stdin = bytes.NewReader(b)
	out, err := cmd.CombinedOutput()
	want := ""
	for _, f := range sample {
		want += f.Path + "\n"
	}
	if err != nil || string(out) != want {
		t.Fatalf("tar tf: %v\n%s\nwant\n%s", err, out, want)
	}
}

// TestEveryBit flips each bit of an archive: it is refused, or exactly the
// data of the file that the bit belongs to differs.
func TestEveryBit(t *testing.T) {
	files := []File{{"a/b", []byte("one\n")}, {"c", []byte("two")}, {"d", nil}}
	good := mustBytes(t, files)
	owner := make([]int, len(good)) // 1 + index of the file whose data a byte is
	offset := 0
	for i, f := range files {
		offset += Block
		for j := range f.Data {
			owner[offset+j] = i + 1
		}
		offset += len(f.Data) + int(padding(int64(len(f.Data))))
	}
	for bit := range len(good) * 8 {
		bad := bytes.Clone(good)
		bad[bit/8] ^= 1 << (bit % 8)
		back, err := Read(bytes.NewReader(bad), roomy)
		if owner[bit/8] == 0 {
			var refusal *Error
			if !errors.As(err, &refusal) {
				t.Fatalf("bit %d of byte %d flipped outside of data: error %v, want a refusal", bit%8, bit/8, err)
			}
			continue
		}
		if err != nil {
			t.Fatalf("byte %d is data, but: %v", bit/8, err)
		}
		for i := range files {
			if back[i].Path != files[i].Path || bytes.Equal(back[i].Data, files[i].Data) == (i+1 == owner[bit/8]) {
				t.Fatalf("byte %d of file %d: file %d reads %q", bit/8, owner[bit/8]-1, i, back[i].Data)
			}
		}
	}
}

func TestEveryCut(t *testing.T) {
	good := mustBytes(t, sample[:3])
	for n := range len(good) {
		var refusal *Error
		if _, err := Read(bytes.NewReader(good[:n]), roomy); !errors.As(err, &refusal) || refusal.Offset > int64(n) {
			t.Fatalf("cut to %d bytes: %v, want a refusal at or before the cut", n, err)
		}
	}
	for _, tail := range []string{"\x00", strings.Repeat("\x00", Block), "x"} {
		if _, err := Read(strings.NewReader(string(good)+tail), roomy); err == nil {
			t.Fatalf("%d bytes after the end were accepted", len(tail))
		}
	}
}

func TestOffsetAndName(t *testing.T) {
	good := mustBytes(t, sample[:3])
	good[Block+17] = 'x' // padding of the first file
	_, err := Read(bytes.NewReader(good), roomy)
	if want := `ustar: file "detente", byte 529: want zeros after the data`; err == nil || err.Error() != want {
		t.Fatalf("got %v, want %s", err, want)
	}
}

func TestFailingReader(t *testing.T) {
	lost := errors.New("disk gone")
	good := mustBytes(t, sample)
	for _, n := range []int{0, 100, Block + 3, len(good)} {
		r := io.MultiReader(bytes.NewReader(good[:n]), iotest.ErrReader(lost))
		if _, err := Read(r, roomy); !errors.Is(err, lost) {
			t.Fatalf("reader failed at %d: %v", n, err)
		}
	}
}

func TestPaths(t *testing.T) {
	d, n := strings.Repeat("d", 154), strings.Repeat("n", 100)
	good := []string{
		"a", "a/b", "..a", "a..", ".hidden", strings.Repeat("n", 100), "p/" + n, d + "d/" + n[:99],
		d + "/" + n, "a/" + d[:99] + "/" + n,
	}
	for _, p := range good {
		if err := CheckPath(p); err != nil {
			t.Errorf("%q: %v", p, err)
			continue
		}
		if back, err := Read(bytes.NewReader(mustBytes(t, []File{{p, nil}})), roomy); err != nil || back[0].Path != p {
			t.Errorf("%q comes back as %v, %v", p, back, err)
		}
	}
	bad := []string{
		"", "/a", "a/", "a//b", ".", "..", "a/../b", "./a", "a/.", "a\\b", "a\nb", "a\x00b", "a\x7f", "a\u0085", "\xff",
		strings.Repeat("n", 101), n + "n/a/" + strings.Repeat("n", 101), d + "dd/" + n, d + "d/" + n,
	}
	for _, p := range bad {
		if err := CheckPath(p); err == nil {
			t.Errorf("%q (%d bytes) is accepted", p, len(p))
		}
		if err := NewWriter(io.Discard).Add(p, nil); err == nil {
			t.Errorf("%q (%d bytes) is written", p, len(p))
		}
	}
}

func TestDuplicates(t *testing.T) {
	for _, pair := range [][2]string{{"a", "a"}, {"a", "a/b"}, {"a/b", "a"}, {"a/b/c", "a/b"}} {
		if _, err := Bytes([]File{{pair[0], nil}, {pair[1], nil}}); err == nil {
			t.Errorf("%q beside %q is written", pair[1], pair[0])
		}
		// The reader must find it by itself.
		one, two := mustBytes(t, []File{{pair[0], nil}}), mustBytes(t, []File{{pair[1], nil}})
		if _, err := Read(bytes.NewReader(append(one[:Block:Block], two...)), roomy); err == nil {
			t.Errorf("%q beside %q is read", pair[1], pair[0])
		}
	}
}

func TestLimits(t *testing.T) {
	b := mustBytes(t, []File{{"a", []byte("12345")}, {"b", []byte("678")}})
	if _, err := Read(bytes.NewReader(b), Limits{2, 5, 8}); err != nil {
		t.Fatalf("at the limits: %v", err)
	}
	for _, l := range []Limits{{1, 5, 8}, {2, 4, 8}, {2, 5, 7}, {}} {
		if _, err := Read(bytes.NewReader(b), l); err == nil {
			t.Errorf("past the limit, %+v: accepted", l)
		}
	}
	// Folders cost memory though an archive only names them.
	deep := func(files int) (list []File) {
		for i := range files {
			list = append(list, File{Path: fmt.Sprintf("%04d%s", i, strings.Repeat("/a", 43))})
		}
		return list
	}
	if _, err := Read(bytes.NewReader(mustBytes(t, deep(95))), Limits{Files: 95}); err != nil {
		t.Errorf("95 files in 4,085 folders: %v", err)
	}
	if _, err := Read(bytes.NewReader(mustBytes(t, deep(98))), Limits{Files: 98}); err == nil {
		t.Error("98 files in 4,214 folders are accepted")
	}
	// A header may claim more than there is or than memory holds.
	h := header("a", MaxSize)
	if _, err := Read(bytes.NewReader(h[:]), Limits{1, MaxSize, MaxSize}); err == nil {
		t.Error("a file without its data is accepted")
	}
	w := NewWriter(io.Discard)
	if err := w.AddFrom("a", MaxSize+1, strings.NewReader("")); err == nil {
		t.Error("a file past the largest size is written")
	}
}

func TestWriterErrors(t *testing.T) {
	for size, data := range map[int64]string{3: "12", 2: "123"} {
		if err := NewWriter(io.Discard).AddFrom("a", size, strings.NewReader(data)); err == nil {
			t.Errorf("%d bytes announced, %q written", size, data)
		}
	}
	lost := errors.New("disk full")
	for n := range 8 {
		w := NewWriter(&failing{n, lost})
		err := w.Add("a", []byte("data"))
		if err == nil {
			err = w.Add("b", []byte("data"))
		}
		if err == nil {
			err = w.Close()
		}
		if (n < 7) != errors.Is(err, lost) {
			t.Fatalf("write %d fails: %v", n, err)
		}
		if again := w.Add("c", nil); again == nil {
			t.Fatalf("the writer goes on after %v", err)
		}
	}
}

// failing lets n writes through.
type failing struct {
	n   int
	err error
}

func (f *failing) Write(p []byte) (int, error) {
	if f.n == 0 {
		return 0, f.err
	}
	f.n--
	return len(p), nil
}

func FuzzRead(f *testing.F) {
	f.Add(mustBytes(f, nil))
	f.Add(mustBytes(f, sample))
	f.Add(mustBytes(f, sample[:2])[:700])
	var foreign bytes.Buffer
	tw := tar.NewWriter(&foreign)
	if err := tw.WriteHeader(&tar.Header{Name: "a", Mode: 0o644, Size: 2}); err != nil {
		f.Fatal(err)
	}
	fmt.Fprint(tw, "hi")
	if err := tw.Close(); err != nil {
		f.Fatal(err)
	}
	f.Add(foreign.Bytes())
	f.Fuzz(func(t *testing.T, b []byte) {
		files, err := Read(bytes.NewReader(b), roomy)
		if err != nil {
			return
		}
		if again := mustBytes(t, files); !bytes.Equal(again, b) {
			t.Fatalf("%d bytes were read as files that are written as %d other bytes", len(b), len(again))
		}
	})
}
