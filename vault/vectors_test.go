package vault

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"testing/cryptotest"

	"detente/agreement"
	"detente/statement"

	"golang.org/x/mod/sumdb/tlog"
)

const vectorDir = "../spec/vectors/vault"

// The vectors' forms: all bytes in lower-case hex unless the field is text.
type (
	dealingVector struct {
		Comment   string                 `json:"comment"`
		Agreement string                 `json:"agreement"`
		KeySeeds  []string               `json:"key_seeds"` // of the custodians' HPKE keys, seat 1 first
		Epoch     statement.EpochBody    `json:"epoch"`
		Shares    []statement.SharesBody `json:"shares"`
		Core      string                 `json:"core_digest"`
		Opened    []string               `json:"opened"` // each seat's s and t
		A         string                 `json:"a"`
		B         string                 `json:"b"`
		Seed      string                 `json:"seed"`
		Identity  string                 `json:"identity"`
	}
	messagesVector struct {
		Comment     string                    `json:"comment"`
		Acknowledge statement.AcknowledgeBody `json:"acknowledge"`
		Complain    statement.ComplainBody    `json:"complain"`
		Finding     Finding                   `json:"complain_finding"`
		Request     string                    `json:"request"` // ID of the request statement
		Delivery    string                    `json:"delivery_seed"`
		Seat        int                       `json:"seat"`
		HandOver    string                    `json:"hand_over"`
		Dispute     Finding                   `json:"dispute_finding"`
		Mismatch    Finding                   `json:"mismatch_finding"`
	}
	manifestVector struct {
		Comment string `json:"comment"`
		Key     string `json:"device_key"`
		Signed  string `json:"signed"`
		Sig     string `json:"signature"`
		Digest  string `json:"digest"`
		Batch   string `json:"batch"`
		Object  string `json:"batch_digest"`
	}
	segmentVector struct {
		Comment  string   `json:"comment"`
		Identity string   `json:"identity_seed"`
		Padded   int64    `json:"padded"`
		Data     string   `json:"data"`
		Segment  string   `json:"segment"`
		Leaves   []string `json:"leaves"`
		Root     string   `json:"root"`
		FileKey  string   `json:"file_key"`
	}
)

func unhex(t *testing.T, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// vector writes v with -update, made under fixed randomness, and reads it back.
func vector[T any](t *testing.T, name string, make func() T) T {
	t.Helper()
	path := filepath.Join(vectorDir, name)
	if *update {
		cryptotest.SetGlobalRandom(t, 7)
		b, err := json.MarshalIndent(make(), "", "\t")
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, append(b, '\n'), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var v T
	dec := json.NewDecoder(bytes.NewReader(b))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&v); err != nil {
		t.Fatal(err)
	}
	return v
}

func makeDealingVector(t *testing.T) dealingVector {
	r := newRoster(t, 4, 2, 1)
	r.params.Seats[3].Key = PublicKey{}
	d := r.deal(t, 11)
	v := dealingVector{
		Comment:   "need 2, absent 1, four seats of which the last has no key; every share opens and fits",
		Agreement: testAgreement.String(), Epoch: d.Body(), Shares: d.Shares(), Core: d.CoreDigest().String(),
	}
	for _, k := range r.keys[:3] {
		v.KeySeeds = append(v.KeySeeds, hex.EncodeToString(k.Seed()))
	}
	shares := r.open(t, d, 1, 3)
	for _, sh := range shares {
		v.Opened = append(v.Opened, hex.EncodeToString(sh.Bytes()))
	}
	values, err := d.Interpolate(shares)
	if err != nil {
		t.Fatal(err)
	}
	id, err := d.Identity(values)
	if err != nil {
		t.Fatal(err)
	}
	v.A, v.B, v.Seed, v.Identity = hex.EncodeToString(values.A()), hex.EncodeToString(values.B()), hex.EncodeToString(id.Seed()), id.String()
	return v
}

// dealing reads the vector's dealing and opens its shares.
func (v *dealingVector) dealing(t *testing.T) (*Dealing, []*Share) {
	t.Helper()
	id, err := agreement.ParseDigest(v.Agreement)
	if err != nil {
		t.Fatal(err)
	}
	core, err := ParseCore(id, v.Epoch)
	if err != nil {
		t.Fatal(err)
	}
	if core.CoreDigest().String() != v.Core {
		t.Errorf("core digest %s, want %s", core.CoreDigest(), v.Core)
	}
	var cts [][]byte
	for _, s := range v.Shares {
		for i, text := range s.Ciphertexts {
			if !core.Seats[s.First-1+i].Keyed {
				cts = append(cts, nil)
				continue
			}
			ct, err := decodeBytes(text, CiphertextSize)
			if err != nil {
				t.Fatal(err)
			}
			cts = append(cts, ct)
		}
	}
	digest, err := ParseDigest(v.Epoch.Digest)
	if err != nil {
		t.Fatal(err)
	}
	d, err := NewDealing(core, cts, digest)
	if err != nil {
		t.Fatal(err)
	}
	var shares []*Share
	for i, seed := range v.KeySeeds {
		k, err := NewPrivateKey(unhex(t, seed))
		if err != nil {
			t.Fatal(err)
		}
		sh, err := d.OpenShare(i+1, k)
		if err != nil {
			t.Fatal(err)
		}
		shares = append(shares, sh)
	}
	return d, shares
}

func TestVectorDealing(t *testing.T) {
	v := vector(t, "dealing.json", func() dealingVector { return makeDealingVector(t) })
	d, shares := v.dealing(t)
	for i, sh := range shares {
		if hex.EncodeToString(sh.Bytes()) != v.Opened[i] {
			t.Errorf("seat %d: share %x, want %s", i+1, sh.Bytes(), v.Opened[i])
		}
	}
	values, err := d.Interpolate(shares[1:])
	if err != nil {
		t.Fatal(err)
	}
	if hex.EncodeToString(values.A()) != v.A || hex.EncodeToString(values.B()) != v.B {
		t.Errorf("values %x, %x", values.A(), values.B())
	}
	id, err := d.Identity(values)
	if err != nil {
		t.Fatal(err)
	}
	if id.String() != v.Identity || hex.EncodeToString(id.Seed()) != v.Seed {
		t.Errorf("identity %s", id)
	}
}

func TestVectorMessages(t *testing.T) {
	dv := vector(t, "dealing.json", func() dealingVector { return makeDealingVector(t) })
	d, shares := dv.dealing(t)
	request := statement.ID{0x07, 0x01}
	v := vector(t, "messages.json", func() messagesVector {
		next, delivery := key(t, 21), key(t, 22)
		proof, err := d.Acknowledge(seeded(23), shares[0], next.Public())
		if err != nil {
			t.Fatal(err)
		}
		ct, err := d.HandOver(shares[1], request, delivery.Public())
		if err != nil {
			t.Fatal(err)
		}
		k := unhex(t, dv.KeySeeds[2])
		return messagesVector{
			Comment:     "about dealing.json: seat 1 acknowledges, seat 3 complains falsely, seat 2 hands over; a dispute of that and a mismatch by a and b are false",
			Acknowledge: statement.AcknowledgeBody{Vault: string(d.Vault), Digest: d.Digest.String(), Seat: 1, Next: encodeBytes(next.Public().Bytes()), Proof: encodeBytes(proof)},
			Complain:    statement.ComplainBody{Vault: string(d.Vault), Digest: d.Digest.String(), Seat: 3, Seed: encodeBytes(k), Next: encodeBytes(key(t, 24).Public().Bytes())},
			Finding:     FalseComplaint, Request: request.String(), Delivery: hex.EncodeToString(delivery.Seed()), Seat: 2,
			HandOver: hex.EncodeToString(ct), Dispute: FalseComplaint, Mismatch: FalseComplaint,
		}
	})
	next, err := ParsePublicKey(mustBytes(t, v.Acknowledge.Next, KeySize))
	if err != nil {
		t.Fatal(err)
	}
	if err := d.VerifyAcknowledge(v.Acknowledge.Seat, next, mustBytes(t, v.Acknowledge.Proof, ProofSize)); err != nil {
		t.Error(err)
	}
	if j, err := d.JudgeComplaint(v.Complain.Seat, mustBytes(t, v.Complain.Seed, SeedSize)); err != nil || j.Finding != v.Finding {
		t.Errorf("complaint: %+v, %v", j, err)
	}
	delivery, err := NewPrivateKey(unhex(t, v.Delivery))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.OpenHandOver(v.Seat, request, delivery, unhex(t, v.HandOver)); err != nil {
		t.Error(err)
	}
	if j, err := d.JudgeDispute(v.Seat, request, delivery.Public(), delivery.Seed(), unhex(t, v.HandOver)); err != nil || j.Finding != v.Dispute {
		t.Errorf("dispute: %+v, %v", j, err)
	}
	if j, err := d.JudgeMismatch(unhex(t, dv.A), unhex(t, dv.B)); err != nil || j.Finding != v.Mismatch {
		t.Errorf("mismatch: %+v, %v", j, err)
	}
}

func mustBytes(t *testing.T, s string, size int) []byte {
	t.Helper()
	b, err := decodeBytes(s, size)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestVectorManifest(t *testing.T) {
	v := vector(t, "manifest.json", func() manifestVector {
		ms := chain(t, "east", 1, 2, Digest{})
		object, err := EncodeBatch(ms)
		if err != nil {
			t.Fatal(err)
		}
		return manifestVector{
			Comment: "the first of a batch of two", Key: newWorld(t, 1, 1, 0).ledger.Terms.RecorderKey.String(),
			Signed: hex.EncodeToString(ms[0].Bytes()), Sig: hex.EncodeToString(ms[0].Sig[:]), Digest: ms[0].Digest().String(),
			Batch: hex.EncodeToString(object), Object: BatchDigest(object).String(),
		}
	})
	k, err := statement.ParsePublicKey(v.Key)
	if err != nil {
		t.Fatal(err)
	}
	m, err := ParseManifest(append(unhex(t, v.Signed), unhex(t, v.Sig)...))
	if err != nil {
		t.Fatal(err)
	}
	if err := m.Verify(k); err != nil || m.Digest().String() != v.Digest {
		t.Errorf("digest %s, %v", m.Digest(), err)
	}
	object := unhex(t, v.Batch)
	ms, err := ParseBatch(object)
	if err != nil || len(ms) != 2 || *ms[0] != *m || BatchDigest(object).String() != v.Object {
		t.Errorf("batch of %d, %v", len(ms), err)
	}
}

func TestVectorSegment(t *testing.T) {
	v := vector(t, "segment.json", func() segmentVector {
		id := epochIdentity(t, 3)
		segment, w := sealTo(t, id, []byte("footage"), 40)
		var tree Tree
		tree.Write(segment)
		fileKey, err := FileKey(segment, id)
		if err != nil {
			t.Fatal(err)
		}
		v := segmentVector{
			Comment: "one segment of one piece", Identity: hex.EncodeToString(id.Seed()), Padded: 40, Data: "footage",
			Segment: hex.EncodeToString(segment), Root: w.Root.String(), FileKey: hex.EncodeToString(fileKey),
		}
		for _, l := range tree.Leaves() {
			v.Leaves = append(v.Leaves, hex.EncodeToString(l[:]))
		}
		return v
	})
	id, err := NewIdentity(unhex(t, v.Identity))
	if err != nil {
		t.Fatal(err)
	}
	segment := unhex(t, v.Segment)
	data, err := OpenSegment(segment, id, v.Padded)
	if err != nil || string(data) != v.Data {
		t.Errorf("%q, %v", data, err)
	}
	if data, err = OpenWithFileKey(segment, unhex(t, v.FileKey), v.Padded); err != nil || string(data) != v.Data {
		t.Errorf("by its file key: %q, %v", data, err)
	}
	var leaves []tlog.Hash
	for _, l := range v.Leaves {
		leaves = append(leaves, tlog.Hash(unhex(t, l)))
	}
	root, err := ParseDigest(v.Root)
	if err != nil {
		t.Fatal(err)
	}
	if Root(leaves) != root || VerifySegment(bytes.NewReader(segment), int64(len(segment)), root) != nil {
		t.Error("another root")
	}
}
