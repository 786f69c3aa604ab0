package depositary

import (
	"fmt"
	"net/http"
	"slices"

	"detente/agreement"
	"detente/mirror"
	"detente/record"
	"detente/statement"
)

// A panel is who signs a record's next checkpoint: who may host it, and the
// witnesses. An amendment may change all of them.
type panel struct {
	era       record.Era
	ever      record.Era // Hosts and Keys of all eras
	witnesses []*mirror.Witness
}

// turn looks at who is in force after the entries folded so far.
func (r *reading) turn() {
	now := r.fold.EraAt(r.fold.Size())
	if old := r.panel.Load(); old != nil && old.era.From == now.From && len(old.era.Lists) == len(now.Lists) {
		return
	}
	p := &panel{era: now, witnesses: r.roster.Next(r.fold)}
	for _, e := range r.fold.Eras() {
		p.ever.Hosts, p.ever.Keys = append(p.ever.Hosts, e.Hosts...), append(p.ever.Keys, e.Keys...)
	}
	r.panel.Store(p)
}

// nameOf is which of the record's hosts, of today or before, has a key.
func (p *panel) nameOf(key statement.PublicKey) agreement.Name {
	if i := slices.Index(p.ever.Keys, key); i >= 0 {
		return p.ever.Hosts[i]
	}
	return ""
}

// need and faulty are the largest of any list that must cosign.
func (p *panel) need() (n int) {
	for _, l := range p.era.Lists {
		n = max(n, l.Need)
	}
	return n
}

func (p *panel) faulty() (n int) {
	for _, l := range p.era.Lists {
		n = max(n, l.Faulty)
	}
	return n
}

// hosts is whether a depositary's key may host the record as it stands.
func (p *panel) hosts(key statement.PublicKey) bool { return slices.Contains(p.era.Keys, key) }

// mayHost is nil if the key of this depositary is one that hosts a record after
// the entries folded in f, or did before.
func (d *Depositary) mayHost(f *record.Fold) error {
	var named string // those who may host, and go on with, the record
	for _, e := range f.Eras() {
		if slices.Contains(e.Keys, d.cfg.Signer.Public()) {
			return nil
		}
		named = ""
		for i, host := range e.Hosts {
			named += fmt.Sprintf("\n  %s with the key %s", host, e.Keys[i])
		}
	}
	return fmt.Errorf("the key of this depositary is not one that the text names; it has %s; the text in force names%s\nuse a key that it names, or have this one written into the text",
		d.cfg.Signer.Public(), named)
}

// made is whether this depositary's key signed a checkpoint.
func (d *Depositary) made(note []byte, origin string) bool {
	_, _, err := statement.OpenCheckpoint(note, origin, d.cfg.Signer.Public())
	return err == nil
}

// ended refuses what is submitted to a depositary that an amendment has replaced.
func (h *hosted) ended() *Refusal {
	next, address := h.fold.Host()
	if address != "" {
		address = " at " + address
	}
	return &Refusal{http.StatusServiceUnavailable, codeEnded, fmt.Sprintf("an amendment has named another depositary: %s hosts this record now", next), "send it to " + string(next) + address}
}
