package calculator

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// A said is a valid statement on the record.
type said struct {
	id      [32]byte
	by      string
	answers string // hex, or -
	seen    int64
	kind    string
	body    object
	keys    [][]byte // of its author at its place
	bundle  string
	version int // of that bundle, at its place
}

// A proof is a valid proof of time, or any cosigned checkpoint.
type proof struct {
	size   int64
	by     []quorum
	lo, hi int64
}

// A quorum are the times of the witnesses of a list that count.
type quorum struct {
	list  *council
	times map[string]int64
}

type judged struct {
	fault string
	said  *said
	proof *proof
}

// A calculation is a record being read.
type calculation struct {
	*terms
	id      string
	origin  string
	entries [][]byte
	leaves  [][32]byte
	roots   [][32]byte // of the first i entries
	judged  []judged
	opened  bool

	whole    map[string]*terms  // the texts on the record, by bundle
	parcels  map[string]*parcel // what is there of others
	versions []*version
	eras     []era
}

// head reads the opening: it says which agreement this is, which the caller
// has to compare.
func (c *calculation) head() {
	part := strings.Split(string(c.entries[0]), "\n")
	if len(part) < 2 || !strings.HasPrefix(part[1], "agreement ") {
		return
	}
	c.id = strings.TrimPrefix(part[1], "agreement ")
	if _, ok := hexBytes(c.id); !ok {
		return
	}
	c.origin = c.depositary + "/" + c.id
	clock := "real"
	if c.simulated {
		clock = "simulated"
	}
	c.opened = string(c.entries[0]) == fmt.Sprintf("detente/record/1\nagreement %s\norigin %s\nclock %s\n", c.id, c.origin, clock)
	c.versions = []*version{{id: c.id, terms: c.terms}}
}

func (c *calculation) judge(i int) (j judged) {
	e := c.entries[i]
	first, _, _ := strings.Cut(string(e), "\n")
	switch {
	case len(e) > 65535:
		j.fault = "oversized"
	case i == 0 && !c.opened:
		j.fault = "opening"
	case i == 0:
	case !c.opened:
		j.fault = "not-a-record"
	case first == "detente/statement/1" && len(first) < len(e):
		j.said, j.fault = c.statement(i)
	case first == "detente/proof/1" && len(first) < len(e):
		j.proof, j.fault = c.timeProof(i)
	case first == "detente/record/1":
		j.fault = "opening"
	case otherVersion(first):
		j.fault = "version"
	default:
		j.fault = "unknown-form"
	}
	return j
}

func otherVersion(first string) bool {
	for _, p := range []string{"detente/record/", "detente/statement/", "detente/proof/"} {
		if rest, ok := strings.CutPrefix(first, p); ok && decimal.MatchString(rest) {
			return true
		}
	}
	return false
}

// parse reads a statement's note: its text's lines, unsigned.
func (c *calculation) parse(e []byte) (s *said, agreement, root string, n note, fault string) {
	const bad = "not-canonical"
	n, ok := readNote(e)
	part := strings.Split(n.text, "\n")
	if !ok || n.many || len(part) != 9 || part[8] != "" {
		return nil, "", "", n, bad
	}
	get := func(k int, word string) string {
		v, found := strings.CutPrefix(part[k], word+" ")
		ok = ok && found
		return v
	}
	s = &said{id: sha256.Sum256([]byte(n.text))}
	agreement, s.bundle, s.by, s.answers = get(1, "agreement"), get(2, "bundle"), get(3, "by"), get(4, "answers")
	seen := get(5, "seen")
	s.kind = get(6, "kind")
	for _, h := range []string{agreement, s.bundle} {
		_, good := hexBytes(h)
		ok = ok && good
	}
	name := &cursor{s: `"` + s.by + `"`}
	aName(name)
	count, head, _ := strings.Cut(seen, " ")
	var sized bool
	s.seen, sized = size(count)
	b, based := base64Bytes(head)
	_, answered := hexBytes(s.answers)
	ok = ok && !name.bad && sized && based && len(b) == 32 && (s.answers == "-" || answered && s.answers != strings.Repeat("0", 64)) &&
		(s.seen != 0 || string(b) == strings.Repeat("\x00", 32))
	if !ok {
		return nil, "", "", n, bad
	}
	k, known := kinds[s.kind]
	if !known {
		return nil, "", "", n, "unknown-kind"
	}
	at := &cursor{s: part[7]}
	s.body, _ = k.body(at).(object)
	if at.bad || at.s != "" || k.answers && s.answers == "-" {
		return nil, "", "", n, bad
	}
	return s, agreement, string(b), n, ""
}

func (c *calculation) statement(i int) (*said, string) {
	s, agreement, root, n, fault := c.parse(c.entries[i])
	if fault != "" {
		return nil, fault
	}
	for _, j := range c.judged[:i] {
		if j.said != nil && j.said.id == s.id {
			return nil, "duplicate"
		}
	}
	if agreement != c.id {
		return nil, "wrong-agreement"
	}
	who, ok := c.signers[s.by]
	if !ok {
		who = c.joining(s)
	}
	if who == nil {
		return nil, "unknown-signer"
	}
	if fault := who.signed(s.by, n); fault != "" {
		return nil, fault
	}
	s.keys, s.version = slices.Clone(who.keys), c.under(s.bundle)
	switch {
	case s.version < 0:
		return nil, "wrong-bundle"
	case !slices.Contains(strings.Fields(kinds[s.kind].signers), who.noun):
		return nil, "not-signer"
	case s.seen > int64(i), s.seen > 0 && string(c.roots[s.seen][:]) != root:
		return nil, "foreign-head"
	case s.kind == "key" && !who.change(s.body):
		return nil, "key-change"
	case s.kind == "host" && !slices.Contains(c.lastEra().hosts, s.by):
		return nil, "not-signer"
	case s.kind == "amend" && s.body["bundle"] != s.bundle || s.kind == "renounce":
		to := c.whole[s.body["bundle"].(string)]
		if to == nil {
			return nil, "no-text"
		}
		if s.kind == "amend" && !mayAmend(c.versions[s.version].terms, to) {
			return nil, "may-not-amend"
		}
	}
	return s, ""
}

// joining is a party that has keys in the text alone to which it consents.
func (c *calculation) joining(s *said) *signer {
	at := c.under(s.bundle)
	if s.kind != "amend" || at < 0 {
		return nil
	}
	from, to := c.versions[at].terms, c.whole[s.body["bundle"].(string)]
	if to == nil || !mayAmend(from, to) || !slices.Contains(joins(from, to), s.by) {
		return nil
	}
	return to.signers[s.by]
}

func (w *signer) signed(by string, n note) string {
	made := func(l line, keys [][]byte) (claims bool, which int) {
		which = -1
		for k, key := range keys {
			if v := newVerifier(by, 1, key); v.claimed(l) {
				claims = true
				if verify(key, []byte(n.text), l.sig[4:]) {
					which = k
				}
			}
		}
		return claims, which
	}
	valid := map[int]bool{}
	revoked := false
	for _, l := range n.lines {
		claims, which := made(l, w.keys)
		if claims && which < 0 {
			return "signature"
		}
		if claims {
			valid[which] = true
		}
		if _, old := made(l, w.revoked); old >= 0 {
			revoked = true
		}
	}
	switch {
	case len(valid) >= w.need:
		return ""
	case revoked:
		return "revoked-key"
	}
	return "unsigned"
}

// change makes a change of keys, if it can be made.
func (w *signer) change(o object) bool {
	keys := slices.Clone(w.keys)
	find := func(k any) int {
		return slices.IndexFunc(keys, func(b []byte) bool { return string(b) == k })
	}
	for _, k := range o["add"].([]any) {
		if find(k) >= 0 {
			return false
		}
	}
	for _, k := range o["revoke"].([]any) {
		at := find(k)
		if at < 0 {
			return false
		}
		keys = slices.Delete(keys, at, at+1)
	}
	for _, k := range o["add"].([]any) {
		keys = append(keys, []byte(k.(string)))
	}
	need := int(o["need"].(int64))
	if len(keys) < need || len(keys) > 16 {
		return false
	}
	for _, k := range o["revoke"].([]any) {
		w.revoked = append(w.revoked, []byte(k.(string)))
	}
	w.revoked = slices.DeleteFunc(w.revoked, func(b []byte) bool {
		return slices.ContainsFunc(keys, func(k []byte) bool { return bytes.Equal(k, b) })
	})
	w.keys, w.need = keys, need
	return true
}

func (c *calculation) timeProof(i int) (*proof, string) {
	for k, j := range c.judged[:i] {
		if j.proof != nil && bytes.Equal(c.entries[k], c.entries[i]) {
			return nil, "duplicate"
		}
	}
	return c.checkpoint(c.entries[i][len("detente/proof/1\n"):], i)
}

// checkpoint judges a cosigned checkpoint as if it stood at index i.
func (c *calculation) checkpoint(b []byte, i int) (*proof, string) {
	if len(b) > 65536 {
		return nil, "oversized"
	}
	n, ok := readNote(b)
	if n.many {
		return nil, "oversized"
	}
	head, good := readCheckpoint(n.text)
	if !ok || !good {
		return nil, "note"
	}
	if head.origin != c.origin {
		return nil, "origin"
	}
	e := c.eraAt(head.size)
	signed := false
	for _, l := range n.lines {
		for _, k := range e.keys {
			if newVerifier(c.origin, 1, k).claimed(l) {
				if !verify(k, []byte(n.text), l.sig[4:]) {
					return nil, "depositary"
				}
				signed = true
			}
		}
	}
	if !signed {
		return nil, "depositary"
	}
	if head.size == 0 {
		return nil, "size"
	}
	p := &proof{size: head.size, lo: beginning, hi: never}
	enough := true
	for _, w := range e.lists {
		times, good := w.times(n)
		if !good {
			return nil, "cosignature"
		}
		p.by = append(p.by, quorum{w, times})
		if enough = enough && len(times) >= w.need; enough {
			sorted := slices.Sorted(maps.Values(times))
			p.lo, p.hi = max(p.lo, sorted[w.bad]), min(p.hi, sorted[len(sorted)-1-w.bad])
		}
	}
	switch {
	case !enough:
		return nil, "too-few"
	case p.size > int64(i):
		return nil, "size"
	case c.roots[p.size] != head.root:
		return nil, "fork"
	}
	return p, ""
}

// times are those that count of the witnesses of a list; not good if a line
// that claims to be one's is not.
func (w *council) times(n note) (all map[string]int64, good bool) {
	all = map[string]int64{}
	for _, l := range n.lines {
		for _, v := range w.witnesses {
			if !v.claimed(l) {
				continue
			}
			at, message, sig := timeOf(n.text, l)
			if len(l.sig) == 4+8+64 && at < 1 {
				continue // states no time
			}
			if !verify(v.key, message, sig) {
				return nil, false
			}
			if _, twice := all[v.name]; !twice {
				all[v.name] = at
			}
		}
	}
	return all, true
}
