package web

import (
	"net/http"
	"slices"
	"strconv"

	"detente/agreement"
	"detente/machine"
	"detente/record"
)

// A timelinePage is lanes of parties and of what they owe, over one axis, and
// the same changes as a table.
type timelinePage struct {
	Frame   frame
	Axis    *axis
	Lanes   []lane
	Omitted int
	Rows    []changeRow
	Total   int
	Earlier string // where the changes before these are; empty if there are none
	Used    map[string]bool
	Lede    string
}

// A lane is one row of the drawing.
type lane struct {
	Mark     *mark // begins a party's lanes
	Name     string
	Note     string
	Clause   string
	Block    string
	Status   string
	Plan     *band
	PlanTo   string // where the plan goes on beyond the drawing
	Bands    []band
	Spots    []spot
	Captions []caption
}

type changeRow struct {
	At       when
	Subject  string
	Block    string // its name in the text in force; empty if that has it no more
	Clause   string
	Words    string
	Becomes  string
	Status   string
	Whose    []mark
	Entry    int64
	Deadline bool
}

func (s *edition) timeline(q *request) (any, error) {
	st, h := q.shown, q.shown.history()
	p := &timelinePage{Frame: q.frame, Used: map[string]bool{}, Total: len(h.changes)}
	items := map[agreement.Name]machine.Item{}
	for _, it := range st.Items {
		items[it.Name] = it
	}
	end := len(h.changes)
	if before := q.URL.Query().Get("before"); before != "" {
		n, err := strconv.Atoi(before)
		if err != nil || n < 0 || n > len(h.changes) {
			return nil, refusal{http.StatusNotFound, "before is the number of a change"}
		}
		end = n
	}
	begin := max(0, end-rowsOfTimeline)
	for i := end - 1; i >= begin; i-- {
		p.Rows = append(p.Rows, s.changeRow(h.changes[i], items))
	}
	if begin > 0 {
		p.Earlier = "timeline?before=" + strconv.Itoa(begin)
	}
	if st.clock == record.Beginning {
		p.Lede = "No proof of time stands on the record yet, so nothing has a date."
		return p, nil
	}
	p.Axis = s.timelineAxis(st, h)
	for _, it := range st.Items {
		if it.Noun == "milestone" && it.Status == "reached" && it.Since.Set {
			p.Axis.mark(it.Since.At, string(it.Name), "mile")
		}
	}
	p.Axis.mark(st.clock, "as of", "today")
	s.lanes(p, q, h)
	p.Lede = "The thin line above is what was agreed; the band below it is what the record shows. Marks on a party’s own lane are its statements."
	return p, nil
}

func (s *edition) changeRow(c change, items map[agreement.Name]machine.Item) changeRow {
	r := changeRow{
		At: s.names.when(c.At), Subject: string(c.Subject), Block: string(c.Block), Words: c.Words, Becomes: statusWord(plain(c.becomes())), Status: c.To,
		Entry: c.Entry, Deadline: c.Entry < 0,
	}
	switch c.Attr {
	case "signed", "reached", "late", "contested":
		if c.To == "true" {
			r.Status = c.Attr
		}
	case "times":
		r.Status = "done"
	case "value":
		r.Status = "reported"
	}
	if it, ok := items[c.Block]; ok {
		r.Clause, r.Whose = it.Clause, s.names.all(it.By)
	} else if m, ok := s.names.marks[c.Block]; ok {
		r.Whose = []mark{m}
	}
	return r
}

// timelineAxis spans what happened and as much again of what is to come.
func (s *edition) timelineAxis(st *standing, h *history) *axis {
	from, until := st.clock, st.clock
	if len(h.changes) > 0 {
		from = min(from, h.changes[0].At)
	}
	last := until
	for _, d := range st.Deadlines {
		last = max(last, d.At)
	}
	for _, it := range st.Items {
		if it.Due.Set {
			last = max(last, it.Due.At)
		}
	}
	const month = 30 * 86400
	ahead := max(int64(until-from), month)
	until = min(last, until+agreement.Instant(ahead))
	margin := max(int64(until-from)/40, 60)
	return newAxis(from-agreement.Instant(margin), until+agreement.Instant(margin), s.names.a.Zone)
}

// lanes draws party by party, in the order of the text.
func (s *edition) lanes(p *timelinePage, q *request, h *history) {
	add := func(l lane) {
		if len(p.Lanes) == lanesAtMost {
			p.Omitted++
			return
		}
		p.Lanes = append(p.Lanes, l)
		for _, b := range l.Bands {
			p.Used[b.Class] = true
		}
	}
	drawn := map[agreement.Name]bool{}
	for _, x := range s.names.a.Parties {
		m := s.names.mark(x.Name)
		first := s.partyLane(p.Axis, q, x.Name)
		first.Mark = &m
		add(first)
		for _, it := range q.shown.Items {
			if drawn[it.Name] || it.Noun == "milestone" || len(it.By) == 0 || it.By[0] != x.Name {
				continue
			}
			drawn[it.Name] = true
			add(s.itemLane(p.Axis, q.shown, it, h))
		}
	}
	for _, it := range q.shown.Items {
		if !drawn[it.Name] && it.Noun != "milestone" {
			add(s.itemLane(p.Axis, q.shown, it, h))
		}
	}
}

// partyLane shows when a party spoke.
func (s *edition) partyLane(a *axis, q *request, name agreement.Name) lane {
	m := s.names.mark(name)
	l := lane{Name: m.Full}
	if m.Class == "outside" {
		l.Note = "does not sign"
	}
	said := q.shown.said[name]
	said = said[max(0, len(said)-marksAtMost):]
	entries, err := q.book.entries(said)
	if err != nil {
		l.Note = "what was said could not be read now"
		return l
	}
	for _, j := range entries {
		if !j.Covered || j.Statement == nil {
			continue
		}
		words, _, _ := say(j.Statement.Body)
		l.Spots = append(l.Spots, spot{
			X: percent(a.at(j.UB)), Class: "said", Title: "№ " + strconv.FormatInt(j.Index, 10) + ": " + plain(words), Href: q.frame.EntryHref(j.Index),
		})
	}
	if len(q.shown.said[name]) > len(said) {
		l.Note = "the latest " + strconv.Itoa(len(said)) + " statements"
	}
	return l
}

// itemLane shows what became of one block.
func (s *edition) itemLane(a *axis, st *standing, it machine.Item, h *history) lane {
	l := lane{Name: string(it.Name), Block: string(it.Name), Clause: it.Clause, Status: it.Status, Note: noteOf(it)}
	var changes []change
	for _, i := range h.of[it.Name] {
		changes = append(changes, h.changes[i])
	}
	changes = changes[max(0, len(changes)-bandsAtMost):]
	s.plan(&l, a, st, it, changes)
	status, since := startOf(it), a.From
	if it.Noun == "vault" {
		since = st.clock // nothing is recorded before it is known when to
		if opens, ok := st.state.Opens(it.Name); ok {
			since = max(a.From, opens)
		}
	}
	if len(changes) > 0 && changes[0].Attr != "value" && changes[0].Attr != "times" {
		status = changes[0].From
	}
	for _, c := range changes {
		switch c.Attr {
		case "status", "outcome":
			l.draw(a, it, status, since, c.At)
			status, since = c.To, c.At
		case "late":
			if c.To == "false" {
				l.draw(a, it, "late", since, c.At)
			}
			status, since = map[bool]string{true: "late", false: "reported"}[c.To == "true"], c.At
		}
		if c.To == "true" || c.To == "false" || c.Attr != "contested" {
			r := s.changeRow(c, nil)
			l.Spots = append(l.Spots, spot{X: percent(a.at(c.At)), Glyph: glyphOf(r.Status), Class: classOfStatus(r.Status), Title: r.Becomes + ", " + r.At.UTC + " UTC"})
		}
	}
	l.draw(a, it, status, since, st.clock)
	l.Spots = l.Spots[max(0, len(l.Spots)-marksAtMost):]
	return l
}

func noteOf(it machine.Item) string {
	switch it.Noun {
	case "commitment":
		return map[string]string{"do": "to do", "keep": "to keep", "never": "never"}[it.Form]
	case "reading":
		if it.Value != "" {
			return "reading: " + it.Value
		}
	}
	return string(it.Noun)
}

func startOf(it machine.Item) string {
	switch it.Noun {
	case "commitment":
		return "dormant"
	case "vault":
		return "open"
	case "measure":
		return it.Status
	}
	return ""
}

// plan draws what was agreed: from the start of the duty to when it is due.
func (s *edition) plan(l *lane, a *axis, st *standing, it machine.Item, changes []change) {
	if !it.Due.Set || it.Noun != "commitment" && it.Noun != "vault" {
		return
	}
	from := a.From
	if st.InForce.Set {
		from = max(from, st.InForce.At)
	}
	if i := slices.IndexFunc(changes, func(c change) bool { return c.To == "active" }); i >= 0 {
		from = changes[i].At
	}
	if from > a.Until {
		return
	}
	b := a.band(from, max(from, it.Due.At), "plan", "")
	l.Plan = &b
	if it.Due.At > a.Until {
		l.PlanTo = "to " + s.names.when(it.Due.At).UTC
	}
}

// draw adds the band of a status between two instants.
func (l *lane) draw(a *axis, it machine.Item, status string, from, until agreement.Instant) {
	if until <= from || until <= a.From {
		return
	}
	class := ""
	switch {
	case it.Noun == "measure" && status == "in-force":
		class = "force"
	case it.Noun == "vault" && status == "open":
		class = "unseen"
	case status == "dormant":
		class = "dorm"
	case status == "active" && it.Form == "do":
		class = "owed"
	case status == "active", status == "fulfilled", status == "cured", status == "release":
		class = "kept"
	case status == "claimed":
		class = "open"
	case status == "breached", status == "late":
		class = "breach"
	case status == "suspended":
		class = "unseen"
	case status == "held":
		class = "open"
	}
	if class != "" {
		l.Bands = append(l.Bands, a.band(from, until, class, statusWord(status)))
	}
}
