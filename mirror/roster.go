package mirror

import (
	"net/http"
	"sync"

	"detente/agreement"
	"detente/record"
	"detente/statement"
)

// A Roster knows where witnesses are, and gives the clients of those who are to
// cosign a record as it stands: an amendment may change them. Its methods may be
// called at the same time.
type Roster struct {
	at   map[agreement.Name]string
	http *http.Client

	mu    sync.Mutex
	known map[statement.WitnessKey]*Witness
}

// NewRoster makes a roster. Addresses by the names in the text, or by a key as
// the text has it, go before the hints in the text; hc may be nil. Two witnesses
// of one name, of the old list and the new one, are told apart by their keys.
func NewRoster(addresses map[agreement.Name]string, hc *http.Client) *Roster {
	return &Roster{at: addresses, http: hc, known: map[statement.WitnessKey]*Witness{}}
}

// Next are the witnesses of each list that must cosign the record's next
// checkpoint, each once.
func (r *Roster) Next(f *record.Fold) []*Witness { return r.of(f, f.EraAt(f.Size())) }

// All are those of every list that there has been: any of them may have cosigned
// something that is not shown.
func (r *Roster) All(f *record.Fold) []*Witness { return r.of(f, f.Eras()...) }

func (r *Roster) of(f *record.Fold, eras ...record.Era) (all []*Witness) {
	taken := map[statement.WitnessKey]bool{}
	for _, e := range eras {
		for _, l := range e.Lists {
			for i, key := range l.Keys {
				if !taken[key] {
					taken[key] = true
					all = append(all, r.witness(f, l.Names[i], key))
				}
			}
		}
	}
	return all
}

// witness is the client of a key. It is kept, for what it remembers.
func (r *Roster) witness(f *record.Fold, name agreement.Name, key statement.WitnessKey) *Witness {
	r.mu.Lock()
	defer r.mu.Unlock()
	address := r.address(f, name, key)
	w := r.known[key]
	if w == nil || w.Address != address {
		w = &Witness{Name: name, Key: key, Address: address, HTTP: r.http}
		r.known[key] = w
	}
	return w
}

func (r *Roster) address(f *record.Fold, name agreement.Name, key statement.WitnessKey) string {
	for _, as := range []agreement.Name{agreement.Name(key.String()), name} {
		if a := r.at[as]; a != "" {
			return a
		}
	}
	hint := ""
	for _, v := range f.Versions() {
		for _, w := range v.Agreement.Witnesses {
			if w.Key == key.String() && w.Address != "" {
				hint = w.Address
			}
		}
	}
	return hint
}
