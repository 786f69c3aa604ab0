package agreement

import (
	"fmt"
	"math/big"
	"time"

	"detente/agreement/syntax"
)

// Months and years have no fixed length: they are counted on the calendar from
// an instant, on the clocks of the agreement's zone.

// AddMonths is the same time of day on the same day of the month n months on
// (or back), on the clocks of a zone; the start of a day stays the start of a
// day. Where that month has no such day it is its last day, or with nextDay the
// first of the month after it.
func AddMonths(t Instant, n int, zone *time.Location, nextDay bool) Instant {
	clock := time.Unix(int64(t), 0).In(zone)
	y, m, d := clock.Date()
	first := time.Date(y, m+time.Month(n), 1, 0, 0, 0, 0, time.UTC)
	last := first.AddDate(0, 1, -1).Day()
	switch {
	case d <= last:
	case nextDay:
		first, d = first.AddDate(0, 1, 0), 1
	default:
		d = last
	}
	if StartOfDay(y, m, clock.Day(), zone) == t {
		return StartOfDay(first.Year(), first.Month(), d, zone)
	}
	return Instant(time.Date(first.Year(), first.Month(), d, clock.Hour(), clock.Minute(), clock.Second(), 0, zone).Unix())
}

// sameDay says whether the month n months on has the day of the month of t.
func sameDay(t Instant, n int, zone *time.Location) bool {
	return AddMonths(t, n, zone, false) == AddMonths(t, n, zone, true)
}

// months reads a number of months or years.
func (c *checker) months(n *syntax.Number) Expr {
	per := int64(1)
	if n.Unit == "year" || n.Unit == "years" {
		per = 12
	}
	whole := new(big.Rat).Mul(n.Value, big.NewRat(per, 1))
	if !whole.IsInt() || whole.Sign() < 0 || whole.Cmp(big.NewRat(maxMonths, 1)) > 0 {
		c.error(CodeOutOfRange, n.Span, fmt.Sprintf("months and years are counted whole, up to %d years", maxMonths/12), "")
		return nil
	}
	return &Literal{Kind: TypeMonths, Months: int(whole.Num().Int64()), Range: c.at(n.Span)}
}

// SayMonths is a number of months as the text would write it.
func SayMonths(n int) string {
	switch {
	case n == 12:
		return "1 year"
	case n%12 == 0:
		return fmt.Sprintf("%d years", n/12)
	case n == 1:
		return "1 month"
	}
	return fmt.Sprintf("%d months", n)
}

// soundMonths refuses months counted to a day that is not there, unless the
// agreement says which day is then meant.
func (c *checker) soundMonths(x *index) {
	if c.a.MonthEnd != "" {
		return
	}
	c.eachExpr(x, func(e Expr) { c.monthsIn(x, e) })
}

func (c *checker) monthsIn(x *index, e Expr) {
	switch e := e.(type) {
	case *Not:
		c.monthsIn(x, e.X)
	case *If:
		c.monthsIn(x, e.Cond)
		c.monthsIn(x, e.Then)
		c.monthsIn(x, e.Else)
	case *Call:
		for _, a := range e.Args {
			c.monthsIn(x, a)
		}
	case *Binary:
		c.monthsIn(x, e.X)
		c.monthsIn(x, e.Y)
		l, ok := e.Y.(*Literal)
		if !ok || l.Kind != TypeMonths {
			return
		}
		n := l.Months
		if e.Op == "-" {
			n = -n
		}
		const remedy = "say it in the agreement block: `month_end = last-day` (31 January + 1 month is the last of February) or `month_end = next-day` (it is 1 March)"
		switch at, known := x.instant(e.X); {
		case !known:
			c.errorAt(CodeMonthEnd, l.Range, fmt.Sprintf("%s from an instant that is not known yet may come to a day that its month does not have", SayMonths(l.Months)), remedy)
		case !sameDay(at, n, c.a.Zone):
			c.errorAt(CodeMonthEnd, l.Range, fmt.Sprintf("%s from %s comes to a day that its month does not have", SayMonths(l.Months), at), remedy)
		}
	}
}
