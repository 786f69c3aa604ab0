package statement

import (
	"fmt"
	"strings"
	"testing"
)

func TestParseValue(t *testing.T) {
	nines := strings.Repeat("9", MaxDigits)
	for s, want := range map[string]string{
		"0": "0", "7": "7", "-7": "-7", "3.67": "367/100", "0.05": "1/20", "-0.5": "-1/2", "3/4": "3/4", "-3/4": "-3/4", "1/3": "1/3",
		nines: nines, "0." + nines[1:]: nines[1:] + "/1" + strings.Repeat("0", MaxDigits-1),
	} {
		v, err := ParseValue(s)
		if err != nil || v.Number == nil || v.Number.RatString() != want {
			t.Errorf("%s is read as %v, %v; want %s", s, v, err, want)
		}
	}
	for s, want := range map[string]bool{"true": true, "false": false} {
		if v, err := ParseValue(s); err != nil || v.Number != nil || v.True != want {
			t.Errorf("%s is read as %v, %v", s, v, err)
		}
	}
	for _, s := range []string{
		"", "-", "+1", "-0", "00", "01", "1.", ".5", "1.0", "1.50", "0.0", "-0.0", "1e3", "0x10", "1_000", "1,5", " 1", "1 ", "١",
		"6/8", "3/1", "0/4", "3/0", "3/-4", "/4", "3/", "3/04", "03/4", "3.0/4", "1/2/3", "True", "yes", "Inf", "NaN",
	} {
		_, err := ParseValue(s)
		t.Run(s, func(t *testing.T) { wantRule(t, err, ErrValue) })
	}
	_, err := ParseValue(nines + "9")
	wantRule(t, err, ErrTooLarge)
	_, err = ParseValue("1/" + nines)
	wantRule(t, err, ErrTooLarge)
}

// many is n distinct strings.
func many(n int, form string) []string {
	list := make([]string, n)
	for i := range list {
		list[i] = fmt.Sprintf(form, i)
	}
	return list
}

func documents(n int) []Document {
	list := []Document{}
	for _, name := range many(n, "file %d") {
		list = append(list, Document{name, 1, sampleHex("d")})
	}
	return list
}

func epochOf(seats, need int) EpochBody {
	b := EpochBody{Vault: "footage", Need: need, Recipient: "age1pq1" + strings.Repeat("q", recipientBytes-7), Digest: sampleHex("e"), Commitments: []string{}, Seats: []Seat{}}
	for range need {
		b.Commitments = append(b.Commitments, sample64("C", 32))
	}
	for _, name := range many(seats, "custodian-%d") {
		b.Seats = append(b.Seats, Seat{name, sampleHex("k")})
	}
	return b
}

func requestOf(keys, empty int) RequestBody {
	b := RequestBody{Vault: "footage", Keys: []string{}}
	for range keys {
		b.Keys = append(b.Keys, sample64("k", hybridKeyBytes))
	}
	for range empty {
		b.Keys = append(b.Keys, "")
	}
	return b
}

func handOverOf(n int) HandOverBody {
	b := HandOverBody{Vault: "footage", Seat: MaxSeats, Certificate: sampleCertificate(), Shares: []HandOver{}}
	for i := range n {
		b.Shares = append(b.Shares, HandOver{int64(i), sampleHex("e"), sample64("c", ciphertextBytes)})
	}
	return b
}

func sharesOf(first, n int) SharesBody {
	b := SharesBody{Vault: "footage", Digest: sampleHex("e"), First: first, Ciphertexts: []string{}}
	for range n {
		b.Ciphertexts = append(b.Ciphertexts, sample64("c", ciphertextBytes))
	}
	return b
}

func sealOf(n int) SealBody {
	b := SealBody{Vault: "footage", Batch: sampleHex("b"), Manifests: n, Ranges: []CameraRange{}}
	for _, name := range many(n, "camera-%d") {
		b.Ranges = append(b.Ranges, CameraRange{name, 5, 5, sampleHex("h")})
	}
	return b
}

// certificateOf is a signed checkpoint of exactly n bytes.
func certificateOf(t *testing.T, n int) string {
	t.Helper()
	sigs := ""
	room := n - len(sampleCertificate())
	for size := line("w", 1500); room > 0; size = line("w", 1500) {
		if len(size) > room {
			// A long name and a short signature take any number of bytes left.
			for sig := 1; ; sig++ {
				if name := room - len(line("", sig)); name >= 1 && name <= MaxKeyName {
					size = line(strings.Repeat("n", name), sig)
					break
				}
			}
		} else if room-len(size) < 50 {
			size = line("w", 1000)
		}
		sigs += size
		room -= len(size)
	}
	return sampleCertificate() + sigs
}

// TestBodyLimits holds every limit of bodies at the limit and one past it.
func TestBodyLimits(t *testing.T) {
	x := strings.Repeat
	d := documents(0)
	for _, c := range []struct {
		name     string
		at, past Body
		rule     Rule
	}{
		{"text", DeclareBody{x("x", MaxText), d}, DeclareBody{x("x", MaxText+1), d}, ErrTooLarge},
		{"text is not empty", DeclareBody{"x", d}, DeclareBody{"", d}, ErrValue},
		{"documents", DeclareBody{"", documents(MaxDocuments)}, DeclareBody{"", documents(MaxDocuments + 1)}, ErrTooLarge},
		{"document name", DeclareBody{"", []Document{{x("x", MaxWords), 0, sampleHex("d")}}}, DeclareBody{"", []Document{{x("x", MaxWords+1), 0, sampleHex("d")}}}, ErrTooLarge},
		{"document size", DeclareBody{"", []Document{{"x", MaxInteger, sampleHex("d")}}}, DeclareBody{"", []Document{{"x", MaxInteger + 1, sampleHex("d")}}}, ErrValue},
		{"name", PerformBody{x("n", MaxName), d}, PerformBody{x("n", MaxName+1), d}, ErrValue},
		{"unit", ReportBody{"r", "1", x("u", MaxName), d}, ReportBody{"r", "1", x("u", MaxName+1), d}, ErrTooLarge},
		{"unit of a fact", ReportBody{"r", "true", "", d}, ReportBody{"r", "true", "kg", d}, ErrValue},
		{"states", InvokeBody{"a", many(MaxList, "w %d"), "", d}, InvokeBody{"a", many(MaxList+1, "w %d"), "", d}, ErrTooLarge},
		{"words", InvokeBody{"a", []string{x("w", MaxWords)}, "", d}, InvokeBody{"a", []string{x("w", MaxWords+1)}, "", d}, ErrTooLarge},
		{"keys", KeyBody{keysOf(t, many(MaxKeys, "k %d")...), []string{}, MaxKeys, ""}, KeyBody{keysOf(t, many(MaxKeys+1, "k %d")...), []string{}, 1, ""}, ErrTooLarge},
		{"need of keys", KeyBody{[]string{}, []string{}, MaxKeys, ""}, KeyBody{[]string{}, []string{}, MaxKeys + 1, ""}, ErrValue},
		{"no need of keys", KeyBody{[]string{}, []string{}, 1, ""}, KeyBody{[]string{}, []string{}, 0, ""}, ErrValue},
		{"last instant", ReceiptBody{MaxInstant}, ReceiptBody{MaxInstant + 1}, ErrValue},
		{"first instant", ReceiptBody{MinInstant}, ReceiptBody{MinInstant - 1}, ErrValue},
		{"seats", epochOf(MaxSeats, 3), epochOf(MaxSeats+1, 3), ErrTooLarge},
		{"need", epochOf(3, 3), epochOf(3, 4), ErrValue},
		{"no need", epochOf(3, 1), epochOf(3, 0), ErrValue},
		{"ciphertexts", sharesOf(1, MaxCiphertexts), sharesOf(1, MaxCiphertexts+1), ErrTooLarge},
		{"no ciphertexts", sharesOf(1, 1), sharesOf(1, 0), ErrValue},
		{"last seat of shares", sharesOf(MaxSeats-1, 2), sharesOf(MaxSeats, 2), ErrValue},
		{"first seat of shares", sharesOf(1, 1), sharesOf(0, 1), ErrValue},
		{"last seat", DisputeBody{"v", sampleHex("e"), MaxSeats, sample64("s", 32)}, DisputeBody{"v", sampleHex("e"), MaxSeats + 1, sample64("s", 32)}, ErrValue},
		{"cameras", sealOf(MaxCameras), sealOf(MaxCameras + 1), ErrTooLarge},
		{"delivery keys", requestOf(MaxDeliveryKeys, MaxSeats-MaxDeliveryKeys), requestOf(MaxDeliveryKeys+1, 0), ErrTooLarge},
		{"seats of a request", requestOf(1, MaxSeats-1), requestOf(1, MaxSeats), ErrTooLarge},
		{"request without keys", requestOf(1, 3), requestOf(0, 3), ErrValue},
		{"handed-over shares", handOverOf(MaxCiphertexts), handOverOf(MaxCiphertexts + 1), ErrTooLarge},
		{"certificate", ErasedBody{"v", 1, 0, certificateOf(t, MaxCertificate), false}, ErasedBody{"v", 1, 0, certificateOf(t, MaxCertificate+1), false}, ErrTooLarge},
		{"heartbeat note", HeartbeatBody{"v", x("x", MaxWords)}, HeartbeatBody{"v", x("x", MaxWords+1)}, ErrTooLarge},
	} {
		t.Run(c.name, func(t *testing.T) {
			line, err := encodeBody(c.at)
			if err != nil {
				t.Fatalf("at the limit: %v", err)
			}
			if _, err := decodeBody(c.at.Kind(), string(line)); err != nil {
				t.Fatalf("at the limit: %v", err)
			}
			// A reader must find it too, not only our own writer.
			line, err = encodeJSON(c.past)
			if err != nil {
				t.Fatal(err)
			}
			_, err = decodeBody(c.past.Kind(), string(line))
			wantRule(t, err, c.rule)
			_, err = encodeBody(c.past)
			wantRule(t, err, c.rule)
		})
	}
}

// TestLargestFit: what the limits on lists allow does fit into an entry with
// the longest names and sixteen signatures.
func TestLargestFit(t *testing.T) {
	handOver := handOverOf(MaxCiphertexts)
	handOver.Certificate = certificateOf(t, MaxCertificate)
	epoch := epochOf(MaxSeats, MaxSeats)
	for i := range epoch.Seats {
		epoch.Seats[i].Custodian += strings.Repeat("n", MaxName-len(epoch.Seats[i].Custodian))
	}
	for _, b := range []Body{sharesOf(1, MaxCiphertexts), requestOf(MaxDeliveryKeys, MaxSeats-MaxDeliveryKeys), epoch, sealOf(MaxCameras), handOver} {
		st := perform(nameOf(strings.Repeat("n", MaxName)))
		st.Body, st.Answers = b, ID{1}
		text := mustText(t, st)
		sigs := strings.Repeat(line(strings.Repeat("n", MaxName), 64), MaxKeys)
		if len(text)+len(sigs) > MaxEntry {
			t.Errorf("%s: %d bytes of text and %d of signatures", b.Kind(), len(text), len(sigs))
		}
	}
}

func TestEntryLimit(t *testing.T) {
	s := testSigner(t, "iran", "a")
	of := func(reason int) *Statement {
		st := perform("iran")
		st.Body = ContestBody{"c", strings.Repeat("x", reason), documents(MaxDocuments)}
		for i := range MaxDocuments {
			st.Body.(ContestBody).Documents[i].Name += strings.Repeat("n", 700)
		}
		return st
	}
	short, err := Sign(mustText(t, of(0)), s)
	if err != nil {
		t.Fatal(err)
	}
	room := MaxEntry - len(short)
	if room <= 0 || room >= MaxText {
		t.Fatalf("the test has room for %d bytes", room)
	}
	full, err := Sign(mustText(t, of(room)), s)
	if err != nil || len(full) != MaxEntry {
		t.Fatalf("%d bytes, %v", len(full), err)
	}
	if _, err := Parse(full); err != nil {
		t.Fatal(err)
	}
	text := mustText(t, of(room+1))
	_, err = Sign(text, s)
	wantRule(t, err, ErrTooLarge)
	sig, err := signature(text, s)
	if err != nil {
		t.Fatal(err)
	}
	note, err := NewNote(text, sig)
	if err != nil || len(note) != MaxEntry+1 {
		t.Fatalf("%d bytes, %v", len(note), err)
	}
	_, err = Parse(note)
	wantRule(t, err, ErrTooLarge)
	_, err = AddSignature(full, testSigner(t, "iran", "b"))
	wantRule(t, err, ErrTooLarge)
	_, err = ParseText([]byte(strings.Repeat("x", MaxEntry+1)))
	wantRule(t, err, ErrTooLarge)
}

func TestWordsRefused(t *testing.T) {
	d := documents(0)
	h := sampleHex("x")
	refuseBodies(t, []refusedBody{
		{SignBody{strings.ToUpper(h)}, ErrValue},
		{SignBody{h[1:]}, ErrValue},
		{DeclareBody{"a", nil}, ErrValue},
		{DeclareBody{"a", append(documents(1), documents(1)...)}, ErrDuplicate},
		{DeclareBody{"a", []Document{{"", 0, h}}}, ErrValue},
		{DeclareBody{"a", []Document{{"two\nlines", 0, h}}}, ErrCharacter},
		{DeclareBody{"a", []Document{{"a", -1, h}}}, ErrValue},
		{DeclareBody{"a", []Document{{"a", 0, ""}}}, ErrValue},
		{DeclareBody{"a\u202eb", d}, ErrCharacter},
		{DeclareBody{"a\u2066b", d}, ErrCharacter},
		{DeclareBody{"a\u2028b", d}, ErrCharacter},
		{DeclareBody{"a\u200bb", d}, ErrCharacter},
		{DeclareBody{"a\u0085b", d}, ErrCharacter},
		{DeclareBody{"a\x7fb", d}, ErrCharacter},
		{DeclareBody{"a\tb", d}, ErrCharacter},
		{DeclareBody{"a\ue000b", d}, ErrCharacter},
		{DeclareBody{"a\U0001fffeb", d}, ErrCharacter},
		{DeclareBody{"a\U000e0041b", d}, ErrCharacter},
		{DeclareBody{"a\ufffdb", d}, ErrCharacter},
		{VerifyBody{"c", "maybe", "", d}, ErrValue},
		{InvokeBody{"a", nil, "", d}, ErrValue},
		{InvokeBody{"a", []string{""}, "", d}, ErrValue},
		{InvokeBody{"a", []string{"x", "x"}, "", d}, ErrDuplicate},
	})
	_, err := encodeBody(DeclareBody{"a\xffb", d})
	wantRule(t, err, ErrCharacter)
}

func TestValuesRefused(t *testing.T) {
	h, k := sampleHex("x"), sample64("k", hybridKeyBytes)
	refuseBodies(t, []refusedBody{
		{KeyBody{nil, []string{}, 1, ""}, ErrValue},
		{KeyBody{[]string{"ed25519 AAAA"}, []string{}, 1, ""}, ErrPublicKey},
		{KeyBody{keysOf(t, "a", "a"), []string{}, 1, ""}, ErrDuplicate},
		{KeyBody{keysOf(t, "a"), keysOf(t, "a"), 1, ""}, ErrDuplicate},
		{AttributedBody{"", "text", "source", 0}, ErrValue},
		{AttributedBody{"to", "", "source", 0}, ErrValue},
		{AttributedBody{"to", "text", "", 0}, ErrValue},
		{OutcomeBody{"v", "hold"}, ErrValue},
		{AcceptCustodyBody{"v", k[4:]}, ErrValue},
		{AcceptCustodyBody{"v", ""}, ErrValue},
		{AcceptCustodyBody{"", k}, ErrValue},
		{SealBody{"v", h, 2, []CameraRange{{"a", 1, 1, h}}}, ErrValue},
		{SealBody{"v", h, 2, []CameraRange{{"a", 1, 1, h}, {"a", 2, 2, h}}}, ErrDuplicate},
		{SealBody{"v", h, 0, []CameraRange{{"a", 1, 0, h}}}, ErrValue},
		{SealBody{"v", h, 1, nil}, ErrValue},
		{ServiceBody{"v", "", "party", 1, 1, ""}, ErrValue},
		{ServiceBody{"v", "", "visit", 2, 1, ""}, ErrValue},
		{RequestBody{"v", 2, 1, []string{k}}, ErrValue},
		{RequestBody{"v", -1, 1, []string{k}}, ErrValue},
		{HandOverBody{"v", 1, "no note", handOverOf(1).Shares}, ErrValue},
		{HandOverBody{"v", 1, "a\nb\n\n" + line("x", 64), handOverOf(1).Shares}, ErrValue},
		{HandOverBody{"v", 1, sampleCertificate(), append(handOverOf(1).Shares, handOverOf(1).Shares...)}, ErrValue},
		{ErasedBody{"v", 0, 0, sampleCertificate(), false}, ErrValue},
		{ErasedBody{"v", 1, -1, sampleCertificate(), false}, ErrValue},
		{MismatchBody{"v", h, sample64("a", 32), sample64("b", 31)}, ErrValue},
		{VoteBody{"d", "", "perhaps", ""}, ErrValue},
		{InviteBody{[]string{"a", "a"}, "s", 0, ""}, ErrDuplicate},
		{InviteBody{[]string{}, "s", 0, ""}, ErrValue},
		{ReplyBody{"maybe", ""}, ErrValue},
		{EnrolBody{"d", "c", []string{"bless"}}, ErrValue},
		{EnrolBody{"d", "c", []string{}}, ErrValue},
	})
	e := epochOf(3, 2)
	e.Seats[2].Custodian = e.Seats[0].Custodian
	_, err := encodeBody(e)
	wantRule(t, err, ErrDuplicate)
	e = epochOf(3, 2)
	e.Recipient = "age1pq1" + strings.Repeat("Q", recipientBytes-7)
	_, err = encodeBody(e)
	wantRule(t, err, ErrCharacter)
}

type refusedBody struct {
	body Body
	rule Rule
}

// refuseBodies wants each refused, by the writer and by the reader.
func refuseBodies(t *testing.T, list []refusedBody) {
	for i, c := range list {
		_, err := encodeBody(c.body)
		t.Run(fmt.Sprintf("%d %s", i, c.body.Kind()), func(t *testing.T) {
			wantRule(t, err, c.rule)
			line, err := encodeJSON(c.body)
			if err != nil {
				t.Fatal(err)
			}
			_, err = decodeBody(c.body.Kind(), string(line))
			wantRule(t, err, c.rule)
		})
	}
}

// TestTextParts: every part but the last is full, none is empty or larger, and
// none is beyond the last.
func TestTextParts(t *testing.T) {
	part := func(k, of, size int) error {
		st := perform("x")
		st.Body = TextBody{Bundle: sampleHex("b"), Part: k, Of: of, Data: sample64("d", size)}
		_, err := st.Text()
		return err
	}
	for _, c := range []struct {
		k, of, size int
		good        bool
	}{
		{1, 2, MaxTextPart, true}, {1, 2, MaxTextPart - 1, false}, {1, 2, MaxTextPart + 1, false},
		{2, 2, 1, true}, {2, 2, MaxTextPart, true}, {2, 2, MaxTextPart + 1, false}, {2, 2, 0, false},
		{0, 1, 1, false}, {2, 1, 1, false}, {1, 0, 1, false},
		{MaxTextParts, MaxTextParts, 1, true}, {MaxTextParts + 1, MaxTextParts + 1, 1, false},
	} {
		if err := part(c.k, c.of, c.size); (err == nil) != c.good {
			t.Errorf("part %d of %d with %d bytes: %v", c.k, c.of, c.size, err)
		}
	}
}
