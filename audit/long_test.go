package audit_test

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"reflect"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"detente/agreement"
	"detente/audit"
	"detente/internal/ahead"
	"detente/record"
	"detente/statement"
)

var writeTo = flag.String("write", "", "a file into which TestWriteLong writes an exported record of -entries entries")

// long is an exported record of n statements of 1 KiB, all covered by the proof
// of time that stands after them if covered, and each of its statements. The
// signatures of the spoilt ones are bad.
func long(t testing.TB, n int, covered bool, spoilt ...int) ([]byte, []*statement.Signed) {
	t.Helper()
	must := func(err error) {
		if err != nil {
			t.Fatal(err)
		}
	}
	data, err := os.ReadFile("../spec/vectors/record/bundle/freeze.agreement")
	must(err)
	text, err := agreement.NewBundle([]agreement.File{{Path: "freeze.agreement", Data: data}})
	must(err)
	a, _ := agreement.Read(text)
	f, err := record.NewFold(a)
	must(err)
	f.Append(record.Opening(a))
	notes, signed := make([][]byte, n), make([]*statement.Signed, n)
	key := exampleKey(t, "iaea", "iaea-1")
	var all sync.WaitGroup
	var next atomic.Int64
	for range runtime.GOMAXPROCS(0) {
		all.Go(func() {
			for i := next.Add(1) - 1; i < int64(n); i = next.Add(1) - 1 {
				words := fmt.Sprint("entry ", i)
				s := &statement.Statement{Agreement: a.ID, Bundle: a.ID, By: "iaea", Body: statement.DeclareBody{Text: words + strings.Repeat("x", 480-len(words)), Documents: []statement.Document{}}}
				text, err := s.Text()
				if err == nil {
					notes[i], err = statement.Sign(text, key)
				}
				if err == nil {
					signed[i], err = statement.Parse(notes[i])
				}
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	for _, i := range spoilt {
		notes[i][len(notes[i])-20] ^= 1
	}
	must(ahead.Fold(t.Context(), f, notes, nil))
	if covered {
		f.Append(record.ProofEntry(cosigned(t, f)))
	}
	e, err := f.Export(text, cosigned(t, f))
	must(err)
	file, err := e.Bytes()
	must(err)
	return file, signed
}

// cosigned is a checkpoint over all of a record, by a quorum.
func cosigned(t testing.TB, f *record.Fold) []byte {
	t.Helper()
	must := func(err error) {
		if err != nil {
			t.Fatal(err)
		}
	}
	origin := record.Origin(f.Agreement())
	head := f.Head()
	note, err := statement.SignCheckpoint(statement.Checkpoint{Origin: origin, Size: head.Size, Root: head.Root}, exampleKey(t, origin, "host"))
	must(err)
	parsed, err := statement.ParseNote(note)
	must(err)
	for _, w := range []string{"vienna", "geneva", "muscat"} {
		line, err := statement.Cosign(exampleKey(t, w, w), parsed.Text, 1_614_124_800)
		must(err)
		parsed.Sigs = append(parsed.Sigs, line)
	}
	return parsed.Bytes()
}

// heap is what is live, after the garbage is gone.
func heap() int64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// maxEntryMemory is what an audit may hold of each entry, in bytes: measured at
// 105 to 130, as the tables of an index fill up.
const maxEntryMemory = 200

// TestMemoryOfEachEntry: an audit holds neither entries nor what they say, both
// while they wait for a proof of time and once they are in effect.
func TestMemoryOfEachEntry(t *testing.T) {
	const n = 60_000
	file, _ := long(t, n, true)
	before := heap()
	var waiting, covered int64
	r, err := audit.RunFile(bytes.NewReader(file), int64(len(file)), func(f *record.Fold, x *record.ExportFile) error {
		err := ahead.File(t.Context(), f, x, ahead.Verified{}, func(done int) {
			if waiting == 0 && done > n*9/10 {
				waiting = (heap() - before) / int64(done)
			}
		})
		covered = (heap() - before) / n
		runtime.KeepAlive(f)
		return err
	})
	if err != nil || r.Verdict == audit.Broken || r.Record.Size != n+2 || r.Record.Provisional != 0 {
		t.Fatalf("%v: %s", err, r.Text())
	}
	t.Logf("%d bytes an entry while they wait, %d when they are in effect", waiting, covered)
	for _, each := range []int64{waiting, covered} {
		if each > maxEntryMemory || each < 40 { // less than the hash of each is no measurement
			t.Errorf("an audit holds %d bytes of each entry, want at most %d", each, maxEntryMemory)
		}
	}
}

// TestVerifiedBefore: what an interrupted audit remembers spares signatures, and
// changes no report: of the same file, of one in which a signature is bad, of one
// that was changed.
func TestVerifiedBefore(t *testing.T) {
	file, _ := long(t, 1000, true)
	run := func(file []byte, known map[statement.Sum]bool) (text string, noted []statement.Sum) {
		t.Helper()
		r, err := audit.RunFile(bytes.NewReader(file), int64(len(file)), func(f *record.Fold, x *record.ExportFile) error {
			return ahead.File(t.Context(), f, x, ahead.Verified{Known: known, Note: func(s statement.Sum) error {
				noted = append(noted, s)
				return nil
			}}, nil)
		})
		if err != nil {
			t.Fatal(err)
		}
		if one := audit.Run(file); !reflect.DeepEqual(r, one) {
			t.Fatalf("remembering %d: %s\nwithout memory: %s", len(known), r.Text(), one.Text())
		}
		return r.Text(), noted
	}
	_, noted := run(file, map[statement.Sum]bool{})
	if len(noted) != 4 {
		t.Fatalf("%d tiles were noted, want 4", len(noted))
	}
	known := map[statement.Sum]bool{}
	for _, s := range noted[:3] {
		known[s] = true
	}
	if _, more := run(file, known); len(more) != 1 || more[0] != noted[3] {
		t.Fatalf("with 3 tiles known %d were noted", len(more))
	}
	known[noted[3]] = true
	if _, more := run(file, known); len(more) != 0 {
		t.Fatalf("with all tiles known %d were noted", len(more))
	}
	spoilt, _ := long(t, 1000, true, 500)
	text, more := run(spoilt, known)
	if !strings.Contains(text, "entry 501, host: "+record.FaultSignature) {
		t.Errorf("a bad signature in a tile is not seen: %s", text)
	}
	if len(more) != 1 { // the last tile ends on another proof; that with the bad signature is never noted
		t.Errorf("with a bad signature %d tiles are noted anew, want 1", len(more))
	}
	flipped := bytes.Clone(file)
	flipped[len(file)/2] ^= 1
	if text, _ := run(flipped, known); !strings.HasPrefix(text, "BROKEN") {
		t.Errorf("a changed file: %s", text)
	}
}

// TestWriteLong writes a record for trials by hand, if it is told where.
func TestWriteLong(t *testing.T) {
	if *writeTo == "" {
		return
	}
	file, _ := long(t, *figureEntries, true)
	if err := os.WriteFile(*writeTo, file, 0o644); err != nil {
		t.Fatal(err)
	}
}
