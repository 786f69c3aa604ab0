package calculator_test

import (
	"bytes"
	"crypto/sha256"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"

	"detente/agreement"
	"detente/record"
	"detente/simulation/calculator"
	"detente/simulation/calculator/against"
	"detente/statement"
)

var records = flag.Int("records", 100, "how many random records are read both ways")

// keys of the vectors' text, by name: seeds are digests of a sentence.
var keys = map[string][]string{"iran": {"iran-1", "iran-2"}, "iaea": {"iaea-1"}, "camera": {"camera"}, "c1": {"c1"}, "c2": {"c2"}, "c3": {"c3"}, "c4": {"c4"}, "host": {"host"},
	"other": {"other"}, "us": {"us"}}

func keyOf(name, label string) statement.Signer {
	seed := sha256.Sum256([]byte("detente example key " + label))
	s, err := statement.NewSigner(name, seed[:])
	if err != nil {
		panic(err)
	}
	return s
}

// A pen writes random records of random texts.
type pen struct {
	t       *testing.T
	rng     *rand.Rand
	b       *agreement.Bundle
	a       *agreement.Agreement
	f       *record.Fold
	entries [][]byte
	ids     []statement.ID
	now     agreement.Instant
	held    [][]byte // proofs kept back
	swapped bool     // iaea's key
	amends  bool     // whether the record's text may be amended
	texts   []*agreement.Bundle
}

func (p *pen) one(of ...string) string { return of[p.rng.IntN(len(of))] }

// text is the vectors' text with other terms; not every draw is sound.
func (p *pen) text() *agreement.Bundle {
	b, err := os.ReadFile("../../spec/vectors/record/bundle/freeze.agreement")
	if err != nil {
		p.t.Fatal(err)
	}
	s := string(b)
	s = strings.Replace(s, "proof_window = 1 hour", "proof_window = "+p.one("1 hour", "3 hours", "1 day"), 1)
	s = strings.Replace(s, "silence = accepts", "silence = "+p.one("accepts", "refuses"), 1)
	s = strings.Replace(s, "  due      = footage.closes\n", "  due      = "+p.one("footage.closes", "footage.closes - 3 days", "2021-05-01")+"\n"+
		p.one("", "  grace = 2 days\n", "  cure = { within = 20 days }\n", "  grace = 1 day\n  cure = { within = 5 days, times = 1 }\n"), 1)
	s = strings.Replace(s, "  due      = 2021-04-01\n", "  due      = "+p.one("2021-04-01", "2021-05-24T00:00:00Z", "lift-sanctions.due + 4 days")+"\n"+
		p.one("", "  when = lift-sanctions.fulfilled\n", "  cure = { within = 9 days }\n", "  ends = lift-sanctions.breached\n", "  grace = 36 hours\n"), 1)
	s = strings.Replace(s, "opens_if   = lift-sanctions.fulfilled", "opens_if   = "+p.one("lift-sanctions.fulfilled", "lift-sanctions.fulfilled and grant-access.fulfilled",
		"lift-sanctions.fulfilled or lift-sanctions.cured", "us-sanctions.lifted and not grant-access.breached", "grant-access.fulfilled or us-sanctions.lifted"), 1)
	s = strings.Replace(s, "else       = erase", "else       = "+p.one("erase", "release", "hold"), 1)
	s = strings.Replace(s, "then = erase", "then = "+p.one("erase", "release"), 1)
	bundle, err := agreement.NewBundle([]agreement.File{{Path: "freeze.agreement", Data: []byte(s)}})
	if err != nil {
		p.t.Fatal(err)
	}
	return bundle
}

func newPen(t *testing.T, seed uint64) *pen {
	p := &pen{t: t, rng: rand.New(rand.NewPCG(seed, 31)), now: 1614067200}
	for p.a == nil {
		p.b = p.text()
		p.a, _ = agreement.Read(p.b)
	}
	var err error
	if p.f, err = record.NewFold(p.a); err != nil {
		t.Fatal(err)
	}
	p.put(record.Opening(p.a))
	return p
}

func (p *pen) put(entry []byte) {
	p.entries = append(p.entries, entry)
	if j := p.f.Append(entry); j.Statement != nil {
		p.ids = append(p.ids, j.Statement.ID)
	}
}

func (p *pen) say(by string, answers statement.ID, body statement.Body) {
	s := &statement.Statement{Agreement: p.a.ID, Bundle: p.under(), By: agreement.Name(by), Answers: answers, Seen: p.f.Head(), Body: body}
	if p.rng.IntN(4) == 0 {
		size := p.rng.Int64N(p.f.Size()) + 1
		root, err := p.f.RootAt(size)
		if err != nil {
			p.t.Fatal(err)
		}
		s.Seen = statement.Head{Size: size, Root: root}
	}
	text, err := s.Text()
	if err != nil {
		p.t.Fatal(err)
	}
	labels := keys[by]
	if by == "iaea" && p.swapped && p.rng.IntN(5) > 0 {
		labels = []string{"iaea-2"}
	}
	if by == "iaea" && strings.Contains(p.inForce(), keyOf("iaea", "iaea-3").Public().String()) && p.rng.IntN(6) > 0 {
		labels = []string{"iaea-3"}
	}
	var with []statement.Signer
	for _, l := range labels {
		with = append(with, keyOf(by, l))
	}
	if len(with) > 1 && p.rng.IntN(20) == 0 {
		with = with[:1]
	}
	note, err := statement.Sign(text, with...)
	if err != nil {
		p.t.Fatal(err)
	}
	p.put(note)
}

var none = []statement.Document{}

func (p *pen) answer() statement.ID {
	if len(p.ids) == 0 {
		return statement.ID{1}
	}
	if p.rng.IntN(2) == 0 {
		return p.ids[len(p.ids)-1]
	}
	return p.ids[p.rng.IntN(len(p.ids))]
}

// act appends a statement, mostly of a kind that means something.
func (p *pen) act() {
	party := p.one("iran", "iran", "iaea")
	commitment := p.one("lift-sanctions", "lift-sanctions", "grant-access")
	if p.amends && p.rng.IntN(5) < 2 {
		p.amend()
		return
	}
	switch p.rng.IntN(13) {
	case 0, 1:
		p.say(party, statement.ID{}, statement.LiftBody{Measure: "us-sanctions", Documents: none})
	case 2:
		p.say(party, statement.ID{}, statement.ImposeBody{Measure: "us-sanctions", Documents: none})
	case 3, 4, 5:
		by := map[string]string{"lift-sanctions": "iran", "grant-access": "iaea"}[commitment]
		p.say(by, p.answer(), statement.VerifyBody{Commitment: commitment, Finding: p.one("accepts", "refuses"), Documents: none})
	case 6, 7:
		p.say(party, statement.ID{}, statement.PerformBody{Commitment: commitment, Documents: none})
	case 8:
		p.say(party, statement.ID{}, statement.SignBody{Findings: strings.Repeat("0", 64)})
	case 9:
		who := p.one("iran", "iaea", "c1", "c2", "c3")
		p.say(who, statement.ID{}, statement.OutcomeBody{Vault: "footage", Outcome: p.one("release", "release", "release", "erase")})
	case 10:
		p.say("iran", p.answer(), statement.ContestBody{Commitment: commitment, Reason: "no", Documents: none})
	case 11:
		from, to := "iaea-1", "iaea-2"
		if p.swapped {
			from, to = to, from
		}
		p.say("iaea", statement.ID{}, statement.KeyBody{Add: []string{keyOf("iaea", to).Public().String()}, Revoke: []string{keyOf("iaea", from).Public().String()}, Need: 1, Reason: "turned"})
		p.swapped = p.rng.IntN(8) > 0 != p.swapped
	case 12:
		p.noise()
	}
}

// noise is an entry again, or one with a byte changed, or no entry at all.
func (p *pen) noise() {
	e := bytes.Clone(p.entries[p.rng.IntN(len(p.entries))])
	switch p.rng.IntN(4) {
	case 0:
		e[p.rng.IntN(len(e))] ^= 1 << p.rng.IntN(8)
	case 1:
		e = e[:p.rng.IntN(len(e))]
	case 2:
		e = bytes.Replace(e, []byte("/1\n"), []byte("/2\n"), 1)
	}
	p.put(e)
}

// cosigned is a checkpoint of the record or of a part of it, by three or four
// witnesses of whom one may say anything.
func (p *pen) cosigned() []byte {
	size := p.f.Size()
	if p.rng.IntN(4) == 0 {
		size = 1 + p.rng.Int64N(size)
	}
	root, err := p.f.RootAt(size)
	if err != nil {
		p.t.Fatal(err)
	}
	origin := record.Origin(p.a)
	hosts := p.f.EraAt(size).Hosts
	host := string(hosts[p.rng.IntN(len(hosts))])
	note, err := statement.SignCheckpoint(statement.Checkpoint{Origin: origin, Size: size, Root: root}, keyOf(origin, host))
	if err != nil {
		p.t.Fatal(err)
	}
	n, err := statement.ParseNote(note)
	if err != nil {
		p.t.Fatal(err)
	}
	who := []string{"vienna", "geneva", "muscat", "seoul"}
	if p.amends { // mostly by those who must
		who = nil
		for _, l := range p.f.EraAt(size).Lists {
			for _, name := range l.Names {
				if !slices.Contains(who, string(name)) {
					who = append(who, string(name))
				}
			}
		}
	}
	p.rng.Shuffle(len(who), func(i, j int) { who[i], who[j] = who[j], who[i] })
	few := p.rng.IntN(3)
	if p.amends && p.rng.IntN(3) > 0 {
		few = 0
	}
	for i, w := range who[:len(who)-few] {
		at := p.now + agreement.Instant(p.rng.IntN(20))
		if i == 0 && p.rng.IntN(6) == 0 {
			at = 1 + agreement.Instant(p.rng.Int64N(1<<31))
		}
		sig, err := statement.Cosign(keyOf(w, w), n.Text, at)
		if err != nil {
			p.t.Fatal(err)
		}
		n.Sigs = append(n.Sigs, sig)
	}
	return n.Bytes()
}

func (p *pen) write(length int) {
	if p.rng.IntN(10) > 0 {
		p.say("iran", statement.ID{}, statement.SignBody{Findings: strings.Repeat("0", 64)})
		p.say("iaea", statement.ID{}, statement.SignBody{Findings: strings.Repeat("0", 64)})
		p.put(record.ProofEntry(p.cosigned()))
	}
	for len(p.entries) < length {
		switch p.rng.IntN(7) {
		case 0, 1, 2:
			p.act()
		case 3:
			p.held = append(p.held, p.cosigned())
		case 4:
			if n := len(p.held); n > 0 {
				p.put(record.ProofEntry(p.held[p.rng.IntN(n)]))
			}
		default:
			p.pass()
			p.put(record.ProofEntry(p.cosigned()))
		}
	}
}

// pass lets time go by, often to just about an instant at which something is due.
func (p *pen) pass() {
	if d, ok := p.f.State().Next(); ok && p.rng.IntN(2) == 0 && d.At > p.now && d.At < p.now+1<<26 {
		p.now = d.At + agreement.Instant(p.rng.IntN(5)-2)
		return
	}
	p.now += []agreement.Instant{60, 4000, 90000, 900000}[p.rng.IntN(4)]
	if p.rng.IntN(30) == 0 {
		p.now += 60 * 86400
	}
}

// The product and the calculator read random records alike, at the end and at
// a prefix of each.
func TestRandomRecords(t *testing.T) {
	outcomes, grounds, statuses := map[string]int{}, map[string]int{}, map[string]int{}
	for seed := range uint64(*records) {
		p := newPen(t, seed)
		p.write(8 + p.rng.IntN(30))
		for _, n := range []int{len(p.entries), 1 + p.rng.IntN(len(p.entries))} {
			if err := against.Product(p.b, p.entries[:n], nil); err != nil {
				t.Fatalf("seed %d, %d entries: %v", seed, n, err)
			}
		}
		r, err := calculator.Run(p.b.Files[0].Data, p.entries, nil)
		if err != nil {
			t.Fatal(err)
		}
		outcomes[r.Vaults[0].Outcome]++
		for _, c := range r.Vaults[0].Certificates {
			grounds[c.Ground]++
		}
		for _, c := range r.Commitments {
			statuses[c.Status]++
		}
	}
	t.Logf("outcomes %v, grounds %v, commitments %v", outcomes, grounds, statuses)
	for _, want := range []string{"open", "held", "release", "erase"} {
		if outcomes[want] == 0 {
			t.Errorf("no record of %d left a vault %s", *records, want)
		}
	}
	if grounds["decided"] == 0 || grounds["halted"] == 0 || statuses["cured"] == 0 || statuses["breached"] == 0 || statuses["claimed"] == 0 || statuses["fulfilled"] == 0 {
		t.Errorf("the records are too plain: %v, %v", grounds, statuses)
	}
}

// Whatever is changed in a record changes what the calculator makes of it: it
// would see it if the product read other bytes than it.
func TestChangedRecordsDiffer(t *testing.T) {
	for seed := range uint64(6) {
		p := newPen(t, seed)
		p.write(20)
		whole, err := calculator.Run(p.b.Files[0].Data, p.entries, nil)
		if err != nil {
			t.Fatal(err)
		}
		for range 10 {
			changed := slices.Clone(p.entries)
			k := 1 + p.rng.IntN(len(changed)-1)
			changed[k] = bytes.Clone(changed[k])
			changed[k][p.rng.IntN(len(changed[k]))] ^= 1
			other, err := calculator.Run(p.b.Files[0].Data, changed, nil)
			if err != nil {
				t.Fatal(err)
			}
			if len(whole.Differences(other)) == 0 {
				t.Fatalf("seed %d: entry %d was changed and nothing differs", seed, k)
			}
			if err := against.Product(p.b, changed, nil); err != nil {
				t.Fatalf("seed %d, entry %d changed: %v", seed, k, err)
			}
		}
	}
}

func TestTextsBeyondTheSubsetAreRefused(t *testing.T) {
	p := newPen(t, 1)
	for _, block := range []string{"act leave { by = iran }", "reading dose { reporter = [iaea] }", "milestone start { at = 2021-03-01 }",
		"commitment stay { by = iran\n keep = us-sanctions.lifted }", "group all { members = [iran]\n base = frozen }\nmilestone m { at = latest(footage.closes, footage.closes) }"} {
		text := fmt.Appendf(bytes.Clone(p.b.Files[0].Data), "\n%s\n", block)
		if _, err := calculator.Run(text, p.entries, nil); err == nil {
			t.Errorf("%q is read", block)
		}
	}
	if _, err := calculator.Run(p.b.Files[0].Data, nil, nil); err == nil {
		t.Error("a record without entries is read")
	}
}
