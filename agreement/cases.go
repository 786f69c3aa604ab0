package agreement

import (
	"fmt"
	"slices"
	"sort"
	"strconv"
	"strings"

	"detente/agreement/syntax"
)

// A caseEnv is the case in which the attributes of a block are read.
type caseEnv struct {
	procedure *decl
	name      Name              // of the case
	suffix    Name              // what a block of the case has after its own name: "/uk"
	fixed     map[string]Name   // roles that the case itself fixes
	chosen    map[string][]Name // roles given at the opening, and who may have them
}

// called is the name that a block has in the case.
func (e *caseEnv) called(d *decl) Name {
	switch {
	case d == e.procedure:
		return e.name
	case d.noun == nounStage:
		return e.name + "/" + d.local
	}
	return d.name + e.suffix
}

// expandCases puts a copy of every procedure, its stages and what is `of` it in
// place of each, one for every case.
func (c *checker) expandCases() {
	var procedures []*decl
	belongs := make(map[*decl][]*decl) // by procedure, in the order of the text; looked up only
	for _, d := range c.decls {
		switch p := c.procedureOf(d); {
		case d.noun == nounProcedure:
			procedures = append(procedures, d)
			c.declareStages(d)
		case p != nil:
			d.of = p
			belongs[p] = append(belongs[p], d)
		}
	}
	if len(procedures) == 0 {
		return
	}
	copies := make(map[*decl][]*decl) // looked up only
	for _, p := range procedures {
		c.file = p.file
		p.of = p
		for _, e := range c.casesOf(p) {
			for _, d := range append(append([]*decl{p}, p.stages...), belongs[p]...) {
				x := *d
				x.name, x.env = e.called(d), e
				copies[d] = append(copies[d], &x)
				d.cases = append(d.cases, &x)
			}
		}
	}
	var out []*decl
	for _, d := range c.decls {
		switch {
		case d.of == nil:
			out = append(out, d)
			continue
		case d.noun == nounProcedure:
			for _, s := range d.stages {
				out = append(out, copies[s]...)
			}
		}
		out = append(out, copies[d]...)
	}
	if len(out) > maxExpandedBlocks {
		c.errorAt(CodeTooManyBlocks, Range{procedures[0].file, procedures[0].block.Start, procedures[0].block.Name.End}, fmt.Sprintf("the cases of all procedures make %d blocks; at most %d", len(out), maxExpandedBlocks), "fewer cases at once, or fewer stages")
		out = slices.DeleteFunc(c.decls, func(d *decl) bool { return d.of != nil }) // what is of no case can still be read
	}
	for _, d := range out {
		if d.env != nil {
			c.byName[d.name] = d
		}
	}
	c.decls = out
}

// procedureOf finds the procedure that a block says it is `of`.
func (c *checker) procedureOf(d *decl) *decl {
	if findAttribute(d.spec.Attributes, "of") == nil {
		return nil
	}
	for _, f := range d.block.Fields {
		w, ok := f.Value.(*syntax.Word)
		if f.Name.Text != "of" || !ok {
			continue
		}
		if p := c.byName[Name(w.Text)]; p != nil && p.noun == nounProcedure && !p.damaged {
			return p
		}
	}
	return nil
}

// declareStages enters the stages of a procedure, whose names are its own.
func (c *checker) declareStages(p *decl) {
	c.file = p.file
	for _, b := range p.block.Blocks {
		if Noun(b.Noun.Text) != nounStage {
			c.innerBlock(p, b)
			continue
		}
		d := &decl{noun: nounStage, local: Name(b.Name.Text), name: p.name + "/" + Name(b.Name.Text), file: p.file, block: b, spec: &stageSpec, of: p}
		for _, s := range p.stages {
			if s.local == d.local {
				c.error(CodeDuplicateName, b.Name.Span, fmt.Sprintf("the stage `%s` is declared twice", d.local), "")
			}
		}
		if d.local == p.name {
			c.error(CodeDuplicateName, b.Name.Span, fmt.Sprintf("`%s` is the name of the procedure", d.local), "give the stage another name")
		}
		for _, inner := range b.Blocks {
			c.innerBlock(d, inner)
		}
		p.stages = append(p.stages, d)
	}
}

// casesOf are the cases of a procedure. What it says of them is read here, the
// rest in each case.
func (c *checker) casesOf(p *decl) []*caseEnv {
	head := make(values)
	var between syntax.Node
	for _, f := range p.block.Fields {
		switch spec := findAttribute(p.spec.Attributes, f.Name.Text); f.Name.Text {
		case "cases", "roles":
			v := &value{node: f.Value, at: c.at(f.Value.Pos()), label: c.at(f.Name.Span)}
			if !c.shape(v, spec) {
				return nil
			}
			head[spec.Name] = v
		case "between":
			between = f.Value
		}
	}
	cases, roles := head.get("cases").fields, head.get("roles").roles
	role, of, atOnce := "", cases.get("of").names, cases.whole("at_once")
	if per := cases.get("per"); len(per.list) > 1 {
		c.errorAt(CodeListLength, per.at, "cases are of one thing", "name one role")
		return nil
	} else if len(per.list) == 1 {
		role = per.list[0]
	}
	if role == "" && len(of) > 0 {
		c.errorAt(CodeMissingAttribute, head.get("cases").at, "`cases` names those who have one each, and no role", "add `per = complainant` or the like")
		return nil
	}
	if c.byName[Name(role)] != nil {
		c.errorAt(CodeDuplicateName, cases.get("per").at, fmt.Sprintf("`%s` is the name of something else", role), "give the role another name")
	}
	for _, r := range roles {
		if r.Word == role || c.byName[Name(r.Word)] != nil {
			c.errorAt(CodeDuplicateName, head.get("roles").at, fmt.Sprintf("`%s` is the name of something else", r.Word), "give the role another name")
		}
	}
	var out []*caseEnv
	add := func(suffix Name, fixed map[string]Name) {
		for k := 1; k <= max(atOnce, 1); k++ {
			e := &caseEnv{procedure: p, suffix: suffix, fixed: fixed, chosen: make(map[string][]Name)}
			if atOnce > 1 || cases != nil && len(of) == 0 {
				e.suffix += Name("/" + strconv.Itoa(k))
			}
			e.name = p.name + e.suffix
			if c.cast(e, roles, between) {
				out = append(out, e)
			}
		}
	}
	if len(of) == 0 {
		add("", nil)
	}
	for _, n := range of {
		add("/"+n, map[string]Name{role: n})
	}
	if len(out) == 0 {
		c.error(CodeEmptyCount, p.nameSpan(), fmt.Sprintf("nobody can have a case of `%s`: `between` excludes everybody", p.name), "")
	}
	return out
}

// cast finds who may have the roles that are given at the opening; false if
// one of them is left without anybody.
func (c *checker) cast(e *caseEnv, roles []*Role, between syntax.Node) bool {
	if len(roles) == 0 && between != nil {
		return c.together(e, "", "", between)
	}
	for _, r := range roles {
		for _, n := range r.Of {
			if between == nil || c.together(e, r.Word, n, between) {
				e.chosen[r.Word] = append(e.chosen[r.Word], n)
			}
		}
		if len(e.chosen[r.Word]) == 0 {
			return false
		}
	}
	return true
}

// together says whether a party may have a role in the case.
func (c *checker) together(e *caseEnv, role string, n Name, between syntax.Node) bool {
	with := &caseEnv{procedure: e.procedure, name: e.name, suffix: e.suffix, fixed: map[string]Name{role: n}}
	for _, k := range sortedRoles(e.fixed) {
		with.fixed[k] = e.fixed[k]
	}
	c.env = with
	defer func() { c.env = nil }()
	x := c.expr(between, TypeBool)
	if x == nil {
		return true // reported
	}
	v, ok := constant(x)
	if !ok {
		c.error(CodeWrongType, between.Pos(), "`between` compares roles with parties, and nothing else", "write for example `(complainant == iran) != (respondent == iran)`")
	}
	return v || !ok
}

func sortedRoles(m map[string]Name) []string {
	var keys []string
	for k := range m {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	return keys
}

// constant works out a condition that reads nothing.
func constant(e Expr) (v, ok bool) {
	switch e := e.(type) {
	case *Literal:
		return e.Bool, e.Kind == TypeBool
	case *Not:
		v, ok = constant(e.X)
		return !v, ok
	case *Binary:
		x, ok1 := constant(e.X)
		y, ok2 := constant(e.Y)
		if !ok1 || !ok2 {
			return false, false
		}
		switch e.Op {
		case "and":
			return x && y, true
		case "or":
			return x || y, true
		case "==":
			return x == y, true
		case "!=":
			return x != y, true
		}
	}
	return false, false
}

// comparedRoles types `complainant == iran`, which is known when the case is
// expanded. It is false for what is no such thing.
func (c *checker) comparedRoles(n *syntax.Binary) (Expr, bool) {
	if c.env == nil || n.Op != "==" && n.Op != "!=" {
		return nil, false
	}
	x, roleX, ok1 := c.partyOf(n.X)
	y, roleY, ok2 := c.partyOf(n.Y)
	if !ok1 || !ok2 || !roleX && !roleY {
		return nil, false
	}
	return &Literal{Kind: TypeBool, Bool: (x == y) == (n.Op == "=="), Range: c.at(n.Span)}, true
}

func (c *checker) partyOf(n syntax.Node) (name Name, role, ok bool) {
	w, isWord := n.(*syntax.Word)
	if !isWord {
		return "", false, false
	}
	if p, fixed := c.env.fixed[w.Text]; fixed {
		return p, true, true
	}
	if d := c.byName[Name(w.Text)]; d != nil && d.noun == nounParty {
		return d.name, false, true
	}
	return "", false, false
}

// roleNamed is what a list of names holds for a role: the party that the case
// fixes, or the path of a role that is given at the opening.
func (c *checker) roleNamed(word string) (Name, bool) {
	if c.env == nil {
		return "", false
	}
	if n, ok := c.env.fixed[word]; ok {
		return n, true
	}
	if _, ok := c.env.chosen[word]; ok {
		return c.env.name + "/" + Name(word), true
	}
	return "", false
}

// fromRole says whether a name may stand in a list because a role brought it.
func (c *checker) fromRole(n Name) bool {
	if c.env == nil {
		return false
	}
	for _, word := range sortedRoles(c.env.fixed) {
		if c.env.fixed[word] == n {
			return true
		}
	}
	return strings.Contains(string(n), "/")
}

// inCase finds what a name means in the case being read: a stage, the case
// itself, or what is of it.
func (c *checker) inCase(w *syntax.Word, nouns []Noun) *decl {
	if c.env == nil {
		return nil
	}
	if len(nouns) == 0 || containsNoun(nouns, nounStage) {
		for _, s := range c.env.procedure.stages {
			if string(s.local) == w.Text {
				return c.byName[c.env.called(s)]
			}
		}
	}
	d := c.byName[Name(w.Text)]
	if d == nil || d.of != c.env.procedure || d.env != nil {
		return nil
	}
	return c.byName[c.env.called(d)]
}

// rolesValue reads `{ respondent = participants }`: roles of any names.
func (c *checker) rolesValue(v *value) bool {
	o, ok := v.node.(*syntax.Object)
	if !ok {
		return c.wrong(v, "roles in braces, as in `{ respondent = participants }`")
	}
	before := c.errors
	for _, f := range o.Fields {
		r := &value{node: f.Value, at: c.at(f.Value.Pos()), label: c.at(f.Name.Span)}
		if !syntax.IsName(f.Name.Text) {
			c.error(CodeReservedName, f.Name.Span, fmt.Sprintf("`%s` is a word of the language and cannot be a name", f.Name.Text), "choose another name")
			continue
		}
		for _, other := range v.roles {
			if other.Word == f.Name.Text {
				c.error(CodeDuplicateAttribute, f.Name.Span, fmt.Sprintf("`%s` is given twice", f.Name.Text), "keep one of them")
			}
		}
		if c.namesValue(r, &AttributeSpec{Name: "roles", Shape: ShapeNames, Nouns: partyNouns}) {
			v.roles = append(v.roles, &Role{Word: f.Name.Text, Of: r.names})
		}
	}
	return c.errors == before
}
