package storm

import (
	"context"
	"net/http"
	"path"
	"time"

	"detente/agreement"
	"detente/machine"
	"detente/mirror"
	"detente/record"
	"detente/statement"
	"detente/witness"
)

// A Canary is somebody broken on purpose, whom the checks must catch.
type Canary string

// The canaries.
const (
	DeafDisk         Canary = "a depositary that acknowledges before it synced"
	HastyCustodian   Canary = "a custodian that does not wait until the outcome is final"
	CredulousReader  Canary = "a reader that accepts a shorter or another record"
	ForgetfulWitness Canary = "a witness that ignores what it cosigned before"
	LaggingReader    Canary = "a reader that has not folded the last entry it has"
	RetouchedClip    Canary = "a recorder that seals another clip than the camera showed"
	IdleCustodian    Canary = "custodians that do nothing after the close"
)

// Canaries are all of them.
func Canaries() []Canary {
	return []Canary{DeafDisk, HastyCustodian, CredulousReader, ForgetfulWitness, LaggingReader, RetouchedClip, IdleCustodian}
}

// Plan is the plan of a seed with the occasion that a canary needs.
func (c Canary) Plan(seed uint64) Plan {
	p := NewPlan(seed)
	switch c {
	case DeafDisk:
		p.Host, p.DiskRate, p.Life = "", 0.002, 4*time.Minute
	case HastyCustodian:
		p.Host, p.Terms.Else, p.Claim = "", "erase", 0
	case CredulousReader, ForgetfulWitness:
		p.Host = RolledBack
		p.HostFrom, p.HostTill = p.Terms.Opens+15*time.Minute, p.Terms.Closes
		p.Liars = nil
	case LaggingReader:
		p.Host = ""
	case RetouchedClip, IdleCustodian:
		p.Host, p.Terms.Else, p.Claim, p.Crooks, p.Silence, p.Changes = "", "release", 0, nil, 0, nil
	}
	return p
}

// lag is the standing of a reader that lacks the last of the entries of a head.
func (b *book) lag(f *record.Fold) {
	short, err := record.FoldTo(b.w.agreement, b.entries, f.Size()-1)
	if err == nil {
		b.same(f.Root(), f.Size(), short.State().Bytes())
	}
}

// hasten acts on the record as it is shown, final or not.
func (h *holding) hasten(ctx context.Context) error {
	if h.x == nil {
		c, err := h.w.client(h.a)
		if err != nil {
			return err
		}
		if h.x, err = mirror.Open(ctx, mirror.Config{Dir: path.Join(dir, "hasty"), Client: c, FS: h.a.mount}); err != nil {
			return nil
		}
	}
	if h.x.Update(ctx) != nil {
		return nil
	}
	_, note := h.x.Head()
	var o machine.Outcome
	h.x.With(func(f *record.Fold) { o, _ = f.State().Outcome(vaultName) })
	if o != machine.Erased {
		return nil
	}
	s := &statement.Statement{Agreement: h.w.agreement.ID, Bundle: h.w.agreement.ID, By: agreement.Name(h.a.name),
		Body: statement.ErasedBody{Vault: vaultName, Seat: 1, Certificate: string(note)}}
	s.Seen, _ = h.x.Head()
	text, err := s.Text()
	if err != nil {
		return err
	}
	signed, err := statement.Sign(text, h.w.keys.signer(h.a.name))
	if err != nil {
		return err
	}
	h.x.Client().Submit(ctx, signed) // whether it is taken is no matter: it was said
	return nil
}

// A forgetful is a witness with a new folder for every request.
type forgetful struct {
	w *World
	a *actor
}

func (f *forgetful) step(context.Context) error { return nil }
func (f *forgetful) close() error               { return nil }

func (f *forgetful) handler() http.Handler {
	return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		d := newDisk(f.w, f.a.name)
		p, err := witness.Open(witness.Config{Dir: dir, Signer: f.w.keys.signer(f.a.name), Clock: f.a.clock, Log: f.w.log, FS: d.fs})
		if err != nil {
			http.Error(rw, err.Error(), http.StatusInternalServerError)
			return
		}
		if _, err := p.Register(f.w.archive); err != nil {
			http.Error(rw, err.Error(), http.StatusInternalServerError)
			return
		}
		p.Handler().ServeHTTP(rw, r)
	})
}
