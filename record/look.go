package record

import (
	"bytes"
	"maps"
	"slices"

	"detente/agreement"
	"detente/statement"

	"golang.org/x/mod/sumdb/tlog"
)

// A Look is what is known of an entry before its place on the record is: its
// hash, what it reads as, and which of its signatures are good. It saves the
// fold that work and decides nothing: who may sign, and whether the keys are
// those in force, the fold asks at the entry's place as ever.
type Look struct {
	entry []byte
	leaf  tlog.Hash
	read  bool // s and err are set: it has the form of a statement
	s     *statement.Signed
	err   error
	good  *statement.Verified
}

func newLook(entry []byte) *Look {
	return &Look{entry: bytes.Clone(entry), leaf: tlog.RecordHash(entry)}
}

// statement reads the entry as one, once.
func (l *Look) statement() (*statement.Signed, error) {
	if !l.read {
		l.s, l.err = statement.Parse(l.entry)
		l.read = true
	}
	return l.s, l.err
}

// Statement is the entry as a statement, not judged yet; nil if it is none.
func (l *Look) Statement() *statement.Signed {
	if len(l.entry) > statement.MaxEntry || formOf(l.entry) != statement.PurposeStatement {
		return nil
	}
	s, err := l.statement()
	if err != nil {
		return nil
	}
	return s
}

// Bytes are the entry's.
func (l *Look) Bytes() []byte { return l.entry }

// A Ring is the keys that were in force at one place of a record. It only
// guesses which keys made the signatures of entries near that place: a wrong
// guess costs time and changes no verdict. It is never changed, so any number
// of goroutines may look with it while the fold goes on.
type Ring struct {
	host    *host
	signers map[agreement.Name][]ringKey
}

type ringKey struct {
	hash uint32
	key  statement.PublicKey
}

// Ring gives the keys in force here.
func (f *Fold) Ring() *Ring {
	h := *f.host
	h.eras = h.eras[:len(h.eras):len(h.eras)]
	r := &Ring{host: &h, signers: make(map[agreement.Name][]ringKey, len(f.signers))}
	for _, name := range slices.Sorted(maps.Keys(f.signers)) {
		for _, key := range f.signers[name].keys.Keys() {
			r.signers[name] = append(r.signers[name], ringKey{key.Hash(string(name)), key})
		}
	}
	return r
}

// Look looks at entries that stand one after the other, or may, and verifies
// their signatures together, for half the price of one after the other. An entry
// must not be changed afterwards.
func (r *Ring) Look(entries ...[]byte) []*Look {
	looks, _, _ := r.LookUnless(nil, entries...)
	return looks
}

// LookUnless is Look, but that signatures are not verified if known has the sum
// of all of them; see statement.Batch.VerifiedUnless. With all, every signature
// that it looked at is good, and the next time known may have sum.
func (r *Ring) LookUnless(known map[statement.Sum]bool, entries ...[]byte) (looks []*Look, sum statement.Sum, all bool) {
	var batch statement.Batch
	looks = make([]*Look, len(entries))
	for i, e := range entries {
		l := &Look{entry: e, leaf: tlog.RecordHash(e)}
		looks[i] = l
		if len(e) > statement.MaxEntry {
			continue
		}
		switch formOf(e) {
		case statement.PurposeStatement:
			if s, err := l.statement(); err == nil {
				r.addStatement(&batch, s)
			}
		case statement.PurposeProof:
			if note, err := ParseProof(e); err == nil {
				r.addProof(&batch, note)
			}
		}
	}
	good, sum, all := batch.VerifiedUnless(known)
	for _, l := range looks {
		l.good = good
	}
	return looks, sum, all
}

func (r *Ring) addStatement(b *statement.Batch, s *statement.Signed) {
	for _, line := range s.Sigs {
		for _, k := range r.signers[s.By] {
			if line.Name == string(s.By) && line.Hash == k.hash {
				b.Add(k.key[:], s.Text, line.Sig)
			}
		}
	}
}

func (r *Ring) addProof(b *statement.Batch, note []byte) {
	n, err := statement.ParseNote(note)
	if err != nil {
		return
	}
	c, err := statement.ParseCheckpoint(n.Text)
	if err != nil || c.Origin != r.host.origin {
		return
	}
	e := r.host.eraAt(c.Size)
	for _, line := range n.Sigs {
		for _, key := range e.logKeys {
			if line.Name == r.host.origin && line.Hash == key.Hash(r.host.origin) {
				b.Add(key[:], n.Text, line.Sig)
			}
		}
		for k, q := range e.lists {
			for _, key := range q.keys {
				// Several lists have most witnesses in common.
				if k == 0 || !contains(e.lists[:k], key) {
					key.AddLine(b, n.Text, line)
				}
			}
		}
	}
}

func contains(lists []list, key statement.WitnessKey) bool {
	for _, q := range lists {
		for _, k := range q.keys {
			if k == key {
				return true
			}
		}
	}
	return false
}
