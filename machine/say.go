package machine

import (
	"fmt"
	"math/big"
	"strings"

	"detente/agreement"
)

// say writes an expression in the words of the language.
func say(e agreement.Expr) string { return saying(e, 0) }

// binding says how tightly an operator binds, as the language's grammar has it.
func binding(op string) int {
	switch op {
	case "or":
		return 1
	case "and":
		return 2
	case "+", "-":
		return 5
	}
	return 4
}

func saying(e agreement.Expr, around int) string {
	var text string
	own := 9
	switch e := e.(type) {
	case nil:
		return ""
	case *agreement.Literal:
		return sayLiteral(e)
	case *agreement.Ref:
		return string(e.Name) + "." + e.Attr
	case *agreement.Not:
		own = 3
		text = "not " + saying(e.X, own)
	case *agreement.Binary:
		own = binding(e.Op)
		text = saying(e.X, own) + " " + e.Op + " " + saying(e.Y, own+1)
	case *agreement.If:
		own = 0
		text = "if " + say(e.Cond) + " then " + say(e.Then) + " else " + say(e.Else)
		if around > 0 {
			return "(" + text + ")"
		}
	case *agreement.Call:
		if e.Func == "end_of_day" {
			return e.Func + "(" + say(e.Args[0]) + ")"
		}
		return e.Func + "(" + sayAll(e.Args) + ")"
	case *agreement.Count:
		return e.Func + "(" + sayAll(e.Of) + ")"
	}
	if own < around {
		return "(" + text + ")"
	}
	return text
}

func sayAll(of []agreement.Expr) string {
	parts := make([]string, len(of))
	for i, e := range of {
		parts[i] = say(e)
	}
	return strings.Join(parts, ", ")
}

func sayLiteral(e *agreement.Literal) string {
	switch e.Kind {
	case agreement.TypeBool:
		if e.Bool {
			return "yes"
		}
		return "no"
	case agreement.TypeInstant:
		return e.Instant.String()
	case agreement.TypeDuration:
		return sayDuration(e.Duration)
	case agreement.TypeNumber:
		return strings.TrimSpace(sayNumber(e.Number) + " " + e.Unit)
	}
	return e.Word
}

func sayDuration(d agreement.Duration) string {
	unit := func(n agreement.Duration, one string) string {
		if n == 1 {
			return "1 " + one
		}
		return fmt.Sprintf("%d %ss", n, one)
	}
	switch {
	case d%(24*60*60) == 0 && d != 0:
		return unit(d/(24*60*60), "day")
	case d%(60*60) == 0 && d != 0:
		return unit(d/(60*60), "hour")
	case d%60 == 0 && d != 0:
		return unit(d/60, "minute")
	}
	return unit(d, "second")
}

// sayNumber is exact: a decimal if there is one, else a fraction.
func sayNumber(q *big.Rat) string {
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

// sayBlock names a block as a sentence does: its name, and its clause if it
// has one.
func sayBlock(b agreement.Block) string {
	if b.Clause == "" {
		return string(b.Name)
	}
	return string(b.Name) + " (clause " + b.Clause + ")"
}
