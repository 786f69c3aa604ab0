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
		Open: access.Checkpoints(""),
	}
	return g.Wrap(next)
}
