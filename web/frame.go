package web

import (
	"encoding/hex"
	"fmt"
	"strconv"

	"detente/record"
	"detente/statement"
)

// A frame is what every page has around its matter.
type frame struct {
	Title     string // of the agreement
	Page      string // of this page; empty on the first
	Root      string // leads to the record's address
	Size      string // of ?size=, empty for the newest
	Current   string // the page's name, for the contents
	Simulated bool
	AsOf      when
	Provision bool // no proof of time yet
	Entries   int64
	Live      int64 // entries there are now
	Digest    string
	RootHash  string
	Cosigned  cosigned
	Vaults    []string
	Name      string
	ID        string
	Export    string // commands to check it
	Notice    string // what a mirror says of itself; empty at the depositary
}

// cosigned says how far witnesses have signed what is shown.
type cosigned struct {
	By, Of, Need int
	Size         int64 // of the checkpoint
	All          bool  // it covers everything that is shown
	At           when
	Entry        int64 // the proof of time that carries it; -1 if it is on no entry
}

// Href is a link to a page of this record at the size that is looked at.
func (f frame) Href(path string) string { return link(f.Root, path, f.Size) }

// EntryHref is a link to an entry.
func (f frame) EntryHref(n int64) string { return f.Href("entry/" + strconv.FormatInt(n, 10)) }

// BlockHref is a link to a block in the text.
func (f frame) BlockHref(name any) string { return f.Href("text") + "#" + fmt.Sprint(name) }

// Earlier says whether this is not the newest size.
func (f frame) Earlier() bool { return f.Size != "" }

func (s *edition) frameOf(q *request, current string) frame {
	a, st := s.names.a, q.shown
	f := frame{
		Title: plain(a.Title), Root: rootOf(q.URL.Path), Current: current, Simulated: a.Simulated,
		AsOf: s.names.when(st.clock), Provision: st.clock == record.Beginning,
		Entries: st.head.Size, Live: s.live.standing().head.Size,
		Name: string(a.Name), ID: s.view.Agreement().ID.String(), RootHash: st.head.Root.String(),
	}
	if m, ok := s.view.(interface{ Notice() string }); ok {
		f.Notice = m.Notice()
	}
	if f.Title == "" {
		f.Title = string(a.Name)
	}
	f.Digest = shortDigest(hex.EncodeToString(st.head.Root[:]))
	if q.book.fixed > 0 || q.book != s.live {
		f.Size = strconv.FormatInt(st.head.Size, 10)
	}
	for _, v := range a.Vaults {
		f.Vaults = append(f.Vaults, string(v.Name))
	}
	f.Cosigned = s.cosigned(st)
	return f
}

// cosigned finds who signed what is shown: the newest final checkpoint, or the
// first proof on the record that reaches so far.
func (s *edition) cosigned(st *standing) cosigned {
	quorum := s.names.a.Quorum
	c := cosigned{Of: len(quorum.Of), Need: quorum.Need, Entry: -1}
	live := s.live.standing()
	if st.head.Size < live.head.Size {
		if e := live.coverer(st.head.Size-1, s.live); e >= 0 {
			if j, err := s.live.entries([]int64{e}); err == nil && j[0].Proof != nil {
				c.By, c.Size, c.All, c.Entry = len(j[0].Proof.Cosignatures), j[0].Proof.Head.Size, true, e
				c.At = s.names.when(j[0].Proof.Lo)
				return c
			}
		}
	}
	size, note := s.view.Final()
	if note == nil {
		return c
	}
	s.view.With(func(f *record.Fold) {
		if size > f.Size() {
			return
		}
		if p, err := f.CheckProof(note, f.Size()); err == nil {
			c.By, c.Size, c.All = len(p.Cosignatures), p.Head.Size, p.Head.Size >= st.head.Size
			c.At = s.names.when(p.Lo)
		}
	})
	return c
}

// checkpoint is the newest checkpoint over an entry that this depositary can
// show: cosigned if one reaches so far.
func (s *site) checkpoint(entry int64) (statement.Head, []byte, bool) {
	if size, note := s.view.Final(); note != nil && size > entry {
		if h, ok := headOf(note); ok {
			return h, note, true
		}
	}
	if h, note := s.view.Head(); note != nil && h.Size > entry {
		return h, note, false
	}
	return statement.Head{}, nil, false
}

func headOf(note []byte) (statement.Head, bool) {
	n, err := statement.ParseNote(note)
	if err != nil {
		return statement.Head{}, false
	}
	c, err := statement.ParseCheckpoint(n.Text)
	if err != nil {
		return statement.Head{}, false
	}
	return c.Head(), true
}
