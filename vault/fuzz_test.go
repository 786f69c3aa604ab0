package vault

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"testing"

	"detente/statement"
)

// Whatever the bytes, a decoder refuses them with its named error or gives a
// value that encodes to the same bytes.

func FuzzManifest(f *testing.F) {
	good := chain(f, "east", 1, 2, Digest{})
	f.Add(good[0].Encode())
	f.Add(good[1].Encode())
	f.Add(good[1].Bytes())
	f.Add([]byte(statement.PurposeVaultManifest))
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := ParseManifest(b)
		if err != nil {
			if !errors.Is(err, ErrManifest) || m != nil {
				t.Fatalf("%v, %v", m, err)
			}
			return
		}
		if !bytes.Equal(m.Encode(), b) {
			t.Fatal("decoding and encoding changed it")
		}
	})
}

func FuzzBatch(f *testing.F) {
	for _, ms := range [][]*SignedManifest{chain(f, "east", 1, 1, Digest{}), append(chain(f, "east", 5, 2, Digest{1}), chain(f, "west", 1, 1, Digest{})...)} {
		object, err := EncodeBatch(ms)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(object)
		f.Add(object[:len(object)-1])
	}
	f.Add([]byte(newTranscript(statement.PurposeVaultBatch)))
	f.Fuzz(func(t *testing.T, b []byte) {
		ms, err := ParseBatch(b)
		if err != nil {
			if !errors.Is(err, ErrBatch) || ms != nil {
				t.Fatalf("%d manifests, %v", len(ms), err)
			}
			return
		}
		again, err := EncodeBatch(ms)
		if err != nil || !bytes.Equal(again, b) {
			t.Fatalf("decoding and encoding changed it: %v", err)
		}
		seal, err := SealOf("cameras", b)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := OpenBatch(seal, b); err != nil {
			t.Fatal(err)
		}
	})
}

func FuzzSegmentHeader(f *testing.F) {
	segment, _ := sealTo(f, epochIdentity(f, 1), []byte("x"), 9)
	f.Add(segment[:HeaderSize])
	f.Add(segment)
	f.Add(bytes.Replace(segment[:HeaderSize], []byte("\n---"), []byte("\n-> x\n\n---"), 1))
	f.Add(bytes.Replace(segment[:HeaderSize], []byte("mlkem768x25519"), []byte("X25519"), 1))
	f.Fuzz(func(t *testing.T, b []byte) {
		err := CheckHeader(b)
		if err != nil && !errors.Is(err, ErrHeader) {
			t.Fatal(err)
		}
		if err == nil && (len(b) != HeaderSize || bytes.Count(b, []byte("\n-> ")) != 1 || bytes.Count(b, []byte("\n")) != 4) {
			t.Fatalf("accepted %q", b)
		}
	})
}

func FuzzEpoch(f *testing.F) {
	r := newRoster(f, 3, 2, 0)
	d := r.deal(f, 1)
	b, err := json.Marshal(d.Body())
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Add(bytes.Replace(b, []byte(`"need":2`), []byte(`"need":3`), 1))
	f.Add(bytes.Replace(b, []byte("custodian-2"), []byte("custodian-1"), 1))
	f.Fuzz(func(t *testing.T, b []byte) {
		var body statement.EpochBody
		if json.Unmarshal(b, &body) != nil {
			return
		}
		c, err := ParseCore(testAgreement, body)
		if err != nil {
			if !errors.Is(err, ErrCore) || c != nil {
				t.Fatalf("%v, %v", c, err)
			}
			return
		}
		again, err := ParseCore(testAgreement, (&Dealing{Core: c}).Body())
		if err != nil || again.CoreDigest() != c.CoreDigest() {
			t.Fatalf("decoding and encoding changed it: %v", err)
		}
	})
}

// No share but the right one fits, no proof but a made one verifies.
func FuzzShareAndProof(f *testing.F) {
	r := newRoster(f, 3, 2, 0)
	d := r.deal(f, 1)
	sh, next := r.open(f, d, 1, 1)[0], r.keys[1].Public()
	proof, err := d.Acknowledge(seeded(1), sh, next)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(sh.Bytes(), proof)
	f.Add(make([]byte, ShareSize), make([]byte, ProofSize))
	f.Add(bytes.Repeat([]byte{0xff}, ShareSize), bytes.Repeat([]byte{0xff}, ProofSize))
	f.Fuzz(func(t *testing.T, share, p []byte) {
		got, err := ParseShare(1, share)
		if err == nil && !bytes.Equal(got.Bytes(), share) {
			t.Fatal("decoding and encoding changed it")
		}
		if err == nil && d.VerifyShare(got) == nil && !bytes.Equal(share, sh.Bytes()) {
			t.Fatal("another share fits")
		}
		if d.VerifyAcknowledge(1, next, p) == nil && !bytes.Equal(p, proof) {
			t.Fatal("another proof verifies")
		}
	})
}

func FuzzPublicKey(f *testing.F) {
	k := key(f, 1)
	f.Add(k.Public().Bytes())
	f.Add(withX25519(k, make([]byte, 32)))
	f.Add(withX25519(k, bytes.Repeat([]byte{0xff}, 32)))
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := ParsePublicKey(b)
		if err != nil {
			if !errors.Is(err, ErrKey) || !p.IsZero() {
				t.Fatal(err)
			}
			return
		}
		if !bytes.Equal(p.Bytes(), b) {
			t.Fatal("decoding and encoding changed it")
		}
		if _, err := p.seal(nil, nil, make([]byte, ShareSize)); err != nil {
			t.Fatalf("an accepted key stops a dealing: %v", err)
		}
	})
}

func FuzzDealChild(f *testing.F) {
	r := newRoster(f, 3, 2, 0)
	b, err := json.Marshal(r.params.Request())
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Add([]byte(`{"need":1}`))
	f.Add(bytes.Replace(b, []byte(`"seats":[`), []byte(`"seats":[null,`), 1))
	f.Fuzz(func(t *testing.T, b []byte) {
		var out bytes.Buffer
		if err := DealChild(bytes.NewReader(b), &out, seeded(1)); err != nil {
			if out.Len() != 0 {
				t.Fatalf("%v, and %d bytes written", err, out.Len())
			}
			return
		}
		var res DealResult
		if err := json.NewDecoder(io.Reader(&out)).Decode(&res); err != nil {
			t.Fatal(err)
		}
	})
}
