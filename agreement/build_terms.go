package agreement

import (
	"fmt"
	"strings"

	"detente/agreement/syntax"
)

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

func (c *checker) buildCommitment(d *decl, b Block) {
	m := &Commitment{
		Block: b, By: d.name1("by"), To: d.names("to"),
		When: c.optional(d, "when", TypeBool), From: c.optional(d, "from", TypeInstant), Until: c.optional(d, "until", TypeInstant),
		Due: c.optional(d, "due", TypeInstant), Ends: c.optional(d, "ends", TypeBool),
		Report: d.values.get("reported").fields.get("by").names, Grace: d.values.duration("grace", 0),
	}
	c.exactlyOne(d, "do", "keep", "never")
	switch {
	case d.values.has("do"):
		m.Form = Do
		if s, ok := d.values.get("do").node.(*syntax.String); ok {
			m.Deed = s.Value
		} else {
			m.What = c.optional(d, "do", TypeBool)
		}
	case d.values.has("keep"):
		m.Form, m.What = Keep, c.optional(d, "keep", TypeBool)
	case d.values.has("never"):
		m.Form, m.What = Never, c.optional(d, "never", TypeBool)
	}
	if m.Form != "" {
		c.formOnly(d, m.Form)
	}
	if v := d.values["verified"]; v != nil {
		m.Verify = &Verify{By: v.fields.get("by").names, Within: v.fields.duration("within", 0), SilenceAccepts: v.fields.get("silence").text == "accepts", Range: v.at}
	}
	if v := d.values["cure"]; v != nil {
		m.Cure = &Cure{Within: v.fields.duration("within", 0), Times: v.fields.whole("times"), Range: v.at}
	}
	c.a.Commitments = append(c.a.Commitments, m)
}

// formOnly refuses attributes that belong to another form of commitment.
func (c *checker) formOnly(d *decl, form CommitmentForm) {
	wrong := []string{"from", "until"}
	if form != Do {
		wrong = []string{"due", "verified", "grace"}
	}
	for _, attr := range wrong {
		if v := d.values[attr]; v != nil {
			c.errorAt(CodeConflict, v.label, fmt.Sprintf("`%s` does not go with `%s`", attr, form), formHint(attr))
		}
	}
	if form == Do && !d.given("due") {
		c.error(CodeNoDeadline, d.nameSpan(), fmt.Sprintf("commitment %s has no `due`, so it can never be breached", d.name), "say by when, as in `due = 2021-05-24`")
	}
}

func formHint(attr string) string {
	switch attr {
	case "from", "until":
		return "a `do` starts with `when` and is over at `due`"
	case "due", "grace":
		return "a `keep` or `never` runs with `from` and `until`"
	}
	return "whether a `keep` or `never` is broken follows from readings and measures"
}

func (c *checker) buildAct(d *decl, b Block) {
	x := &Act{
		Block: b, By: d.names("by"), When: c.optional(d, "when", TypeBool), States: d.values.get("states").list,
		Times: d.values.whole("times"), Notice: d.values.duration("notice", 0),
	}
	if v := d.values["effect"]; v != nil {
		x.Effect = c.effect(v)
	}
	c.a.Acts = append(c.a.Acts, x)
}

func (c *checker) effect(v *value) *Effect {
	e := &Effect{Range: v.at}
	for _, verb := range []string{"suspends", "resumes", "ends"} {
		f := v.fields[verb]
		if f == nil {
			continue
		}
		if e.Verb != "" {
			c.errorAt(CodeConflict, f.label, "an act has one effect", "declare a second act")
			return e
		}
		e.Verb, e.Of = verb, f.names
		for i, n := range f.names {
			if n == "agreement" {
				e.EndsAll = true
				if len(f.names) > 1 {
					c.errorAt(CodeConflict, f.places[i], "ending the agreement ends every commitment", "leave out the others")
				}
				e.Of = nil
			}
		}
	}
	if e.Verb == "" {
		c.errorAt(CodeMissingAttribute, v.at, "`effect` lacks `suspends`, `resumes` or `ends`", "")
	}
	return e
}

func (c *checker) buildVault(d *decl, b Block) {
	vs := d.values
	hold, cut, epochs, seats := vs.get("hold").fields, vs.get("cut").fields, vs.get("epochs").fields, vs.get("custodians").fields
	v := &Vault{
		Block: b, Records: d.text("records"), Recorder: d.name1("recorder"), Host: d.name1("host"), OpensTo: d.names("opens_to"),
		OpensIf: c.optional(d, "opens_if", TypeBool), Opens: c.optional(d, "opens", TypeInstant), Closes: c.optional(d, "closes", TypeInstant),
		Pending: d.text("pending"), Else: d.text("else"), HoldAtMost: hold.duration("at_most", 0), HoldThen: hold.get("then").text,
		Epoch: epochs.duration("every", 0), Segment: epochs.duration("segments", 0), SegmentBytes: 4 << 20,
		Cameras: []string{"main"}, Seats: seats.get("of").names, Need: seats.whole("need"), Absent: seats.whole("absent"), Proves: seats.duration("proves", 0),
		Working: cut.duration("working", day), Margin: cut.duration("margin", hour), Dispute: vs.textOr("dispute", "public"),
	}
	v.Cadence = epochs.duration("cadence", v.Segment)
	if epochs.has("bytes") {
		v.SegmentBytes = epochs.get("bytes").number
	}
	if cams := vs["cameras"]; cams != nil {
		v.Cameras = cams.list
		for i, name := range cams.list {
			if name != strings.ToLower(name) {
				c.errorAt(CodeUpperCase, cams.places[i], "a name is written in small letters", "")
			}
		}
	}
	if e := vs["epochs"]; e != nil {
		c.checkEpochs(e, v)
	}
	if s := vs["custodians"]; s != nil {
		c.checkSeats(s, v)
	}
	c.a.Vaults = append(c.a.Vaults, v)
}

func (c *checker) checkEpochs(e *value, v *Vault) {
	if v.Cadence < v.Segment {
		c.errorAt(CodeSegments, e.fields.get("cadence").at, fmt.Sprintf("segments of %s every %s overlap", v.Segment, v.Cadence), "let `cadence` be at least `segments`")
	}
	if v.Epoch < v.Cadence {
		c.errorAt(CodeSegments, e.fields.get("every").at, fmt.Sprintf("a period of %s is shorter than the time from one segment to the next, %s", v.Epoch, v.Cadence), "")
	}
}

// checkSeats is the arithmetic of shares: need open, need + absent must have
// acknowledged, and not everybody may be needed to stop or to open.
func (c *checker) checkSeats(s *value, v *Vault) {
	n := len(v.Seats)
	of := s.fields.get("of")
	switch {
	case n > maxSeats:
		c.errorAt(CodeSeats, of.at, fmt.Sprintf("%d custodians; a vault has at most %d seats", n, maxSeats), "")
	case v.Need > n:
		c.errorAt(CodeSeats, s.fields.get("need").at, fmt.Sprintf("%d of %s can never come together", v.Need, plural(n, "custodian")), "")
	case v.Need+v.Absent > n:
		at := s.at
		if a := s.fields["absent"]; a != nil {
			at = a.at
		}
		c.errorAt(CodeSeats, at, fmt.Sprintf("a period is sealed with need + absent = %d acknowledgements, and there are %s", v.Need+v.Absent, plural(n, "custodian")), "lower `absent` or `need`, or name more custodians")
	}
}

// checkQuorum holds the rule of quorums: any two quorums share an honest
// witness, the corrupt cannot make one alone, and the honest can.
func (c *checker) checkQuorum(w *value) {
	n, k, f := len(c.a.Quorum.Of), c.a.Quorum.Need, c.a.Quorum.Faulty
	if !w.fields.has("of") || !w.fields.has("quorum") || !w.fields.has("faulty") {
		return
	}
	const remedy = "use 3 of 4 with faulty = 1, or 5 of 7 with faulty = 2"
	switch {
	case f == 0:
		c.errorAt(CodeQuorum, w.fields.get("faulty").at, "with `faulty = 0` every single witness is trusted", remedy)
	case k > n:
		c.errorAt(CodeQuorum, w.fields.get("quorum").at, fmt.Sprintf("%d of %d witnesses can never come together", k, n), remedy)
	case k <= 2*f:
		c.errorAt(CodeQuorum, w.at, fmt.Sprintf("%d of %d does not tolerate %d faulty: a quorum of %d may hold only %d honest, and the time needs %d (k >= 2f + 1)", k, n, f, k, k-f, f+1), remedy)
	case 2*k-n <= f:
		c.errorAt(CodeQuorum, w.at, fmt.Sprintf("%d of %d does not tolerate %d faulty: two quorums may share only %d, all of them faulty, and cosign two histories (2k - n > f)", k, n, f, 2*k-n), remedy)
	case n < k+f:
		c.errorAt(CodeQuorum, w.at, fmt.Sprintf("%d of %d does not tolerate %d faulty: if they are silent only %d remain (n >= k + f)", k, n, f, n-f), remedy)
	}
}
