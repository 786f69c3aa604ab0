package agreement

import (
	"fmt"
	"math/big"
	"strings"

	"detente/agreement/syntax"
)

func (c *checker) buildBody(d *decl, b Block) {
	body := &Body{Block: b, Members: d.names("members"), Base: d.text("base"), Vetoes: d.names("vetoes"),
		Report: d.values.get("reported").fields.get("by").names}
	if body.Base == "" {
		body.Base = c.baseOf(d)
	}
	if body.Base == "" && !d.given("base") && d.values.has("members") {
		c.error(CodeNoBase, d.nameSpan(), fmt.Sprintf("the body `%s` is counted but does not say of which membership", d.name), "add `base = frozen` (one who withdraws still counts) or `base = follows`")
	}
	c.onlyMembers(body, d.values["vetoes"])
	body.Weights = make([]int64, len(body.Members))
	weights := d.values["weights"]
	for i := range body.Weights {
		body.Weights[i] = 1
		if weights == nil {
			continue
		}
		body.Weights[i] = weights.weights["default"]
		if w, ok := weights.weights[string(body.Members[i])]; ok {
			body.Weights[i] = w
		} else if _, ok := weights.weights["default"]; !ok {
			c.errorAt(CodeMissingAttribute, weights.at, fmt.Sprintf("`weights` lacks `%s`", body.Members[i]), "name every member, or add `default = 1`")
		}
	}
	if weights != nil {
		for _, n := range weights.names {
			if !containsName(body.Members, n) {
				c.errorAt(CodeNotMember, weights.at, fmt.Sprintf("`%s` is no member of `%s`", n, d.name), "")
			}
		}
	}
	c.a.Bodies = append(c.a.Bodies, body)
}

// baseOf is the base of the one group that a body's members are.
func (c *checker) baseOf(d *decl) string {
	for _, f := range d.block.Fields {
		w, ok := f.Value.(*syntax.Word)
		if f.Name.Text != "members" || !ok {
			continue
		}
		if g := c.byName[Name(w.Text)]; g != nil && g.noun == nounGroup {
			return g.text("base")
		}
	}
	return ""
}

// onlyMembers reports names that are none of the body's members.
func (c *checker) onlyMembers(body *Body, v *value) {
	if v == nil {
		return
	}
	for i, n := range v.names {
		if !containsName(body.Members, n) && !c.fromRole(n) {
			c.errorAt(CodeNotMember, v.places[i], fmt.Sprintf("`%s` is no member of `%s`", n, body.Name), "its members are "+clip(sentence(body.Members)))
		}
	}
}

// weightsValue reads `{ default = 1, germany = 29 }`: names of any members.
func (c *checker) weightsValue(v *value) bool {
	o, ok := v.node.(*syntax.Object)
	if !ok {
		return c.wrong(v, "weights in braces, as in `{ default = 1, germany = 29 }`")
	}
	before := c.errors
	v.weights = make(map[string]int64)
	spec := &AttributeSpec{Name: "weights", Low: 0, High: maxNumber}
	for _, f := range o.Fields {
		w := &value{node: f.Value, at: c.at(f.Value.Pos())}
		if _, twice := v.weights[f.Name.Text]; twice {
			c.error(CodeDuplicateAttribute, f.Name.Span, fmt.Sprintf("`%s` is given twice", f.Name.Text), "keep one of them")
			continue
		}
		if f.Name.Text != "default" {
			if c.resolve(f.Name, []Noun{nounParty}) == nil {
				continue
			}
			v.names = append(v.names, Name(f.Name.Text))
		}
		if c.wholeValue(w, spec) {
			v.weights[f.Name.Text] = w.number
		}
	}
	return c.errors == before
}

func (c *checker) buildDecision(d *decl, b Block) {
	x := &Decision{Block: b, By: d.name1("by"), Within: d.values.duration("within", 0), Excludes: d.names("excludes"),
		Opens: c.optional(d, "opens", TypeBool), Closes: c.optional(d, "closes", TypeInstant)}
	body := c.bodyNamed(x.By)
	if body != nil {
		c.onlyMembers(body, d.values["excludes"])
		x.Rule, x.Stops = c.rule(body, d.values["rule"]), c.rule(body, d.values["stops"])
		if e := d.values["extends"]; e != nil {
			x.Extends = c.extension(e)
		}
	}
	if d.given("within") && d.given("closes") {
		c.errorAt(CodeConflict, d.values.get("closes").label, "a decision has only one of `within` or `closes`", "remove one of them")
	}
	c.decisionForm(d)
	c.a.Decisions = append(c.a.Decisions, x)
	c.buildDrafts(d, x)
}

// decisionForm is what a decision must say to have a meaning.
func (c *checker) decisionForm(d *decl) {
	name, silence := d.nameSpan(), d.values["silence"]
	stops, rule := d.given("stops"), d.given("rule")
	if !stops && !rule {
		c.error(CodeMissingAttribute, name, fmt.Sprintf("decision %s lacks `rule` or `stops`", d.name), "say what carries it, as in `rule = yes >= 9`, or what stops it")
	}
	timed := d.given("within") || d.given("closes")
	switch {
	case silence == nil:
	case stops && silence.text != "carried":
		c.errorAt(CodeConflict, silence.at, "with `stops` silence carries: it goes ahead unless it is stopped", "write `silence = carried`, or say with `rule` what carries it")
	case !stops && rule && silence.text == "carried":
		c.errorAt(CodeConflict, silence.at, "with `rule` alone silence does not carry", "say what stops it, as in `stops = no >= 1`, or write `silence = not-carried`")
	}
	if !timed && stops {
		c.error(CodeNoDeadline, name, fmt.Sprintf("decision %s never closes, so silence can never carry it", d.name), "add `within = ...` or `closes = ...`")
	}
	if v := d.values["extends"]; v != nil && !timed {
		c.errorAt(CodeConflict, v.label, "what never closes cannot be put off", "add `within = ...` or `closes = ...`")
	}
}

// bodyNamed reads a body ahead of its place in the text; nil if there is none,
// which is reported where it is named.
func (c *checker) bodyNamed(n Name) *Body {
	for _, b := range c.a.Bodies {
		if b.Name == n {
			return b
		}
	}
	return nil
}

func (c *checker) extension(v *value) *Extension {
	e := &Extension{By: v.fields.get("by").name1(), Times: v.fields.whole("times"), AtMost: v.fields.duration("at_most", 0), Range: v.at}
	if body := c.bodyNamed(e.By); body != nil {
		e.Rule = c.rule(body, v.fields["rule"])
	}
	return e
}

// rule types the rule of a vote of a body; nil if there is none, or after an error.
func (c *checker) rule(body *Body, v *value) Expr {
	if v == nil {
		return nil
	}
	c.tallies = body
	defer func() { c.tallies = nil }()
	if w, ok := v.node.(*syntax.Word); ok {
		at := c.at(w.Span)
		tally := func(what string) Expr { return &Tally{What: what, Of: body, Range: at} }
		whole := func(n int64) Expr { return &Literal{Kind: TypeNumber, Number: big.NewRat(n, 1), Range: at} }
		all := func(x, y Expr) Expr { return &Binary{"and", x, y, TypeBool, at} }
		is := func(x Expr, op string, y Expr) Expr { return &Binary{op, x, y, TypeBool, at} }
		switch w.Text {
		case "unanimity":
			return is(tally("yes"), "==", tally("members"))
		case "consensus":
			return all(all(is(tally("no"), "==", whole(0)), is(tally("yes"), ">=", whole(1))), is(tally("voted"), "==", tally("members")))
		}
	}
	return c.expr(v.node, TypeBool)
}

// tallyWords are what a rule may count.
var tallyWords = map[string]bool{"yes": true, "no": true, "abstained": true, "cast": true, "voted": true, "members": true, "vetoed": true}

const tallyList = "yes, no, abstained, cast, voted, members, vetoed"

// tallied types what counts votes: a word, a word with a group, or the weight
// of one. It is false for what is no such thing.
func (c *checker) tallied(n syntax.Node) (Expr, bool) {
	if c.tallies == nil {
		return nil, false
	}
	switch n := n.(type) {
	case *syntax.Word:
		if tallyWords[n.Text] {
			return c.tallyOf(n, nil, false, n.Span), true
		}
	case *syntax.Call:
		switch {
		case n.Func.Text == "weight":
			return c.weightOf(n), true
		case tallyWords[n.Func.Text]:
			if len(n.Args) != 1 {
				c.error(CodeArguments, n.Span, fmt.Sprintf("`%s` takes one group", n.Func.Text), "")
				return nil, true
			}
			return c.tallyOf(n.Func, n.Args[0], false, n.Span), true
		}
	}
	return nil, false
}

func (c *checker) weightOf(n *syntax.Call) Expr {
	if len(n.Args) == 0 || len(n.Args) > 2 {
		c.error(CodeArguments, n.Span, "`weight` takes what it weighs and, if not of all, a group", "write for example `weight(yes)` or `weight(yes, north)`")
		return nil
	}
	w, ok := n.Args[0].(*syntax.Word)
	if !ok || !tallyWords[w.Text] || w.Text == "vetoed" {
		c.error(CodeArguments, n.Args[0].Pos(), fmt.Sprintf("expected what is weighed, found %s", describe(n.Args[0])), "what can be weighed: "+strings.TrimSuffix(tallyList, ", vetoed"))
		return nil
	}
	var group syntax.Node
	if len(n.Args) == 2 {
		group = n.Args[1]
	}
	return c.tallyOf(w, group, true, n.Span)
}

func (c *checker) tallyOf(what *syntax.Word, group syntax.Node, weighted bool, at syntax.Span) Expr {
	t := &Tally{What: what.Text, Of: c.tallies, Weighted: weighted, Range: c.at(at)}
	if group == nil {
		return t
	}
	w, ok := group.(*syntax.Word)
	if !ok {
		c.error(CodeArguments, group.Pos(), fmt.Sprintf("expected a group, found %s", describe(group)), "")
		return nil
	}
	d := c.resolve(w, partyNouns)
	if d == nil {
		return nil
	}
	t.Within = d.name
	members := []Name{d.name}
	if d.noun == nounGroup {
		members = c.members(d)
	}
	for _, m := range members {
		if containsName(c.tallies.Members, m) {
			t.In = append(t.In, m)
		}
	}
	if len(t.In) == 0 {
		c.error(CodeEmptyCount, w.Span, fmt.Sprintf("nobody in `%s` is a member of `%s`", d.name, c.tallies.Name), "")
		return nil
	}
	return t
}

// reach is how far a count can go; not ok for what counts nothing.
func (c *checker) reach(e Expr) (most int64, ok bool) {
	switch e := e.(type) {
	case *Count:
		return int64(len(e.Of)), true
	case *Tally:
		for i, n := range e.Of.Members {
			switch {
			case containsName(c.excluded, n) || e.In != nil && !containsName(e.In, n):
			case e.Weighted:
				most += e.Of.Weights[i]
			default:
				most++
			}
		}
		return most, true
	}
	return 0, false
}

// soundDecision finds votes that nobody can cast, and rules that nothing, or
// anything, fulfils.
func (c *checker) soundDecision(x *index, d *decl, u *Decision) {
	body := c.bodyNamed(u.By)
	for _, n := range body.Members {
		if !x.speaks(n) && len(body.Report) == 0 && !containsName(u.Excludes, n) {
			c.errorAt(CodeNoKeys, d.values.get("by").at, fmt.Sprintf("`%s`, a member of `%s`, has no keys, and nobody may report how it votes", n, body.Name), "add `reported = { by = [...] }` to the body, or give the party keys")
			break
		}
	}
	c.excluded = u.Excludes
	for _, e := range []Expr{u.Rule, u.Stops} {
		if e == nil {
			continue
		}
		c.countsIn(e)
		if !countsVotes(e) {
			c.errorAt(CodeConstant, e.Where(), "the rule counts no votes, so no vote can change it", "count votes, as in `yes >= 9`; what must be true besides belongs into `opens`, or where the decision is read")
		}
	}
	c.excluded = nil
	if u.Extends != nil {
		c.countsIn(u.Extends.Rule)
	}
}

func countsVotes(e Expr) bool {
	switch e := e.(type) {
	case *Tally:
		return e.What != "members"
	case *Not:
		return countsVotes(e.X)
	case *Binary:
		return countsVotes(e.X) || countsVotes(e.Y)
	case *If:
		return countsVotes(e.Cond) || countsVotes(e.Then) || countsVotes(e.Else)
	}
	return false
}

// part types `2/3 of members`.
func (c *checker) part(n *syntax.Binary, x, y Expr) Expr {
	l, ok := x.(*Literal)
	if !ok || l.Number == nil || l.Unit != "" {
		c.error(CodeWrongType, n.X.Pos(), "before `of` stands a share such as 2/3 or 0.55", "")
		return nil
	}
	return &Binary{"of", x, y, TypeNumber, c.at(n.Span)}
}
