package syntax

import (
	"math/big"
	"time"
)

// value reads an object, a list or an expression.
func (p *parser) value() (Node, bool) {
	switch {
	case p.is("{"):
		return p.object()
	case p.is("["):
		return p.list()
	}
	return p.expr()
}

// bracketed reads elements up to the closing bracket, separated by commas; a
// comma may follow the last one.
func (p *parser) bracketed(close string, element func() bool) (Span, bool) {
	open := p.cur().Span
	if !p.enter(open) {
		return open, false
	}
	p.advance()
	p.nest++
	for !p.is(close) {
		if !element() {
			return open, false
		}
		if p.is(",") {
			p.advance()
		} else if !p.is(close) {
			p.expected("`,` or `"+close+"`", "")
			return open, false
		}
	}
	end := p.advance().End
	p.nest--
	p.depth--
	return Span{open.Start, end}, true
}

func (p *parser) object() (Node, bool) {
	o := &Object{}
	var ok bool
	o.Span, ok = p.bracketed("}", func() bool {
		f, ok := p.field()
		o.Fields = append(o.Fields, f)
		return ok && p.count(f.Span)
	})
	return o, ok
}

func (p *parser) list() (Node, bool) {
	l := &List{}
	var ok bool
	l.Span, ok = p.bracketed("]", func() bool {
		v, ok := p.value()
		l.Elems = append(l.Elems, v)
		return ok
	})
	return l, ok
}

// expr reads `if` or a condition.
func (p *parser) expr() (Node, bool) {
	if !p.is("if") {
		return p.logical()
	}
	start := p.advance()
	if !p.enter(start.Span) {
		return nil, false
	}
	n := &If{}
	var ok bool
	if n.Cond, ok = p.expr(); !ok {
		return nil, false
	}
	if _, ok = p.expect("then", "write `if ... then ... else ...`"); !ok {
		return nil, false
	}
	if n.Then, ok = p.expr(); !ok {
		return nil, false
	}
	if _, ok = p.expect("else", "write `if ... then ... else ...`"); !ok {
		return nil, false
	}
	if n.Else, ok = p.expr(); !ok {
		return nil, false
	}
	n.Span = Span{start.Start, n.Else.Pos().End}
	p.depth--
	return n, true
}

// logical reads conditions joined by all `and` or all `or`: readers disagree
// about which of the two binds first, so mixing them takes parentheses.
func (p *parser) logical() (Node, bool) {
	x, ok := p.negation()
	first := ""
	for ok && (p.is("and") || p.is("or")) {
		t := p.advance()
		op := p.text(t)
		if first == "" {
			first = op
		}
		if op != first {
			p.fail("and-or", t.Span, "`and` and `or` are mixed without parentheses", "put parentheses around the part that belongs together")
			return nil, false
		}
		x, ok = p.binary(x, op, t, p.negation)
	}
	return x, ok
}

func (p *parser) binary(x Node, op string, t Token, operand func() (Node, bool)) (Node, bool) {
	p.skipNewlines() // an operator at the end of a line continues it
	y, ok := operand()
	if !ok || !p.count(t.Span) {
		return nil, false
	}
	return &Binary{Span{x.Pos().Start, y.Pos().End}, op, x, y}, true
}

func (p *parser) negation() (Node, bool) {
	if !p.is("not") {
		return p.comparison()
	}
	t := p.advance()
	if !p.enter(t.Span) {
		return nil, false
	}
	x, ok := p.negation()
	if !ok {
		return nil, false
	}
	p.depth--
	return &Not{Span{t.Start, x.Pos().End}, x}, true
}

func (p *parser) isComparison() bool {
	for _, op := range []string{"==", "!=", "<", "<=", ">", ">="} {
		if p.is(op) {
			return true
		}
	}
	return false
}

func (p *parser) comparison() (Node, bool) {
	x, ok := p.sum()
	if !ok || !p.isComparison() {
		return x, ok
	}
	t := p.advance()
	if x, ok = p.binary(x, p.text(t), t, p.sum); ok && p.isComparison() {
		p.fail("comparison-chain", p.cur().Span, "a comparison has two sides", "join two comparisons with `and`")
		return nil, false
	}
	return x, ok
}

func (p *parser) sum() (Node, bool) {
	x, ok := p.share()
	for ok && (p.is("+") || p.is("-")) {
		t := p.advance()
		x, ok = p.binary(x, p.text(t), t, p.share)
	}
	return x, ok
}

// share reads an operand, or a part of one, as in `2/3 of members`.
func (p *parser) share() (Node, bool) {
	x, ok := p.operand()
	if !ok || !p.is("of") {
		return x, ok
	}
	return p.binary(x, "of", p.advance(), p.operand)
}

// operand reads a literal, a name, a call or a parenthesis.
func (p *parser) operand() (Node, bool) {
	t := p.cur()
	if !p.count(t.Span) {
		return nil, false
	}
	switch {
	case t.Kind == NumberKind:
		return p.quantity(false)
	case t.Kind == Op && p.text(t) == "-" && p.ahead(1).Kind == NumberKind:
		p.advance()
		return p.quantity(true)
	case t.Kind == StringKind:
		p.advance()
		return &String{t.Span, unquote(p.text(t))}, true
	case t.Kind == DateKind:
		p.advance()
		y, m, d := dateOf(p.text(t))
		return &Date{t.Span, y, m, d}, true
	case t.Kind == InstantKind:
		p.advance()
		at, err := time.Parse(time.RFC3339, p.text(t))
		if err != nil { // reported by the lexer
			at = time.Unix(0, 0)
		}
		return &Instant{t.Span, at.Unix()}, true
	case p.is("("):
		return p.paren()
	case p.is("%"): // the unit, where a unit is asked for
		p.advance()
		return &Word{t.Span, "%"}, true
	case p.is("if"):
		p.expected("a value", "put parentheses around `if ... then ... else ...` inside an expression")
		return nil, false
	case t.Kind == WordKind && (!IsKeyword(p.text(t)) || p.is("yes") || p.is("no")):
		return p.name()
	}
	p.expected("a value", "")
	return nil, false
}

func (p *parser) paren() (Node, bool) {
	open := p.cur().Span
	if !p.enter(open) {
		return nil, false
	}
	p.advance()
	p.nest++
	x, ok := p.expr()
	if !ok {
		return nil, false
	}
	end, ok := p.expect(")", "")
	if !ok {
		return nil, false
	}
	p.nest--
	p.depth--
	return &Paren{Span{open.Start, end.End}, x}, true
}

// quantity reads a number and the unit that may follow it.
func (p *parser) quantity(negative bool) (Node, bool) {
	t := p.advance()
	n := &Number{Span: t.Span, Text: p.text(t)}
	n.Value = new(big.Rat)
	if len(n.Text) <= MaxDigits {
		if _, ok := n.Value.SetString(n.Text); !ok { // reported by the lexer
			n.Value = new(big.Rat)
		}
	}
	if negative {
		n.Value.Neg(n.Value)
		n.Start = p.toks[p.pos-2].Start
		n.Text = "-" + n.Text
	}
	u := p.cur()
	if u.Kind == WordKind && !IsKeyword(p.text(u)) && p.text(u) != "of" || p.is("%") {
		p.advance()
		n.Unit, n.UnitSpan, n.End = p.text(u), u.Span, u.End
	}
	return n, true
}

// name reads a word, `name.attribute` or a call.
func (p *parser) name() (Node, bool) {
	w, ok := p.word("a name")
	if !ok {
		return nil, false
	}
	if next := p.toks[p.pos]; next.Kind != Op {
		return w, true
	} else if p.text(next) == "." {
		p.advance()
		attr, ok := p.word("an attribute after the dot")
		if !ok {
			return nil, false
		}
		return &Select{Span{w.Start, attr.End}, w, attr}, true
	} else if p.text(next) != "(" {
		return w, true
	}
	c := &Call{Func: w}
	at, ok := p.bracketed(")", func() bool {
		v, ok := p.value()
		c.Args = append(c.Args, v)
		return ok
	})
	c.Span = Span{w.Start, at.End}
	return c, ok
}
