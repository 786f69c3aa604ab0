package depositary

import (
	"net/http"

	"detente/agreement"
	"detente/mirror/access"
	"detente/record"
	"detente/statement"
)

// guard keeps a private record for those who may read it. Everybody may read
// its checkpoints: they say that it exists, how long it is, and who witnessed
// it, and nothing of what it holds.
func (d *Depositary) guard(h *hosted, next http.Handler) http.Handler {
	if !h.agreement.Private {
		return next
	}
	g := access.Gate{
		Agreement: h.agreement.ID,
		Keys: func(name agreement.Name) (keys []statement.PublicKey) {
			view{d, h}.With(func(f *record.Fold) { keys = f.ReadKeys(name) })
			return keys
		},
		Open:  access.Checkpoints(""),
		Names: func() []string { return d.names(h) },
		Seen:  d.seen,
	}
	return g.Wrap(next)
}

// names are this depositary's own, for a record: those that its operator gave
// it, and where the record says that a depositary of its key is. The parties
// signed that, or the depositary did.
func (d *Depositary) names(h *hosted) []string {
	names := d.cfg.Names
	own := d.cfg.Signer.Public().String()
	view{d, h}.With(func(f *record.Fold) {
		for _, text := range []*agreement.Agreement{h.agreement, f.InForce()} {
			for _, host := range text.Depositaries {
				if host.Key != own {
					continue
				}
				names = append(names[:len(names):len(names)], host.Address)
				if now, address := f.Host(); now == host.Name {
					names = append(names, address)
				}
			}
		}
	})
	return names
}

// stranger refuses a request for a private record that nobody signed, without
// reading the record for it: strangers must not make the host work. It is
// answered as the gate would.
func (d *Depositary) stranger(w http.ResponseWriter, r *http.Request, h *hosted) bool {
	if len(r.Header.Values("Authorization")) > 0 {
		return false
	}
	about, err := d.list(h)
	if err != nil || !about.private {
		return false
	}
	d.seen.Refuse(w, r, access.ErrUnsigned)
	return true
}
