package record

import (
	"fmt"
	"slices"

	"detente/agreement"
	"detente/statement"
)

// Origin is the name of the agreement's log and of its key: the name of the
// depositary that opened it, a slash, the agreement's id.
func Origin(a *agreement.Agreement) string {
	return string(a.Depositaries[0].Name) + "/" + a.ID.String()
}

// Opening is entry 0 of the agreement's record. It follows from the agreement
// alone, so nobody can open two.
func Opening(a *agreement.Agreement) []byte {
	clock := "real"
	if a.Simulated {
		clock = "simulated"
	}
	return fmt.Appendf(nil, "%sagreement %s\norigin %s\nclock %s\n", statement.PurposeRecord.Line(), a.ID, Origin(a), clock)
}

// quorum is the agreement's witnesses as a fold uses them.
type quorum struct {
	names  []agreement.Name
	keys   []statement.WitnessKey
	need   int // k
	faulty int // f
}

// safeQuorum is the rule that makes proofs of time safe: k of n witnesses of
// whom f may lie. k >= 2f+1, so that the f+1-th smallest and largest times are
// bounded by honest ones; 2k-n > f, so that two quorums share an honest
// witness; n >= k+f, so that f can be dead. With f at least 1 the smallest are
// 3 of 4 and 5 of 7; 2 of 3 is none.
func safeQuorum(n, k, f int) bool {
	return f >= 1 && k >= 2*f+1 && 2*k-n > f && n >= k+f
}

// newQuorum holds the agreement to that rule.
func newQuorum(a *agreement.Agreement) (*quorum, error) {
	q := &quorum{names: a.Quorum.Of, need: a.Quorum.Need, faulty: a.Quorum.Faulty}
	n, k, f := len(q.names), q.need, q.faulty
	if !safeQuorum(n, k, f) {
		return nil, fmt.Errorf("quorum of %d of %d witnesses of whom %d may lie: want at least 1 that may lie, k >= 2f+1, 2k-n > f and n >= k+f, for example 3 of 4 with 1", k, n, f)
	}
	for i, name := range q.names {
		at := slices.IndexFunc(a.Witnesses, func(w *agreement.Witness) bool { return w.Name == name })
		if at < 0 || slices.Contains(q.names[:i], name) {
			return nil, fmt.Errorf("quorum: %s: want each name once, and a declared witness", name)
		}
		key, err := statement.ParseWitnessKey(a.Witnesses[at].Key)
		if err != nil {
			return nil, fmt.Errorf("witness %s: %w", name, err)
		}
		// One operator in two seats would be counted twice. A key hash that
		// two share would let either spoil the other's lines.
		for _, other := range q.keys {
			if other.SameKey(key) || other.Name() == key.Name() && other.Hash() == key.Hash() {
				return nil, fmt.Errorf("witness %s: its key is that of another witness", name)
			}
		}
		q.keys = append(q.keys, key)
	}
	return q, nil
}

// LogKeys are the keys that may sign the checkpoints of an agreement's record:
// that of the depositary that opened it, and those of its declared successors
// and theirs. All sign under one origin; the witnesses, each of whom lets the
// record grow in one line only, decide whose checkpoints go on.
func LogKeys(a *agreement.Agreement) ([]statement.PublicKey, error) {
	var keys []statement.PublicKey
	for _, d := range Hosts(a) {
		key, err := statement.ParsePublicKey(d.Key)
		if err != nil {
			return nil, fmt.Errorf("record: depositary %s: %w", d.Name, err)
		}
		keys = append(keys, key)
	}
	return keys, nil
}

// Hosts are the depositary that opened an agreement's record and its declared
// successors, and theirs, nearest first.
func Hosts(a *agreement.Agreement) []*agreement.Depositary {
	if len(a.Depositaries) == 0 {
		return nil
	}
	hosts := a.Depositaries[:1:1]
	for i := 0; i < len(hosts); i++ {
		for _, name := range hosts[i].Successors {
			at := slices.IndexFunc(a.Depositaries, func(d *agreement.Depositary) bool { return d.Name == name })
			if at >= 0 && !slices.Contains(hosts, a.Depositaries[at]) {
				hosts = append(hosts, a.Depositaries[at])
			}
		}
	}
	return hosts
}
