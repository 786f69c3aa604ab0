package agreement

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A facet is one attribute of a block as the text would write it. Exact has
// everything that gives it meaning, so that equal ones mean the same; shown is
// for people.
type facet struct {
	attr         string
	exact, shown string
	list         []string // of an attribute whose elements have no order: sorted
}

// facets gathers those of one block, in the order of the table.
type facets struct {
	zone  *time.Location
	names map[Name]Name
	of    []facet
}

func (f *facets) word(attr, s string) { f.of = append(f.of, facet{attr: attr, exact: s, shown: s}) }

func (f *facets) quoted(attr, s string) {
	if s != "" {
		s = strconv.Quote(s)
	}
	f.word(attr, s)
}

func (f *facets) expr(attr string, e Expr) {
	if e == nil {
		f.word(attr, "")
		return
	}
	f.of = append(f.of, facet{attr: attr, exact: speaker{names: f.names, exact: true}.say(e), shown: speaker{names: f.names, zone: f.zone}.say(e)})
}

// span is a duration; none is not shown.
func (f *facets) span(attr string, d Duration, given bool) {
	if !given {
		f.word(attr, "")
		return
	}
	f.word(attr, d.String())
}

func (f *facets) whole(attr string, n int64, given bool) {
	if !given {
		f.word(attr, "")
		return
	}
	f.word(attr, strconv.FormatInt(n, 10))
}

func (f *facets) name(attr string, n Name) { f.word(attr, string(speaker{names: f.names}.name(n))) }

// names in an order that means nothing.
func (f *facets) set(attr string, of []Name) {
	f.words(attr, f.called(of))
}

// words are a set of words.
func (f *facets) words(attr string, of []string) {
	list := slices.Clone(of)
	slices.Sort(list)
	text := listed(list)
	f.of = append(f.of, facet{attr: attr, exact: text, shown: text, list: list})
}

// order is names in an order that has a meaning.
func (f *facets) order(attr string, of []Name) { f.word(attr, listed(f.called(of))) }

func (f *facets) called(of []Name) []string {
	out := make([]string, len(of))
	for i, n := range of {
		out[i] = string(speaker{names: f.names}.name(n))
	}
	return out
}

func listed(of []string) string {
	switch len(of) {
	case 0:
		return ""
	case 1:
		return of[0]
	}
	return "[" + strings.Join(of, ", ") + "]"
}

func yesNo(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}

// agreement is that of the text as a whole.
func (f *facets) agreement(a *Agreement) {
	f.quoted("title", a.Title)
	f.quoted("text", a.Text)
	f.word("prevails", a.Prevails)
	f.quoted("timezone", a.Timezone)
	f.word("month_end", a.MonthEnd)
	f.span("proof_window", a.ProofWindow, true)
	f.set("witnesses.of", a.Quorum.Of)
	f.whole("witnesses.quorum", int64(a.Quorum.Need), true)
	f.whole("witnesses.faulty", int64(a.Quorum.Faulty), true)
	f.word("record", map[bool]string{true: "private", false: "public"}[a.Private])
	f.set("amended.by", a.Amended.By)
	never := ""
	if a.Amended.NeverShorten {
		never = neverShorten
	}
	f.word("amended.never", never)
}

// block is that of a block.
func (f *facets) block(e *entry) {
	f.quoted("clause", e.Clause)
	f.quoted("text", e.Words)
	switch b := e.whole.(type) {
	case *Depositary:
		f.quoted("key", b.Key)
		f.quoted("address", b.Address)
		f.order("successors", b.Successors)
	case *Party:
		full := b.Full
		if full == string(b.Name) {
			full = "" // not given
		}
		f.quoted("name", full)
		f.word("signs", yesNo(b.Signs))
		f.words("keys.of", quotes(b.Keys.Of))
		f.whole("keys.need", int64(b.Keys.Need), b.Speaks())
		f.quoted("recipient", b.Recipient)
	case *Group:
		f.set("members", b.Members)
		f.word("base", b.Base)
	case *Witness:
		f.quoted("key", b.Key)
		f.quoted("address", b.Address)
	case *Custodian:
		f.name("named_by", b.NamedBy)
		f.quoted("key", b.Key)
		f.quoted("recipient", b.Recipient)
	case *Reader:
		full := b.Full
		if full == string(b.Name) {
			full = "" // not given
		}
		f.quoted("name", full)
		f.quoted("key", b.Key)
		f.quoted("recipient", b.Recipient)
	case *Device:
		f.set("operators", b.Operators)
		f.quoted("key", b.Key)
	case *Measure:
		f.name("by", b.By)
		f.set("against", b.Against)
		f.word("starts", map[bool]string{true: "in-force", false: "lifted"}[b.InForce])
		f.expr("lifted.when", b.Lifted)
		f.expr("returns.when", b.Returns)
	case *Commitment:
		f.commitment(b)
	case *Act:
		f.act(b)
	case *Reading:
		f.set("reporter", b.Reporter)
		f.word("unit", b.Unit)
		f.span("due.every", b.Every, b.Every > 0)
		f.span("due.grace", b.Grace, b.Every > 0)
	case *Milestone:
		f.expr("at", b.At)
		f.expr("when", b.When)
		f.expr("unless", b.Unless)
	case *Vault:
		f.vault(b)
	default:
		f.step(b)
	}
}

func quotes(of []string) []string {
	out := make([]string, len(of))
	for i, s := range of {
		out[i] = strconv.Quote(s)
	}
	return out
}

func (f *facets) commitment(b *Commitment) {
	f.name("by", b.By)
	f.set("to", b.To)
	if b.Deed != "" {
		f.quoted(string(b.Form), b.Deed)
	} else {
		f.expr(string(b.Form), b.What)
	}
	f.expr("when", b.When)
	f.expr("from", b.From)
	f.expr("until", b.Until)
	f.expr("due", b.Due)
	f.expr("ends", b.Ends)
	f.span("grace", b.Grace, b.Grace > 0)
	f.set("reported.by", b.Report)
	v := b.Verify
	if v == nil {
		v = &Verify{}
	}
	f.set("verified.by", v.By)
	f.span("verified.within", v.Within, b.Verify != nil)
	silence := ""
	if b.Verify != nil {
		silence = map[bool]string{true: "accepts", false: "refuses"}[v.SilenceAccepts]
	}
	f.word("verified.silence", silence)
	c := b.Cure
	if c == nil {
		c = &Cure{}
	}
	f.span("cure.within", c.Within, b.Cure != nil)
	f.whole("cure.times", int64(c.Times), c.Times > 0)
}

func (f *facets) act(b *Act) {
	f.set("by", b.By)
	f.expr("when", b.When)
	f.words("states", b.States)
	f.whole("times", int64(b.Times), b.Times > 0)
	f.span("notice", b.Notice, b.Notice > 0)
	e := b.Effect
	if e == nil {
		e = &Effect{}
	}
	for _, verb := range []string{"suspends", "resumes", "ends"} {
		switch {
		case e.EndsAll && verb == "ends":
			f.word("effect.ends", "agreement")
		case e.Verb == verb:
			f.set("effect."+verb, e.Of)
		default:
			f.word("effect."+verb, "")
		}
	}
}

func (f *facets) vault(b *Vault) {
	f.quoted("records", b.Records)
	f.name("recorder", b.Recorder)
	f.words("cameras", b.Cameras)
	f.name("host", b.Host)
	f.set("opens_to", b.OpensTo)
	f.expr("opens_if", b.OpensIf)
	f.expr("opens", b.Opens)
	f.expr("closes", b.Closes)
	f.word("pending", b.Pending)
	f.word("else", b.Else)
	f.span("hold.at_most", b.HoldAtMost, true)
	f.word("hold.then", b.HoldThen)
	f.span("cut.working", b.Working, true)
	f.span("cut.margin", b.Margin, true)
	f.span("epochs.every", b.Epoch, true)
	f.span("epochs.segments", b.Segment, true)
	f.span("epochs.cadence", b.Cadence, true)
	f.whole("epochs.bytes", b.SegmentBytes, true)
	f.order("custodians.of", b.Seats)
	f.whole("custodians.need", int64(b.Need), true)
	f.whole("custodians.absent", int64(b.Absent), true)
	f.span("custodians.proves", b.Proves, b.Proves > 0)
	f.word("dispute", b.Dispute)
}

// differences lists every change of meaning: of the agreement itself, then by
// noun what goes on, what is new, and what ends.
func (x *amender) differences() {
	m := x.m
	head := Block{Noun: nounAgreement, Name: m.To.Name, Range: m.To.Range}
	if m.From.Name != m.To.Name {
		x.differ(head, "", string(m.From.Name), string(m.To.Name), fmt.Sprintf("it is called %s and was called %s", m.To.Name, m.From.Name))
	}
	was, is := x.facetsOf(m.From), x.facetsOf(m.To)
	was.agreement(m.From)
	is.agreement(m.To)
	x.compare(head, was, is)
	x.annexes(head)
	for i := range x.news {
		b := &x.news[i]
		old, kept := m.was[b.Name]
		if !kept {
			x.differ(b.Block, "", "", string(b.Name), "it is new")
			continue
		}
		if old != b.Name {
			x.differ(b.Block, "", string(old), string(b.Name), fmt.Sprintf("it was called %s", old))
		}
		was, is := x.facetsOf(m.From), x.facetsOf(m.To)
		was.block(x.byOld[old])
		is.block(b)
		x.compare(b.Block, was, is)
	}
	for i := range m.Ended {
		x.differ(m.Ended[i], "", string(m.Ended[i].Name), "", "it ends: the new text does not have it")
	}
	x.reordered()
}

// annexes compares the files beside the text: the words that were signed, and
// the rules of time zones.
func (x *amender) annexes(head Block) {
	of := func(a *Agreement, path string) (d Digest, ok bool) {
		for _, f := range a.Annexes {
			if f.Path == path {
				return f.Digest, true
			}
		}
		return d, false
	}
	for _, f := range x.m.To.Annexes {
		if d, ok := of(x.m.From, f.Path); ok && d != f.Digest {
			x.differ(head, "", d.String(), f.Digest.String(), fmt.Sprintf("the file %q has other contents", f.Path))
		} else if !ok {
			x.differ(head, "", "", f.Digest.String(), fmt.Sprintf("the file %q is new", f.Path))
		}
	}
	for _, f := range x.m.From.Annexes {
		if _, ok := of(x.m.To, f.Path); !ok {
			x.differ(head, "", f.Digest.String(), "", fmt.Sprintf("the file %q is no longer part of it", f.Path))
		}
	}
}

// facetsOf begins with what a text's expressions are written with: blocks are
// called what they are called in the new text.
func (x *amender) facetsOf(a *Agreement) *facets {
	f := &facets{zone: a.Zone}
	if a == x.m.From {
		f.names = x.m.now
	}
	return f
}

func (x *amender) differ(b Block, attr, was, is, words string) {
	where := fmt.Sprintf("%s %s", b.Noun, b.Name)
	if b.Clause != "" {
		where += " (" + b.Clause + ")"
	}
	x.m.Changes = append(x.m.Changes, Difference{b.Noun, b.Name, b.Clause, attr, was, is, where + ": " + words, b.Range})
}

// compare walks two lists of facets, which differ in length only where a
// commitment's deed became a condition.
func (x *amender) compare(b Block, was, is *facets) {
	for i, n := range is.of {
		o := was.of[i]
		if o.exact == n.exact {
			continue
		}
		if o.shown == n.shown { // a bare date of another zone
			o.shown, n.shown = o.exact, n.exact
		}
		x.differ(b, n.attr, o.shown, n.shown, "`"+n.attr+"` "+becomes(o, n))
	}
}

// becomes says how an attribute changes.
func becomes(o, n facet) string {
	switch {
	case o.exact == "":
		return "is given: " + n.shown
	case n.exact == "":
		return "is left out; it was " + o.shown
	case len(o.list) == 0 || len(n.list) == 0 || len(o.list)+len(n.list) < 3:
		return "becomes " + n.shown + "; it was " + o.shown
	}
	var parts []string
	if gone := without(o.list, n.list); len(gone) > 0 {
		parts = append(parts, "loses "+strings.Join(gone, ", "))
	}
	if more := without(n.list, o.list); len(more) > 0 {
		parts = append(parts, "gains "+strings.Join(more, ", "))
	}
	return strings.Join(parts, " and ")
}

func without(of, other []string) []string {
	var out []string
	for _, s := range of {
		if !slices.Contains(other, s) {
			out = append(out, s)
		}
	}
	return out
}

// reordered says where blocks that go on stand in another order: of deadlines
// of one instant the first in the text goes off first, and the first
// depositary is the one that keeps the record.
func (x *amender) reordered() {
	place := make(map[Name]int)
	for i := range x.olds {
		place[x.olds[i].Name] = i
	}
	last, told := -1, Noun("")
	for i := range x.news {
		b := &x.news[i]
		old, kept := x.m.was[b.Name]
		if !kept {
			continue
		}
		if place[old] < last && told != b.Noun {
			told = b.Noun
			x.differ(b.Block, "", "", "", "it stands in another place among those of its kind, which decides what comes first where two things happen at one instant")
		}
		last = max(last, place[old])
	}
}

func (f *facets) body(b *Body) {
	f.set("members", b.Members)
	f.word("base", b.Base)
	var weights []string
	for i, n := range f.called(b.Members) {
		if b.Weights[i] != 1 {
			weights = append(weights, fmt.Sprintf("%s = %d", n, b.Weights[i]))
		}
	}
	f.words("weights", weights)
	f.set("vetoes", b.Vetoes)
	f.set("reported.by", b.Report)
}

func (f *facets) decision(b *Decision) {
	f.name("by", b.By)
	f.expr("opens", b.Opens)
	f.span("within", b.Within, b.Within > 0)
	f.expr("closes", b.Closes)
	f.expr("rule", b.Rule)
	f.expr("stops", b.Stops)
	f.word("silence", map[bool]string{true: "carried", false: "not-carried"}[b.SilenceCarries()])
	f.set("excludes", b.Excludes)
	f.set("drafts.by", b.DraftsBy)
	f.whole("drafts.at_most", int64(len(b.Drafts)), len(b.Drafts) > 0)
	f.extension(b.Extends)
}

func (f *facets) extension(e *Extension) {
	given := e != nil
	if !given {
		e = &Extension{}
	}
	f.name("extends.by", e.By)
	f.expr("extends.rule", e.Rule)
	f.whole("extends.times", int64(e.Times), e.Times > 0)
	f.span("extends.at_most", e.AtMost, e.AtMost > 0)
}
