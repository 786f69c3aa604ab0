package mirror

import (
	"context"

	"detente/agreement"
	"detente/statement"

	"golang.org/x/mod/sumdb/tlog"
)

type inTurnKey struct{}

// InTurn has rounds under the context ask one witness after the other, in the
// goroutine that asks. That is slower, and it has one order, which a simulation
// needs.
func InTurn(ctx context.Context) context.Context { return context.WithValue(ctx, inTurnKey{}, true) }

// IsInTurn is whether a context was made by InTurn, or from one that was.
func IsInTurn(ctx context.Context) bool { return ctx.Value(inTurnKey{}) != nil }

// gatherInTurn is Gather without goroutines.
func (r *Round) gatherInTurn(ctx context.Context, n *statement.Note, note []byte, tree tlog.HashReader) (*Gathered, error) {
	lines := make([]*statement.Signature, len(r.Witnesses))
	g := &Gathered{Failed: map[agreement.Name]error{}}
	for i, w := range r.Witnesses {
		within, cancel := context.WithTimeout(ctx, r.Within)
		line, _, err := w.Cosign(within, note, tree)
		cancel()
		if err != nil {
			g.Failed[w.Name] = err
			continue
		}
		lines[i] = &line
		g.Lines++
	}
	return g, g.finish(n, lines, r.enough(lines))
}

// Temporary says of an error of Update that asking again may help: nothing was
// shown that is wrong, and the folder could be written.
func Temporary(err error) bool { return temporary(err) }
