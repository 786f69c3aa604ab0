package calculator

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"slices"
	"unicode/utf8"
)

// A Camera is what was recorded by one camera: seconds of each class, and the
// intervals of consecutive slots of one class.
type Camera struct {
	Name      string
	Seconds   map[string]int64
	Intervals []Interval
}

// An Interval is from the start of its first slot to the end of its last.
type Interval struct {
	From, Until int64
	Class       string
}

// A manifest describes a segment. Times are in milliseconds.
type manifest struct {
	camera                    string
	epoch, previous           [32]byte
	number, size              int64
	wall, mono, duration      int64
	checkpoint, digest        [32]byte
	foreign                   bool // of another agreement or vault
	signed, signature, vaults []byte
}

// fieldsOf reads a transcript of a purpose.
func fieldsOf(b []byte, purpose string) (all [][]byte, ok bool) {
	for len(b) > 0 {
		if len(b) < 4 || uint64(binary.BigEndian.Uint32(b)) > uint64(len(b)-4) {
			return nil, false
		}
		n := binary.BigEndian.Uint32(b)
		all = append(all, b[4:4+n])
		b = b[4+n:]
	}
	if len(all) == 0 || string(all[0]) != purpose {
		return nil, false
	}
	return all[1:], true
}

var manifestSizes = []int{32, 32, -1, 32, 8, 32, 8, 32, 8, 8, 8, 32}

func (l *ledger) manifest(wire []byte) (m *manifest, ok bool) {
	if len(wire) < 64 {
		return nil, false
	}
	signed := wire[:len(wire)-64]
	f, ok := fieldsOf(signed, "detente/vault/manifest/1")
	if !ok || len(f) != len(manifestSizes) {
		return nil, false
	}
	for i, n := range manifestSizes {
		if n >= 0 && len(f[i]) != n {
			return nil, false
		}
	}
	n := func(i int) int64 { return int64(binary.BigEndian.Uint64(f[i])) }
	m = &manifest{camera: string(f[2]), epoch: [32]byte(f[3]), number: n(4), previous: [32]byte(f[5]), size: n(6), wall: n(8), mono: n(9),
		duration: n(10), checkpoint: [32]byte(f[11]), signed: signed, signature: wire[len(wire)-64:], vaults: f[1],
		foreign: !bytes.Equal(f[0], l.id) || !bytes.Equal(f[1], l.vaultID)}
	m.digest = sum(signed)
	good := m.number >= 1 && m.size >= 0 && m.wall >= 0 && m.mono >= 0 && m.duration >= 0 && len(m.camera) >= 1 && len(m.camera) <= 64 && utf8.ValidString(m.camera)
	return m, good && (m.number == 1) == (m.previous == [32]byte{})
}

// batch reads a batch that is what its seal says.
func (l *ledger) batch(s *said, object_ []byte) (all []*manifest, ok bool) {
	wires, ok := fieldsOf(object_, "detente/vault/batch/1")
	if !ok || len(wires) == 0 || len(wires) > 2048 || len(object_) > 1<<20 {
		return nil, false
	}
	ranges := map[string][2]int64{}
	heads := map[string][32]byte{}
	for i, w := range wires {
		m, good := l.manifest(w)
		if !good {
			return nil, false
		}
		if i > 0 {
			p := all[i-1]
			same := p.camera == m.camera
			if !bytes.Equal(p.vaults, m.vaults) || p.camera > m.camera || same && (m.number != p.number+1 || m.previous != p.digest) {
				return nil, false
			}
		}
		r, seen := ranges[m.camera]
		if !seen {
			r[0] = m.number
		}
		r[1] = m.number
		ranges[m.camera], heads[m.camera] = r, m.digest
		all = append(all, m)
	}
	stated := s.body["ranges"].([]any)
	for _, x := range stated {
		o := x.(object)
		name := o["camera"].(string)
		head := heads[name]
		if r, seen := ranges[name]; !seen || r != [2]int64{o["first"].(int64), o["last"].(int64)} || hex.EncodeToString(head[:]) != o["head"] {
			return nil, false
		}
	}
	return all, len(stated) == len(ranges)
}

// A camera is one camera's slots while the seals are read.
type camera struct {
	name     string
	class    map[int64]string // of slots that have a manifest
	last     int64            // the last slot taken
	next     int64            // the number that follows
	head     [32]byte
	before   *manifest
	broken   bool               // the chain broke at a manifest without a slot
	taken    map[int64][32]byte // manifests by their number, where the batch is at hand
	tampered map[int64]bool     // slots that are tamper whatever else is there
}

var ranks = []string{"covered", "degraded", "unsealed", "tamper"}

// A survey is the coverage of one vault being worked out.
type survey struct {
	*ledger
	opens, closes, asOf, commit int64
	slots                       int64
	services                    []*said
	cameras                     map[string]*camera
}

func (f *fold) coverage(vault string, objects map[[32]byte][]byte) []Camera {
	v, k := f.of(vault), f.life.vault(vault)
	s := &survey{ledger: f.ledger(vault), opens: f.life.inForceAt, closes: f.life.closesAt(k), asOf: f.clock, cameras: map[string]*camera{}}
	if v.opens != nil {
		s.opens = f.life.at(v.opens)
	}
	if s.opens == never || s.closes == beginning {
		return nil
	}
	s.commit = max(600, 4*v.cadence)
	s.slots = s.ended(min(s.closes, s.asOf))
	for _, name := range v.cameras {
		s.cameras[name] = &camera{name: name, class: map[int64]string{}, last: -1, next: 1, taken: map[int64][32]byte{}, tampered: map[int64]bool{}}
	}
	for _, j := range f.judged {
		if j.said != nil && j.said.kind == "service" && j.said.body["vault"] == v.name {
			s.services = append(s.services, j.said)
		}
	}
	seen := map[any]bool{}
	for i, j := range f.judged {
		if x := j.said; x != nil && x.kind == "seal" && x.body["vault"] == v.name && x.by == f.past[i-1].of(vault).recorder && !seen[x.body["batch"]] {
			seen[x.body["batch"]] = true
			s.seal(i, x, objects)
		}
	}
	var all []Camera
	for _, name := range v.cameras {
		all = append(all, s.finish(s.cameras[name]))
	}
	return all
}

// ended is how many slots end by an instant.
func (s *survey) ended(by int64) (n int64) {
	if s.asOf == beginning || by == beginning || by < s.opens {
		return 0
	}
	for s.opens+n*s.v.cadence+s.v.segment <= by {
		n++
	}
	return n
}

func (s *survey) seal(i int, x *said, objects map[[32]byte][]byte) {
	id, _ := hexBytes(x.body["batch"].(string))
	b, had := objects[[32]byte(id)]
	if had = had && sum(b) == [32]byte(id); !had {
		for _, r := range x.body["ranges"].([]any) {
			o := r.(object)
			if c := s.cameras[o["camera"].(string)]; c != nil && o["first"].(int64) <= c.next && o["last"].(int64) >= c.next {
				head, _ := hexBytes(o["head"].(string))
				c.next, c.head, c.before = o["last"].(int64)+1, [32]byte(head), nil
			}
		}
		return
	}
	all, ok := s.batch(x, b)
	if !ok {
		return
	}
	for _, m := range all {
		c := s.cameras[m.camera]
		signed := slices.ContainsFunc(x.keys, func(k []byte) bool { return verify(k, m.signed, m.signature) })
		if c == nil || m.foreign || !signed {
			continue
		}
		s.place(c, m, i)
	}
}

// place gives a manifest its slot, and the slot the worst that is found.
func (s *survey) place(c *camera, m *manifest, i int) {
	if m.number < c.next {
		if was, had := c.taken[m.number]; had && was != m.digest {
			s.each(m.wall, m.wall+s.v.segment*1000, 1000, func(slot int64) { c.tampered[slot] = true })
		}
		return
	}
	cadence := s.v.cadence * 1000
	since := m.wall - s.opens*1000
	slot := floor(since+cadence/2, cadence)
	off := max(since-slot*cadence, slot*cadence-since)
	class, wrongWall := s.examine(c, m, i, off)
	broke := m.number != c.next || m.previous != c.head
	c.taken[m.number], c.next, c.head = m.digest, m.number+1, m.digest
	c.before = m
	switch {
	case slot < 0 || slot >= s.slots || slot <= c.last:
		c.broken = c.broken || broke
		return
	case wrongWall: // where it belongs is not known
		c.broken = false
		c.tampered[slot] = true
		return
	case broke || c.broken:
		class = 3
	}
	c.broken = false
	c.last, c.class[slot] = slot, ranks[class]
}

func floor(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}

func (s *survey) examine(c *camera, m *manifest, i int, off int64) (class int, wrongWall bool) {
	v := s.v
	worse := func(is bool, rank int) {
		if is {
			class = max(class, rank)
		}
	}
	head := slices.Index(s.roots[:i+1], m.checkpoint)
	clock := int64(beginning)
	if head > 0 {
		clock = s.past[head-1].clock
	}
	known := head > 0 && clock != beginning
	worse(head < 1, 3)
	bound := s.ub[i]
	wrongWall = known && m.wall < (clock-60)*1000 || bound != never && m.wall+m.duration > (bound+60)*1000
	worse(wrongWall, 3)
	var d *dealing
	for _, x := range s.dealings {
		if x.digest == hex.EncodeToString(m.epoch[:]) && x.sealedAt >= 0 && x.sealedAt < i {
			d = x
		}
	}
	worse(d == nil, 2)
	if d != nil {
		start := (s.opens + (d.epoch-1)*v.epoch) * 1000
		worse(m.wall < start-60_000 || m.wall >= start+v.epoch*1000+60_000, 1)
	}
	worse(m.size != 1627+16+v.bytes+16*((v.bytes+65535)/65536), 1)
	worse(m.duration < v.segment*1000-max(100, v.segment*1000/50), 1)
	worse(off > max(1000, v.cadence*1000/10), 1)
	if b := c.before; b != nil {
		grew, passed := m.mono-b.mono, m.wall-b.wall
		if grew <= 0 {
			worse(!s.stated(c, b, m, "reboot", "outage", "visit", "media-swap", "removal", "rekey"), 1)
		} else if diff := max(grew-passed, passed-grew); diff > 1000+grew/1000 {
			worse(!s.stated(c, b, m, "clock-step"), 1)
		}
	}
	worse(known && m.wall-clock*1000 > max(3600, 8*v.cadence)*1000, 1)
	worse(bound == never || bound*1000 > m.wall+m.duration+s.commit*1000, 1)
	return class, wrongWall
}

// stated is whether an event of a kind is stated between two manifests.
func (s *survey) stated(c *camera, from, until *manifest, events ...string) bool {
	return slices.ContainsFunc(s.services, func(x *said) bool {
		return slices.Contains(events, x.body["event"].(string)) && (x.body["camera"] == "" || x.body["camera"] == c.name) &&
			x.body["from"].(int64)*1000 <= until.wall+until.duration && x.body["until"].(int64)*1000 >= from.wall
	})
}

// each calls with the slots that a time touches; its unit is a number for each
// second.
func (s *survey) each(from, until, unit int64, with func(slot int64)) {
	until = max(until, from+1)
	for slot := range s.slots {
		start := (s.opens + slot*s.v.cadence) * unit
		if start < until && start+s.v.segment*unit > from {
			with(slot)
		}
	}
}

// finish lays the services over the slots and sums them up.
func (s *survey) finish(c *camera) Camera {
	count := min(s.slots, s.ended(s.asOf-s.commit))
	for slot := range c.class {
		count = max(count, slot+1)
	}
	for slot := range c.tampered {
		count = max(count, min(s.slots, slot+1))
	}
	class := make([]string, count)
	for i := range class {
		class[i] = c.class[int64(i)]
		if class[i] == "" {
			class[i] = "unexplained gap"
		}
		if c.tampered[int64(i)] {
			class[i] = "tamper"
		}
	}
	s.explain(c, class)
	out := Camera{Name: c.name, Seconds: map[string]int64{}}
	for i, x := range class {
		start := s.opens + int64(i)*s.v.cadence
		out.Seconds[x] += s.v.segment
		if n := len(out.Intervals); n > 0 && out.Intervals[n-1].Class == x {
			out.Intervals[n-1].Until = start + s.v.segment
		} else {
			out.Intervals = append(out.Intervals, Interval{start, start + s.v.segment, x})
		}
	}
	return out
}

// explain lays the statements of service over the slots: what two must say is
// said of a slot if statements of two signers hold it, or of a loss touch it.
func (s *survey) explain(c *camera, class []string) {
	for i := range class {
		from := s.opens + int64(i)*s.v.cadence
		until := from + s.v.segment
		holds, touches := map[string]map[string]bool{}, map[string]map[string]bool{}
		say := func(of map[string]map[string]bool, event, by string) {
			if of[event] == nil {
				of[event] = map[string]bool{}
			}
			of[event][by] = true
		}
		for _, x := range s.services {
			if x.body["camera"] != "" && x.body["camera"] != c.name {
				continue
			}
			event, first, last := x.body["event"].(string), x.body["from"].(int64), x.body["until"].(int64)
			if first <= from && until <= last {
				say(holds, event, x.by)
			}
			if last = max(last, first+1); first < until && from < last {
				say(touches, event, x.by)
			}
		}
		_, segment := c.class[int64(i)]
		for event, signers := range holds {
			switch need := map[string]int{"visit": 2, "media-swap": 2, "removal": 2, "rekey": 2}[event]; {
			case event == "loss" || event == "tamper" || len(signers) < need:
			case class[i] == "unexplained gap":
				class[i] = "explained gap"
			}
		}
		if len(touches["loss"]) >= 2 && segment {
			class[i] = "lost"
		}
		if len(touches["tamper"]) > 0 {
			class[i] = "tamper"
		}
	}
}
