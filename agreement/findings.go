package agreement

import (
	"crypto/sha256"
	"fmt"
	"strings"
)

// A Finding is one sentence about who could cheat with whose help, or bring
// the agreement to a stand. It is no fault of the text: something of the kind
// is true of every agreement, and whoever signs should have read it.
type Finding struct {
	Code    Code
	Subject Name   // the block it is about
	Clause  string // of the signed text, if the block gives one
	Range   Range  // of the block's name, or of what makes it so
	Text    string // one sentence or a few
}

// Findings computes what follows from keys, shares and silences. The order is
// stable: witnesses first, then parties and commitments, then vaults.
func Findings(a *Agreement) []Finding {
	f := &finder{a: a, x: newIndex(a)}
	f.record()
	f.parties()
	for _, m := range a.Commitments {
		f.commitment(m)
		f.reporters(m)
	}
	for _, x := range a.Acts {
		if x.Effect != nil && x.Effect.EndsAll {
			f.end(x)
		}
	}
	for _, v := range a.Vaults {
		f.vault(v)
	}
	return f.out
}

// FindingsText renders findings in their one form; a signature over an
// agreement names its digest, so the form is pinned like the language's.
//
//	findings 1 of cameras <agreement id>
//
//	[finding-halt] cameras: two of the four witnesses ...
func FindingsText(a *Agreement) string {
	var b strings.Builder
	fmt.Fprintf(&b, "findings 1 of %s %s\n", a.Name, a.ID)
	for _, f := range Findings(a) {
		where := string(f.Subject)
		if f.Clause != "" {
			where += " (" + f.Clause + ")"
		}
		fmt.Fprintf(&b, "\n[%s] %s: %s\n", f.Code, where, f.Text)
	}
	return b.String()
}

// FindingsDigest identifies the findings that a signer was shown.
func FindingsDigest(a *Agreement) Digest {
	return sha256.Sum256([]byte("detente/findings/1\n" + FindingsText(a)))
}

type finder struct {
	a   *Agreement
	x   *index
	out []Finding
}

func (f *finder) add(code Code, b Block, at Range, format string, args ...any) {
	f.out = append(f.out, Finding{code, b.Name, b.Clause, at, fmt.Sprintf(format, args...)})
}

// record is what witnesses and the depositary could do.
func (f *finder) record() {
	q := f.a.Quorum
	n, k := len(q.Of), q.Need
	whole := Block{Noun: nounAgreement, Name: f.a.Name}
	f.add(FindingHalt, whole, q.Range, "any %d of the %d witnesses (%s), by being silent, stop the record: nothing takes effect and no vault is decided until they return. The text expects at most %d.", n-k+1, n, list(q.Of), q.Faulty)
	f.add(FindingFork, whole, q.Range, "%d witnesses together with the depositary could show two readers two histories; both would carry their signatures, which proves who did it.", 2*k-n)
	f.add(FindingClock, whole, q.Range, "%d witnesses could misdate what is recorded; up to %d who lie are outvoted.", q.Faulty+1, q.Faulty)
	if len(f.a.Depositaries) > 0 {
		d := f.a.Depositaries[0]
		next := "the text names no successor."
		if len(d.Successors) > 0 {
			next = "the text names " + list(d.Successors) + " to go on."
		}
		f.add(FindingDepositary, d.Block, d.Title, "`%s` can refuse or delay statements, visibly, and cannot change or backdate one; if it disappears anybody's copy of the record can be continued: %s", d.Name, next)
	}
	if f.a.Simulated {
		f.add(FindingSimulated, whole, f.a.Range, "time in this record is simulated: it proves nothing about when anything happened.")
	}
}

func (f *finder) parties() {
	for _, p := range f.a.Parties {
		switch {
		case p.Speaks() && p.Keys.Need == 1 && len(p.Keys.Of) > 1:
			f.add(FindingOneKey, p.Block, p.Keys.Range, "any one of its %d keys binds `%s`.", len(p.Keys.Of), p.Name)
		case p.Speaks() && p.Keys.Need == 1:
			f.add(FindingOneKey, p.Block, p.Keys.Range, "one key, so one person or one theft, binds `%s`.", p.Name)
		case p.Speaks() && p.Keys.Need == len(p.Keys.Of):
			f.add(FindingAllKeys, p.Block, p.Keys.Range, "`%s` needs all of its %d keys: losing one silences it.", p.Name, p.Keys.Need)
		case !p.Speaks():
			f.add(FindingNoVoice, p.Block, p.Title, "`%s` signs nothing: what it did is on the record only in the words of others.", p.Name)
		}
	}
}

// commitment is what a verifier's word and silence can do.
func (f *finder) commitment(m *Commitment) {
	v := m.Verify
	if v == nil {
		if m.Form == Do && f.x.speaks(m.By) && m.Deed != "" {
			f.add(FindingClaim, m.Block, m.Title, "`%s` fulfils it by claiming it; nobody verifies.", m.By)
		}
		return
	}
	claimants := m.Report
	if f.x.speaks(m.By) {
		claimants = append([]Name{m.By}, claimants...)
	}
	means := "refused"
	if v.SilenceAccepts {
		means = "accepted"
	}
	claim := listOr(claimants) + " can put a claim on the record"
	if len(f.x.coneOf(m.What).readings) > 0 {
		claim = "what is reported makes a claim of itself"
	}
	f.add(FindingSilence, m.Block, v.Range, "%s; if %s finds nothing within %s, the claim counts as %s.", claim, listOr(v.By), v.Within, means)
	for _, n := range v.By {
		both := ""
		if containsName(claimants, n) {
			both = " It may also make the claim."
		}
		if g := f.x.gains(n, m, false); g != "" {
			f.add(FindingVerifier, m.Block, v.Range, "`%s` can refuse a claim though it is true, and nobody in this text can overrule it; it gains by that: %s.%s", n, g, both)
		} else if g := f.x.gains(n, m, true); g != "" {
			f.add(FindingVerifier, m.Block, v.Range, "`%s` can accept a claim though it is false; it gains by that: %s.%s", n, g, both)
		}
	}
}

// reporters are those whose word decides whether a promise was kept.
func (f *finder) reporters(m *Commitment) {
	done, silent := "done", "while nothing is reported it is not."
	if m.Form != Do {
		done, silent = "kept", "while nothing is reported it counts as kept."
	}
	told := make(map[Name]bool)
	refs(m.What, false, func(r *Ref, _ bool) {
		if r.Noun != nounReading || told[r.Name] {
			return
		}
		told[r.Name] = true
		for _, rd := range f.a.Readings {
			if rd.Name == r.Name {
				f.add(FindingReporter, m.Block, r.Range, "whether it is %s is known from `%s`, which is what %s reports, true or not; %s", done, rd.Name, listOr(rd.Reporter), silent)
			}
		}
	})
}

// end is who can end everything.
func (f *finder) end(x *Act) {
	when := "at any time"
	if x.When != nil {
		when = "while its condition is true"
	}
	if x.Notice > 0 {
		when += fmt.Sprintf(", with notice of %s", x.Notice)
	}
	f.add(FindingEnd, x.Block, x.Effect.Range, "%s can end the agreement by it, %s: what is owed then is owed no longer.", listOr(x.By), when)
}

func listOr(names []Name) string {
	s := list(names)
	if i := strings.LastIndex(s, " and "); i >= 0 {
		s = s[:i] + " or " + s[i+len(" and "):]
	}
	return s
}
