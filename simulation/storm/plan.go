package storm

import (
	"math/rand/v2"
	"slices"
	"time"
)

// A Plan is what a seed drew before anything happened: the text, who lies, what
// fails how often, and who says what when.
type Plan struct {
	Seed  uint64
	Terms Terms
	// The rates are of operations that fail, while the storm lasts.
	DiskRate, ReadRate, NetRate float64
	Life                        time.Duration // between two ends of somebody's process; 0: none
	Cuts                        time.Duration // between two partitions; 0: none
	Backups                     time.Duration // between two restored backups; 0: none
	Steps                       time.Duration // between two steps of a clock; 0: none
	Skew                        time.Duration // of honest clocks, at most
	Calm                        time.Duration // when the storm ends
	End                         time.Duration // when everything ends, at the latest

	Liars    []Kind // of the first witnesses
	Crooks   []Kind // of the first custodians
	Host     Kind   // what the depositary does; empty: nothing
	HostFrom time.Duration
	HostTill time.Duration
	Victim   string // whom the depositary censors
	BadSeats int    // to whom the recorder deals badly
	Silence  time.Duration
	SilentAt time.Duration

	Claim    time.Duration // 0: none
	Finding  string        // empty: none
	Verdict  time.Duration
	Words    []time.Duration
	Early    time.Duration // a request before the outcome; 0: none
	Deadline int           // how many of these are within seconds of a deadline
	Garbage  int
	Replays  int

	Signed  time.Duration   // when the claim is signed; 0: when it is made
	Beats   []time.Duration // heartbeats, whose operators submit them
	Changes []Change        // of the text, in their order
}

// A Change is a text that somebody means to put in the place of that in force.
type Change struct {
	At       time.Duration // its publication
	Terms    Terms
	Consents [2]time.Duration // when each party consents
	Rival    time.Duration    // when the second party consents to another text first; 0: it does not
	Back     time.Duration    // when the first party takes its consent back; 0: it does not
	Again    time.Duration    // when it consents again; 0: it does not
}

// relieves is whether some text replaces a witness.
func (p *Plan) relieves() bool {
	return slices.ContainsFunc(p.Changes, func(c Change) bool { return c.Terms.Relieved })
}

func between(r *rand.Rand, lo, hi time.Duration) time.Duration {
	if hi <= lo {
		return lo
	}
	return lo + time.Duration(r.Int64N(int64(hi-lo)/int64(time.Second)+1))*time.Second
}

func one[T any](r *rand.Rand, of ...T) T { return of[r.IntN(len(of))] }

// NewPlan draws the plan of a seed.
func NewPlan(seed uint64) Plan {
	r := rand.New(rand.NewPCG(seed, 1))
	p := Plan{Seed: seed, Terms: drawTerms(r)}
	t := &p.Terms
	p.DiskRate = one(r, 0, 0.0005, 0.002, 0.005)
	p.ReadRate = one(r, 0, 0.001, 0.004)
	p.NetRate = one(r, 0, 0.05, 0.15, 0.3)
	p.Life = one(r, 0, 15*time.Minute, 6*time.Minute)
	p.Cuts = one(r, 0, 15*time.Minute)
	p.Backups = one(r, 0, 20*time.Minute, 8*time.Minute)
	p.Steps = one(r, 0, 10*time.Minute)
	p.Skew = one(r, 0, 5*time.Second, 20*time.Second)
	p.Calm = one(r, t.Closes-5*time.Minute, t.Closes+2*t.Window, t.cut()+t.Margin+5*time.Minute)
	p.End = t.cut() + t.Margin + 60*time.Minute
	p.drawLiars(r)
	p.drawHost(r)
	p.drawScript(r)
	p.drawChanges(rand.New(rand.NewPCG(seed, 3)))
	if len(p.Changes) > 0 && p.Claim > p.Changes[0].At {
		p.Signed = p.Changes[0].At
	}
	beats := rand.New(rand.NewPCG(seed, 4))
	for range beats.IntN(4) {
		p.Beats = append(p.Beats, between(beats, t.Opens, t.cut()))
	}
	return p
}

// drawChanges draws how the text is amended, in half of the seeds.
func (p *Plan) drawChanges(r *rand.Rand) {
	if r.IntN(2) == 0 {
		return
	}
	terms := p.Terms
	at := between(r, 2*time.Minute, terms.Closes-5*time.Minute)
	for n := range 1 + r.IntN(2) {
		terms.Edition = n + 1
		switch r.IntN(4) {
		case 0:
			terms.Relieved = !terms.Relieved
		case 1:
			terms.Within -= time.Minute
		default:
			terms.Extended += one(r, 2*time.Minute, 5*time.Minute)
			if r.IntN(2) == 0 {
				terms.Relieved = !terms.Relieved
			}
		}
		if r.IntN(2) == 0 {
			terms.Wider = !terms.Wider
		}
		if r.IntN(3) == 0 {
			terms.Else = one(r, "erase", "release", "hold")
		}
		c := Change{At: at, Terms: terms}
		for i := range c.Consents {
			c.Consents[i] = at + between(r, 20*time.Second, 5*time.Minute)
			if r.IntN(6) == 0 { // just about when it is too late
				c.Consents[i] = terms.Closes + time.Duration(r.IntN(61)-30)*time.Second
			}
		}
		if r.IntN(4) == 0 {
			c.Rival = at + between(r, 10*time.Second, time.Minute)
		}
		if r.IntN(3) == 0 {
			c.Back = c.Consents[0] + between(r, 10*time.Second, 3*time.Minute)
			if r.IntN(2) == 0 { // or before the other one has consented
				c.Consents[1] = c.Back + between(r, time.Minute, 3*time.Minute)
			}
			if r.IntN(2) == 0 {
				c.Again = c.Back + between(r, 10*time.Second, 5*time.Minute)
			}
		}
		p.Changes = append(p.Changes, c)
		at += between(r, 3*time.Minute, 15*time.Minute)
	}
}

func drawTerms(r *rand.Rand) Terms {
	t := Terms{
		Witnesses: 4, Need: 3, Faulty: 1, Custodians: 4, Open: 2, Absent: 1,
		Opens: 5 * time.Minute, Window: one(r, time.Minute, 3*time.Minute), Within: one(r, 5*time.Minute, 20*time.Minute),
		Hold: one(r, 20*time.Minute, 40*time.Minute), Working: 5 * time.Minute, Margin: 2 * time.Minute,
		Epoch: one(r, 20*time.Minute, 30*time.Minute, 60*time.Minute), Cadence: one(r, 5*time.Minute, 10*time.Minute),
		Pending: "hold", Else: one(r, "erase", "erase", "release", "hold"), Then: one(r, "erase", "release"),
	}
	t.Closes = t.Opens + between(r, 25*time.Minute, 40*time.Minute)
	if r.IntN(8) == 0 {
		t.Witnesses, t.Need, t.Faulty = 7, 5, 2
	}
	if r.IntN(4) == 0 {
		t.Custodians, t.Open, t.Absent = 3, 2, 0
	}
	return t
}

func (p *Plan) drawLiars(r *rand.Rand) {
	t := &p.Terms
	for range t.Faulty {
		if k := one(r, "", WrongTime, WitnessRefused, ForkCosigned); k != "" {
			p.Liars = append(p.Liars, k)
		}
	}
	if r.IntN(2) == 0 {
		for range 1 + r.IntN(t.Open-1) { // fewer than open an epoch
			p.Crooks = append(p.Crooks, one(r, WrongShare, NoShare, ShareKept, ShareEarly, FalseComplaint))
		}
	}
	if r.IntN(5) == 0 {
		p.BadSeats = 1 + r.IntN(t.Custodians)
	}
	if r.IntN(5) == 0 {
		p.Silence, p.SilentAt = between(r, 5*time.Minute, 20*time.Minute), between(r, 0, t.Closes)
	}
}

func (p *Plan) drawHost(r *rand.Rand) {
	t := &p.Terms
	if r.IntN(2) == 0 {
		return
	}
	p.Host = one(r, Censored, ProofsWithheld, ForkServed, RolledBack, DepositaryGone)
	switch p.Host {
	case DepositaryGone:
		p.HostFrom = between(r, t.Opens+10*time.Minute, t.cut())
		p.HostTill = p.End
	default:
		p.HostFrom = between(r, t.Opens, t.Closes)
		p.HostTill = p.HostFrom + between(r, 2*time.Minute, 25*time.Minute)
	}
	p.Victim = one(r, hostName, agencyName, custodianName(0), recorderName)
}

// drawScript draws what the parties say, often within seconds of a deadline.
func (p *Plan) drawScript(r *rand.Rand) {
	t := &p.Terms
	near := func(at time.Duration) time.Duration {
		p.Deadline++
		return at + time.Duration(r.IntN(61)-30)*time.Second
	}
	if r.IntN(4) > 0 {
		p.Claim = between(r, 2*time.Minute, t.Closes)
		if r.IntN(2) == 0 {
			p.Claim = near(t.Closes)
		}
		p.Finding = one(r, "", "accepts", "accepts", "refuses")
		p.Verdict = p.Claim + between(r, time.Minute, t.Within)
		switch r.IntN(4) {
		case 0:
			p.Verdict = near(p.Claim + t.Within)
		case 1:
			p.Verdict = near(max(t.Closes, p.Claim+time.Minute))
		}
	}
	for range 2 + r.IntN(5) {
		p.Words = append(p.Words, between(r, time.Minute, t.cut()))
	}
	if r.IntN(3) == 0 {
		p.Early = between(r, t.Opens+5*time.Minute, t.Closes)
	}
	p.Garbage, p.Replays = r.IntN(6), r.IntN(6)
}
