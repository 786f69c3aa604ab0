package web

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"detente/agreement"
	"detente/machine"
	"detente/record"
	"detente/statement"

	"golang.org/x/mod/sumdb/tlog"
)

// An entryPage is one entry: what it says, when it existed, what came of it,
// and the proof that it stands where it does.
type entryPage struct {
	Frame     frame
	Line      line
	Previous  int64 // -1
	Next      int64 // -1
	Fields    []field
	Documents []statement.Document
	Raw       string
	RawSize   int
	RawLong   bool
	Sigs      []sigRow
	ID        string
	Hash      string
	Seen      *statement.Head
	Answers   *line
	Replies   []line
	ExistedBy when
	Covered   bool
	CoveredAt int64
	Effect    *effectView
	Fault     *record.Fault
	Changes   []changeRow
	Rule      string // where the text refuses
	RuleHref  string
	Proof     *proofView
	Witness   *witnessView
}

type field struct {
	Name, Value string
	Cut         bool
	Own         bool // its author's own words
}

type sigRow struct {
	Name, Hash, Key, Sig string
}

type effectView struct {
	At     when
	Effect bool
	Reason string
	Proof  int64
	Words  string
}

type proofView struct {
	Size     int64
	Root     string
	Cosigned bool
	Hashes   int
	Text     string
}

// A witnessView is what a proof of time carries.
type witnessView struct {
	Size   int64
	Root   string
	Lo, Hi when
	Rows   []witnessRow
	Ignore []string
}

type witnessRow struct {
	Name string
	At   when
}

func (s *site) judged(q *request) (*record.Judged, error) {
	n, err := strconv.ParseInt(q.PathValue("n"), 10, 64)
	if err != nil || n < 0 || strconv.FormatInt(n, 10) != q.PathValue("n") {
		return nil, errMissing
	}
	if n >= q.shown.head.Size {
		return nil, refusal{http.StatusNotFound, fmt.Sprintf("there is no entry %d: the record has %d entries here", n, q.shown.head.Size)}
	}
	list, err := q.book.entries([]int64{n})
	if err != nil {
		return nil, err
	}
	return list[0], nil
}

func (s *edition) entry(q *request) (any, error) {
	j, err := s.judged(q)
	if err != nil {
		return nil, err
	}
	p := &entryPage{Frame: q.frame, Line: s.line(j), Previous: j.Index - 1, Next: -1, CoveredAt: -1, Fault: j.Fault, RawSize: len(j.Bytes)}
	p.Frame.Page = fmt.Sprintf("№ %d", j.Index)
	if j.Index+1 < q.shown.head.Size {
		p.Next = j.Index + 1
	}
	p.Raw = named(string(j.Bytes))
	p.RawLong = len(p.Raw) > 4*fieldAtMost
	hash := tlog.RecordHash(j.Bytes)
	p.Hash = hex.EncodeToString(hash[:])
	if j.Covered {
		p.Covered, p.ExistedBy = true, s.names.when(j.UB)
		p.CoveredAt = q.shown.coverer(j.Index, q.book)
	}
	if j.Statement != nil {
		if err := s.statement(p, q, j); err != nil {
			return nil, err
		}
	}
	if j.Proof != nil {
		p.Witness = s.witnesses(j.Proof)
	}
	items := map[agreement.Name]machine.Item{}
	for _, it := range q.shown.Items {
		items[it.Name] = it
	}
	h := q.shown.history()
	for _, i := range h.entry[j.Index] {
		p.Changes = append(p.Changes, s.changeRow(h.changes[i], items))
	}
	if p.Replies, err = s.lines(q.book, q.book.answers(j.Index)); err != nil {
		return nil, err
	}
	p.Proof = s.proof(j.Index)
	return p, nil
}

func (s *edition) statement(p *entryPage, q *request, j *record.Judged) error {
	st := j.Statement
	p.ID = st.ID.String()
	if st.Seen.Size > 0 {
		p.Seen = &st.Seen
	}
	p.Fields = fields(st.Body)
	for _, x := range st.Sigs {
		p.Sigs = append(p.Sigs, s.signature(q.book, st.By, x))
	}
	if j.Answers > 0 {
		to, err := s.lines(q.book, []int64{j.Answers})
		if err != nil {
			return err
		}
		p.Answers = &to[0]
	}
	if j.Effect == nil {
		return nil
	}
	v := j.Effect.Verdict
	_, broken, _ := saidOfEffect(j)
	p.Effect = &effectView{At: s.names.when(j.Effect.At), Effect: !broken, Reason: plain(prose(v.Reason)), Proof: j.Effect.Proof, Words: p.Line.Came}
	if v.Rule.File != "" && broken {
		then, frame := s, q.frame // the text that it was judged by
		q.book.with(func(f *record.Fold) { then = s.edition(f.VersionAt(j.Effect.Proof + 1)) })
		if then.version != s.version {
			frame.Size = strconv.FormatInt(j.Effect.Proof+1, 10)
		}
		p.Rule = then.at(v.Rule)
		p.RuleHref = frame.Href("text") + "#" + lineID(v.Rule.File, then.lineOf(v.Rule))
	}
	return nil
}

// signature finds which key a line claims, among those in force now.
func (s *edition) signature(b *book, by agreement.Name, x statement.Signature) sigRow {
	r := sigRow{Name: plain(x.Name), Hash: fmt.Sprintf("%08x", x.Hash), Sig: base64.StdEncoding.EncodeToString(x.Sig)}
	b.with(func(f *record.Fold) {
		keys, ok := f.Keys(by)
		if !ok {
			return
		}
		for _, k := range keys.Keys() {
			if k.Hash(x.Name) == x.Hash {
				r.Key = k.String()
			}
		}
	})
	return r
}

// own are the fields that hold their author's own words.
var own = []string{"text", "reason", "note", "subject"}

// fields are a body's fields in their order, each on one line.
func fields(body statement.Body) []field {
	data, err := json.Marshal(body)
	if err != nil {
		return nil
	}
	d := json.NewDecoder(bytes.NewReader(data))
	if _, err := d.Token(); err != nil {
		return nil
	}
	var out []field
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return out
		}
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			return out
		}
		f := field{Name: fmt.Sprint(name), Value: string(value)}
		f.Own = slices.Contains(own, f.Name)
		var text string
		if json.Unmarshal(value, &text) == nil {
			f.Value = text
		}
		if f.Value == "" || f.Value == "[]" {
			f.Value = "none"
			f.Own = false
		}
		most := fieldAtMost
		if f.Own {
			most *= 20
		}
		f.Value, f.Cut = clip(plain(f.Value), most)
		out = append(out, f)
	}
	return out
}

func (s *edition) witnesses(p *record.Proof) *witnessView {
	v := &witnessView{Size: p.Head.Size, Root: p.Head.Root.String(), Lo: s.names.when(p.Lo), Hi: s.names.when(p.Hi)}
	for _, c := range p.Cosignatures {
		v.Rows = append(v.Rows, witnessRow{string(c.Witness), s.names.when(c.Time)})
	}
	for _, o := range p.Outliers {
		v.Ignore = append(v.Ignore, string(o))
	}
	return v
}

// proof is a C2SP tlog-proof of an entry against the newest checkpoint.
func (s *site) proof(n int64) *proofView {
	head, note, cosigned := s.checkpoint(n)
	if note == nil {
		return nil
	}
	var p *proofView
	s.view.With(func(f *record.Fold) {
		if root, err := f.RootAt(min(head.Size, f.Size())); err != nil || head.Size > f.Size() || root != head.Root {
			return
		}
		hashes, err := tlog.ProveRecord(head.Size, n, f.HashReader())
		if err != nil {
			return
		}
		var b strings.Builder
		fmt.Fprintf(&b, "c2sp.org/tlog-proof@v1\nindex %d\n", n)
		for _, h := range hashes {
			b.WriteString(h.String() + "\n")
		}
		b.WriteString("\n")
		b.Write(note)
		p = &proofView{Size: head.Size, Root: head.Root.String(), Cosigned: cosigned, Hashes: len(hashes), Text: b.String()}
	})
	return p
}

// serveRaw gives the bytes of an entry. They are a stranger's: never anything
// but plain text.
func (s *site) serveRaw(w http.ResponseWriter, r *http.Request) {
	j, err := s.judged(&request{Request: r, site: s, book: s.live, shown: s.live.standing()})
	if err != nil {
		http.Error(w, err.Error(), http.StatusNotFound)
		return
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Content-Disposition", fmt.Sprintf(`attachment; filename="%s-%d.txt"`, s.view.Agreement().Name, j.Index))
	w.Write(j.Bytes)
}

func (s *site) serveProof(w http.ResponseWriter, r *http.Request) {
	j, err := s.judged(&request{Request: r, site: s, book: s.live, shown: s.live.standing()})
	if err != nil {
		http.Error(w, err.Error(), http.StatusNotFound)
		return
	}
	p := s.proof(j.Index)
	if p == nil {
		http.Error(w, "no checkpoint covers this entry yet", http.StatusNotFound)
		return
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-cache")
	w.Header().Set("Content-Disposition", fmt.Sprintf(`attachment; filename="%s-%d.tlog-proof"`, s.view.Agreement().Name, j.Index))
	w.Write([]byte(p.Text))
}
