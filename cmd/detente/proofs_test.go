package main

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"detente/record"
	"detente/simulation"
	"detente/statement"
	"detente/vault"
)

// TestStatusShowsWhoProvedItsShares lives through two intervals of a text that
// asks for proofs, in the second of which one custodian is gone.
func TestStatusShowsWhoProvedItsShares(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 40*time.Second)
	defer cancel()
	terms := simulation.DefaultTerms().Small()
	terms.Proves = "2 days"
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	w, err := simulation.New(ctx, simulation.Options{Dir: t.TempDir(), Terms: terms, Seed: t.Name()})
	must(err)
	defer w.Close()
	must(w.Begin(ctx))
	proved := func(times, but int) {
		t.Helper()
		must(w.Until(ctx, "the custodians have proved it", func(_ *record.Fold, l *vault.Ledger) bool {
			for i, c := range l.Custodies {
				if i != but && len(c.Possessed) < times {
					return false
				}
			}
			return true
		}))
	}
	later := func(by time.Duration) {
		t.Helper()
		w.Clock.Add(by)
		// A word, because a record on which nothing is said has no clock.
		_, err := w.Say(ctx, simulation.Agency, statement.ID{}, statement.DeclareBody{Text: "all is well", Documents: []statement.Document{}})
		must(err)
	}
	later(26 * time.Hour)
	proved(1, -1)
	must(w.Custodian("c2").Stop())
	later(50 * time.Hour)
	proved(2, 1)
	file, err := w.Export(ctx)
	must(err)
	path := filepath.Join(t.TempDir(), "record.detente")
	must(os.WriteFile(path, file, 0o600))

	var out, talk bytes.Buffer
	view := func(args ...string) string {
		t.Helper()
		out.Reset()
		if code := run(t.Context(), append(args, path), terminal{out: &out, err: &talk}); code != 0 {
			t.Fatalf("exit %d: %s", code, talk.String())
		}
		return out.String()
	}
	text := view("status")
	if strings.Count(text, "OVERDUE, the text wants it every 2 days") != 1 || !strings.Contains(text, "\n  c2 last proved 2 days ago that it holds its shares (entry ") ||
		strings.Count(text, " last proved less than a day ago ") != 3 {
		t.Errorf("status says\n%s", text)
	}
	var r struct {
		Vaults []struct {
			Proofs []struct {
				Seat, Days, Every int64
				Overdue           bool
			}
		}
	}
	must(json.Unmarshal([]byte(view("status", "--json")), &r))
	if p := r.Vaults[0].Proofs; len(p) != 4 || !p[1].Overdue || p[0].Overdue || p[1].Seat != 2 || p[1].Days != 2 || p[1].Every != 2*24*60*60 {
		t.Errorf("--json: %+v", p)
	}
}
