package agreement

import (
	"math/big"
	"strings"
	"time"
)

// A speaker writes expressions in the words of the language.
type speaker struct {
	zone  *time.Location // a midnight there is a bare date; nil: instants in UTC
	names map[Name]Name  // what blocks are called here, where it differs from the text
	exact bool           // nothing is left out that has a meaning
}

// Say writes an expression in the words of the language, instants in UTC.
func Say(e Expr) string { return speaker{}.say(e) }

func (p speaker) say(e Expr) string { return p.saying(e, 0) }

func (p speaker) name(n Name) Name {
	if other, ok := p.names[n]; ok {
		return other
	}
	return n
}

// binding says how tightly an operator binds, as the language's grammar has it.
func binding(op string) int {
	switch op {
	case "or":
		return 1
	case "and":
		return 2
	case "+", "-":
		return 5
	case "of":
		return 6
	}
	return 4
}

func (p speaker) saying(e Expr, around int) string {
	var text string
	own := 9
	switch e := e.(type) {
	case nil:
		return ""
	case *Literal:
		return p.literal(e)
	case *Ref:
		return string(p.name(e.Name)) + "." + e.Attr
	case *Not:
		own = 3
		text = "not " + p.saying(e.X, own)
	case *Binary:
		own = binding(e.Op)
		text = p.saying(e.X, own) + " " + e.Op + " " + p.saying(e.Y, own+1)
	case *If:
		own = 0
		text = "if " + p.say(e.Cond) + " then " + p.say(e.Then) + " else " + p.say(e.Else)
		if around > 0 {
			return "(" + text + ")"
		}
	case *Call:
		if e.Func == "end_of_day" {
			if p.exact && e.Zone != nil {
				return e.Func + "(" + p.say(e.Args[0]) + ", " + e.Zone.String() + ")"
			}
			return e.Func + "(" + p.say(e.Args[0]) + ")"
		}
		return e.Func + "(" + p.all(e.Args) + ")"
	case *Tally:
		return p.tally(e)
	case *Count:
		return e.Func + "(" + p.all(e.Of) + ")"
	}
	if own < around {
		return "(" + text + ")"
	}
	return text
}

func (p speaker) all(of []Expr) string {
	parts := make([]string, len(of))
	for i, e := range of {
		parts[i] = p.say(e)
	}
	return strings.Join(parts, ", ")
}

func (p speaker) literal(e *Literal) string {
	switch e.Kind {
	case TypeBool:
		if e.Bool {
			return "yes"
		}
		return "no"
	case TypeInstant:
		return p.instant(e.Instant)
	case TypeDuration:
		return e.Duration.String()
	case TypeMonths:
		return SayMonths(e.Months)
	case TypeNumber:
		return strings.TrimSpace(SayNumber(e.Number) + " " + e.Unit)
	}
	return e.Word
}

// instant is a bare date where a day of the zone begins.
func (p speaker) instant(t Instant) string {
	if p.zone == nil || p.exact {
		return t.String()
	}
	clock := time.Unix(int64(t), 0).In(p.zone)
	if StartOfDay(clock.Year(), clock.Month(), clock.Day(), p.zone) == t {
		return clock.Format(time.DateOnly)
	}
	return t.String()
}

// SayNumber writes a number exactly: a decimal if there is one, else a fraction.
func SayNumber(q *big.Rat) string {
	if q.IsInt() {
		return q.Num().String()
	}
	rest, places := new(big.Int).Set(q.Denom()), 0
	for _, p := range []int64{2, 5} {
		n, r := 0, new(big.Int)
		for {
			quotient, remainder := new(big.Int).QuoRem(rest, big.NewInt(p), r)
			if remainder.Sign() != 0 {
				break
			}
			rest = quotient
			n++
		}
		places = max(places, n)
	}
	if rest.IsInt64() && rest.Int64() == 1 && places <= maxPlaces {
		return q.FloatString(places)
	}
	return q.RatString()
}

func (p speaker) tally(e *Tally) string {
	text := e.What
	switch {
	case e.Weighted && e.Within != "":
		return "weight(" + text + ", " + string(p.name(e.Within)) + ")"
	case e.Weighted:
		return "weight(" + text + ")"
	case e.Within != "":
		return text + "(" + string(p.name(e.Within)) + ")"
	}
	return text
}
