package statement

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strings"

	"golang.org/x/mod/sumdb/tlog"
)

// sampleBytes are n bytes that follow from label: blocks of SHA-256 over the
// label and a counter.
func sampleBytes(label string, n int) []byte {
	var b []byte
	for i := 0; len(b) < n; i++ {
		sum := sha256.Sum256(fmt.Appendf(nil, "%s %d", label, i))
		b = append(b, sum[:]...)
	}
	return b[:n]
}

func sample64(label string, n int) string {
	return base64.StdEncoding.EncodeToString(sampleBytes(label, n))
}

func sampleHex(label string) string { return hex.EncodeToString(sampleBytes(label, 32)) }

// sampleKey is the public key of testSigner(label).
func sampleKey(label string) string {
	seed := sha256.Sum256([]byte(label))
	s, err := NewSigner("any", seed[:])
	if err != nil {
		panic(err)
	}
	return s.Public().String()
}

func sampleCertificate() string {
	origin := "secretariat/" + strings.Repeat("0a", 32)
	seed := sha256.Sum256([]byte("depositary"))
	s, err := NewSigner(origin, seed[:])
	if err != nil {
		panic(err)
	}
	note, err := SignCheckpoint(Checkpoint{Origin: origin, Size: 12, Root: tlog.RecordHash([]byte("root"))}, s)
	if err != nil {
		panic(err)
	}
	return string(note)
}

// A sample is a statement of one kind.
type sample struct {
	by   string
	body Body
}

// samples has one statement of every kind, in the order of Kinds.
func samples() []sample {
	letter := []Document{NameDocument("letter.pdf", Salt(sampleBytes("salt", 32)), []byte("Sirs,\n"))}
	none := []Document{}
	key := sample64("hpke", hybridKeyBytes)
	recipient := "age1pq1" + strings.Repeat("q", recipientBytes-7)
	return []sample{
		{"iran", SignBody{Findings: sampleHex("findings")}},
		{"iaea", ReportBody{Reading: "enrichment", Value: "3.67", Unit: "%", Documents: letter}},
		{"iran", PerformBody{Commitment: "stop-enrichment", Documents: letter}},
		{"us", LiftBody{Measure: "us-sanctions", Documents: none}},
		{"us", ImposeBody{Measure: "us-sanctions", Documents: none}},
		{"iaea", VerifyBody{Commitment: "stop-enrichment", Finding: "accepts", Reason: "seen by our inspectors", Documents: none}},
		{"us", ContestBody{Commitment: "stop-enrichment", Reason: "two cascades still turn:\n\"IR-6\" & <IR-4>, C:\\log", Documents: none}},
		{"iran", InvokeBody{Act: "notify", States: []string{"deems it significant non-performance"}, Reason: "", Documents: none}},
		{"iran", VoteBody{Decision: "extend", Draft: "", Vote: "abstain", Reason: ""}},
		{"iaea", CountBody{Decision: "censure", Draft: "2", Yes: []string{"france", "uk"}, No: []string{"russia"}, Abstain: []string{}, Source: "record of the meeting", Documents: none}},
		{"uk", OpenBody{What: "dispute/uk", Against: []string{"iran"}, States: []string{"non-performance"}, Reason: "", Documents: none}},
		{"uk", CloseBody{Case: "dispute/uk", Reason: "settled among us"}},
		{"us", TableBody{Decision: "keep-lifted/uk", Title: "to continue", Documents: none}},
		{"iran", AnswerBody{Question: "meaning-of-lifted", Interpretation: "in-effect", Reason: ""}},
		{"iran", ExtendBody{Of: "extend", Until: 1621857600, Reason: ""}},
		{"iran", KeyBody{Add: []string{sampleKey("new")}, Revoke: []string{sampleKey("old")}, Need: 2, Reason: "device lost"}},
		{"iran", OutcomeBody{Vault: "footage", Outcome: "erase"}},
		{"iran", TextBody{Bundle: sampleHex("new bundle"), Part: 2, Of: 2, Data: sample64("archive", 1000)}},
		{"iran", AmendBody{Bundle: sampleHex("new bundle"), Findings: sampleHex("findings"), Reason: "one month more"}},
		{"c1", RenounceBody{Bundle: sampleHex("new bundle")}},
		{"secretariat", HostBody{Address: "https://record.example/", Reason: "the first host is gone"}},
		{"iaea", RedactBody{Document: sampleHex("document"), Reason: "names a person"}},
		{"secretariat", DeclareBody{Text: "The record moves to new premises. متن فارسی می\u200cشود", Documents: none}},
		{"iaea", AttributedBody{To: "Ministry of Foreign Affairs", Text: "We will not extend.", Source: "press conference, Tehran", Dated: 1621857600}},
		{"c1", ReceiptBody{Received: 1621857600}},

		{"c1", AcceptCustodyBody{Vault: "footage", Key: key}},
		{"cameras", EpochBody{Vault: "footage", Epoch: 1, Attempt: 1, Need: 2, Recipient: recipient,
			Commitments: []string{sample64("C0", 32), sample64("C1", 32)},
			Seats:       []Seat{{"c1", sampleHex("k1")}, {"c2", ""}, {"c3", sampleHex("k3")}}, Digest: sampleHex("epoch")}},
		{"cameras", SharesBody{Vault: "footage", Digest: sampleHex("epoch"), First: 1, Ciphertexts: []string{sample64("share", ciphertextBytes), ""}}},
		{"c1", AcknowledgeBody{Vault: "footage", Digest: sampleHex("epoch"), Seat: 1, Next: key, Proof: sample64("proof", 96)}},
		{"c1", PossessBody{Vault: "footage", Seat: 1, Epochs: 100, Proof: sample64("proof", 96)}},
		{"c1", ComplainBody{Vault: "footage", Digest: sampleHex("epoch"), Seat: 1, Seed: sample64("seed", 32), Next: key}},
		{"cameras", SealBody{Vault: "footage", Batch: sampleHex("batch"), Manifests: 7,
			Ranges: []CameraRange{{"hall-a", 0, 4, sampleHex("a")}, {"hall-b", 9, 10, sampleHex("b")}}}},
		{"cameras", HeartbeatBody{Vault: "footage", Note: ""}},
		{"cameras", ServiceBody{Vault: "footage", Camera: "hall-a", Event: "media-swap", From: 1621857600, Until: 1621861200, Reason: "medium full"}},
		{"iaea", RequestBody{Vault: "footage", First: 1, Last: 90, Keys: []string{key, "", ""}}},
		{"c1", HandOverBody{Vault: "footage", Seat: 1, Certificate: sampleCertificate(),
			Shares: []HandOver{{1, sampleHex("epoch"), sample64("hand", ciphertextBytes)}}}},
		{"c1", ErasedBody{Vault: "footage", Seat: 1, Epochs: 90, Certificate: sampleCertificate(), Again: true}},
		{"iaea", DisputeBody{Vault: "footage", Digest: sampleHex("epoch"), Seat: 1, Seed: sample64("delivery", 32)}},
		{"iaea", MismatchBody{Vault: "footage", Digest: sampleHex("epoch"), A: sample64("a", 32), B: sample64("b", 32)}},

		{"iran", TenderBody{Exchange: "implementation-day", Member: "iran-steps"}},
		{"iran", InviteBody{To: []string{"iaea", "us"}, Subject: "talks", At: 1621857600, Place: "Vienna"}},
		{"us", ReplyBody{Reply: "refuses", Reason: "not there"}},
		{"iran", WithdrawBody{Reason: "article X"}},
		{"iran", EnrolBody{Delegate: "chief-of-section", Credential: "passkey", Kinds: []string{"declare", "report"}}},
	}
}

// statement is the sample as a whole statement.
func (s sample) statement() *Statement {
	st := perform("x")
	st.By, st.Body = nameOf(s.by), s.body
	st.Seen = Head{Size: 12, Root: tlog.RecordHash([]byte("root"))}
	if s.body.Kind().Answers() {
		st.Answers = ID(sampleBytes("answered", 32))
	}
	return st
}
