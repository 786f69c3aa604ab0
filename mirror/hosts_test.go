package mirror

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"detente/agreement"
	"detente/record"
	"detente/statement"

	"golang.org/x/mod/sumdb/tlog"
)

const zeros = "0000000000000000000000000000000000000000000000000000000000000000"

// speak puts a statement of a name on the record, made under the text in force.
func (b *book) speak(by agreement.Name, body statement.Body) {
	b.t.Helper()
	s := &statement.Statement{Agreement: b.a.ID, Bundle: b.fold.InForce().ID, By: by, Seen: b.fold.Head(), Body: body}
	text, err := s.Text()
	if err != nil {
		b.t.Fatal(err)
	}
	note, err := statement.Sign(text, key(string(by), string(by)))
	if err != nil {
		b.t.Fatal(err)
	}
	b.add(note)
}

// prove puts the present head, cosigned, on the record.
func (b *book) prove(at agreement.Instant, by ...string) {
	b.t.Helper()
	b.add(record.ProofEntry(b.cosign(at, by...)))
	if j := b.fold.Entry(b.fold.Size() - 1); j.What == "" {
		b.t.Fatalf("a proof that is none: %v", j.Fault)
	}
}

// text is that of the pledge with changes: pairs of what to replace and by what.
func text(t testing.TB, changes ...string) *agreement.Bundle {
	t.Helper()
	_, first := pledge(t)
	data, _ := first.File("pledge.agreement")
	s := string(data)
	for i := 0; i < len(changes); i += 2 {
		if !strings.Contains(s, changes[i]) {
			t.Fatalf("the text has no %q", changes[i])
		}
		s = strings.Replace(s, changes[i], changes[i+1], 1)
	}
	b, err := agreement.NewBundle([]agreement.File{{Path: "pledge.agreement", Data: []byte(s)}})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

var three = []string{"vienna", "geneva", "seoul"}

// consented is a record whose parties have signed, and have consented to a text;
// the next proof brings it into force.
func consented(t testing.TB, to *agreement.Bundle) *book {
	t.Helper()
	b := newBook(t)
	for _, by := range []agreement.Name{"alba", "brio"} {
		b.speak(by, statement.SignBody{Findings: zeros})
	}
	b.prove(noon, three...)
	b.amend(to)
	return b
}

func (b *book) amend(to *agreement.Bundle) {
	b.t.Helper()
	parts, err := record.TextParts(to)
	if err != nil {
		b.t.Fatal(err)
	}
	for _, p := range parts {
		b.speak("alba", p)
	}
	for _, by := range []agreement.Name{"alba", "brio"} {
		b.speak(by, statement.AmendBody{Bundle: to.Digest().String(), Findings: zeros})
	}
}

// hosts are the block of the depositary in the pledge, and one that names others:
// the first is who hosts it, the others are its successors.
func hosts(names ...string) []string {
	var blocks, next strings.Builder
	for i, name := range names {
		if i > 0 {
			next.WriteString(name + ", ")
		}
	}
	for i, name := range names {
		line := ""
		if i == 0 && len(names) > 1 {
			line = "\n  successors = [" + strings.TrimSuffix(next.String(), ", ") + "]"
		}
		fmt.Fprintf(&blocks, "depositary %s {\n  key = \"%s\"%s\n}\n", name, key("x", name).Public(), line)
	}
	return []string{fmt.Sprintf("depositary host { key = \"%s\" }\n", key("x", "host").Public()), blocks.String()}
}

// handed is a record that an amendment gave to the archive, which has gone on
// with it.
func handed(t testing.TB) *book {
	b := consented(t, text(t, hosts("archive", "host")...))
	b.prove(noon+10, three...)
	b.host = "archive"
	b.speak("alba", statement.DeclareBody{Text: "the archive has it", Documents: []statement.Document{}})
	b.prove(noon+20, three...)
	return b
}

// A mirror that begins after an amendment has named another depositary follows
// the record that this one heads, and so does one that saw the record before;
// both open their folders again, and know what is final.
func TestNewcomerFollowsHostNamedByAmendment(t *testing.T) {
	before := consented(t, text(t, hosts("archive", "host")...))
	dir := t.TempDir()
	f := before.follow(dir)
	update(t, f)
	f.Close()
	for _, more := range []int{0, 700} {
		b := handed(t)
		b.add(inert("x", more)...)
		b.prove(noon+30, three...)
		for _, dir := range []string{dir, t.TempDir()} {
			f := b.follow(dir)
			update(t, f)
			if head, _ := f.Head(); head != b.fold.Head() || f.Fold().Head() != head {
				t.Fatalf("%d more: head %d of %d", more, head.Size, b.fold.Size())
			}
			if size, _ := f.Final(); size != b.size {
				t.Errorf("%d more: final %d of %d", more, size, b.size)
			}
			if len(f.Fold().Versions()) != 2 {
				t.Error("the amendment is not in force")
			}
			f.Close()
			f, err := Open(within(t), Config{Dir: dir})
			if err != nil {
				t.Fatal(err)
			}
			if head, _ := f.Head(); head != b.fold.Head() {
				t.Error("the folder opens with another head")
			}
			f.Close()
		}
		if more == 0 {
			dir = t.TempDir()
		}
	}
}

// Hosts and witnesses change again and again; whoever comes last follows all of it.
func TestNewcomerFollowsChainOfHosts(t *testing.T) {
	b := handed(t)
	at := noon + 100
	for i, name := range []string{"office", "bureau", "desk"} {
		b.amend(text(t, hosts(name, b.host)...))
		b.prove(at, three...)
		if v := b.fold.Versions(); len(v) != 3+i {
			t.Fatalf("%s: %d versions: %+v", name, len(v), b.fold.Entry(b.fold.Size()-2).Effect)
		}
		b.host = name
		b.add(inert(name, 300*i+1)...)
		b.prove(at+10, three...)
		at += 100
	}
	f := b.follow(t.TempDir())
	update(t, f)
	if head, _ := f.Head(); head != b.fold.Head() || len(f.Fold().Eras()) != 5 {
		t.Errorf("head %d of %d", head.Size, b.fold.Size())
	}
}

// A host that an amendment dropped goes on all the same: what it appends after
// its term is not taken by anybody, and who hosts the record now is followed.
func TestHostWhoseTermEndedIsNotFollowed(t *testing.T) {
	to := text(t, hosts("archive")...)
	b := consented(t, to)
	b.prove(noon+10, three...)
	end := b.fold.Size()
	next := b.fork(end)
	b.add(inert("after its term ", 300)...) // host goes on
	next.host = "archive"
	next.prove(noon+20, three...)
	for _, saw := range []int64{0, 3, end} {
		dir := t.TempDir()
		if saw > 0 {
			early := b.fork(saw)
			f := early.follow(dir)
			update(t, f)
			f.Close()
		}
		f := b.follow(dir)
		ended, ok := errors.AsType[*EndedError](f.Update(within(t)))
		if saw < end && (!ok || ended.Size != end || ended.Next != "archive") || f.Fold().Size() > end {
			t.Errorf("seen %d: got %v, with %d entries", saw, ended, f.Fold().Size())
		}
		if saw == end && f.Fold().Size() != end {
			t.Errorf("it has %d entries", f.Fold().Size())
		}
		f.Close()
		f = next.follow(dir)
		update(t, f)
		if head, _ := f.Head(); head != next.fold.Head() {
			t.Errorf("seen %d: head %d, want %d", saw, head.Size, next.fold.Size())
		}
	}
}

// The dropped host recorded its end otherwise than who came after it, and nobody
// cosigned its version: a mirror in whose memory it is goes back to the head that
// it saw, and follows.
func TestEndOfTermLeftOut(t *testing.T) {
	b := consented(t, text(t, hosts("archive")...))
	early := b.fork(3)
	dir := t.TempDir()
	other := b.fork(b.fold.Size())
	b.prove(noon+10, three...)
	b.add(inert("after its term ", 3)...)
	other.prove(noon+11, three...)
	other.host = "archive"
	other.prove(noon+20, three...)

	shown := early
	f := early.follow(dir)
	update(t, f)
	early.tamper = func(path string, body []byte) []byte { return body }
	for _, next := range []*book{b, other} {
		shown.mu.Lock()
		shown.fold, shown.host, shown.final, shown.size = next.fold, next.host, next.final, next.size
		shown.mu.Unlock()
		err := f.Update(within(t))
		if _, ok := errors.AsType[*EndedError](err); ok != (next == b) {
			t.Fatalf("got %v", err)
		}
	}
	update(t, f)
	if head, _ := f.Head(); head != other.fold.Head() || f.Fold().Head() != head {
		t.Errorf("head %d, want %d", head.Size, other.fold.Size())
	}
}

// A stranger signs heads over the true record, and over endless entries after
// it: nothing of it is taken, and little is fetched.
func TestStrangersHead(t *testing.T) {
	b := handed(t)
	dir := t.TempDir()
	f := b.follow(dir)
	update(t, f)
	f.Close()
	seen := b.fold.Size()
	b.host = "stranger"
	for _, more := range []int{0, 1, 3000} {
		for _, dir := range []string{dir, t.TempDir()} {
			b.add(inert(fmt.Sprint("junk ", more), more)...)
			b.requests()
			c := b.client()
			f, err := Open(within(t), Config{Dir: dir, Client: c, Limits: Limits{Entries: 1 << 20, Bytes: 1 << 30, Trial: 500}})
			if err != nil {
				t.Fatal(err)
			}
			before, _ := f.Head()
			if err := f.Update(within(t)); !errors.Is(err, ErrUnknownHost) && !(more == 0 && before.Size == seen && errors.Is(err, statement.ErrUnsigned)) || !temporary(err) {
				t.Errorf("%d more: got %v", more, err)
			}
			if head, _ := f.Head(); head.Size < before.Size || head.Size > seen || f.Fold().Size() > seen {
				t.Errorf("%d more: it has moved to %d", more, head.Size)
			}
			if n := asked(b.requests(), "/tile/entries"); n > 5 {
				t.Errorf("%d more: %d bundles were fetched", more, n)
			}
			// Again at once, as whoever follows does: nothing is fetched.
			if err := f.Update(within(t)); err == nil || asked(b.requests(), "/tile/entries") > 0 {
				t.Errorf("%d more: followed again at once: %v", more, err)
			}
			f.Close()
		}
	}
}

// The head of who will host the record, over a copy that lacks the proof that
// brings the amendment into force, is nobody's; and so is that of the true
// successor over other entries than those that were seen.
func TestSuccessorTooEarlyOrElsewhere(t *testing.T) {
	b := consented(t, text(t, hosts("archive", "host")...))
	b.host = "archive"
	f := b.follow(t.TempDir())
	if err := f.Update(within(t)); !errors.Is(err, ErrUnknownHost) {
		t.Errorf("before its term: %v", err)
	}
	if f.Fold().Size() >= b.fold.Size() {
		t.Error("entries were taken for which nobody vouches")
	}
	b.host = "host"
	dir := t.TempDir()
	f = b.follow(dir)
	update(t, f)
	f.Close()
	other := b.fork(2)
	other.speak("alba", statement.DeclareBody{Text: "otherwise", Documents: []statement.Document{}})
	other.speak("alba", statement.SignBody{Findings: zeros})
	other.speak("brio", statement.SignBody{Findings: zeros})
	other.prove(noon+1, three...)
	other.amend(text(t, hosts("archive", "host")...))
	other.prove(noon+10, three...)
	other.host = "archive"
	other.add(inert("x", 20)...)
	f = other.follow(dir)
	if err := f.Update(within(t)); err == nil {
		t.Error("another history was followed")
	}
	if head, _ := f.Head(); head != b.fold.Head() {
		t.Errorf("it moved to %d", head.Size)
	}
}

// What is fetched of a head of an unknown signer is bounded in entries and in
// bytes: one below the bound that somebody vouches for is followed.
func TestTrialLimits(t *testing.T) {
	b := consented(t, text(t, hosts("archive", "host")...))
	note := b.cosign(noon+10, three...)
	b.add(inert("x", 256*3-int(b.fold.Size()))...) // nobody vouches for these
	from := b.fold.Size()
	b.add(record.ProofEntry(note))
	b.host = "archive"
	b.add(inert("y", 5)...)
	for trial, good := range map[int64]bool{from: true, 256: false} {
		f, err := Open(within(t), Config{Dir: t.TempDir(), Client: b.client(), Limits: Limits{Entries: 1 << 20, Bytes: 1 << 30, Trial: trial}})
		if err != nil {
			t.Fatal(err)
		}
		if err := f.Update(within(t)); (err == nil) != good {
			t.Errorf("at most %d: %v", trial, err)
		}
		f.Close()
	}
	f, err := Open(within(t), Config{Dir: t.TempDir(), Client: b.client(), Limits: Limits{Entries: 1 << 20, Bytes: 1 << 30, TrialBytes: 100}})
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := f.Update(within(t)); !errors.Is(err, ErrUnknownHost) {
		t.Errorf("at most 100 bytes: %v", err)
	}
}

// A receipt is judged by who hosts the record at its size, and what one whose
// term ended signs afterwards is no receipt, though the first text names it.
func TestReceiptByHostInForce(t *testing.T) {
	b := consented(t, text(t, hosts("archive")...))
	b.prove(noon+10, three...)
	old := b.fork(b.fold.Size())
	b.host = "archive"
	b.add(inert("x", 3)...)
	for _, c := range []struct {
		by   *book
		good bool
	}{{b, true}, {old, false}} {
		f := b.follow(t.TempDir())
		update(t, f)
		entry := b.say("alba", "a word")
		c.by.add(entry)
		r := c.by.receiptAt(c.by.fold.Size() - 1)
		if err := f.client.verify(within(t), r); (err == nil) != c.good {
			t.Errorf("signed by %s: %v", c.by.host, err)
		}
	}
	// A client that follows no copy says by what it judged.
	c := b.client()
	if err := c.verify(within(t), b.receiptAt(b.fold.Size()-1)); err == nil || !strings.Contains(err.Error(), "first text") {
		t.Errorf("without a copy: %v", err)
	}
	// One whose copy is behind looks again.
	dir := t.TempDir()
	behind := consented(t, text(t, hosts("archive")...))
	f := behind.follow(dir)
	update(t, f)
	f.Close()
	f = b.follow(dir)
	if err := f.client.verify(within(t), b.receiptAt(b.fold.Size()-1)); err != nil {
		t.Errorf("with a copy that was behind: %v", err)
	}
}

func (b *book) receiptAt(index int64) *Receipt {
	b.t.Helper()
	proof, err := tlog.ProveRecord(b.fold.Size(), index, b.fold.HashReader())
	if err != nil {
		b.t.Fatal(err)
	}
	return &Receipt{Index: index, Entry: record.Must(b.fold.Read(index)).Bytes, Checkpoint: b.sign(b.fold.Head()), Proof: proof}
}

// Two histories that part after an amendment has changed the depositary are
// judged by who hosted the record then: by the copies when these are compared, and
// from the file with a copy of either, the shorter of them as well. The first text
// alone knows of nobody who signed them, and says so.
func TestEvidenceAfterAChangeOfHost(t *testing.T) {
	b := handed(t)
	common := copyOf(t, b)
	at := b.fold.Size()
	other := b.fork(at)
	b.add(b.say("alba", "one"))
	b.cosign(noon+30, three...)
	other.add(other.say("alba", "another"))
	other.add(inert("x", 40)...)
	other.cosign(noon+31, three...)
	one, two := copyOf(t, b), copyOf(t, other)
	r := compared(t, one, two)
	if r.Finding != Differ || r.Evidence.Cause != CauseFork || r.Evidence.Both[0] != "archive" || len(r.Evidence.Both) != 4 || r.A.Final != at+1 {
		t.Fatalf("%+v, %+v", r, r.Evidence)
	}
	file, err := r.Evidence.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := ReadEvidence(file); !errors.Is(err, statement.ErrUnsigned) || !strings.Contains(err.Error(), "first text") {
		t.Errorf("by the first text: %v", err)
	}
	for i, by := range []*Copy{one, two, common} {
		e, err := ReadEvidence(file, by.Fold())
		if err != nil {
			t.Fatalf("by copy %d: %v", i, err)
		}
		if e.Text() != r.Evidence.Text() || e.Judged() != "" {
			t.Errorf("by copy %d: %s", i, e.Text())
		}
	}
	stranger := newBook(t)
	stranger.add(inert("z", int(at)+9)...)
	if _, err := ReadEvidence(file, stranger.fold); err == nil {
		t.Error("by a copy of neither history")
	}
}

// The root of the entries before one follows from that entry's path.
func TestRootBefore(t *testing.T) {
	b := newBook(t)
	b.add(inert("x", 40)...)
	for size := int64(1); size <= b.fold.Size(); size++ {
		for i := range size {
			path, err := tlog.ProveRecord(size, i, b.fold.HashReader())
			if err != nil {
				t.Fatal(err)
			}
			want, err := b.fold.RootAt(i)
			if got := rootBefore(path, size, i); err != nil || got != want {
				t.Fatalf("entry %d of %d: %v, want %v", i, size, got, want)
			}
		}
	}
}
