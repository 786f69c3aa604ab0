package agreement

import (
	"fmt"
	"math/big"
	"sort"
	"strings"
	"time"

	"detente/agreement/syntax"
)

// functions are the built-in functions, none of which can be a name.
var functions = map[string]bool{
	"earliest": true, "latest": true, "end_of_day": true, "all": true, "any": true, "count": true, "union": true,
}

// String names a type in messages.
func (t ValueType) String() string {
	switch t {
	case TypeBool:
		return "condition"
	case TypeInstant:
		return "instant"
	case TypeDuration:
		return "duration"
	case TypeNumber:
		return "number"
	case TypeMonths:
		return "length on the calendar"
	case TypeWord:
		return "word"
	}
	return "value"
}

func (t ValueType) a() string { return withArticle(t.String()) }

// expr types a tree and reports it unless it has the wanted type; nil after
// an error.
func (c *checker) expr(n syntax.Node, want ValueType) Expr {
	e := c.typed(n)
	if e != nil && e.Type() != want {
		c.error(CodeWrongType, n.Pos(), fmt.Sprintf("expected %s, found %s", want.a(), e.Type().a()), typeHint(e, want))
		return nil
	}
	return e
}

func typeHint(e Expr, want ValueType) string {
	switch {
	case want == TypeInstant && (e.Type() == TypeDuration || e.Type() == TypeMonths):
		return "say from when it counts, as in `entry.at + 14 days`"
	case want == TypeBool && e.Type() == TypeInstant:
		if r, ok := e.(*Ref); ok && r.Noun == nounMilestone {
			return fmt.Sprintf("write `%s.reached`", r.Name)
		}
	case want == TypeBool && e.Type() == TypeNumber:
		return "compare it, as in `stockpile <= 300 kg`"
	}
	return ""
}

// typed types a tree; nil after an error.
func (c *checker) typed(n syntax.Node) Expr {
	at := c.at(n.Pos())
	if t, mine := c.tallied(n); mine {
		return t
	}
	switch n := n.(type) {
	case *syntax.Paren:
		return c.typed(n.X)
	case *syntax.Word:
		return c.bareWord(n)
	case *syntax.Select:
		return c.selection(n)
	case *syntax.Number:
		return c.quantity(n)
	case *syntax.Date:
		return &Literal{Kind: TypeInstant, Instant: StartOfDay(n.Year, time.Month(n.Month), n.Day, c.a.Zone), Range: at}
	case *syntax.Instant:
		return &Literal{Kind: TypeInstant, Instant: Instant(n.Seconds), Range: at}
	case *syntax.Not:
		if x := c.expr(n.X, TypeBool); x != nil {
			return &Not{x, at}
		}
		return nil
	case *syntax.Binary:
		return c.binary(n)
	case *syntax.If:
		return c.conditional(n)
	case *syntax.Call:
		return c.call(n)
	}
	c.errorAt(CodeWrongType, at, fmt.Sprintf("expected a condition, an instant or a number, found %s", describe(n)), unquoted(n))
	return nil
}

// unquoted is the hint for a string where the language has literals.
func unquoted(n syntax.Node) string {
	if _, isString := n.(*syntax.String); isString {
		return "dates, numbers and names stand without quotes"
	}
	return ""
}

func (c *checker) quantity(n *syntax.Number) Expr {
	at := c.at(n.Span)
	if calendarUnits[n.Unit] {
		return c.months(n)
	}
	if _, ok := timeUnits[n.Unit]; ok {
		d, ok := c.duration(n)
		if !ok {
			return nil
		}
		return &Literal{Kind: TypeDuration, Duration: d, Range: at}
	}
	return &Literal{Kind: TypeNumber, Number: new(big.Rat).Set(n.Value), Unit: n.Unit, Range: at}
}

// bareWord types yes, no and a name that stands for its main attribute.
func (c *checker) bareWord(w *syntax.Word) Expr {
	if w.Text == "yes" || w.Text == "no" {
		return &Literal{Kind: TypeBool, Bool: w.Text == "yes", Range: c.at(w.Span)}
	}
	d := c.resolve(w, nil)
	if d == nil {
		return nil
	}
	switch d.noun {
	case nounMilestone:
		return c.ref(d, "at", w.Span, w.Span)
	case nounReading:
		return c.ref(d, "value", w.Span, w.Span)
	}
	if c.tallies == nil && tallyWords[w.Text] {
		c.error(CodeNeedsAttribute, w.Span, fmt.Sprintf("`%s` counts votes only in the rule of a decision", w.Text), "")
		return nil
	}
	c.error(CodeNeedsAttribute, w.Span, fmt.Sprintf("`%s` is %s, which has no value of its own", w.Text, withArticle(string(d.noun))), attributeHint(d.noun, w.Text))
	return nil
}

// reads says whether a question has an interpretation of that name.
func (d *decl) reads(attr string) bool {
	for _, b := range d.block.Blocks {
		if b.Name.Text == attr {
			return true
		}
	}
	return false
}

// attributeWords are what a condition can read of the block.
func (d *decl) attributeWords() []string {
	words := attributeWords(d.noun)
	if d.noun == nounQuestion {
		for _, b := range d.block.Blocks {
			words = append(words, b.Name.Text)
		}
	}
	return words
}

func attributeHint(noun Noun, name string) string {
	words := attributeWords(noun)
	if len(words) == 0 {
		return ""
	}
	return fmt.Sprintf("say which of its attributes, as in `%s.%s`: %s", name, words[0], strings.Join(words, ", "))
}

func attributeWords(noun Noun) []string {
	var words []string
	for w := range Attributes[noun] {
		words = append(words, w)
	}
	sort.Strings(words)
	return words
}

func (c *checker) selection(n *syntax.Select) Expr {
	if n.Name.Text == "agreement" {
		return c.ref(&decl{noun: nounAgreement, name: c.a.Name}, n.Attr.Text, n.Span, n.Attr.Span)
	}
	if d := c.resolve(n.Name, nil); d != nil {
		return c.ref(d, n.Attr.Text, n.Span, n.Attr.Span)
	}
	return nil
}

// ref reads an attribute; attr is where its word stands.
func (c *checker) ref(d *decl, attr string, at, attrAt syntax.Span) Expr {
	kind, ok := Attributes[d.noun][attr]
	if !ok && d.noun == nounQuestion && d.reads(attr) {
		kind, ok = TypeBool, true
	}
	if !ok {
		words := d.attributeWords()
		general := withArticle(string(d.noun)) + " has none that a condition can read"
		if len(words) > 0 {
			general = "it has " + strings.Join(words, ", ")
		}
		c.error(CodeUnknownAttribute, attrAt, fmt.Sprintf("%s has no attribute `%s`", withArticle(string(d.noun)), attr), c.suggest(attr, words, general))
		return nil
	}
	r := &Ref{Noun: d.noun, Name: d.name, Attr: attr, Kind: kind, Range: c.at(at)}
	if d.noun == nounReading && (attr == "value" || attr == "maximum") {
		r.Unit = d.values.get("unit").text
		if r.Unit == "" && attr == "maximum" {
			c.error(CodeUnknownAttribute, attrAt, fmt.Sprintf("`%s` has no unit, so it is a fact and has no maximum", d.name), "")
			return nil
		}
		if r.Unit == "" {
			r.Kind = TypeBool
		}
	}
	return r
}

func (c *checker) conditional(n *syntax.If) Expr {
	cond, then, els := c.expr(n.Cond, TypeBool), c.typed(n.Then), c.typed(n.Else)
	if cond == nil || then == nil || els == nil {
		return nil
	}
	if then.Type() != els.Type() {
		c.error(CodeWrongType, n.Else.Pos(), fmt.Sprintf("the two branches differ: %s and %s", then.Type().a(), els.Type().a()), "")
		return nil
	}
	if !c.sameUnit(then, els, n.Else.Pos()) {
		return nil
	}
	return &If{cond, then, els, c.at(n.Span)}
}

// unitOf gives the unit of a number; any branch or operand has it.
func unitOf(e Expr) string {
	switch e := e.(type) {
	case *Literal:
		return e.Unit
	case *Ref:
		return e.Unit
	case *Binary:
		if e.Op == "of" {
			return unitOf(e.Y)
		}
		return unitOf(e.X)
	case *If:
		return unitOf(e.Then)
	}
	return ""
}

func (c *checker) sameUnit(x, y Expr, at syntax.Span) bool {
	if x.Type() != TypeNumber || unitOf(x) == unitOf(y) {
		return true
	}
	name := func(e Expr) string {
		if u := unitOf(e); u != "" {
			return "`" + u + "`"
		}
		return "no unit"
	}
	c.error(CodeUnit, at, fmt.Sprintf("the numbers have different units: %s and %s", name(x), name(y)), unitHint(unitOf(x), unitOf(y)))
	return false
}

func unitHint(x, y string) string {
	switch {
	case x == "":
		return fmt.Sprintf("say of what, as in `300 %s`", y)
	case y == "":
		return fmt.Sprintf("say of what, as in `300 %s`", x)
	}
	return "nothing is converted; write both in one unit"
}

func (c *checker) binary(n *syntax.Binary) Expr {
	if n.Op == "and" || n.Op == "or" {
		x, y := c.expr(n.X, TypeBool), c.expr(n.Y, TypeBool)
		if x == nil || y == nil {
			return nil
		}
		return &Binary{n.Op, x, y, TypeBool, c.at(n.Span)}
	}
	if e, ok := c.comparedRoles(n); ok {
		return e
	}
	x, y := c.typed(n.X), c.typed(n.Y)
	if x == nil || y == nil {
		return nil
	}
	kind := resultType(n.Op, x.Type(), y.Type())
	if kind == 0 {
		hint := ""
		if n.Op == "+" && x.Type() == TypeInstant && y.Type() == TypeInstant {
			hint = "two instants are subtracted or compared"
		}
		if x.Type() == TypeInstant && y.Type() == TypeNumber {
			hint = "say of what, as in `14 days`"
		}
		c.error(CodeWrongType, n.Span, fmt.Sprintf("`%s` does not join %s and %s", n.Op, x.Type().a(), y.Type().a()), hint)
		return nil
	}
	if n.Op == "of" {
		return c.part(n, x, y)
	}
	if !c.sameUnit(x, y, n.Y.Pos()) {
		return nil
	}
	return &Binary{n.Op, x, y, kind, c.at(n.Span)}
}

// resultType is the table of operators; zero if the operator does not join
// the two types.
func resultType(op string, x, y ValueType) ValueType {
	switch op {
	case "==", "!=":
		if x == y {
			return TypeBool
		}
	case "<", "<=", ">", ">=":
		if x == y && (x == TypeInstant || x == TypeDuration || x == TypeNumber) {
			return TypeBool
		}
	case "of":
		if x == TypeNumber && y == TypeNumber {
			return x
		}
	case "+":
		if x == TypeInstant && (y == TypeDuration || y == TypeMonths) || x == y && (x == TypeDuration || x == TypeNumber) {
			return x
		}
	case "-":
		if x == TypeInstant && y == TypeInstant {
			return TypeDuration
		}
		if x == TypeInstant && (y == TypeDuration || y == TypeMonths) || x == y && (x == TypeDuration || x == TypeNumber) {
			return x
		}
	}
	return 0
}

func (c *checker) call(n *syntax.Call) Expr {
	switch n.Func.Text {
	case "earliest", "latest":
		if len(n.Args) < 2 {
			c.error(CodeArguments, n.Span, fmt.Sprintf("`%s` takes two or more instants", n.Func.Text), "")
			return nil
		}
		call := &Call{Func: n.Func.Text, Kind: TypeInstant, Range: c.at(n.Span)}
		ok := true
		for _, a := range n.Args {
			x := c.expr(a, TypeInstant)
			ok = ok && x != nil
			call.Args = append(call.Args, x)
		}
		if !ok {
			return nil
		}
		return call
	case "end_of_day":
		return c.endOfDay(n)
	case "all", "any", "count":
		return c.count(n)
	}
	var known []string
	for f := range functions {
		if f != "union" {
			known = append(known, f)
		}
	}
	sort.Strings(known)
	c.error(CodeUnknownFunction, n.Func.Span, fmt.Sprintf("there is no function `%s`", n.Func.Text), c.suggest(n.Func.Text, known, "the functions are "+strings.Join(known, ", ")))
	return nil
}

func (c *checker) endOfDay(n *syntax.Call) Expr {
	if len(n.Args) < 1 || len(n.Args) > 2 {
		c.error(CodeArguments, n.Span, "`end_of_day` takes an instant and, if it is not the agreement's, a time zone", "")
		return nil
	}
	x := c.expr(n.Args[0], TypeInstant)
	zone := &Literal{Kind: TypeWord, Word: c.a.Timezone, Range: c.at(n.Func.Span)}
	loc := c.a.Zone
	if len(n.Args) == 2 {
		s, ok := n.Args[1].(*syntax.String)
		if !ok {
			c.error(CodeArguments, n.Args[1].Pos(), fmt.Sprintf("expected a time zone in double quotes, found %s", describe(n.Args[1])), "")
			return nil
		}
		zone.Word, zone.Range = s.Value, c.at(s.Span)
		loc = c.zone(s.Value, zone.Range)
	}
	if x == nil || loc == nil {
		return nil
	}
	return &Call{Func: "end_of_day", Args: []Expr{x, zone}, Kind: TypeInstant, Zone: loc, Range: c.at(n.Span)}
}
