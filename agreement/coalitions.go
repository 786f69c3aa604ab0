package agreement

import "slices"

// coalitionBlocs is of how many parties that named custodians every subset is
// looked at: 1,024 of them. No table of more can be read; of more parties only
// each alone and each two are.
const coalitionBlocs = 10

// A Deed is what enough custodians, or others, can do to a vault against the
// agreement.
type Deed string

// The deeds. Opening early and keeping a key leave no trace; the others are seen.
const (
	DeedOpen    Deed = "open"    // early, before the outcome
	DeedBlock   Deed = "block"   // a release
	DeedKeep    Deed = "keep"    // a key after the erasure
	DeedSeal    Deed = "seal"    // keep a new period's key from being used
	DeedCopy    Deed = "copy"    // see everything before it is sealed, or film a picture
	DeedDestroy Deed = "destroy" // the sealed evidence, where there is no copy
)

// A Coalition is parties who together can do a deed, with the help of so many
// custodians that no party named.
type Coalition struct {
	Parties []Name // in the text's order; none: neutral custodians alone
	Named   int    // custodians that they named
	Neutral int    // neutral custodians that they need besides
}

// Doers are all who can do a deed, each coalition a smallest one: no party of
// it can be left out without more neutral custodians, and none of those.
type Doers struct {
	Deed       Deed
	Takes      int         // custodians that it takes; 0: it is done without them
	Coalitions []Coalition // fewest parties first, then the text's order
	Complete   bool        // false: only coalitions of at most two parties are listed
}

// Coalitions is who could do what to a vault.
type Coalitions struct {
	Vault       Name
	Custodians  int
	Need        int // of them, to open
	Host        int // named by the host
	Beneficiary int // named by those to whom it opens
	Neutral     int // named by no party
	// Tolerates is the largest number x of custodians, corrupt beside all that
	// one side named, with which neither side gets its way: Need > Beneficiary
	// + x, and Custodians - Need + 1 > Host + x. Negative: one side's own are
	// enough without any.
	Tolerates int
	Doers     []Doers
}

// CoalitionsOf computes them for every vault of a sound text. It says in numbers
// and names what the findings say in sentences.
func CoalitionsOf(a *Agreement) []Coalitions {
	x, out := newIndex(a), []Coalitions{}
	for _, v := range a.Vaults {
		out = append(out, x.coalitions(v))
	}
	return out
}

func (x *index) coalitions(v *Vault) Coalitions {
	r, n := x.roster(v), len(v.Seats)
	c := Coalitions{Vault: v.Name, Custodians: n, Need: v.Need, Host: r.host, Beneficiary: r.beneficiary, Neutral: r.neutral}
	c.Tolerates = min(v.Need-1-r.beneficiary, n-v.Need-r.host)
	for _, d := range []struct {
		deed  Deed
		takes int
	}{
		{DeedOpen, v.Need},
		{DeedBlock, n - v.Need + 1},
		{DeedKeep, v.Need},
		{DeedSeal, n - (v.Need + v.Absent) + 1},
	} {
		c.Doers = append(c.Doers, r.doers(d.deed, d.takes))
	}
	c.Doers = append(c.Doers,
		Doers{Deed: DeedCopy, Coalitions: []Coalition{{Parties: slices.Clone(x.devices[v.Recorder].Operators)}}, Complete: true},
		Doers{Deed: DeedDestroy, Coalitions: []Coalition{{Parties: []Name{v.Host}}}, Complete: true})
	return c
}

// doers are the smallest coalitions of so many custodians.
func (r roster) doers(deed Deed, takes int) Doers {
	blocs := slices.DeleteFunc(slices.Clone(r.blocs), func(b bloc) bool { return b.by == neutral })
	d := Doers{Deed: deed, Takes: takes, Complete: len(blocs) <= coalitionBlocs}
	most := len(blocs)
	if !d.Complete {
		most = 2
	}
	var grow func(from, size int, c Coalition, least int)
	grow = func(from, size int, c Coalition, least int) {
		if size == 0 {
			c.Neutral = max(0, takes-c.Named)
			// With a party too many the rest are enough: they are listed themselves.
			if c.Neutral <= r.neutral && (len(c.Parties) == 0 || c.Named-least < takes) {
				c.Parties = slices.Clone(c.Parties)
				d.Coalitions = append(d.Coalitions, c)
			}
			return
		}
		for i := from; i+size <= len(blocs); i++ {
			b := blocs[i]
			fewer := b.count
			if len(c.Parties) > 0 {
				fewer = min(least, b.count)
			}
			grow(i+1, size-1, Coalition{Parties: append(c.Parties, b.by), Named: c.Named + b.count}, fewer)
		}
	}
	for size := range most + 1 {
		grow(0, size, Coalition{Parties: make([]Name, 0, size)}, 0)
	}
	return d
}
