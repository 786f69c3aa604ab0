package machine

import (
	"math/big"
	"testing"
	"time"

	"detente/agreement"
)

const day = agreement.Duration(24 * 60 * 60)

// at reads an instant such as 2021-05-24 or 2021-05-24T00:00:01Z, in UTC.
func at(s string) agreement.Instant {
	for _, form := range []string{time.RFC3339, time.DateOnly} {
		if t, err := time.Parse(form, s); err == nil {
			return agreement.Instant(t.Unix())
		}
	}
	panic("no instant: " + s)
}

func named(noun agreement.Noun, name string) agreement.Block {
	return agreement.Block{Noun: noun, Name: agreement.Name(name)}
}

func ref(noun agreement.Noun, path ...string) *agreement.Ref {
	return &agreement.Ref{Noun: noun, Name: agreement.Name(path[0]), Attr: path[1], Kind: agreement.Attributes[noun][path[1]]}
}

func date(t agreement.Instant) agreement.Expr {
	return &agreement.Literal{Kind: agreement.TypeInstant, Instant: t}
}

func span(d agreement.Duration) agreement.Expr {
	return &agreement.Literal{Kind: agreement.TypeDuration, Duration: d}
}

func number(text, unit string) agreement.Expr {
	q, _ := new(big.Rat).SetString(text)
	return &agreement.Literal{Kind: agreement.TypeNumber, Number: q, Unit: unit}
}

func op(x agreement.Expr, op string, y agreement.Expr) agreement.Expr {
	kind := agreement.TypeBool
	if op == "+" || op == "-" {
		kind = x.Type()
	}
	return &agreement.Binary{Op: op, X: x, Y: y, Kind: kind}
}

func not(x agreement.Expr) agreement.Expr { return &agreement.Not{X: x} }

// cameras is the agreement of the model case.
func cameras() *agreement.Agreement {
	return &agreement.Agreement{
		Name: "cameras", Version: 1, Zone: time.UTC, Timezone: "UTC", ProofWindow: 3600,
		Parties: []*agreement.Party{
			{Block: named("party", "iran"), Signs: true},
			{Block: named("party", "iaea"), Signs: true},
			{Block: named("party", "us")},
		},
		Measures: []*agreement.Measure{{Block: named("measure", "us-sanctions"), By: "us", Against: []agreement.Name{"iran"}, InForce: true}},
		Commitments: []*agreement.Commitment{{Block: named("commitment", "lift-sanctions"), By: "us", To: []agreement.Name{"iran"}, Form: agreement.Do,
			What: ref("measure", "us-sanctions", "lifted"), Due: ref("vault", "footage", "closes"),
			Report: []agreement.Name{"iran", "iaea"},
			Verify: &agreement.Verify{By: []agreement.Name{"iran"}, Within: 14 * day, SilenceAccepts: true}}},
		Vaults: []*agreement.Vault{{Block: named("vault", "footage"), Host: "iran", OpensTo: []agreement.Name{"iaea"},
			OpensIf: ref("commitment", "lift-sanctions", "fulfilled"), Closes: date(at("2021-05-24")),
			Pending: "hold", Else: "erase", HoldAtMost: 30 * day, HoldThen: "erase"}},
	}
}

// signed is a started state of a in which everybody who signs has signed.
func signed(t *testing.T, a *agreement.Agreement) *State {
	t.Helper()
	s := Compile(a).Start()
	for _, p := range a.Parties {
		if p.Signs {
			apply(t, s, Act{At: at("2021-02-23"), By: p.Name, Verb: Sign})
		}
	}
	return s
}

// apply applies an act that must have an effect, after the deadlines before it.
func apply(t *testing.T, s *State, a Act) {
	t.Helper()
	s.Drive(a.At - 1)
	if v := s.Apply(a); !v.Effect {
		t.Fatalf("%s: %s %s %s: %s", a.At, a.By, a.Verb, a.Subject, v.Reason)
	}
}

// status is the word of a block's status now.
func status(s *State, name string) string {
	b := s.m.byName[agreement.Name(name)]
	for i := range s.m.fluents {
		if f := &s.m.fluents[i]; f.block == b && f.words != nil {
			return f.words[s.values[i]]
		}
	}
	return ""
}
