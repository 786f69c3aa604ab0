package storm

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"path"
	"strings"
	"time"

	"detente/agreement"
	"detente/custodian"
	"detente/internal/durable"
	"detente/mirror"
	"detente/recorder"
	"detente/recorder/source"
	"detente/statement"
	"detente/vault"
)

// A holding is a life of a custodian.
type holding struct {
	w    *World
	a    *actor
	c    *custodian.Custodian
	x    *mirror.Follower // of the canary that does not wait
	mute bool
}

func (w *World) openCustodian(a *actor) (life, error) {
	c, err := w.client(a)
	if err != nil {
		return nil, err
	}
	k, err := custodian.Open(w.ctx, custodian.Config{
		Dir: dir, Signer: w.keys.signer(a.name), Record: c, Random: rand.Reader, Clock: a.clock, Witnesses: mirror.NewRoster(w.addresses(), a.line.client()), Log: w.log.With("who", a.name), FS: a.mount,
	})
	if err != nil {
		return nil, err
	}
	return &holding{w: w, a: a, c: k}, nil
}

func (h *holding) step(ctx context.Context) error {
	if h.a.crook == NoShare && h.w.now() > h.w.plan.Terms.Closes {
		if !h.mute {
			h.w.count(NoShare)
		}
		h.mute = true
		return nil
	}
	if h.w.canary == IdleCustodian && h.w.now() > h.w.plan.Terms.Closes {
		return nil
	}
	if err := h.c.Step(ctx); err != nil {
		return err
	}
	if h.w.canary == HastyCustodian && h.a.crook == "" {
		return h.hasten(ctx)
	}
	return nil
}

func (h *holding) handler() http.Handler { return h.c.Handler() }
func (h *holding) close() error          { return h.c.Close() }

// castCustodian makes a custodian, dishonest if the plan has it so.
func (w *World) castCustodian(i int) {
	a := w.enter(custodianName(i), custodianRole, 20*time.Minute, w.openCustodian)
	if i >= len(w.plan.Crooks) {
		return
	}
	a.crook = w.plan.Crooks[i]
	a.line.twist = func(m *message) { w.twist(a, m) }
}

// twist changes what a dishonest custodian says.
func (w *World) twist(a *actor, m *message) {
	if m.method != http.MethodPost || !strings.HasSuffix(m.path, "/submit") {
		return
	}
	s, err := statement.Parse(m.body)
	if err != nil || s.By != agreement.Name(a.name) {
		return
	}
	switch b := s.Body.(type) {
	case statement.HandOverBody:
		if a.crook != WrongShare {
			return
		}
		for i := range b.Shares {
			ct, _ := base64.StdEncoding.DecodeString(b.Shares[i].Ciphertext)
			ct[w.rng.IntN(len(ct))] ^= 1
			b.Shares[i].Ciphertext = base64.StdEncoding.EncodeToString(ct)
		}
		s.Body = b
	case statement.AcknowledgeBody:
		if a.crook == ShareKept || a.crook == ShareEarly {
			w.keep(a, b)
		}
		if a.crook != FalseComplaint {
			return
		}
		seed := w.keyOf(a, b.Digest)
		if seed == nil {
			return
		}
		s.Body = statement.ComplainBody{Vault: b.Vault, Digest: b.Digest, Seat: b.Seat, Seed: base64.StdEncoding.EncodeToString(seed), Next: b.Next}
	default:
		return
	}
	text, err := s.Statement.Text()
	if err != nil {
		return
	}
	if m.body, err = statement.Sign(text, w.keys.signer(a.name)); err == nil {
		w.count(a.crook)
	}
}

// keep is a dishonest custodian that puts a share aside, or gives it away at
// once: both come into the hands of whoever wants to open the vault.
func (w *World) keep(a *actor, ack statement.AcknowledgeBody) {
	d, err := vault.ParseDigest(ack.Digest)
	if err != nil {
		return
	}
	share, err := durable.ReadFile(a.disk.fs, path.Join(dir, vaultName, "share", d.String()), vault.ShareSize)
	if err != nil {
		return
	}
	if w.book.kept[d] == nil {
		w.book.kept[d] = map[int][]byte{}
	}
	if w.book.kept[d][ack.Seat] == nil {
		w.count(a.crook)
	}
	w.book.kept[d][ack.Seat] = share
}

// keyOf is the private key by which somebody's share of a dealing came.
func (w *World) keyOf(a *actor, digest string) []byte {
	for _, t := range w.book.dealings() {
		if t.Digest.String() != digest {
			continue
		}
		for i, s := range t.Core.Seats {
			if custodianName(i) == a.name {
				b, _ := durable.ReadFile(a.disk.fs, path.Join(dir, vaultName, "key", s.Key.String()), vault.SeedSize)
				return b
			}
		}
	}
	return nil
}

// A recording is a life of the recorder.
type recording struct {
	w *World
	r *recorder.Recorder
	a *actor
}

func (w *World) openRecorder(a *actor) (life, error) {
	c, err := w.client(a)
	if err != nil {
		return nil, err
	}
	m := a.mount
	r, err := recorder.Open(w.ctx, recorder.Config{
		Dir: dir, Signer: w.keys.signer(a.name), Key: w.keys.private(a.name), Record: c, Vault: vaultName,
		Deal:  func(_ context.Context, q vault.DealRequest, out string) error { return w.deal(m, q, out) },
		Clock: a.clock, Log: w.log.With("who", a.name), FS: m,
	})
	if err != nil {
		return nil, err
	}
	return &recording{w, r, a}, nil
}

// deal is the recorder's child, honest or not.
func (w *World) deal(m *mount, q vault.DealRequest, out string) error {
	in, err := json.Marshal(q)
	if err != nil {
		return err
	}
	var b bytes.Buffer
	if err := vault.DealChild(bytes.NewReader(in), &b, rand.Reader); err != nil {
		return err
	}
	result := b.Bytes()
	if w.plan.BadSeats > 0 && q.Attempt == 1 {
		w.count(BadDealing)
		if result, err = spoil(q, result, w.plan.BadSeats); err != nil {
			return err
		}
	}
	return durable.CreateFile(m, out, result)
}

// spoil makes the ciphertexts of the first seats of a dealing noise.
func spoil(q vault.DealRequest, result []byte, seats int) ([]byte, error) {
	var d vault.DealResult
	if err := json.Unmarshal(result, &d); err != nil {
		return nil, err
	}
	all := make([][]byte, len(q.Seats))
	for _, s := range d.Shares {
		for i, text := range s.Ciphertexts {
			ct, err := base64.StdEncoding.DecodeString(text)
			if err != nil {
				return nil, err
			}
			all[s.First-1+i] = ct
		}
	}
	for i := range min(seats, len(all)) {
		if len(all[i]) > 600 {
			all[i][600] ^= 1
		}
	}
	id, err := agreement.ParseDigest(q.Agreement)
	if err != nil {
		return nil, err
	}
	core, err := vault.ParseCore(id, d.Epoch)
	if err != nil {
		return nil, err
	}
	dealing, err := vault.NewDealing(core, all, core.EpochDigest(all))
	if err != nil {
		return nil, err
	}
	return json.Marshal(vault.DealResult{Epoch: dealing.Body(), Shares: dealing.Shares()})
}

func (r *recording) step(ctx context.Context) error {
	w := r.w
	if p := &w.plan; p.Silence > 0 && w.now() >= p.SilentAt && w.now() < p.SilentAt+p.Silence {
		w.count(RecorderSilent)
		return nil
	}
	return r.r.Step(ctx)
}

func (r *recording) handler() http.Handler { return http.NotFoundHandler() }
func (r *recording) close() error          { return r.r.Close() }

// film has the camera film a slot, and the next one after it.
func (w *World) film(slot int) {
	t := &w.plan.Terms
	at := t.Opens + time.Duration(slot)*t.Cadence
	w.at(at+10*time.Second, "slot", func() {
		a := w.byName[recorderName]
		if p := &w.plan; a.life != nil && !(p.Silence > 0 && w.now() >= p.SilentAt && w.now() < p.SilentAt+p.Silence) {
			clip := source.Clip{Camera: cameraName, Start: begin.Add(at), Length: 10 * time.Second, Data: footage(w.plan.Seed, slot)}
			if w.canary == RetouchedClip {
				clip.Data[len(clip.Data)-1] ^= 1
			}
			if err := a.life.(*recording).r.Take(clip); err != nil {
				a.err = err
				w.down(a, a.mount.fs.Dead())
			} else {
				w.wake(a, w.between(time.Second, 20*time.Second))
			}
		}
		if at+t.Cadence < t.Closes {
			w.film(slot + 1)
		}
	})
}

// footage is what the camera shows in a slot.
func footage(seed uint64, slot int) []byte {
	d := sha256.Sum256(fmt.Appendf(nil, "%d %d", seed, slot))
	return append(fmt.Appendf(nil, "slot %d\n", slot), d[:]...)
}
