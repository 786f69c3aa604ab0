package record

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"reflect"
	"testing"

	"detente/agreement"
	"detente/statement"
)

// spoilt is an entry with one line of it said otherwise, by a draw: a signature
// of another entry, a flipped bit, a line twice, a line of nobody, another
// entry, or two in one.
func spoilt(r *rand.Rand, entry, other []byte) []byte {
	b := bytes.Clone(entry)
	switch r.IntN(6) {
	case 0: // the signatures of another text
		if i, j := bytes.LastIndex(b, []byte("\n\n")), bytes.LastIndex(other, []byte("\n\n")); i >= 0 && j >= 0 {
			return append(b[:i], other[j:]...)
		}
	case 1:
		b[r.IntN(len(b))] ^= 1 << r.IntN(8)
	case 2:
		if i := bytes.LastIndex(b[:len(b)-1], []byte("\n")); i >= 0 {
			return append(b, b[i+1:]...)
		}
	case 3:
		return append(b, "— iran AAAAAAAA\n"...)
	case 4:
		return bytes.Clone(other)
	case 5:
		return append(b[:r.IntN(len(b))], other...)
	}
	return b
}

// hostileRecord is a record with key changes, statements of several signers,
// proofs, and of each such as are not what they seem.
func hostileRecord(t testing.TB, seed uint64) *book {
	r := rand.New(rand.NewPCG(seed, 7))
	feb24 := instant("2021-02-24")
	b := begin(t)
	turnKeys(b, 1)
	for i := range 120 {
		var next []byte
		switch r.IntN(4) {
		case 0:
			next = ProofEntry(b.cosign(b.checkpoint(b.f.Size()), feb24+agreement.Instant(i), feb24+agreement.Instant(i+1), feb24+agreement.Instant(i+2)))
		case 1:
			next = b.signed(b.draft("iran", statement.DeclareBody{Text: fmt.Sprint("text ", i), Documents: none}))
		case 2:
			next = b.signed(b.draft("c1", statement.DeclareBody{Text: fmt.Sprint("by a revoked key ", i), Documents: none}))
		default:
			next = b.signed(b.draft("iaea", statement.DeclareBody{Text: fmt.Sprint("text ", i), Documents: none}))
		}
		for range r.IntN(3) {
			next = spoilt(r, next, b.entries[r.IntN(len(b.entries))])
		}
		b.put(next)
	}
	return b
}

// Looking ahead, in whatever portions and with keys however old, changes no
// judgement: every entry, the whole state and the tree are those of appending
// one by one.
func TestLookingAheadChangesNothing(t *testing.T) {
	faults := map[string]bool{}
	for seed := range uint64(4) {
		b := hostileRecord(t, seed)
		for _, portion := range []int{1, 5, len(b.entries)} {
			f, err := NewFold(b.a)
			if err != nil {
				t.Fatal(err)
			}
			first := f.Ring()
			for at := 0; at < len(b.entries); at += portion {
				part := b.entries[at:min(at+portion, len(b.entries))]
				ring := f.Ring()
				if seed%2 == 1 {
					ring = first
				}
				for i, l := range ring.Look(part...) {
					if got, want := f.JudgeLook(l), f.Judge(part[i]); !reflect.DeepEqual(got, want) {
						t.Fatalf("seed %d, entry %d: judged %+v, one by one %+v", seed, at+i, got, want)
					}
					f.AppendLook(l)
				}
			}
			if f.Head() != b.f.Head() || !reflect.DeepEqual(f.State().Standing(), b.f.State().Standing()) || !reflect.DeepEqual(f.Events(), b.f.Events()) {
				t.Fatalf("seed %d, portions of %d: another record", seed, portion)
			}
			for i := range b.f.Size() {
				if got, want := f.Entry(i), b.f.Entry(i); !reflect.DeepEqual(got, want) {
					t.Fatalf("seed %d, portions of %d, entry %d: %+v, one by one %+v", seed, portion, i, got, want)
				} else if want.Fault != nil {
					faults[want.Fault.Code] = true
				}
			}
		}
	}
	for _, code := range []string{FaultSignature, FaultUnsigned, FaultRevokedKey, FaultNotCanonical, FaultCosignature, FaultDuplicate} {
		if !faults[code] {
			t.Errorf("no entry had the fault %s: the records try too little, only %v", code, faults)
		}
	}
}

// A signature that was found good for one text is believed for no other, and
// for no other key.
func TestAVerifiedSignatureIsBelievedForItsTextAlone(t *testing.T) {
	b := begin(t)
	honest := b.signed(b.draft("iaea", statement.DeclareBody{Text: "no", Documents: none}))
	n, err := statement.ParseNote(b.signed(b.draft("iaea", statement.DeclareBody{Text: "yes", Documents: none})))
	if err != nil {
		t.Fatal(err)
	}
	h, err := statement.ParseNote(honest)
	if err != nil {
		t.Fatal(err)
	}
	n.Sigs = h.Sigs
	looks := b.f.Ring().Look(honest, n.Bytes(), honest)
	for i, want := range []string{"", FaultSignature, ""} {
		if j := b.f.JudgeLook(looks[i]); (j.Fault == nil) != (want == "") || j.Fault != nil && j.Fault.Code != want {
			t.Errorf("entry %d: %+v, want %q", i, j.Fault, want)
		}
	}
}
