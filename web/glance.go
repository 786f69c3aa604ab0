package web

import (
	"fmt"
	"slices"
	"strings"

	"detente/agreement"
	"detente/machine"
	"detente/record"
)

// A glancePage is the first page: how things stand, and who must move.
type glancePage struct {
	Frame    frame
	Lede     []string
	Status   string
	Since    when
	Parties  []partyRow
	Amended  *textVersion // the text in force, if it is not the first
	Proposed []proposal
	Next     *deadlineView
	Later    []deadlineView
	More     int         // deadlines not listed
	Past     []changeRow // by deadlines, the latest first
	Span     *spanView
	Moves    []moveRow
	Clauses  bool // some of them cite a clause
	Resting  []mark
	Waits    []waitRow
	WaitsFor int // sentences not listed
	Tally    []tally
	Items    []itemRow
	Rest     int
	Latest   []line
	Waiting  int
}

type partyRow struct {
	Mark  mark
	Signs bool
	Entry int64 // -1
}

// A deadlineView is a deadline, armed or fired.
type deadlineView struct {
	Subject string
	What    string
	Then    string
	At      when
	Figures []figure
	Left    int64 // seconds on the depositary's clock; negative once passed
	Passed  bool
	Away    string // in words
	By      string // whose clock
}

type moveRow struct {
	Mark   mark
	Must   bool
	Words  string
	Clause string
	About  string
	By     when
}

// A spanView is the way from the entry into force to the next deadline.
type spanView struct {
	From, Until when
	Gone        string // percent
}

type waitRow struct {
	Who, For mark
	Words    string
	Clause   string
	About    string
}

type tally struct {
	Status string
	Count  int
}

type itemRow struct {
	Item      machine.Item
	By        []mark
	Due       when
	Since     when
	Contested bool
	Words     string
}

func (s *edition) glance(q *request) (any, error) {
	st, n := q.shown, s.names
	p := &glancePage{Frame: q.frame, Status: st.Status, Since: n.moment(st.Since), Waiting: len(st.waiting)}
	for _, x := range n.a.Parties {
		row := partyRow{Mark: n.mark(x.Name), Signs: x.Signs, Entry: -1}
		if e, ok := st.signed[x.Name]; ok && !slices.Contains(st.Missing, x.Name) {
			row.Entry = e
		}
		p.Parties = append(p.Parties, row)
	}
	versions, proposed := s.versions(q)
	if len(versions) > 1 {
		p.Amended = &versions[0]
	}
	p.Proposed = proposed
	now, whose := s.view.Now(), "the depositary’s clock"
	if q.frame.Earlier() {
		now, whose = st.clock, "the record’s clock"
	}
	for i, d := range st.Deadlines {
		v := s.deadline(d, now, whose)
		switch {
		case i == 0:
			p.Next = &v
		case i < rowsOfGlance/2:
			p.Later = append(p.Later, v)
		default:
			p.More++
		}
	}
	s.passed(p, st)
	p.span(st, s, now)
	s.moves(p, st)
	for i, w := range st.Waits {
		if i == rowsOfGlance {
			p.WaitsFor = len(st.Waits) - i
			break
		}
		words := strings.TrimPrefix(w.Sentence, fmt.Sprintf("%s waits for %s: ", w.Who, w.For))
		p.Waits = append(p.Waits, waitRow{s.names.mark(w.Who), s.names.mark(w.For), plain(prose(words)), w.Clause, string(w.Subject)})
	}
	p.tally(st)
	p.Items, p.Rest = s.items(st, rowsOfGlance)
	words := st.classes[classWords]
	latest := slices.Clone(words[max(0, len(words)-8):])
	slices.Reverse(latest)
	var err error
	if p.Latest, err = s.lines(q.book, latest); err != nil {
		return nil, err
	}
	p.Lede = s.lede(st, p)
	return p, nil
}

func (s *edition) deadline(d machine.Deadline, now agreement.Instant, whose string) deadlineView {
	v := deadlineView{Subject: string(d.Subject), What: whatOf(d), Then: plain(prose(d.Then)), At: s.names.when(d.At), By: whose}
	if now == record.Beginning {
		return v
	}
	v.Left = int64(d.At - now)
	v.Passed = v.Left <= 0
	v.Figures, v.Away = countdown(v.Left), spoken(v.Left)
	if v.Passed {
		v.Away = spoken(-v.Left)
	}
	return v
}

// passed lists what deadlines brought about last.
func (s *edition) passed(p *glancePage, st *standing) {
	items := map[agreement.Name]machine.Item{}
	for _, it := range st.Items {
		items[it.Name] = it
	}
	changes := st.history().changes
	for i := len(changes) - 1; i >= 0 && len(p.Past) < 4; i-- {
		if changes[i].Entry < 0 {
			p.Past = append(p.Past, s.changeRow(changes[i], items))
		}
	}
}

func (p *glancePage) span(st *standing, s *edition, now agreement.Instant) {
	if p.Next == nil || !st.InForce.Set {
		return
	}
	from, until := st.InForce.At, st.Deadlines[0].At
	if now < from || until <= from {
		return
	}
	gone := min(100, 100*float64(now-from)/float64(until-from))
	p.Span = &spanView{s.names.when(from), s.names.when(until), percent(gone)}
}

// whatOf says which deadline of its block it is, to be read after its name.
func whatOf(d machine.Deadline) string {
	switch d.What {
	case "notice":
		return ", whose notice ends"
	case "silence":
		return ", where silence decides the claim"
	case "report":
		return ", whose report is due"
	case "milestone":
		return " is reached"
	case "from":
		return " begins"
	case "until":
		return ", whose interval ends"
	case "due":
		return " is due"
	case "cure":
		return ", whose time to be made good ends"
	case "closes":
		return " closes"
	case "long-stop":
		return ", whose longest hold ends"
	}
	return ", " + d.What
}

func (s *edition) moves(p *glancePage, st *standing) {
	for _, pos := range st.Parties {
		rows := len(p.Moves)
		add := func(duties []machine.Duty, must bool) {
			for _, d := range duties {
				p.Clauses = p.Clauses || d.Clause != ""
				p.Moves = append(p.Moves, moveRow{
					Mark: s.names.mark(pos.Party), Must: must, Words: plain(prose(d.Words)), Clause: d.Clause, About: string(d.Subject), By: s.names.moment(d.By),
				})
			}
		}
		add(pos.Must, true)
		add(pos.May, false)
		if len(p.Moves) == rows {
			p.Resting = append(p.Resting, s.names.mark(pos.Party))
		}
	}
}

func (p *glancePage) tally(st *standing) {
	for _, status := range []string{"active", "claimed", "dormant", "suspended", "breached", "cured", "fulfilled", "ended"} {
		t := tally{Status: status}
		for _, it := range st.Items {
			if it.Noun == "commitment" && it.Status == status {
				t.Count++
			}
		}
		if t.Count > 0 {
			p.Tally = append(p.Tally, t)
		}
	}
}

// items are the blocks with a status; rest is how many are not listed.
func (s *edition) items(st *standing, most int) (rows []itemRow, rest int) {
	for _, it := range st.Items {
		if len(rows) == most {
			return rows, len(st.Items) - most
		}
		rows = append(rows, itemRow{
			Item: it, By: s.names.all(it.By), Due: s.names.moment(it.Due), Since: s.names.moment(it.Since), Contested: it.Contested, Words: plain(it.Words),
		})
	}
	return rows, 0
}

// lede says in a sentence or two how things stand.
func (s *edition) lede(st *standing, p *glancePage) []string {
	var out []string
	switch st.Status {
	case "unsigned":
		who := make([]string, len(st.Missing))
		for i, m := range st.Missing {
			who[i] = s.names.mark(m).Full
		}
		out = append(out, "Not in force: "+strings.Join(who, " and ")+map[bool]string{true: " has", false: " have"}[len(who) == 1]+" yet to sign.")
	case "in-force":
		out = append(out, "In force since "+p.Since.UTC+" UTC.")
	case "ended":
		out = append(out, "Ended on "+p.Since.UTC+" UTC.")
	}
	for _, it := range st.Items {
		if it.Noun != "vault" || it.Status == "open" {
			continue
		}
		at := s.names.moment(it.DoneAt)
		switch machine.Outcome(it.Status) {
		case machine.Released:
			out = append(out, fmt.Sprintf("Vault %s opens: release, decided %s UTC.", it.Name, at.UTC))
		case machine.Erased:
			out = append(out, fmt.Sprintf("Vault %s never opens: erase, decided %s UTC.", it.Name, at.UTC))
		case machine.Held:
			out = append(out, fmt.Sprintf("Vault %s is held.", it.Name))
		}
	}
	switch {
	case p.Next == nil && st.Status == "in-force":
		out = append(out, "No deadline is armed.")
	case p.Next != nil && !p.Next.Passed:
		out = append(out, fmt.Sprintf("Next, on %s UTC: %s%s.", p.Next.At.UTC, p.Next.Subject, p.Next.What))
	case p.Next != nil:
		out = append(out, "A deadline has passed and is not decided yet.")
	}
	return out
}
