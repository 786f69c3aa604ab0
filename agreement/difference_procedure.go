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

func (f *facets) question(b *Question) {
	f.set("answered", b.Answered)
	f.expr("when", b.When)
	for _, i := range b.Interpretations {
		prefix := "interpretation " + string(i.Name) + "."
		f.set(prefix+"held_by", i.HeldBy)
		f.quoted(prefix+"because", i.Because)
		f.expr(prefix+"adopted", i.Adopted)
	}
}

// step is a block of those who decide, of how, or of what is open.
func (f *facets) step(whole any) {
	switch b := whole.(type) {
	case *Body:
		f.body(b)
	case *Decision:
		f.decision(b)
	case *Case:
		f.procedure(b)
	case *Stage:
		f.stage(b)
	case *Question:
		f.question(b)
	}
}
