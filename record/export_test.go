package record

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"detente/agreement"
	"detente/internal/ustar"
	"detente/machine"
	"detente/statement"
)

// exported is a record that ends in an erasure, with one sealed batch.
func exported(t testing.TB) (*book, *Export) {
	b := begin(t)
	object := []byte("detente/vault/batch/1\nnot read by this package\n")
	b.say("camera", statement.SealBody{Vault: "footage", Batch: fmt.Sprintf("%x", sha256.Sum256(object)), Manifests: 1,
		Ranges: []statement.CameraRange{{Camera: "main", First: 0, Last: 0, Head: zeros}}})
	b.decide(instant("2021-04-01"))
	b.decide(instant(closeDay))
	final := b.cosign(b.checkpoint(b.f.Size()), instant(closeDay)+2*hour)
	e, err := b.f.Export(b.bundle, final, object, object)
	if err != nil {
		t.Fatal(err)
	}
	return b, e
}

func mustBytes(t testing.TB, e *Export) []byte {
	t.Helper()
	c, err := e.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestExportReadsBack(t *testing.T) {
	b, e := exported(t)
	container := mustBytes(t, e)
	back, err := ReadExport(container, DefaultLimits)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(mustBytes(t, back), container) {
		t.Fatal("read and written again, the container is another")
	}
	f, err := back.Fold()
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(f.State().Bytes(), b.f.State().Bytes()) || f.Root() != b.f.Root() {
		t.Fatal("the reader's state is not the writer's")
	}
	c, err := f.Certify("footage", back.Checkpoint)
	if err != nil || c.Outcome != machine.Erased {
		t.Fatalf("certificate %+v, %v", c, err)
	}
	if o, ok := back.Object(sha256.Sum256(e.Objects[0])); !ok || !bytes.Equal(o, e.Objects[0]) || len(back.Objects) != 1 {
		t.Fatal("the object is not found")
	}
	if _, ok := back.Object([32]byte{}); ok {
		t.Fatal("an object of a digest that none has")
	}
}

// Any flipped bit is an error, and the error names a part.
func TestExportWithAnyBitFlipped(t *testing.T) {
	_, e := exported(t)
	container := mustBytes(t, e)
	step := 1
	if testing.Short() {
		step = 37
	}
	for i := 0; i < len(container); i += step {
		bad := bytes.Clone(container)
		bad[i] ^= 1 << (i / step % 8)
		_, err := ReadExport(bad, DefaultLimits)
		var x *ExportError
		if !errors.As(err, &x) || x.Part == "" || x.Reason == "" {
			t.Fatalf("byte %d of %d flipped: %v", i, len(container), err)
		}
	}
}

// A forger who also writes new sums, and a new container, is found by the
// tree; one who has the depositary's key as well, by the witnesses.
func TestForgedExports(t *testing.T) {
	b, good := exported(t)
	other := begin(t)
	other.say("iran", words)
	change := func(f func(e *Export)) *Export {
		e := *good
		e.Entries, e.Objects = slices.Clone(good.Entries), slices.Clone(good.Objects)
		f(&e)
		return &e
	}
	for _, c := range []struct {
		name, part string
		e          *Export
	}{
		{"a byte of an entry", "checkpoint", change(func(e *Export) {
			e.Entries[3] = bytes.Clone(e.Entries[3])
			e.Entries[3][100] ^= 1
		})},
		{"two entries changed places", "checkpoint", change(func(e *Export) { e.Entries[1], e.Entries[2] = e.Entries[2], e.Entries[1] })},
		{"an entry dropped", "tile/entries/000.p/11", change(func(e *Export) { e.Entries = slices.Delete(e.Entries, 4, 5) })},
		{"an entry doubled", "tile/entries/000.p/11", change(func(e *Export) { e.Entries = slices.Insert(e.Entries, 4, e.Entries[4]) })},
		{"an entry of another record", "checkpoint", change(func(e *Export) { e.Entries[5] = other.entries[3] })},
		{"an object of no statement", "object/", change(func(e *Export) { e.Objects = [][]byte{[]byte("x")} })},
		{"a checkpoint without a quorum", "checkpoint", change(func(e *Export) { e.Checkpoint = b.checkpoint(b.f.Size()) })},
		{"an earlier checkpoint", "tile/entries/000.p/10", change(func(e *Export) { e.Checkpoint = b.cosign(b.checkpoint(b.f.Size()-1), noon) })},
		{"another text", "bundle/", change(func(e *Export) {
			data := bytes.Replace(e.Bundle.Files[0].Data, []byte("2021-05-24"), []byte("2021-05-25"), 1)
			e.Bundle = &agreement.Bundle{Files: []agreement.File{{Path: e.Bundle.Files[0].Path, Data: data}}}
		})},
		{"a text that is not sound", "bundle/", change(func(e *Export) {
			e.Bundle = &agreement.Bundle{Files: []agreement.File{{Path: e.Bundle.Files[0].Path, Data: []byte("detente 1\n")}}}
		})},
		{"a depositary that rewrites and signs anew", "checkpoint", change(func(e *Export) {
			o := b.like(b.f.Size() - 1)
			o.say("iran", words)
			e.Entries, e.Checkpoint = o.entries, o.checkpoint(o.f.Size())
		})},
	} {
		e, err := ReadExport(mustBytes(t, c.e), DefaultLimits)
		if err == nil {
			_, err = e.Fold()
		}
		var x *ExportError
		if !errors.As(err, &x) || !strings.HasPrefix(x.Part, c.part) && c.name != "another text" {
			t.Errorf("%s: %v; want it to name %s", c.name, err, c.part)
		}
	}
}

func objectFile(data string) ustar.File {
	return ustar.File{Path: fmt.Sprintf("%s%x", folderObjects, sha256.Sum256([]byte(data))), Data: []byte(data)}
}

// Files that do not belong, are missing or stand in another order.
func TestMisshapenContainers(t *testing.T) {
	_, e := exported(t)
	files, err := ustar.Read(bytes.NewReader(mustBytes(t, e)), ustar.Limits{Files: 100, File: maxFile, Total: 1 << 20})
	if err != nil {
		t.Fatal(err)
	}
	seal := func(files []ustar.File) []byte {
		files = slices.Clone(files)
		files[1].Data = sums(files[2:])
		b, err := ustar.Bytes(files)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	if _, err := ReadExport(seal(files), DefaultLimits); err != nil {
		t.Fatal(err)
	}
	n := len(files)
	for name, bad := range map[string][]ustar.File{
		"a stray file":         append(slices.Clone(files), ustar.File{Path: "zz", Data: nil}),
		"a newer format":       slices.Concat([]ustar.File{{Path: fileFormat, Data: []byte("detente/export/2\n")}}, files[1:]),
		"no checkpoint":        slices.Delete(slices.Clone(files), 3, 4),
		"no text":              slices.Delete(slices.Clone(files), 2, 3),
		"no tile":              slices.Delete(slices.Clone(files), 4, 5),
		"an object misnamed":   append(slices.Clone(files[:n-1]), ustar.File{Path: folderObjects + zeros, Data: files[n-1].Data}),
		"objects out of order": append(slices.Clone(files), objectFile("1"), objectFile("3")),
		"the tile too long":    slices.Concat(files[:4], []ustar.File{{Path: files[4].Path, Data: append(slices.Clone(files[4].Data), 0)}}, files[5:]),
		"the tile too short":   slices.Concat(files[:4], []ustar.File{{Path: files[4].Path, Data: files[4].Data[:len(files[4].Data)-1]}}, files[5:]),
		"order":                slices.Concat(files[:2], files[3:4], files[2:3], files[4:]),
	} {
		var x *ExportError
		if _, err := ReadExport(seal(bad), DefaultLimits); !errors.As(err, &x) {
			t.Errorf("%s: %v", name, err)
		}
	}
	long := slices.Clone(files)
	long[1].Data = append(sums(files[2:]), "x\n"...)
	b, err := ustar.Bytes(long)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := ReadExport(b, DefaultLimits); err == nil {
		t.Error("a line too many in the sums is accepted")
	}
}

func TestExportLimits(t *testing.T) {
	_, e := exported(t)
	container := mustBytes(t, e)
	exact := Limits{Bytes: int64(len(container)), Files: 6}
	if _, err := ReadExport(container, exact); err != nil {
		t.Errorf("at the limits: %v", err)
	}
	for _, l := range []Limits{{exact.Bytes - 1, exact.Files}, {exact.Bytes, exact.Files - 1}} {
		if _, err := ReadExport(container, l); err == nil {
			t.Errorf("one past %+v is accepted", l)
		}
	}
}

func TestExportEndsOnWhatIsFinal(t *testing.T) {
	b, e := exported(t)
	if _, err := b.f.Export(b.bundle, b.checkpoint(b.f.Size())); err == nil {
		t.Error("an export that no quorum cosigned")
	}
	if _, err := b.f.Export(&agreement.Bundle{Files: []agreement.File{{Path: "x", Data: nil}}}, e.Checkpoint); err == nil {
		t.Error("an export with another text")
	}
	for size, objects := range map[int64]int{4: 0, 5: 1} { // entry 4 names the object
		early, err := b.f.Export(b.bundle, b.cosign(b.checkpoint(size), noon), e.Objects[0])
		if err != nil || int64(len(early.Entries)) != size || len(early.Objects) != objects {
			t.Errorf("an export of the first %d entries: %v", size, err)
		}
	}
}

func TestTilePaths(t *testing.T) {
	for _, c := range []struct {
		n    int64
		w    int
		want string
	}{{0, 256, "tile/entries/000"}, {0, 3, "tile/entries/000.p/3"}, {1234067, 256, "tile/entries/x001/x234/067"}} {
		if got := tilePath(c.n, c.w); got != c.want {
			t.Errorf("tile %d of %d: %s, want %s", c.n, c.w, got, c.want)
		}
	}
	// 256 entries are one full tile, 257 a full one and one of width 1.
	b := open(t)
	for range 256 {
		b.put([]byte("x\n"))
	}
	for _, size := range []int64{256, 257} {
		e, err := b.f.Export(b.bundle, b.cosign(b.checkpoint(size), noon))
		if err != nil {
			t.Fatal(err)
		}
		back, err := ReadExport(mustBytes(t, e), DefaultLimits)
		if err != nil || int64(len(back.Entries)) != size {
			t.Errorf("%d entries: %v", size, err)
		}
	}
}
