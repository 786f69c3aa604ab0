package machine

import (
	"testing"

	"detente/agreement"
)

func TestSay(t *testing.T) {
	x, y := ref("commitment", "x", "fulfilled"), ref("measure", "m", "lifted")
	for want, e := range map[string]agreement.Expr{
		"":                                  nil,
		"not (x.fulfilled and m.lifted)":    not(op(x, "and", y)),
		"x.fulfilled and not m.lifted":      op(x, "and", not(y)),
		"(x.fulfilled or m.lifted) and yes": op(op(x, "or", y), "and", &agreement.Literal{Kind: agreement.TypeBool, Bool: true}),
		"x.done_at + 14 days < y.due":       op(op(ref("commitment", "x", "done_at"), "+", span(14*day)), "<", ref("commitment", "y", "due")),
		"r.value <= 3.67 %":                 op(ref("reading", "r", "value"), "<=", number("3.67", "%")),
		"1/3 > 0":                           op(number("1/3", ""), ">", number("0", "")),
		"earliest(x.due, 2021-05-24T00:00:00Z)": &agreement.Call{Func: "earliest", Kind: agreement.TypeInstant,
			Args: []agreement.Expr{ref("commitment", "x", "due"), date(at("2021-05-24"))}},
		"(if m.lifted then yes else no) or x.fulfilled": op(&agreement.If{Cond: y, Then: &agreement.Literal{Kind: agreement.TypeBool, Bool: true},
			Else: &agreement.Literal{Kind: agreement.TypeBool}}, "or", x),
		"all(x.fulfilled, m.lifted)": &agreement.Count{Func: "all", Of: []agreement.Expr{x, y}},
	} {
		if got := say(e); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	for want, d := range map[string]agreement.Duration{"1 day": day, "36 hours": 36 * 3600, "90 minutes": 5400, "1 second": 1, "0 seconds": 0} {
		if got := d.String(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

// TestSums: a time too far to count is one that never comes.
func TestSums(t *testing.T) {
	s := Compile(cameras()).Start()
	const most = agreement.Instant(never)
	for _, c := range []struct {
		x    agreement.Instant
		op   string
		y    agreement.Duration
		want agreement.Instant
	}{
		{most - 2, "+", 1, most - 1}, {most - 1, "+", 1, most}, {most - 1, "+", 2, most}, {-most, "-", 1, -most - 1},
		{-most, "-", 2, most}, {0, "-", agreement.Duration(-most - 1), most}, {5, "-", 7, -2},
	} {
		if got := s.date(s.m.expr(op(date(c.x), c.op, span(c.y)))); got != c.want {
			t.Errorf("%d %s %d = %d, want %d", c.x, c.op, c.y, got, c.want)
		}
	}
	e := s.m.expr(op(op(number("1/3", ""), "+", number("1/6", "")), "==", number("1/2", "")))
	if !s.true(e) {
		t.Error("1/3 + 1/6 is not 1/2")
	}
	e = s.m.expr(op(op(number("1/3", ""), "-", number("1/6", "")), "<", number("0", "")))
	if s.true(e) {
		t.Error("1/3 - 1/6 is below 0")
	}
}

// TestCauses: the log names rules and fluents, and says what did it.
func TestCauses(t *testing.T) {
	s := signed(t, cameras())
	s.Drive(at("2021-05-24"))
	causes := s.Causes()
	last := causes[len(causes)-1]
	if s.m.FluentName(last.Fluent) != "footage.decided_at" || last.Entry != -1 || last.At != at("2021-05-24") || last.From != "not known" ||
		s.m.RuleWords(last.Rule) != "the condition is not true at the close" || last.Previous != -1 {
		t.Errorf("the last cause is %+v: %s", last, s.m.FluentName(last.Fluent))
	}
	if got := causes[0]; s.m.FluentName(got.Fluent) != "iran.signed" || got.From != "false" || got.To != "true" || got.Entry != 0 {
		t.Errorf("the first cause is %+v", got)
	}
	if got, ok := s.Closes("footage"); !ok || got != at("2021-05-24") {
		t.Errorf("closes %v %v", got, ok)
	}
	if got, ok := s.InForce(); !ok || got != at("2021-02-23") || !s.Fired() {
		t.Errorf("in force %v %v, fired %v", got, ok, s.Fired())
	}
}
