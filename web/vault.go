package web

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"detente/agreement"
	"detente/machine"
	"detente/record"
	"detente/vault"
)

// A vaultBook keeps the ledger of one vault, read up as the record grows, and
// the last survey of its coverage.
type vaultBook struct {
	book *book
	name agreement.Name

	mu     sync.Mutex
	reader *vault.Reader
	broken error // the ledger can judge no further

	survey   *vault.Coverage
	surveyed int64 // size of the record at the survey
	why      error // there is none
	next     time.Time
}

// A vaultPage is one vault: what was sealed, what opens it, who holds the key.
type vaultPage struct {
	Frame     frame
	Vault     *agreement.Vault
	Item      itemRow
	Lede      string
	Host      mark
	Opens     []mark
	Condition string
	Close     when
	Coverage  *coverageView
	NoSurvey  string
	Branches  []branch
	Seats     []seatRow
	SeatRow   []int // seat numbers, for the figure
	Need      int
	Absent    int
	Epochs    int
	Sealed    int
	Erased    int
	Handed    int
	Acked     int
	LastDealt string
	Recorder  string
	RecLast   when
	RecEntry  int64
	Requests  []requestRow
	SetAside  []asideRow
	AsideMore int
	Cut       *cutView
	Proof     *certificateView
	Uncertain string // why no certificate is to be had, once an outcome is
	Outcome   string
}

type branch struct {
	If, Then, After string
	Status          string
	Now             bool
	NowWords        string
}

type seatRow struct {
	Seat     int
	Name     string
	NamedBy  mark
	Neutral  bool
	Accepted int64
	Held     int
	Alive    when
	AliveAt  int64
	Barred   int64
	Deed     string
	Entry    int64
	Proof    string // when it last proved that it holds its shares, if the text asks for that
	ProofAt  int64
	Overdue  bool
}

type requestRow struct {
	Entry  int64
	By     mark
	Epochs string
	From   int // seats that answered
}

type asideRow struct {
	Entry  int64
	By     mark
	Kind   string
	Reason string
}

// A certificateView is what custodians may act on: see record.Certificate.
type certificateView struct {
	Ground  string
	Outcome string
	Size    int64
}

type cutView struct {
	LongStop, H, After when
}

func (s *edition) vault(q *request) (any, error) {
	v := s.vaultNamed(agreement.Name(q.PathValue("name")))
	if v == nil {
		return nil, errMissing
	}
	b := q.book.vault(v.Name)
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.reader != nil && b.reader.Size() > q.shown.head.Size {
		// Somebody read further meanwhile.
		q.shown = q.book.standing()
		s = s.edition(q.shown.version)
		q.frame = s.frameOf(q, "vault")
		if v = s.vaultNamed(v.Name); v == nil {
			return nil, errMissing
		}
	}
	if err := b.readTo(q.Context(), q.shown.head.Size); err != nil {
		return nil, refusal{http.StatusInternalServerError, "the ledger of this vault could not be read here: " + err.Error()}
	}
	st := q.shown
	p := &vaultPage{Frame: q.frame, Vault: v, Host: s.names.mark(v.Host), Opens: s.names.all(v.OpensTo), Need: v.Need, Absent: v.Absent, RecEntry: -1}
	p.Frame.Page = "Vault " + string(v.Name)
	for _, it := range st.Items {
		if it.Name == v.Name {
			p.Item = itemRow{Item: it, Due: s.names.moment(it.Due), Since: s.names.moment(it.Since), Words: plain(it.Words)}
		}
	}
	if at, ok := st.state.Closes(v.Name); ok {
		p.Close = s.names.when(at)
	}
	p.Condition = s.source(v.OpensIf)
	s.branches(p, st)
	s.custody(p, b.reader.Ledger)
	b.cover(q.Context(), st)
	if b.survey != nil {
		p.Coverage = s.coverage(b.survey, b.surveyed, st, v)
	} else if b.why != nil {
		p.NoSurvey = b.why.Error()
	}
	q.book.with(func(f *record.Fold) {
		if c, ok := f.Cut(v.Name); ok {
			p.Cut = &cutView{s.names.when(c.LongStop), s.names.when(c.H), s.names.when(c.H + agreement.Instant(c.Margin))}
		}
	})
	s.certificate(p, q)
	p.Lede = s.vaultLede(p, st)
	return p, nil
}

// vaultNamed is a vault of this text; nil if it has none of the name.
func (s *edition) vaultNamed(name agreement.Name) *agreement.Vault {
	for _, v := range s.names.a.Vaults {
		if v.Name == name {
			return v
		}
	}
	return nil
}

// certificate finds what custodians may act on: the record, witnessed in time;
// its silence, witnessed after the cut; or everybody's signature.
func (s *edition) certificate(p *vaultPage, q *request) {
	var notes [][]byte
	if size, note := s.view.Final(); note != nil && !q.frame.Earlier() && size <= q.shown.head.Size {
		notes = append(notes, note)
	}
	q.book.with(func(f *record.Fold) {
		c, err := f.Decide(p.Vault.Name, notes...)
		switch {
		case err == nil:
			p.Proof = &certificateView{groundWords[c.Ground], string(c.Outcome), c.Size}
		case errors.Is(err, record.ErrFork), errors.Is(err, record.ErrExclusion):
			p.Uncertain = "Custodians hold: " + err.Error()
		case p.Item.Item.Status == string(machine.Released) || p.Item.Item.Status == string(machine.Erased):
			p.Uncertain = "No certificate of it is to be had here yet; custodians act on nothing less"
		}
	})
}

// groundWords say what a certificate rests on, after "by the first n entries".
var groundWords = map[record.Ground]string{
	record.Decided: "as decided by the text: witnessed before the cut",
	record.Halted:  "as the text says for a record that halted undecided: witnessed after the cut",
	record.Agreed:  "as all signatories and all custodians signed",
}

// selfTest is done once in a process: every ledger and judgement rests on it.
var selfTest = sync.OnceValue(vault.SelfTest)

// readTo reads the ledger up, in pieces between which others may write.
func (b *vaultBook) readTo(ctx context.Context, size int64) error {
	if b.broken != nil {
		return b.broken
	}
	if b.reader == nil {
		if b.broken = selfTest(); b.broken != nil {
			return b.broken
		}
		b.book.with(func(f *record.Fold) { b.reader, b.broken = vault.ReaderOf(f, b.name) })
		if b.broken != nil {
			return b.broken
		}
	}
	const atOnce = 16 // a dealing's proofs take longer than other entries
	for b.reader.Size() < size && b.broken == nil {
		if err := ctx.Err(); err != nil {
			return err
		}
		b.book.with(func(f *record.Fold) {
			b.broken = b.reader.Read(f, min(size, b.reader.Size()+atOnce))
		})
	}
	return b.broken
}

// cover surveys the coverage, unless the last survey is new enough for what it
// cost. Objects are fetched while nobody is held up.
func (b *vaultBook) cover(ctx context.Context, st *standing) {
	if b.surveyed == st.head.Size && (b.survey != nil || b.why != nil) || time.Now().Before(b.next) {
		return
	}
	opens, ok := st.state.Opens(b.name)
	if !ok {
		b.survey, b.why, b.surveyed = nil, fmt.Errorf("it is not known yet when the recording starts"), st.head.Size
		return
	}
	closes, ok := st.state.Closes(b.name)
	if !ok {
		closes = st.clock
	}
	existed := map[int64]agreement.Instant{}
	for at := 0; at < len(b.reader.Seals); at += readAtOnce {
		b.book.with(func(f *record.Fold) {
			for _, x := range b.reader.Seals[at:min(len(b.reader.Seals), at+readAtOnce)] {
				if j := f.Entry(x.Entry); j != nil && j.Covered {
					existed[x.Entry] = j.UB
				}
			}
		})
	}
	begun := time.Now()
	c, err := b.reader.Coverage(vault.CoverageInput{
		Opens: opens, Closes: max(opens, closes), AsOf: st.clock,
		ExistedBy: func(entry int64) (agreement.Instant, bool) { t, ok := existed[entry]; return t, ok },
		Batch:     func(d vault.Digest) ([]byte, error) { return b.book.object(ctx, agreement.Digest(d)) },
	})
	if ctx.Err() != nil {
		return // the reader has left: what it found out may be half
	}
	b.survey, b.why, b.surveyed = c, err, st.head.Size
	if took := time.Since(begun); took > coverageFresh {
		b.next = time.Now().Add(coverageRest * took)
	}
}

// source is an expression in the words of the text.
func (s *edition) source(e agreement.Expr) string {
	if e == nil {
		return ""
	}
	r := e.Where()
	data, ok := s.bundle.File(r.File)
	if !ok || r.Start < 0 || r.End > len(data) || r.Start >= r.End {
		return ""
	}
	return strings.Join(strings.Fields(named(string(data[r.Start:r.End]))), " ")
}

// branches says what the close brings, and which branch it would be as things
// stand: if nobody acts any more.
func (s *edition) branches(p *vaultPage, st *standing) {
	v := p.Vault
	hold := "held"
	then := fmt.Sprintf("at most %s after the close; then %s", spoken(int64(v.HoldAtMost)), v.HoldThen)
	release := fmt.Sprintf("%d custodians or more hand their shares to %s; each share is checked against the record", v.Need, joined(v.OpensTo))
	erase := fmt.Sprintf("each custodian destroys its shares and says so; shown as attested by k of %d, never as proved", len(v.Seats))
	p.Branches = append(p.Branches, branch{If: p.Condition, Then: "Release", After: release, Status: "release"})
	if v.Pending == "hold" {
		p.Branches = append(p.Branches, branch{If: "a claim that could make it true was proved in time and is not decided yet", Then: "Hold", After: then, Status: hold})
	}
	last := branch{If: "otherwise", Then: capital(v.Else), Status: v.Else}
	switch v.Else {
	case "release":
		last.After = release
	case "hold":
		last.After, last.Status = then, hold
	default:
		last.After = erase
	}
	p.Branches = append(p.Branches, last)
	p.Branches = append(p.Branches, branch{If: "the record itself is halted or forked", Then: "Hold", Status: hold,
		After: "custodians hold until a certificate decides: the record, witnessed in time, or its silence, witnessed after the cut; then " + v.HoldThen})
	if v.Else == "release" {
		return // two branches have one outcome: which it would be is not asked here
	}
	outcome, at := st.state.Outcome(v.Name)
	words := "as things stand"
	switch {
	case outcome == machine.Released || outcome == machine.Erased:
		words = "decided " + s.names.when(at).UTC + " UTC"
	case outcome == machine.Held:
		words = "now"
	default:
		closes, ok := st.state.Closes(v.Name)
		if !ok || st.Status != "in-force" {
			return
		}
		ahead := st.state.Clone()
		ahead.Drive(closes)
		outcome, _ = ahead.Outcome(v.Name)
	}
	p.Outcome = string(outcome)
	for i := range p.Branches[:len(p.Branches)-1] {
		if p.Branches[i].Status == string(outcome) {
			p.Branches[i].Now, p.Branches[i].NowWords = true, words
			return
		}
	}
}

func joined(names []agreement.Name) string {
	out := make([]string, len(names))
	for i, n := range names {
		out[i] = string(n)
	}
	return strings.Join(out, " and ")
}

// custody fills in who holds what.
func (s *edition) custody(p *vaultPage, l *vault.Ledger) {
	held := make([]int, len(l.Custodies))
	for _, a := range l.Attempts {
		if a.Status == vault.Sealed {
			p.Sealed++
		}
		if a.Status == vault.Void {
			continue
		}
		p.LastDealt = fmt.Sprintf("epoch %d: %d of %d acknowledged, %s", a.Epoch, a.Acknowledgements(), len(a.States), a.Status)
		for i, x := range a.States {
			if x.Acknowledged >= 0 && i < len(held) {
				held[i]++
			}
		}
	}
	p.Epochs = len(l.Attempts)
	named := map[agreement.Name]agreement.Name{}
	for _, c := range s.names.a.Custodians {
		named[c.Name] = c.NamedBy
	}
	handed := map[int]int64{}
	for _, h := range l.HandOvers {
		if _, ok := handed[h.Seat]; !ok {
			handed[h.Seat] = h.Entry
		}
	}
	for i, c := range l.Custodies {
		r := seatRow{Seat: c.Seat, Name: string(c.Custodian), Accepted: c.Accepted, Held: held[i], Barred: c.Barred, AliveAt: c.Alive.Entry, Entry: -1, ProofAt: -1}
		if by := named[c.Custodian]; by == "neutral" {
			r.Neutral = true
		} else {
			r.NamedBy = s.names.mark(by)
		}
		if c.Alive.Entry >= 0 {
			r.Alive = s.heard(c.Alive)
		}
		s.proved(&r, l)
		s.deed(p, &r, c, handed)
		p.Seats = append(p.Seats, r)
		p.SeatRow = append(p.SeatRow, c.Seat)
	}
	p.Recorder = string(p.Vault.Recorder)
	if l.Recorder.Entry >= 0 {
		p.RecLast, p.RecEntry = s.heard(l.Recorder), l.Recorder.Entry
	}
	for _, r := range l.Requests {
		row := requestRow{Entry: r.Entry, By: s.names.mark(r.By), Epochs: fmt.Sprintf("%d to %d", r.First, r.Last)}
		row.From = len(seatsOf(l, r))
		p.Requests = append(p.Requests, row)
	}
	p.Requests = p.Requests[max(0, len(p.Requests)-rowsOfRemarks):]
	for _, v := range l.Verdicts {
		if v.Force {
			continue
		}
		if len(p.SetAside) == rowsOfRemarks {
			p.AsideMore++
			continue
		}
		who := v.By
		p.SetAside = append(p.SetAside, asideRow{v.Index, s.names.mark(who), string(v.Kind), plain(prose(v.Reason))})
	}
}

// proved says how long ago a custodian proved that it holds its shares, where the
// text gives it an interval.
func (s *edition) proved(r *seatRow, l *vault.Ledger) {
	last, since, _, late := l.Proved(r.Seat)
	if l.Terms.Proves == 0 || since == 0 {
		return
	}
	days, ago := int(l.Clock()-since)/(24*60*60), "less than a day ago"
	if days > 0 {
		ago = plural(days, "day") + " ago"
	}
	r.Overdue = late
	if last == nil {
		r.Proof = "never proved that it holds its shares, first sealed " + ago
		return
	}
	r.Proof, r.ProofAt = "proved "+ago+" that it holds its shares", last.Entry
}

// heard is the record's clock when somebody was last heard of; not set before
// the first proof of time.
func (s *edition) heard(a vault.Alive) when {
	if a.Clock == 0 {
		return when{}
	}
	return s.names.when(a.Clock)
}

func seatsOf(l *vault.Ledger, r *vault.Request) []int {
	var seats []int
	for _, h := range l.HandOvers {
		if h.Request == r && !slices.Contains(seats, h.Seat) {
			seats = append(seats, h.Seat)
		}
	}
	return seats
}

// deed says what a custodian did, or has to do.
func (s *edition) deed(p *vaultPage, r *seatRow, c *vault.Custody, handed map[int]int64) {
	if r.Held > 0 {
		p.Acked++
	}
	if len(c.Erased) > 0 {
		p.Erased++
		e := c.Erased[len(c.Erased)-1]
		r.Entry, r.Deed = e.Entry, "attests that it destroyed its shares of "+plural(e.Epochs, "epoch")
		if e.Again {
			r.Deed += ", again, of a restored copy"
		}
		return
	}
	if e, ok := handed[c.Seat]; ok {
		p.Handed++
		r.Entry, r.Deed = e, "handed its shares over"
		return
	}
	switch {
	case c.Barred >= 0:
		r.Entry, r.Deed = c.Barred, "no seat until an amendment: its complaint was false"
	case c.Accepted < 0:
		r.Deed = "has not taken its seat"
	case p.Outcome == string(machine.Erased) && p.Item.Item.Status == p.Outcome:
		r.Deed = "must destroy its shares and say so"
	case p.Outcome == string(machine.Released) && p.Item.Item.Status == p.Outcome:
		r.Deed = "must hand its shares over when asked"
	default:
		r.Deed = "holds"
	}
}

func (s *edition) vaultLede(p *vaultPage, st *standing) string {
	outcome := machine.Outcome(p.Item.Item.Status)
	n := len(p.Seats)
	switch outcome {
	case machine.Released:
		return fmt.Sprintf("Release was decided on %s UTC. %d of %d custodians have handed their shares over; any %d open the vault.", s.names.moment(p.Item.Item.DoneAt).UTC, p.Handed, n, p.Need)
	case machine.Erased:
		return fmt.Sprintf("Erasure was decided on %s UTC. %d of %d custodians attest that they destroyed their shares; nobody can prove it.", s.names.moment(p.Item.Item.DoneAt).UTC, p.Erased, n)
	case machine.Held:
		return fmt.Sprintf("The vault is held until %s UTC at the latest; then %s.", p.Item.Due.UTC, p.Vault.HoldThen)
	}
	if st.Status != "in-force" {
		return "The agreement is not in force: nothing is recorded for this vault."
	}
	words := map[machine.Outcome]string{
		machine.Released: "As things stand, it is released.", machine.Erased: "As things stand, the keys are destroyed.", machine.Held: "As things stand, it is held.",
	}[machine.Outcome(p.Outcome)]
	return strings.TrimSpace(fmt.Sprintf("The vault closes on %s UTC. %s", p.Close.UTC, words))
}
