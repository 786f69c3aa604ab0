package record

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"detente/agreement"
	"detente/machine"
	"detente/statement"
)

// What one entry costs a reader, by kind, the worst that an enemy can make of
// each among them.
//
//	go test -run '^$' -bench Judge -benchmem ./record
func BenchmarkJudge(bm *testing.B) {
	b := begin(bm)
	plain := b.signed(b.draft("iaea", words))
	proof := b.cosign(b.checkpoint(b.f.Size()), noon)
	var many []statement.Signature
	for i := range statement.MaxSignatures - 5 {
		many = append(many, line(bm, proof, "vienna", noon+agreement.Instant(i)))
	}
	long := statement.DeclareBody{Text: strings.Repeat("\\\n", 8<<10), Documents: []statement.Document{}}
	for i := range statement.MaxDocuments {
		long.Documents = append(long.Documents, statement.Document{Name: fmt.Sprintf("%0100d", i), Digest: zeros})
	}
	unsigned, err := statement.ParseNote(plain)
	if err != nil {
		bm.Fatal(err)
	}
	for i := range statement.MaxSignatures - 1 {
		unsigned.Sigs = append(unsigned.Sigs, statement.Signature{Name: "iaea", Hash: uint32(i), Sig: make([]byte, 400)})
	}
	nested := bytes.Replace(plain, []byte(`{"text"`), bytes.Repeat([]byte(`{"text":[`), 5000), 1)
	for _, c := range []struct {
		name  string
		entry []byte
		fault string
	}{
		{"statement", plain, ""},
		{"proof", ProofEntry(proof), ""},
		{"proof of 98 lines of one witness", ProofEntry(withLines(bm, proof, many...)), ""},
		{"statement of 40 KiB", b.signed(b.draft("iaea", long)), ""},
		{"statement with 99 strange lines", unsigned.Bytes(), ""},
		{"nested body", nested, FaultNotCanonical},
		{"newlines", bytes.Repeat([]byte("\n"), statement.MaxEntry), FaultUnknownForm},
	} {
		bm.Run(c.name, func(bm *testing.B) {
			bm.SetBytes(int64(len(c.entry)))
			for bm.Loop() {
				if j := b.f.Judge(c.entry); (j.Fault == nil) != (c.fault == "") || j.Fault != nil && j.Fault.Code != c.fault {
					bm.Fatalf("%+v", j.Fault)
				}
			}
		})
	}
}

// Looking for a certificate after many proofs, with a close that moved and was
// not sealed: it was quadratic once.
//
//	go test -run '^$' -bench Decide ./record
func BenchmarkDecide(bm *testing.B) {
	for _, n := range []int{500, 50_000} {
		bm.Run(fmt.Sprint(n, " proofs"), func(bm *testing.B) {
			b := begin(bm)
			h, err := b.f.vaultHistory("footage")
			if err != nil {
				bm.Fatal(err)
			}
			h.phases = nil
			h.pending = nil
			b.f.notePhase(h, phase{at: 100, known: true, vault: h.vault})
			b.f.notePhase(h, phase{size: 1, at: 1 << 40, known: true, vault: h.vault})
			h.decided, h.outcome = 2, machine.Released
			late := []count{{b.f.last().lists[0].quorum, []agreement.Instant{1 << 39, 1 << 39, 1 << 39}}}
			for i := range n {
				b.f.noteProof(&Proof{Head: statement.Head{Size: int64(n + 2 - i)}, counts: late})
			}
			if len(h.found.decided) < n {
				bm.Fatalf("%d of %d are candidates: the worst case is another", len(h.found.decided), n)
			}
			note := b.cosign(b.checkpoint(b.f.Size()), 1<<30)
			for bm.Loop() {
				if _, err := b.f.Decide("footage", note); err == nil {
					bm.Fatal("an unsealed change gave a certificate")
				}
			}
		})
	}
}
