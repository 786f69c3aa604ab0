package calculator

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
)

// A version is a text that is or was in force.
type version struct {
	id   string
	from int64 // in force in the fold of so many entries and more
	*terms
	lists []*council // which its amendment changed, and those it changed to
}

// A consent is what a name said last of a bundle in place of the text in force.
type consent struct {
	to   string // empty: to none
	seen int64
}

// say takes a word, if it is its author's last.
func say(all map[string]consent, by string, seen int64, to string) bool {
	last, said := all[by]
	switch {
	case said && seen < last.seen:
		return false
	case said && seen == last.seen && to != last.to:
		all[by] = consent{"", seen}
		return false
	}
	all[by] = consent{to, seen}
	return true
}

// consented is whether the last words of all of these are for one bundle.
func consented(all map[string]consent, names []string, to string) bool {
	return !slices.ContainsFunc(names, func(n string) bool { return all[n].to != to })
}

// A parcel is what one author has put on the record of one bundle.
type parcel struct {
	of   int64
	part map[int64]string
}

// gather takes a part of a text.
func (c *calculation) gather(s *said) {
	id := s.body["bundle"].(string)
	if c.whole[id] != nil {
		return
	}
	key := s.by + " " + id
	p := c.parcels[key]
	if of := s.body["of"].(int64); p == nil || p.of != of {
		p = &parcel{of, map[int64]string{}}
		c.parcels[key] = p
	}
	p.part[s.body["part"].(int64)] = s.body["data"].(string)
	if int64(len(p.part)) < p.of {
		return
	}
	delete(c.parcels, key)
	var archive []byte
	for n := range p.of {
		archive = append(archive, p.part[n+1]...)
	}
	if text, ok := unpack(archive, id); ok {
		c.whole[id] = read(text)
	}
}

// unpack reads an archive in its one encoding, if it is that of the bundle.
func unpack(archive []byte, id string) (text []byte, ok bool) {
	lines, last := "detente/bundle/1\n", ""
	var again bytes.Buffer
	w := tar.NewWriter(&again)
	for r := tar.NewReader(bytes.NewReader(archive)); ; {
		h, err := r.Next()
		if err == io.EOF {
			break
		}
		if err != nil || h.Name <= last {
			return nil, false
		}
		data, err := io.ReadAll(r)
		if err != nil {
			return nil, false
		}
		lines += fmt.Sprintf("%x %d %s\n", sha256.Sum256(data), len(data), h.Name)
		err = w.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: h.Name, Mode: 0o444, Size: int64(len(data)), ModTime: time.Unix(0, 0), Format: tar.FormatUSTAR})
		if err != nil {
			return nil, false
		}
		w.Write(data)
		if strings.HasSuffix(h.Name, ".agreement") {
			if text != nil {
				refuse("record: a text in several files: %w", errSubset)
			}
			text = data
		}
		last = h.Name
	}
	sum := sha256.Sum256([]byte(lines))
	return text, w.Close() == nil && bytes.Equal(again.Bytes(), archive) && hex.EncodeToString(sum[:]) == id
}

// inForce is the version in force.
func (c *calculation) inForce() *version { return c.versions[len(c.versions)-1] }

// under is the place of the last version with an id; -1 if there is none.
func (c *calculation) under(id string) int {
	for i, v := range slices.Backward(c.versions) {
		if v.id == id {
			return i
		}
	}
	return -1
}

// signatories are the parties that sign.
func (t *terms) signatories() (all []string) {
	for _, p := range t.parties {
		if t.signs[p] {
			all = append(all, p)
		}
	}
	return all
}

// joins are the parties that sign in the second text alone.
func joins(from, to *terms) (all []string) {
	for _, p := range to.signatories() {
		if !from.signs[p] {
			all = append(all, p)
		}
	}
	return all
}

// asked are those who must consent to a text in place of another.
func asked(from, to *terms) []string {
	by := from.amenders
	if len(by) == 0 {
		by = from.signatories()
	}
	return append(slices.Clone(by), joins(from, to)...)
}

// mayAmend is whether a text can take the place of another at all.
func mayAmend(from, to *terms) bool {
	if from.name != to.name || from.simulated != to.simulated || from.private != to.private {
		return false
	}
	for name, b := range to.blocks {
		if was, ok := from.blocks[name]; ok && was.noun != b.noun {
			return false
		}
	}
	for _, v := range from.vaults {
		k := slices.IndexFunc(to.vaults, func(o *vaultTerms) bool { return o.name == v.name })
		if k < 0 {
			return false
		}
		o := to.vaults[k]
		if v.epoch != o.epoch || v.segment != o.segment || v.cadence != o.cadence || v.bytes != o.bytes || !slices.Equal(v.cameras, o.cameras) {
			return false
		}
	}
	return true
}

// changed is whether a block is not the same in two texts; one that is in one
// of them alone is not.
func changed(from, to *terms, name string) bool {
	a, b := from.blocks[name], to.blocks[name]
	return a == nil || b == nil || !same(a.body, b.body, "")
}

// Lists whose order has a meaning.
var ordered = []string{"custodians.of", "successors", "cameras"}

// same compares what is written, but for the order of what has none.
func same(a, b *node, path string) bool {
	if a == nil || b == nil {
		return a == b
	}
	if a.op != b.op || a.text != b.text || len(a.args) != len(b.args) {
		return false
	}
	for i, x := range a.args {
		switch y := b.args[i]; {
		case a.op == "object":
			name := strings.TrimPrefix(path+"."+a.names[i], ".")
			if !same(x, b.get(a.names[i]), name) {
				return false
			}
		case a.op == "list" && !slices.Contains(ordered, path):
			if !slices.ContainsFunc(b.args, func(o *node) bool { return same(x, o, path) }) {
				return false
			}
		case !same(x, y, path):
			return false
		}
	}
	return true
}

// stale is whether a consent or renunciation cites a head from before the text
// in force.
func (c *calculation) stale(s *said) bool {
	return len(c.versions) > 1 && s.seen < c.inForce().from
}

// amend is the effect of a consent, brought by the proof at index n.
func (f *fold) amend(n int, s *said, at int64) bool {
	to := s.body["bundle"].(string)
	v := f.inForce()
	if s.bundle != v.id || f.stale(s) || !say(f.consents, s.by, s.seen, to) {
		return false
	}
	if to == v.id {
		return true
	}
	next := f.whole[to].again()
	if !consented(f.consents, asked(v.terms, next), to) {
		return true
	}
	life, ok := f.life.carry(next, at)
	if !ok {
		return false
	}
	next.carryKeys(v.terms)
	f.terms, f.life = next, life
	f.consents, f.placed = map[string]consent{}, map[string]consent{}
	f.versions = append(f.versions, &version{to, int64(n) + 1, next, f.amended(int64(n), next)})
	return true
}

// carryKeys gives every name its keys under a new text.
func (t *terms) carryKeys(from *terms) {
	declared := read(from.source).signers
	for name, w := range t.signers {
		was, before := declared[name], from.signers[name]
		switch {
		case was == nil || before == nil:
		case was.need == w.need && slices.EqualFunc(was.keys, w.keys, bytes.Equal):
			t.signers[name] = before
		default:
			w.revoked = append(slices.Clone(before.revoked), before.keys...)
			w.revoked = slices.DeleteFunc(w.revoked, func(k []byte) bool {
				return slices.ContainsFunc(w.keys, func(o []byte) bool { return bytes.Equal(k, o) })
			})
		}
	}
	for name, w := range from.signers {
		if t.signers[name] == nil && (w.noun == "custodian" || w.noun == "device") {
			t.signers[name] = w
		}
	}
}

// again is the text read anew, so that nothing of it was changed by a record.
func (t *terms) again() *terms { return read(t.source) }

// upToDate is whether a statement of the machine that was made under an earlier
// text is as if made under the text in force.
func (f *fold) upToDate(s *said) bool {
	if s.bundle == f.inForce().id {
		return true
	}
	if s.kind == "sign" {
		return false
	}
	about := s.body["commitment"]
	if about == nil {
		about = s.body["measure"]
	}
	return f.kept(s.bundle, s.by) && f.kept(s.bundle, about.(string)) && f.unchanged(s.bundle, about.(string))
}

// kept is whether every text since one has a block.
func (c *calculation) kept(since, name string) bool {
	at := c.under(since)
	return at == len(c.versions)-1 || !slices.ContainsFunc(c.versions[at:], func(v *version) bool { return v.blocks[name] == nil })
}

// unchanged is whether no amendment since a text changed a block.
func (c *calculation) unchanged(since, name string) bool {
	for i := c.under(since) + 1; i < len(c.versions); i++ {
		if changed(c.versions[i-1].terms, c.versions[i].terms, name) {
			return false
		}
	}
	return true
}
