package agreement

// A roster is who named a vault's custodians.
type roster struct {
	host        int // named by the host
	beneficiary int // named by those to whom it opens
	neutral     int
	blocs       []bloc // each party that named any, in order of the parties; neutral last
}

// A bloc is the custodians that one party named, or that nobody did.
type bloc struct {
	by    Name
	count int
}

func (x *index) roster(v *Vault) roster {
	var r roster
	counts := make(map[Name]int)
	for _, n := range v.Seats {
		by := x.custodians[n].NamedBy
		counts[by]++
		switch {
		case by == neutral:
			r.neutral++
		case containsName(v.OpensTo, by):
			r.beneficiary++
		case by == v.Host:
			r.host++
		}
	}
	for _, p := range x.a.Parties {
		if counts[p.Name] > 0 {
			r.blocs = append(r.blocs, bloc{p.Name, counts[p.Name]})
		}
	}
	if r.neutral > 0 {
		r.blocs = append(r.blocs, bloc{neutral, r.neutral})
	}
	return r
}
