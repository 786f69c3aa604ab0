package httpserve

import (
	"context"
	"net/http"
)

// What a request costs its sender's rate besides the one that each does, if it
// gives more work than others of its kind. A read is a file or a few hashes; a
// write a signature among many and a share of a sync.
const (
	// CostPage is of a page: the standing is worked out and told in words.
	CostPage = 3
	// CostOpening is of what has to be read from the disk and judged first, with
	// CostEntry for each entry: some 25 us of a core, so that one address can
	// have half of two cores judge for it.
	CostOpening = 10
	CostEntry   = 0.1
	// CostMiB is of each MiB that is written and synced as it comes: one address has
	// 16 MiB a second written.
	CostMiB = 32
	// CostRefused is of a write whose bytes are at fault; CostSignature of one with
	// a bad signature, which is verified alone once those beside it are found
	// good, and keeps them waiting.
	CostRefused   = 1
	CostSignature = 9
)

// A tab is where the costs of one request go.
type tab struct {
	meter *meter
	from  origin
	kind  int
}

type tabKey struct{}

// Charge takes more from the rates of whoever made a request, by its context. The
// request is answered all the same; later ones wait. Nobody owes more than he
// could have saved, so whoever asks nothing for twice Burst owes nothing. In a
// context of no request it does nothing.
func Charge(ctx context.Context, more float64) {
	t, ok := ctx.Value(tabKey{}).(tab)
	if !ok {
		return
	}
	t.meter.charge(t.from, t.kind, more)
}

// charge takes more from the rates of an address and its neighbourhood, without
// asking whether there is any.
func (m *meter) charge(from origin, kind int, more float64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := m.now()
	m.hoods.charge(m.hoods.find(from.hood, now), kind, more)
	m.addresses.charge(m.addresses.find(from.address, now), kind, more)
}

func (b *buckets) charge(c *bucket, kind int, more float64) {
	c.left[kind] = max(c.left[kind]-more, -b.rates[kind]*b.burst)
}

// tabbed is a request whose costs go to a tab.
func (m *meter) tabbed(r *http.Request, from origin, kind int) *http.Request {
	return r.WithContext(context.WithValue(r.Context(), tabKey{}, tab{m, from, kind}))
}
