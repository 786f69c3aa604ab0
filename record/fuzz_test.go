package record

import (
	"bytes"
	"errors"
	"fmt"
	"testing"

	"detente/agreement"
	"detente/statement"
)

// FuzzAppend puts any bytes on a record: they are exactly one of statement,
// proof and fault, and the record goes on.
func FuzzAppend(f *testing.F) {
	b := three(f)
	for _, c := range badEntries {
		f.Add(c.entry(b))
	}
	f.Add(b.signed(b.draft("iran", words)))
	f.Add(ProofEntry(b.cosign(b.checkpoint(3), noon, noon+1, noon+2)))
	f.Add(Opening(b.a))
	last := ProofEntry(b.cosign(b.checkpoint(2), noon))
	f.Fuzz(func(t *testing.T, entry []byte) {
		fold, err := FoldTo(b.a, b.entries, 3)
		if err != nil {
			t.Fatal(err)
		}
		j := fold.Append(entry)
		kinds := 0
		for _, is := range []bool{j.Statement != nil, j.Proof != nil, j.Fault != nil} {
			if is {
				kinds++
			}
		}
		if kinds != 1 || j.Index != 3 || fold.Size() != 4 || !bytes.Equal(j.Bytes, entry) {
			t.Fatalf("judged as %+v", j)
		}
		if j.Fault != nil && (j.Fault.Code == "" || j.Fault.Culprit == "" || j.Fault.Reason == "") {
			t.Fatalf("a fault without a word: %+v", j.Fault)
		}
		if end := fold.Append(last); end.Proof == nil && !bytes.Equal(entry, last) || fold.Clock() < noon {
			t.Fatalf("after it, a good proof is %+v", end)
		}
	})
}

// FuzzProof shows any bytes as a cosigned checkpoint: an error is a fault with
// a name, and what counts is of this record and within its cosignatures.
func FuzzProof(f *testing.F) {
	b := three(f)
	for _, c := range badProofs {
		f.Add(c.note(b))
	}
	f.Add(b.cosign(b.checkpoint(3), noon, noon+1, noon+2, 5))
	f.Fuzz(func(t *testing.T, note []byte) {
		p, err := b.f.CheckProof(note, b.f.Size())
		var broken *Fault
		if err != nil {
			if !errors.As(err, &broken) || broken.Code == "" {
				t.Fatalf("no fault: %v", err)
			}
			return
		}
		if p.Lo > p.Hi || len(p.Cosignatures) < 3 || p.Head.Size > b.f.Size() || !b.f.had(p.Head) || !bytes.Equal(p.Note, note) {
			t.Fatalf("proof %+v", p)
		}
		if back, err := ParseProof(ProofEntry(note)); err == nil && !bytes.Equal(back, note) {
			t.Fatal("the entry carries another note")
		}
		_, _, _ = b.f.Owed(note)
		_, _ = b.f.Decide("footage", note)
	})
}

// FuzzExport reads any bytes as a container: what is accepted is written again
// to the same bytes, and can be folded without a panic.
func FuzzExport(f *testing.F) {
	_, e := exported(f)
	good := mustBytes(f, e)
	f.Add(good)
	f.Add(good[:len(good)-512])
	f.Add([]byte("detente/export/1\n"))
	small, err := (&Export{Bundle: e.Bundle, Entries: e.Entries[:1], Checkpoint: e.Checkpoint}).Bytes()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(small)
	f.Fuzz(func(t *testing.T, container []byte) {
		e, err := ReadExport(container, Limits{Bytes: 1 << 20, Files: 64})
		if err != nil {
			var x *ExportError
			if !errors.As(err, &x) || x.Part == "" {
				t.Fatalf("an error without a part: %v", err)
			}
			return
		}
		again, err := e.Bytes()
		if err != nil || !bytes.Equal(again, container) {
			t.Fatalf("accepted, but written otherwise: %v", err)
		}
		_, _ = e.Fold()
	})
}

// FuzzOrder reads bytes as a tiny record and holds the clock rule to the
// second calculator.
func FuzzOrder(f *testing.F) {
	f.Add([]byte{3, 1, 9, 0x80, 0x12, 0x03, 0x91, 0x40, 0x22, 0x13})
	f.Add([]byte{0, 0, 1, 0x80, 0xc0, 0x01, 0x02, 0x03, 0x80, 0x11})
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) < 3 || len(b) > 40 {
			return
		}
		r := tiny{window: agreement.Duration(b[0] % 6), again: agreement.Instant(b[1] % 4), timers: []agreement.Instant{1 + agreement.Instant(b[2]%20)}}
		for i, c := range b[3:] {
			if i == 0 || c >= 0x80 {
				r.entries = append(r.entries, tinyEntry{act: &act{arms: c&1 != 0, arm: agreement.Instant(c>>1&7) - 2, disarm: c&0x10 != 0}})
				continue
			}
			lo := 1 + agreement.Instant(c>>4&7)*3
			r.entries = append(r.entries, tinyEntry{size: 1 + int64(c)%int64(i), lo: lo, hi: lo + agreement.Instant(c&3)})
		}
		if err := hold(r); err != nil {
			t.Fatalf("%v\n%v", r, err)
		}
	})
}

// A record of a thousand entries, half of them proofs: verification is nearly
// all of the time.
func BenchmarkFold(b *testing.B) {
	k := three(b)
	for i := range 500 {
		k.say("iaea", statement.DeclareBody{Text: fmt.Sprint("text ", i), Documents: none})
		k.tick(noon + agreement.Instant(i))
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := FoldTo(k.a, k.entries, int64(len(k.entries))); err != nil {
			b.Fatal(err)
		}
	}
}
