package processes

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"

	"detente/audit"
	"detente/internal/clock"
	"detente/mirror"
	"detente/record"
	"detente/statement"
	"detente/vault"
)

// A checker knows what was promised so far, and looks whether it still holds.
type checker struct {
	s      *stage
	ledger *vault.Reader
	read   int64                  // entries looked at
	ids    map[statement.ID]int64 // where each statement stands
	reel   [][]byte               // the manifests that the recorder had kept
	sealed map[int64]vault.Digest // of each number, what the record has
	seals  int                    // of the ledger, looked at
	seen   map[string]int64       // the largest size that each witness, and the mirror, showed
	shares int                    // acknowledged and found
	audits int
}

func newChecker(s *stage) *checker {
	s.t.Helper()
	l, err := vault.NewReader(s.agreement, vaultOf)
	s.must(err)
	return &checker{s: s, ledger: l, ids: map[statement.ID]int64{}, sealed: map[int64]vault.Digest{}, seen: map[string]int64{}}
}

// all makes every check.
func (c *checker) all(acks []ack) {
	c.s.t.Helper()
	c.update(acks)
	c.statements(acks)
	c.export(acks)
	c.witnesses()
	c.mirror()
	c.custodians()
	c.recorder()
}

// update reads the record until it shows what was acknowledged and all that is
// acknowledged is final. Another history than before fails the test.
func (c *checker) update(acks []ack) {
	c.s.t.Helper()
	want := int64(1)
	for _, a := range acks {
		want = max(want, a.index+1)
	}
	for {
		err := c.s.reader.Update(c.s.ctx)
		if _, other := errors.AsType[*mirror.DivergenceError](err); other {
			c.s.t.Fatalf("the depositary shows another history: %v", err)
		}
		if size, _ := c.s.reader.Final(); err == nil && size >= want {
			break
		}
		if (clock.Real{}).Sleep(c.s.ctx, pace) != nil {
			head, _ := c.s.reader.Head()
			final, _ := c.s.reader.Final()
			c.s.t.Fatalf("the record does not become final: %d entries, %d of them final, %d acknowledged: %v", head.Size, final, want, err)
		}
	}
	final, _ := c.s.reader.Final()
	c.s.reader.With(func(f *record.Fold) { c.s.must(c.ledger.Read(f, final)) })
}

// statements looks for each acknowledged statement: once, at its index, and
// each writer's in the order in which it said them.
func (c *checker) statements(acks []ack) {
	t := c.s.t
	t.Helper()
	c.s.reader.With(func(f *record.Fold) {
		for ; c.read < f.Size(); c.read++ {
			e := record.Must(f.Read(c.read))
			if e.Statement == nil {
				continue
			}
			if at, twice := c.ids[e.Statement.ID]; twice {
				t.Errorf("statement %s stands at %d and at %d", e.Statement.ID, at, c.read)
			}
			c.ids[e.Statement.ID] = c.read
		}
	})
	last := map[int]ack{}
	for _, a := range acks {
		if at, ok := c.ids[a.id]; !ok || at != a.index {
			t.Errorf("statement %d of writer %d was acknowledged at %d, and is at %d (%v)", a.number, a.writer, a.index, at, ok)
		}
		if b, ok := last[a.writer]; ok && (b.number+1 != a.number || b.index >= a.index) {
			t.Errorf("writer %d: statement %d at %d, then %d at %d", a.writer, b.number, b.index, a.number, a.index)
		}
		last[a.writer] = a
	}
}

// export has the record exported, audits that without the network, and looks
// for what was acknowledged in it. What was said last may wait for its proof of
// time; nothing else may be unknown.
func (c *checker) export(acks []ack) {
	t := c.s.t
	t.Helper()
	container, missing, err := c.s.reader.Export(c.s.ctx)
	c.s.must(err)
	if len(missing) > 0 {
		t.Errorf("batches that the record names are gone: %v", missing)
	}
	r := audit.Run(container)
	waiting := slices.DeleteFunc(slices.Clone(r.Unknown), func(s string) bool { return strings.Contains(s, ") waits: ") })
	if r.Verdict == audit.Broken || len(waiting) > 0 || len(r.Conduct) > 0 {
		t.Errorf("the audit says: %s", r.Text())
	}
	e, err := record.ReadExport(container, record.DefaultLimits)
	c.s.must(err)
	f, err := e.Fold()
	c.s.must(err)
	for _, a := range acks {
		if j, ok := f.ByID(a.id); !ok || j.Index != a.index {
			t.Errorf("in the export statement %d of writer %d is not at %d", a.number, a.writer, a.index)
		}
	}
	c.audits++
}

// get fetches something small; nil if the process does not answer.
func (c *checker) get(url string) []byte {
	ctx, cancel := context.WithTimeout(c.s.ctx, readyWithin)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	c.s.must(err)
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return nil
	}
	defer answer.Body.Close()
	b, err := io.ReadAll(io.LimitReader(answer.Body, 1<<20))
	if err != nil || answer.StatusCode != http.StatusOK {
		return nil
	}
	return b
}

// witnesses looks that none shows less than it did, or other than the record,
// and that none cosigns a fork that the depositary's own key signed.
func (c *checker) witnesses() {
	c.s.t.Helper()
	for _, name := range witnesses {
		c.witness(name, true)
	}
}

// witness looks at one witness; with fork it is offered another history.
func (c *checker) witness(name string, fork bool) {
	t := c.s.t
	t.Helper()
	note := c.get("http://" + listens(c.s.byName[name]) + "/" + mirror.OriginHash(record.Origin(c.s.agreement)) + "/checkpoint")
	if note == nil {
		t.Errorf("witness %s shows no checkpoint", name)
		return
	}
	cp := c.checkpoint(note)
	c.compare("witness "+name, cp)
	if !fork {
		return
	}
	if status := c.offerFork(name, cp); status == http.StatusOK {
		t.Errorf("witness %s cosigned a fork at size %d", name, cp.Size)
	}
}

// checkpoint reads a checkpoint that the depositary signed.
func (c *checker) checkpoint(note []byte) statement.Checkpoint {
	c.s.t.Helper()
	log, err := statement.ParsePublicKey(c.s.agreement.Depositaries[0].Key)
	c.s.must(err)
	cp, _, err := statement.OpenCheckpoint(note, record.Origin(c.s.agreement), log)
	c.s.must(err)
	return cp
}

// compare holds what somebody shows against what it showed before and against
// the record.
func (c *checker) compare(who string, cp statement.Checkpoint) {
	t := c.s.t
	t.Helper()
	if cp.Size < c.seen[who] {
		t.Errorf("%s shows size %d, it had shown %d", who, cp.Size, c.seen[who])
	}
	c.seen[who] = cp.Size
	for c.size() < cp.Size {
		c.s.must(c.s.reader.Update(c.s.ctx))
	}
	c.s.reader.With(func(f *record.Fold) {
		if root, err := f.RootAt(cp.Size); err != nil || root != cp.Root {
			t.Errorf("%s shows root %v at size %d, the record has %v: %v", who, cp.Root, cp.Size, root, err)
		}
	})
}

func (c *checker) size() int64 {
	head, _ := c.s.reader.Head()
	return head.Size
}

// offerFork asks a witness to cosign another checkpoint of the size that it
// holds, signed by the depositary's key, and gives the status of its answer.
func (c *checker) offerFork(name string, cp statement.Checkpoint) int {
	c.s.t.Helper()
	signer, err := statement.NewSigner(cp.Origin, c.s.keys[registry].Seed())
	c.s.must(err)
	cp.Root[0] ^= 1
	note, err := statement.SignCheckpoint(cp, signer)
	c.s.must(err)
	body := append(fmt.Appendf(nil, "old %d\n\n", cp.Size), note...)
	answer, err := http.Post("http://"+listens(c.s.byName[name])+"/add-checkpoint", "text/plain", bytes.NewReader(body))
	if err != nil {
		return 0
	}
	answer.Body.Close()
	return answer.StatusCode
}

// listens is the address that a player was told to listen on.
func listens(p *player) string {
	return p.args[slices.Index(p.args, "--listen")+1]
}

// mirror looks that the copy shows no less than it did, and nothing else.
func (c *checker) mirror() {
	t := c.s.t
	t.Helper()
	note := c.get("http://" + listens(c.s.byName[copyist]) + "/" + c.s.id.String() + "/head")
	if note == nil {
		if c.seen["the mirror"] > 0 {
			t.Errorf("the mirror shows no head")
		}
		return
	}
	c.compare("the mirror", c.checkpoint(note))
}

// custodians looks for every share that was acknowledged in its custodian's
// folder, and that it is the share dealt.
func (c *checker) custodians() {
	t := c.s.t
	t.Helper()
	c.shares = 0
	for _, a := range c.ledger.Attempts {
		for i, state := range a.States {
			if state.Acknowledged < 0 {
				continue
			}
			name := custodians[i]
			b, err := os.ReadFile(c.s.byName[name].folder(vaultOf, "share", a.Digest.String()))
			if err != nil {
				t.Errorf("%s acknowledged its share of epoch %d and has none: %v", name, a.Core.Epoch, err)
				continue
			}
			share, err := vault.ParseShare(i+1, b)
			if err == nil {
				err = a.Core.VerifyShare(share)
			}
			if err != nil {
				t.Errorf("%s: its share of epoch %d: %v", name, a.Core.Epoch, err)
			}
			c.shares++
		}
	}
}

// recorder looks that what the recorder had kept is still there, that it has
// every segment, and that no number stands on the record twice.
func (c *checker) recorder() {
	t := c.s.t
	t.Helper()
	p := c.s.byName[cameras]
	now := reel(p.folder(vaultOf, "manifest", "main"))
	if len(now) < len(c.reel) {
		t.Errorf("the recorder had %d manifests and has %d", len(c.reel), len(now))
	}
	for i, m := range c.reel[:min(len(c.reel), len(now))] {
		if !bytes.Equal(m, now[i]) {
			t.Errorf("the recorder's manifest %d has changed", i+1)
		}
	}
	c.reel = now
	for ; c.seals < len(c.ledger.Seals); c.seals++ {
		seal := c.ledger.Seals[c.seals]
		digest, err := vault.ParseDigest(seal.Body.Batch)
		c.s.must(err)
		object, err := c.s.client.Object(c.s.ctx, [32]byte(digest))
		c.s.must(err)
		all, err := vault.OpenBatch(seal.Body, object)
		c.s.must(err)
		for _, m := range all {
			if before, twice := c.sealed[m.Seq]; twice {
				t.Errorf("number %d stands on the record twice: %v and %v", m.Seq, before, m.Digest())
			}
			c.sealed[m.Seq] = m.Digest()
			if m.Seq > int64(len(now)) || !bytes.Equal(now[m.Seq-1], m.Encode()) {
				t.Errorf("manifest %d is on the record, and not in the recorder's folder", m.Seq)
			}
		}
	}
	for i, wire := range now {
		m, err := vault.ParseManifest(wire)
		if err != nil || m.Seq != int64(i+1) {
			t.Fatalf("the recorder's manifest %d is %v: %v", i+1, m, err)
		}
		f, err := os.Open(p.folder(vaultOf, "segment", "main", strconv.Itoa(i+1)))
		if err == nil {
			err = errors.Join(vault.VerifySegment(f, m.Size, m.Root), f.Close())
		}
		if err != nil {
			t.Errorf("segment %d: %v", i+1, err)
		}
	}
}

// reel is the whole manifests in a recorder's file: each its length in 32
// bits, then its bytes.
func reel(name string) (all [][]byte) {
	b, err := os.ReadFile(name)
	if err != nil {
		return nil
	}
	for len(b) >= 4 {
		n := int(binary.BigEndian.Uint32(b))
		if len(b) < 4+n {
			break
		}
		all, b = append(all, b[4:4+n]), b[4+n:]
	}
	return all
}

// coverage says what the record says of the footage, and that none of it was
// tampered with.
func (c *checker) coverage() string {
	c.s.t.Helper()
	out := strings.TrimSpace(c.s.run("coverage", "--vault", vaultOf, "--short", c.s.record, "--dir", c.s.path("parties", "observer")))
	if strings.Contains(out, "tamper") {
		c.s.t.Errorf("coverage: %s", out)
	}
	return out
}
