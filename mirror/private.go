package mirror

import (
	"net/http"

	"detente/agreement"
	"detente/mirror/access"
	"detente/record"
	"detente/statement"
)

// guard keeps the copy of a private record for those who may read the record,
// by the keys that the copy itself has for them; paths begin with the
// agreement's id. As at the depositary everybody may read its checkpoints. Who
// asks from this machine is no exception: anybody's program runs there, and so
// does a proxy in front. names are those of the host that serves the copy.
func (f *Follower) guard(next http.Handler, names []string) http.Handler {
	if !f.agreement.Private {
		return next
	}
	g := access.Gate{
		Agreement: f.agreement.ID,
		Keys: func(name agreement.Name) (keys []statement.PublicKey) {
			f.With(func(fold *record.Fold) { keys = fold.ReadKeys(name) })
			return keys
		},
		Open:  access.Checkpoints("/" + f.agreement.ID.String()),
		Names: func() []string { return names },
	}
	return g.Wrap(next)
}
