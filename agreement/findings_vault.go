package agreement

import (
	"fmt"
	"strings"
)

// vault is what custodians, operators and those who host can do with one vault.
func (f *finder) vault(v *Vault) {
	r := f.x.roster(v)
	f.openEarly(v, r)
	f.block(v, r)
	f.tolerance(v, r)
	f.sealing(v)
	f.release(v)
	f.operators(v)
	f.add(FindingHost, v.Block, v.Title, "`%s` keeps the sealed evidence and can destroy it; that is detected, and only copies elsewhere prevent it.", v.Host)
	f.longStop(v)
}

// openEarly: need custodians open, before the outcome and without a trace.
func (f *finder) openEarly(v *Vault, r roster) {
	n := len(v.Seats)
	f.add(FindingOpenEarly, v.Block, v.Title, "any %d of the %d custodians acting together can open it at any time, and nothing would show it. %s", v.Need, n, f.blocs(r, v.Need, n))
}

// blocs says of each bloc how many others it needs to be `count` custodians.
func (f *finder) blocs(r roster, count, n int) string {
	var parts []string
	for _, b := range r.blocs {
		who := fmt.Sprintf("`%s` named %d", b.by, b.count)
		if b.by == neutral {
			who = fmt.Sprintf("no party named %d", b.count)
		}
		if b.count >= count {
			parts = append(parts, who+", who need nobody else")
		} else {
			need := "who need"
			if b.count == 1 {
				need = "who needs"
			}
			parts = append(parts, fmt.Sprintf("%s, %s %d of the other %d", who, need, count-b.count, n-b.count))
		}
	}
	return capital(strings.Join(parts, "; ")) + "."
}

func capital(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}

// block: n - need + 1 custodians who refuse stop a release.
func (f *finder) block(v *Vault, r roster) {
	n := len(v.Seats)
	f.add(FindingBlock, v.Block, v.Title, "any %d of the %d custodians who refuse or lose their shares stop a release; who refuses is seen. %s", n-v.Need+1, n, f.blocs(r, n-v.Need+1, n))
	f.add(FindingErase, v.Block, v.Title, "an erasure holds while fewer than %d custodians keep what they said they destroyed; that cannot be proved, only attested.", v.Need)
}

// tolerance: with h custodians named by the host and i by those to whom it
// opens, x corrupt neutral ones are tolerated while need > i + x and
// n - need + 1 > h + x.
func (f *finder) tolerance(v *Vault, r roster) {
	n, h, i := len(v.Seats), r.host, r.beneficiary
	early, stop := v.Need-1-i, n-v.Need-h
	x := min(early, stop)
	facts := fmt.Sprintf("need %d of %d; %d named by the host, %d by those to whom it opens, %d neutral", v.Need, n, h, i, r.neutral)
	switch {
	case x < 0 && early < 0:
		f.add(FindingTolerance, v.Block, v.Title, "the custodians of those to whom it opens need nobody else to open it early (%s).", facts)
	case x < 0:
		f.add(FindingTolerance, v.Block, v.Title, "the host's custodians need nobody else to stop a release (%s).", facts)
	default:
		f.add(FindingTolerance, v.Block, v.Title, "it tolerates %s corrupt beside all of one side's: %d > %d + %d to open early, and %d > %d + %d to stop a release (%s).",
			plural(x, "custodian"), v.Need, i, x, n-v.Need+1, h, x, facts)
	}
}

// sealing: need + absent must acknowledge before a period's key is used.
func (f *finder) sealing(v *Vault) {
	n, acks := len(v.Seats), v.Need+v.Absent
	f.add(FindingSealing, v.Block, v.Title, "a period's key is used once %d of %d custodians have acknowledged it, so %d who do not stop new keys: recording then goes on under an old key, visibly late, and does not begin if there is none. A release is sure while at most %d of those who acknowledged fail.", acks, n, n-acks+1, v.Absent)
}

// release: whose claims, findings, acts and reports the condition needs, and
// whose stop it.
func (f *finder) release(v *Vault) {
	k, way := f.x.coneOf(v.OpensIf), f.x.swayOf(v.OpensIf)
	add := func(format string, args ...any) {
		f.add(FindingStall, v.Block, v.OpensIf.Where(), format, args...)
	}
	for _, m := range k.commitments {
		if m.Form == Do {
			add("%s", f.releaseNeeds(m, way))
		}
	}
	for _, a := range k.acts {
		switch sign, known := way.acts[a.Name]; {
		case known && sign > 0:
			add("release asks for `%s`, which %s may do or leave.", a.Name, listOr(a.By))
		case known && sign < 0:
			add("%s can stop the release by `%s`.", listOr(a.By), a.Name)
		default:
			add("release hangs on `%s`, which %s may do or leave.", a.Name, listOr(a.By))
		}
	}
	for _, n := range k.readings {
		for _, rd := range f.a.Readings {
			if rd.Name == n {
				add("release hangs on `%s`, which is what %s reports, true or not.", n, listOr(rd.Reporter))
			}
		}
	}
}

// releaseNeeds is what the claim and the finding on a deed do for a release.
func (f *finder) releaseNeeds(m *Commitment, way *sway) string {
	sign, known := way.commitments[m.Name]
	who := listOr(f.claimants(m))
	if known && sign < 0 {
		switch {
		case m.Verify == nil:
			return fmt.Sprintf("release asks that `%s` is not fulfilled: a claim by %s stops it.", m.Name, who)
		case m.Verify.SilenceAccepts:
			return fmt.Sprintf("release asks that `%s` is not fulfilled: a claim by %s stops it unless %s refuses the claim within %s.", m.Name, who, listOr(m.Verify.By), m.Verify.Within)
		}
		return fmt.Sprintf("release asks that `%s` is not fulfilled: a claim by %s stops it if %s accepts the claim within %s.", m.Name, who, listOr(m.Verify.By), m.Verify.Within)
	}
	asks := "asks for"
	if !known || sign == 0 {
		asks = "hangs on"
	}
	switch {
	case m.Verify == nil:
		return fmt.Sprintf("release %s `%s`: a claim by %s is enough, and without one there is none.", asks, m.Name, who)
	case m.Verify.SilenceAccepts:
		return fmt.Sprintf("release %s `%s`: a claim by %s and a finding by %s; silence accepts, so only a refusal stops it.", asks, m.Name, who, listOr(m.Verify.By))
	}
	return fmt.Sprintf("release %s `%s`: a claim by %s and a finding by %s; silence refuses, so doing nothing stops it.", asks, m.Name, who, listOr(m.Verify.By))
}

func (f *finder) claimants(m *Commitment) []Name {
	if f.x.speaks(m.By) {
		return append([]Name{m.By}, m.Report...)
	}
	if len(m.Report) == 0 {
		return []Name{m.By}
	}
	return m.Report
}

func (f *finder) operators(v *Vault) {
	ops := f.x.devices[v.Recorder].Operators
	if len(ops) == 1 {
		f.add(FindingRecorder, v.Block, v.Title, "`%s` alone operates `%s`: it can keep a copy, or record a picture of the scene.", ops[0], v.Recorder)
		return
	}
	f.add(FindingRecorder, v.Block, v.Title, "%s operate `%s`; only together can they keep a copy or record a picture of the scene.", list(ops), v.Recorder)
}

// longStop: who gains if the record stands still to the end.
func (f *finder) longStop(v *Vault) {
	gain := "`" + string(v.Host) + "`, which hosts it, is spared what it shows"
	if v.HoldThen == "release" {
		gain = list(v.OpensTo) + " would receive it"
	}
	stop := len(f.a.Quorum.Of) - f.a.Quorum.Need + 1
	f.add(FindingLongStop, v.Block, v.Title, "if the record stands still or a claim stays undecided, it is held for %s and then the outcome is %s: %s. %d silent witnesses are enough for that.", v.HoldAtMost, v.HoldThen, gain, stop)
}
