package vault

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"filippo.io/age"
	"golang.org/x/mod/sumdb/tlog"
)

func epochIdentity(t testing.TB, seed byte) *Identity {
	t.Helper()
	id, err := NewIdentity(bytes.Repeat([]byte{seed}, SeedSize))
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func sealTo(t testing.TB, id *Identity, data []byte, padded int64) ([]byte, Written) {
	t.Helper()
	var buf bytes.Buffer
	w, err := SealSegment(&buf, id.Recipient(), data, padded)
	if err != nil {
		t.Fatal(err)
	}
	if int64(buf.Len()) != w.Size || w.Size != SegmentSize(padded) {
		t.Fatalf("%d bytes written, %d stated, want %d", buf.Len(), w.Size, SegmentSize(padded))
	}
	return buf.Bytes(), w
}

func TestSegmentsHaveOneSizeAndOpen(t *testing.T) {
	id := epochIdentity(t, 1)
	for _, padded := range []int64{9, 100, pieceData - 1, pieceData, pieceData + 1, 4 * pieceData} {
		for _, n := range []int64{0, 1, padded - LengthSize} {
			data := bytes.Repeat([]byte{0xee}, int(n))
			segment, w := sealTo(t, id, data, padded)
			if err := VerifySegment(bytes.NewReader(segment), w.Size, w.Root); err != nil {
				t.Fatal(err)
			}
			got, err := OpenSegment(segment, id, padded)
			if err != nil || !bytes.Equal(got, data) {
				t.Errorf("padded %d, %d bytes: %d bytes, %v", padded, n, len(got), err)
			}
		}
		var buf bytes.Buffer
		if _, err := SealSegment(&buf, id.Recipient(), make([]byte, padded-LengthSize+1), padded); !errors.Is(err, ErrOverflow) || buf.Len() != 0 {
			t.Errorf("padded %d, one byte too many: %v, %d bytes written", padded, err, buf.Len())
		}
	}
	if n := SegmentSize(4 << 20); n != 4_196_971 {
		t.Errorf("a segment of 4 MiB has %d bytes, want 4,196,971", n)
	}
	for _, padded := range []int64{LengthSize, MaxSegmentBytes + 1} {
		if _, err := SealSegment(io.Discard, id.Recipient(), nil, padded); !errors.Is(err, ErrSegment) {
			t.Errorf("padded size %d: got %v, want %v", padded, err, ErrSegment)
		}
	}
}

// The real command opens a segment: nobody needs this program to read what
// was released.
func TestStockAgeCommandOpensASegment(t *testing.T) {
	dir := t.TempDir()
	id := epochIdentity(t, 2)
	segment, _ := sealTo(t, id, []byte("footage"), 100)
	command := filepath.Join(dir, "age")
	if out, err := exec.Command("go", "build", "-o", command, "filippo.io/age/cmd/age").CombinedOutput(); err != nil {
		t.Fatalf("building age: %v\n%s", err, out)
	}
	for name, content := range map[string][]byte{"key": []byte(id.String() + "\n"), "segment.age": segment} {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	out, err := exec.Command(command, "-d", "-i", filepath.Join(dir, "key"), filepath.Join(dir, "segment.age")).Output()
	if err != nil {
		t.Fatal(err)
	}
	if want := "footage" + strings.Repeat("\x00", 85) + "\x00\x00\x00\x00\x00\x00\x00\x07"; string(out) != want {
		t.Errorf("age gives %q, want %q", out, want)
	}
}

// age and its command accept further stanzas, grease and altered unused bits;
// the one accepted form does not.
func TestOnlyTheOneHeaderFormIsAccepted(t *testing.T) {
	id, other := epochIdentity(t, 1), epochIdentity(t, 2)
	segment, _ := sealTo(t, id, []byte("x"), 100)
	header := segment[:HeaderSize]
	if err := CheckHeader(header); err != nil {
		t.Fatal(err)
	}
	recipients := func(rs ...age.Recipient) []byte {
		var buf bytes.Buffer
		w, err := age.Encrypt(&buf, rs...)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(make([]byte, 100)); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		return buf.Bytes()
	}
	greased := recipients(id.age.Recipient(), grease{})
	twice := recipients(id.age.Recipient(), other.age.Recipient())
	for name, file := range map[string][]byte{"grease": greased, "a second recipient": twice} {
		if _, err := age.Decrypt(bytes.NewReader(file), id.age); err != nil {
			t.Errorf("%s: age refuses it now: %v", name, err)
		}
		if err := VerifySegment(bytes.NewReader(file), int64(len(file)), Digest{}); !errors.Is(err, ErrHeader) {
			t.Errorf("%s: got %v, want %v", name, err, ErrHeader)
		}
	}
	for name, at := range map[string]int{
		"encapsulation": len(headerIntro) + headerArg - 1, "file key": len(headerIntro) + headerArg + headerBody, "MAC": HeaderSize - 2,
	} {
		bad := bytes.Clone(header)
		bad[at] = alterUnusedBits(t, bad[at])
		if err := CheckHeader(bad); !errors.Is(err, ErrHeader) {
			t.Errorf("unused bits of the %s altered: got %v, want %v", name, err, ErrHeader)
		}
	}
	for i := range header { // no byte may be anything but what decodes to itself
		bad := bytes.Clone(header)
		bad[i] = '\n'
		if bad[i] != header[i] && CheckHeader(bad) == nil {
			t.Fatalf("a line end in place of byte %d was accepted", i)
		}
	}
	for _, n := range []int{0, HeaderSize - 1, HeaderSize + 1} {
		if err := CheckHeader(append(bytes.Clone(header), 0)[:n]); !errors.Is(err, ErrHeader) {
			t.Errorf("%d bytes: got %v, want %v", n, err, ErrHeader)
		}
	}
}

// grease is a recipient that adds a stanza nobody can read.
type grease struct{}

func (grease) Wrap([]byte) ([]*age.Stanza, error) {
	return []*age.Stanza{{Type: "grease", Args: []string{"x"}, Body: []byte("y")}}, nil
}

func (grease) WrapWithLabels(key []byte) ([]*age.Stanza, []string, error) {
	s, err := grease{}.Wrap(key)
	return s, []string{"postquantum"}, err
}

// alterUnusedBits gives another last character that a lax decoder takes for the same bytes.
func alterUnusedBits(t *testing.T, last byte) byte {
	t.Helper()
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
	a := alphabet[strings.IndexByte(alphabet, last)^1]
	x, err := base64.RawStdEncoding.DecodeString("AA" + string(last))
	if err != nil {
		t.Fatal(err)
	}
	y, err := base64.RawStdEncoding.DecodeString("AA" + string(a))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(x, y) {
		t.Fatalf("%q and %q are not the same to a lax decoder", last, a)
	}
	return a
}

// age's streaming reader gives the whole pieces of a torn file and then an
// error; here nothing of it is given.
func TestTornAndAlteredSegments(t *testing.T) {
	id := epochIdentity(t, 1)
	const padded = 3 * pieceData
	segment, w := sealTo(t, id, bytes.Repeat([]byte{7}, 1000), padded)
	torn := segment[:len(segment)-PieceSize]
	r, err := age.Decrypt(bytes.NewReader(torn), id.age)
	if err != nil {
		t.Fatal(err)
	}
	if early, err := io.ReadAll(r); err == nil || len(early) == 0 {
		t.Errorf("age gave %d bytes and %v; it used to give the whole pieces and an error", len(early), err)
	}
	if data, err := OpenSegment(torn, id, padded); !errors.Is(err, ErrSegment) || data != nil {
		t.Errorf("torn: %d bytes, %v", len(data), err)
	}
	if err := VerifySegment(bytes.NewReader(torn), w.Size, w.Root); !errors.Is(err, ErrSegment) {
		t.Errorf("torn: got %v, want %v", err, ErrSegment)
	}
	if err := VerifySegment(bytes.NewReader(append(bytes.Clone(segment), 0)), w.Size, w.Root); !errors.Is(err, ErrSegment) {
		t.Errorf("longer: got %v, want %v", err, ErrSegment)
	}
	if err := VerifySegment(strings.NewReader("age"), w.Size, w.Root); !errors.Is(err, ErrSegment) {
		t.Errorf("torn in the header: got %v, want %v", err, ErrSegment)
	}
	for _, at := range []int{HeaderSize, HeaderSize + NonceSize, HeaderSize + NonceSize + PieceSize, len(segment) - 1} {
		bad := bytes.Clone(segment)
		bad[at] ^= 1
		if err := VerifySegment(bytes.NewReader(bad), w.Size, w.Root); !errors.Is(err, ErrSegment) {
			t.Errorf("byte %d altered: got %v, want %v", at, err, ErrSegment)
		}
		if _, err := OpenSegment(bad, id, padded); !errors.Is(err, ErrSegment) {
			t.Errorf("byte %d altered: opening: got %v, want %v", at, err, ErrSegment)
		}
	}
}

func TestPaddingIsCheckedAndTheFileKeyShowsIt(t *testing.T) {
	id := epochIdentity(t, 1)
	inside := func(plain []byte) []byte {
		var buf bytes.Buffer
		enc, err := age.Encrypt(&buf, id.age.Recipient())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := enc.Write(plain); err != nil {
			t.Fatal(err)
		}
		if err := enc.Close(); err != nil {
			t.Fatal(err)
		}
		return buf.Bytes()
	}
	dirty, long := make([]byte, 100), make([]byte, 100)
	dirty[50] = 1
	long[99] = 93
	for name, plain := range map[string][]byte{"padding not zero": dirty, "length past the room": long, "length of 2^64-1": append(make([]byte, 92), bytes.Repeat([]byte{0xff}, 8)...)} {
		segment := inside(plain)
		if _, err := OpenSegment(segment, id, 100); !errors.Is(err, ErrSegment) {
			t.Errorf("%s: got %v, want %v", name, err, ErrSegment)
		}
		fileKey, err := FileKey(segment, id)
		if err != nil || len(fileKey) != 16 {
			t.Fatalf("%s: file key of %d bytes, %v", name, len(fileKey), err)
		}
		if _, err := OpenWithFileKey(segment, fileKey, 100); !errors.Is(err, ErrSegment) {
			t.Errorf("%s: shown by the file key: got %v, want %v", name, err, ErrSegment)
		}
		// Another key shows nothing: age's MAC binds the header to its key.
		if _, err := OpenWithFileKey(segment, make([]byte, 16), 100); !errors.Is(err, ErrFileKey) {
			t.Errorf("%s: a made-up file key: %v", name, err)
		}
	}
}

func TestTreeMatchesRFC6962AndProvesPieces(t *testing.T) {
	id := epochIdentity(t, 1)
	segment, w := sealTo(t, id, []byte("x"), 2*pieceData+5)
	want := []tlog.Hash{tlog.RecordHash(segment[:HeaderSize+NonceSize])}
	for rest := segment[HeaderSize+NonceSize:]; len(rest) > 0; rest = rest[min(PieceSize, len(rest)):] {
		want = append(want, tlog.RecordHash(rest[:min(PieceSize, len(rest))]))
	}
	for _, chunk := range []int{1, 1000, len(segment)} { // however the bytes arrive
		var tree Tree
		for rest := segment; len(rest) > 0; rest = rest[min(chunk, len(rest)):] {
			tree.Write(rest[:min(chunk, len(rest))])
		}
		if got := tree.Leaves(); fmt.Sprint(got) != fmt.Sprint(want) || tree.Root() != w.Root {
			t.Errorf("in chunks of %d: other leaves or root", chunk)
		}
	}
	at := 0
	for i := range want {
		n := PieceSize
		if i == 0 {
			n = HeaderSize + NonceSize
		}
		piece := segment[at:min(at+n, len(segment))]
		at += len(piece)
		proof, err := PieceProof(want, i)
		if err != nil {
			t.Fatal(err)
		}
		if err := VerifyPiece(w.Root, w.Size, i, piece, proof); err != nil {
			t.Errorf("piece %d: %v", i, err)
		}
		if err := VerifyPiece(w.Root, w.Size, (i+1)%len(want), piece, proof); !errors.Is(err, ErrSegment) {
			t.Errorf("piece %d in another place: %v", i, err)
		}
		bad := bytes.Clone(piece)
		bad[0] ^= 1
		if err := VerifyPiece(w.Root, w.Size, i, bad, proof); !errors.Is(err, ErrSegment) {
			t.Errorf("piece %d altered: %v", i, err)
		}
	}
	if _, err := PieceProof(want, len(want)); err == nil {
		t.Error("a proof of a piece past the end")
	}
}

func TestSegmentSealedForAnotherKeyDoesNotOpen(t *testing.T) {
	segment, _ := sealTo(t, epochIdentity(t, 1), []byte("x"), 100)
	if _, err := OpenSegment(segment, epochIdentity(t, 2), 100); !errors.Is(err, ErrSegment) {
		t.Errorf("got %v, want %v", err, ErrSegment)
	}
}
