package record

import (
	"encoding/hex"
	"slices"
	"sort"

	"detente/agreement"
	"detente/statement"
)

// named are the digests by which statements name what is not on the record:
// documents, and batches of manifests.
type named struct {
	documents []mention
	batches   []mention
	isBatch   map[agreement.Digest]struct{} // asked with every object that is sent or fetched
}

// A mention is that an entry names a digest.
type mention struct {
	digest agreement.Digest
	entry  uint32
}

func (n *named) note(j *Judged) {
	if b, ok := j.Statement.Body.(statement.SealBody); ok {
		if n.isBatch == nil {
			n.isBatch = map[agreement.Digest]struct{}{}
		}
		digest := digestOf(b.Batch)
		n.batches = append(n.batches, mention{digest, uint32(j.Index)})
		n.isBatch[digest] = struct{}{}
	}
	for _, d := range statement.DocumentsOf(j.Statement.Body) {
		n.documents = append(n.documents, mention{digestOf(d.Digest), uint32(j.Index)})
	}
}

// digestOf is a digest as a body writes it, which package statement has checked.
func digestOf(hexed string) agreement.Digest {
	var d agreement.Digest
	if n, err := hex.Decode(d[:], []byte(hexed)); err != nil || n != len(d) {
		panic("record: a digest that package statement refuses")
	}
	return d
}

// of are those that one entry makes.
func of(all []mention, entry int64) []mention {
	from := sort.Search(len(all), func(k int) bool { return int64(all[k].entry) >= entry })
	to := from
	for to < len(all) && int64(all[to].entry) == entry {
		to++
	}
	return all[from:to]
}

// Batches are the batches of manifests that the entries from one index up to
// another name, in their order.
func (f *Fold) Batches(from, to int64) []agreement.Digest {
	var all []agreement.Digest
	b := f.named.batches
	for k := sort.Search(len(b), func(k int) bool { return int64(b[k].entry) >= from }); k < len(b) && int64(b[k].entry) < to; k++ {
		all = append(all, b[k].digest)
	}
	return all
}

// NamesBatch is whether a statement on the record names a batch by this digest.
func (f *Fold) NamesBatch(digest agreement.Digest) bool {
	_, ok := f.named.isBatch[digest]
	return ok
}

// names is whether an entry names a document.
func (n *named) names(entry int64, digest agreement.Digest) bool {
	return slices.ContainsFunc(of(n.documents, entry), func(m mention) bool { return m.digest == digest })
}
