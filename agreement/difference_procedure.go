package agreement

func (f *facets) procedure(b *Case) {
	f.set("opens.by", b.By)
	f.expr("opens.when", b.When)
	f.words("opens.states", b.States)
	var roles []string
	for _, r := range b.Roles {
		for _, n := range f.called(r.Of) {
			roles = append(roles, r.Word+" "+n)
		}
	}
	f.words("roles", roles)
	f.expr("settled", b.Settled)
	f.expr("exhausted", b.Exhausted)
}

func (f *facets) stage(b *Stage) {
	f.expr("after", b.After)
	f.set("opens.by", b.By)
	f.span("lasts", b.Lasts, true)
	f.expr("settled", b.Settled)
	f.word("binds", yesNo(!b.Advises))
	f.extension(b.Extends)
}
