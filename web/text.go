package web

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"detente/agreement"
	"detente/machine"
)

// A textPage is the text as signed, with the standing of each block beside it.
type textPage struct {
	Frame    frame
	ID       string // of the text in force
	First    string // of the agreement: its first text
	Versions []textVersion
	Proposed []proposal
	Files    []textFile
}

type textFile struct {
	Path   string
	Size   int
	Digest string
	Pieces []piece // of an agreement's source, or one piece of plain words
	Source bool
	Shown  bool
	Long   bool
}

// A piece is consecutive lines with one note beside them.
type piece struct {
	ID    string // of a block
	Lines []sourceLine
	Note  *blockNote
}

type sourceLine struct {
	N    int
	ID   string
	Text string
	Rest bool // a comment
}

// A blockNote is how one block stands.
type blockNote struct {
	Mark   *mark
	Status string
	Since  when
	Due    when
	Words  string
	Entry  int64 // -1
	Vault  string
}

func (s *edition) text(q *request) (any, error) {
	b := s.bundle
	p := &textPage{Frame: q.frame, ID: s.names.a.ID.String(), First: s.view.Agreement().ID.String()}
	p.Versions, p.Proposed = s.versions(q)
	p.Frame.Page = "The text"
	notes := s.notes(q.shown)
	for _, f := range b.Files {
		t := textFile{Path: plain(f.Path), Size: len(f.Data), Digest: fmt.Sprintf("%x", sha256.Sum256(f.Data))}
		t.Source = strings.HasSuffix(f.Path, ".agreement")
		t.Long = len(f.Data) > textFileAtMost
		t.Shown = utf8.Valid(f.Data) && !bytes.ContainsRune(f.Data, 0) && !t.Long
		if t.Shown {
			t.Pieces = pieces(f, notes)
		}
		p.Files = append(p.Files, t)
	}
	slices.SortStableFunc(p.Files, func(x, y textFile) int { return order(x) - order(y) })
	return p, nil
}

// order puts the agreement's source first, then what can be read.
func order(f textFile) int {
	switch {
	case f.Source:
		return 0
	case f.Shown:
		return 1
	}
	return 2
}

// A placed note is the note of a block with its place in the text.
type placed struct {
	where agreement.Range
	name  agreement.Name
	note  *blockNote
}

// notes gives the notes of all blocks that have any.
func (s *edition) notes(st *standing) []placed {
	a := s.names.a
	var out []placed
	words := "not in force: not everybody has signed"
	switch st.Status {
	case "in-force":
		words = "in force"
	case "ended":
		words = "ended"
	}
	out = append(out, placed{a.Range, a.Name, &blockNote{Status: st.Status, Words: words, Since: s.names.moment(st.Since), Entry: -1}})
	for _, p := range a.Parties {
		m := s.names.mark(p.Name)
		n := &blockNote{Mark: &m, Words: "does not sign", Entry: -1}
		if p.Signs {
			n.Status, n.Words = "dormant", "has yet to sign"
			if e, ok := st.signed[p.Name]; ok && !slices.Contains(st.Missing, p.Name) {
				n.Status, n.Words, n.Entry = "signed", "signed", e
			}
		}
		out = append(out, placed{p.Range, p.Name, n})
	}
	for _, it := range st.Items {
		n := &blockNote{Status: it.Status, Words: statusWord(it.Status), Since: s.names.moment(it.Since), Entry: -1}
		if it.Noun == "vault" {
			n.Vault = string(it.Name)
		}
		if it.Value != "" {
			n.Words += ": " + it.Value
		}
		if it.Contested {
			n.Words += ", contested"
		}
		if due := instantOf(it.Due); it.Due.Set && (st.state == nil || due >= st.clock || live(it)) {
			n.Due = s.names.moment(it.Due)
		}
		out = append(out, placed{it.Range, it.Name, n})
	}
	return out
}

// live says whether what is due is still awaited.
func live(it machine.Item) bool {
	return it.Status == "active" || it.Status == "claimed" || it.Status == "open" || it.Status == "held"
}

// pieces cuts a file at the lines where blocks with notes begin and end.
func pieces(f agreement.File, notes []placed) []piece {
	lines := strings.Split(strings.TrimSuffix(named(string(f.Data)), "\n"), "\n")
	start := make([]*placed, len(lines)+1)
	end := make([]int, len(lines)+1)
	for i := range notes {
		n := &notes[i]
		if n.where.File != f.Path || n.where.End <= n.where.Start || n.where.End > len(f.Data) {
			continue
		}
		first := bytes.Count(f.Data[:n.where.Start], []byte("\n"))
		last := bytes.Count(f.Data[:n.where.End-1], []byte("\n"))
		if first < len(lines) && last < len(lines) && start[first] == nil {
			start[first], end[first] = n, last
		}
	}
	var out []piece
	for i := 0; i < len(lines); {
		p, stop := piece{}, i
		if n := start[i]; n != nil {
			p.ID, p.Note, stop = string(n.name), n.note, end[i]
		} else {
			for stop+1 < len(lines) && start[stop+1] == nil {
				stop++
			}
		}
		for ; i <= stop; i++ {
			p.Lines = append(p.Lines, sourceLine{N: i + 1, ID: lineID(f.Path, i+1), Text: lines[i], Rest: strings.HasPrefix(strings.TrimSpace(lines[i]), "#")})
		}
		out = append(out, p)
	}
	return out
}

func lineID(file string, n int) string { return fmt.Sprintf("%s:%d", file, n) }

// lineOf is the line on which a piece of text begins.
func (s *edition) lineOf(r agreement.Range) int {
	data, ok := s.bundle.File(r.File)
	if !ok || r.Start > len(data) {
		return 1
	}
	return 1 + bytes.Count(data[:r.Start], []byte("\n"))
}

// at is a place in the text in words.
func (s *edition) at(r agreement.Range) string {
	return fmt.Sprintf("%s, line %d", plain(r.File), s.lineOf(r))
}
