package calculator

import (
	"bytes"
	"crypto/ecdh"
	"crypto/hpke"
	"crypto/mlkem"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/binary"
	"encoding/hex"
	"slices"

	"github.com/gtank/ristretto255"
)

// transcript is a purpose and fields, each preceded by its length.
func transcript(purpose string, fields ...[]byte) []byte {
	b := append(binary.BigEndian.AppendUint32(nil, uint32(len(purpose))), purpose...)
	for _, f := range fields {
		b = append(binary.BigEndian.AppendUint32(b, uint32(len(f))), f...)
	}
	return b
}

func digest(purpose string, fields ...[]byte) []byte {
	sum := sha256.Sum256(transcript(purpose, fields...))
	return sum[:]
}

func u16(n int64) []byte { return binary.BigEndian.AppendUint16(nil, uint16(n)) }
func u64(n int64) []byte { return binary.BigEndian.AppendUint64(nil, uint64(n)) }

// A published key, and what says whether two of them share a half.
type published struct {
	by     string // a custodian, or empty
	entry  int
	digest string // hex
	first  string
	second string
	used   bool
}

// A dealing is an attempt at an epoch that is not refused.
type dealing struct {
	epoch, attempt int64
	digest         string
	statements     []string // ids under which ciphertexts may answer it
	core           object
	texts          map[int]string // ciphertexts by seat, 1 first
	complete, void bool
	enough         int // acknowledgements that seal it
	acknowledged   map[int]bool
	complained     map[int]bool
	sealedAt       int // -1
}

// A ledger is what became of the keys and dealings of a vault.
type ledger struct {
	*fold
	v        *vaultTerms // before the entry that is read
	seats    []string    // all custodians so far, by their numbers
	text     *terms
	id       []byte
	vaultID  []byte
	keys     []*published
	accepted map[string]bool
	barred   map[string]bool
	tried    map[int64]int64 // the highest attempt at an epoch
	dealings []*dealing
}

func (f *fold) ledger(vault string) *ledger {
	id, _ := hexBytes(f.id)
	l := &ledger{fold: f, id: id, vaultID: digest("detente/vault/vault/1", id, []byte(vault)),
		accepted: map[string]bool{}, barred: map[string]bool{}, tried: map[int64]int64{}}
	for i, j := range f.judged {
		if s := j.said; s != nil && s.body["vault"] == vault {
			l.take(i, s)
		}
		l.turn(f.past[i].terms, vault)
	}
	return l
}

// turn reads on under a text: its custodians have seats, and those who were
// barred again, if it says anew who has.
func (l *ledger) turn(t *terms, vault string) {
	if t == l.text {
		return
	}
	was, v := l.v, t.of(vault)
	for _, c := range v.custodians {
		if !slices.Contains(l.seats, c) {
			l.seats = append(l.seats, c)
		}
		if was != nil && (!slices.Equal(was.custodians, v.custodians) || was.need != v.need || was.absent != v.absent || changed(l.text, t, c)) {
			delete(l.barred, c)
		}
	}
	l.text, l.v = t, v
}

func (l *ledger) take(i int, s *said) {
	custodian := slices.Contains(l.seats, s.by)
	switch {
	case s.kind == "accept-custody" && custodian && !l.replaced(s.by):
		if l.publish(i, s.by, s.body["key"].(string)) {
			l.accepted[s.by] = true
		}
	case s.kind == "request" && slices.Contains(l.v.opensTo, s.by):
		for _, k := range s.body["keys"].([]any) {
			if k != "" {
				l.publish(i, "", k.(string))
			}
		}
	case s.kind == "epoch" && s.by == l.v.recorder:
		l.deal(i, s)
	case s.kind == "shares" && s.by == l.v.recorder:
		l.shares(i, s)
	case (s.kind == "acknowledge" || s.kind == "complain") && custodian:
		for _, d := range l.dealings {
			if d.digest == s.body["digest"] && l.seatOf(d, s) {
				if !l.replaced(s.by) {
					l.publish(i, s.by, s.body["next"].(string))
				}
				if s.kind == "acknowledge" {
					l.acknowledge(i, d, s)
				} else {
					l.complain(d, s)
				}
				return
			}
		}
	}
}

// replaced is whether the text does not name a custodian any more.
func (l *ledger) replaced(name string) bool { return !slices.Contains(l.v.custodians, name) }

// publish takes a key, unless it is refused.
func (l *ledger) publish(i int, by, key string) bool {
	if _, err := mlkem.NewEncapsulationKey768([]byte(key[:1184])); err != nil {
		return false
	}
	half := []byte(key[1184:])
	if !canonicalX25519(half) {
		return false
	}
	pub, err := ecdh.X25519().NewPublicKey(half)
	if err != nil {
		return false
	}
	one, err := ecdh.X25519().NewPrivateKey(bytes.Repeat([]byte{1}, 32))
	if err != nil {
		return false
	}
	product, err := one.ECDH(pub)
	if err != nil {
		return false // of low order
	}
	unused := 0
	for _, k := range l.keys {
		if k.first == key[:1184] || k.second == string(product) {
			return false
		}
		if by != "" && k.by == by && !k.used {
			unused++
		}
	}
	if unused >= 4 {
		return false
	}
	l.keys = append(l.keys, &published{by: by, entry: i, digest: hex.EncodeToString(digest("detente/vault/key/1", []byte(key))), first: key[:1184], second: string(product)})
	return true
}

// canonicalX25519 is whether 32 bytes are below 2^255 - 19.
func canonicalX25519(b []byte) bool {
	p := append([]byte{0xed}, bytes.Repeat([]byte{0xff}, 31)...)
	p[31] = 0x7f
	for i := 31; i >= 0; i-- {
		if b[i] != p[i] {
			return b[i] < p[i]
		}
	}
	return false
}

func (l *ledger) find(digest string) *published {
	for _, k := range l.keys {
		if k.digest == digest {
			return k
		}
	}
	return nil
}

func (l *ledger) deal(i int, s *said) {
	for _, d := range l.dealings {
		if d.digest == s.body["digest"] && sameCore(d.core, s.body) {
			d.statements = append(d.statements, hex.EncodeToString(s.id[:]))
			return // says nothing new
		}
	}
	epoch, attempt := s.body["epoch"].(int64), s.body["attempt"].(int64)
	good := l.sound(i, s)
	for _, x := range s.body["seats"].([]any) {
		if k := l.find(x.(object)["key"].(string)); k != nil {
			k.used = true
		}
	}
	if !good {
		return
	}
	l.tried[epoch] = attempt
	for _, d := range l.dealings {
		if d.epoch == epoch && d.sealedAt < 0 {
			d.void = true
		}
	}
	l.dealings = append(l.dealings, &dealing{epoch: epoch, attempt: attempt, digest: s.body["digest"].(string), core: s.body,
		statements: []string{hex.EncodeToString(s.id[:])}, texts: map[int]string{}, acknowledged: map[int]bool{}, complained: map[int]bool{}, sealedAt: -1, enough: l.v.need + l.v.absent})
}

func sameCore(a, b object) bool {
	return a["epoch"] == b["epoch"] && a["attempt"] == b["attempt"] && a["need"] == b["need"] && a["recipient"] == b["recipient"] &&
		slices.Equal(a["commitments"].([]any), b["commitments"].([]any)) &&
		slices.EqualFunc(a["seats"].([]any), b["seats"].([]any), func(x, y any) bool {
			return x.(object)["custodian"] == y.(object)["custodian"] && x.(object)["key"] == y.(object)["key"]
		})
}

// sound says whether a core is not refused.
func (l *ledger) sound(i int, s *said) bool {
	b := s.body
	epoch, attempt := b["epoch"].(int64), b["attempt"].(int64)
	if epoch < 1 || epoch > 1_000_000 || attempt < 1 {
		return false
	}
	for _, c := range b["commitments"].([]any) {
		if p := point([]byte(c.(string))); p == nil || p.Equal(ristretto255.NewIdentityElement()) == 1 {
			return false
		}
	}
	seats, keyed := b["seats"].([]any), map[string]bool{}
	if b["need"] != int64(l.v.need) || len(seats) != len(l.seats) || attempt <= l.tried[epoch] {
		return false
	}
	for _, d := range l.dealings {
		if d.epoch == epoch && d.sealedAt >= 0 {
			return false
		}
	}
	for n, x := range seats {
		name, key := x.(object)["custodian"].(string), x.(object)["key"].(string)
		if name != l.seats[n] || keyed[key] {
			return false
		}
		if key == "" {
			if l.leftOut(i, s, name) {
				return false
			}
			continue
		}
		keyed[key] = true
		if k := l.find(key); k == nil || k.by != name || k.used || l.barred[name] || !l.accepted[name] || l.replaced(name) {
			return false
		}
	}
	return len(keyed) >= l.v.need+l.v.absent
}

// leftOut is whether a custodian without a key in a core had one to be used.
func (l *ledger) leftOut(i int, s *said, name string) bool {
	if l.barred[name] || !l.accepted[name] || l.replaced(name) {
		return false
	}
	recent := s.seen > 0 && l.past[s.seen-1].clock != beginning && l.past[i].clock-l.past[s.seen-1].clock <= 600
	if s.seen > 0 && l.past[s.seen-1].clock == beginning && l.past[i].clock == beginning {
		recent = true
	}
	for _, k := range l.keys {
		if k.by == name && !k.used && (!recent || int64(k.entry) < s.seen) {
			return true
		}
	}
	return false
}

func (l *ledger) seatOf(d *dealing, s *said) bool {
	n := int(s.body["seat"].(int64))
	seats := d.core["seats"].([]any)
	return n <= len(seats) && seats[n-1].(object)["custodian"] == s.by && seats[n-1].(object)["key"] != ""
}

func (l *ledger) shares(_ int, s *said) {
	for _, d := range l.dealings {
		if !slices.Contains(d.statements, s.answers) || d.digest != s.body["digest"] || d.void || d.complete {
			continue
		}
		first, seats := int(s.body["first"].(int64)), d.core["seats"].([]any)
		texts := s.body["ciphertexts"].([]any)
		for n, text := range texts {
			if first+n > len(seats) || (text == "") != (seats[first+n-1].(object)["key"] == "") {
				return
			}
		}
		for n, text := range texts {
			if _, twice := d.texts[first+n]; !twice && text != "" {
				d.texts[first+n] = text.(string)
			}
		}
		l.completed(d, seats)
		return
	}
}

// completed looks whether all ciphertexts are there, and are the dealing's.
func (l *ledger) completed(d *dealing, seats []any) {
	all := [][]byte{l.coreDigest(d)}
	for n, x := range seats {
		if x.(object)["key"] != "" && d.texts[n+1] == "" {
			return
		}
		all = append(all, []byte(d.texts[n+1]))
	}
	d.complete = true
	if hex.EncodeToString(digest("detente/vault/epoch/1", all...)) != d.digest {
		d.void = true
	}
}

func (l *ledger) custodianID(name string) []byte {
	return digest("detente/vault/custodian/1", l.id, []byte(name))
}

func (l *ledger) coreDigest(d *dealing) []byte {
	seats := d.core["seats"].([]any)
	fields := [][]byte{l.id, l.vaultID, u64(d.epoch), u16(d.attempt), u16(d.core["need"].(int64)), u16(int64(len(seats))), []byte(d.core["recipient"].(string))}
	for _, c := range d.core["commitments"].([]any) {
		fields = append(fields, []byte(c.(string)))
	}
	for _, x := range seats {
		key := make([]byte, 32)
		if k, err := hex.DecodeString(x.(object)["key"].(string)); err == nil && len(k) == 32 {
			key = k
		}
		fields = append(fields, l.custodianID(x.(object)["custodian"].(string)), key)
	}
	return digest("detente/vault/core/1", fields...)
}

func point(b []byte) *ristretto255.Element {
	p, err := ristretto255.NewIdentityElement().SetCanonicalBytes(b)
	if err != nil {
		return nil
	}
	return p
}

func scalar(b []byte) *ristretto255.Scalar {
	s, err := ristretto255.NewScalar().SetCanonicalBytes(b)
	if err != nil {
		return nil
	}
	return s
}

// base is H, whose logarithm nobody knows.
func base() *ristretto255.Element {
	h := sha512.Sum512(transcript("detente/vault/base/1"))
	p, err := ristretto255.NewIdentityElement().SetUniformBytes(h[:])
	if err != nil {
		panic(err)
	}
	return p
}

// pair is s G + t H.
func pair(s, t *ristretto255.Scalar) *ristretto255.Element {
	p := ristretto255.NewIdentityElement().ScalarBaseMult(s)
	return p.Add(p, ristretto255.NewIdentityElement().ScalarMult(t, base()))
}

// shareOf is what the share of a seat must fit: the sum of j^i C_i.
func shareOf(d *dealing, seat int) *ristretto255.Element {
	j := small(seat)
	power, sum := small(1), ristretto255.NewIdentityElement()
	for _, c := range d.core["commitments"].([]any) {
		sum.Add(sum, ristretto255.NewIdentityElement().ScalarMult(power, point([]byte(c.(string)))))
		power = ristretto255.NewScalar().Multiply(power, j)
	}
	return sum
}

func small(n int) *ristretto255.Scalar {
	b := make([]byte, 32)
	binary.LittleEndian.PutUint16(b, uint16(n))
	return scalar(b)
}

func (l *ledger) acknowledge(i int, d *dealing, s *said) {
	seat := int(s.body["seat"].(int64))
	proof := []byte(s.body["proof"].(string))
	c, z1, z2 := scalar(proof[:32]), scalar(proof[32:64]), scalar(proof[64:])
	if !d.complete || d.void || d.acknowledged[seat] || c == nil || z1 == nil || z2 == nil {
		return
	}
	fit := shareOf(d, seat)
	r := pair(z1, z2)
	r.Subtract(r, ristretto255.NewIdentityElement().ScalarMult(c, fit))
	epoch, _ := hex.DecodeString(d.digest)
	sum := sha512.Sum512(transcript("detente/vault/ack/1", epoch, u16(int64(seat)), []byte(s.body["next"].(string)), fit.Bytes(), r.Bytes()))
	again, err := ristretto255.NewScalar().SetUniformBytes(sum[:])
	if err != nil || again.Equal(c) != 1 {
		return
	}
	d.acknowledged[seat] = true
	if d.sealedAt < 0 && len(d.acknowledged) >= d.enough {
		d.sealedAt = i
	}
}

func (l *ledger) complain(d *dealing, s *said) {
	seat := int(s.body["seat"].(int64))
	x := d.core["seats"].([]any)[seat-1].(object)
	key, err := hpke.MLKEM768X25519().NewPrivateKey([]byte(s.body["seed"].(string)))
	if !d.complete || d.void || d.complained[seat] || err != nil {
		return
	}
	public := digest("detente/vault/key/1", key.PublicKey().Bytes())
	if hex.EncodeToString(public) != x["key"] {
		return // inert
	}
	d.complained[seat] = true
	if d.sealedAt < 0 {
		d.void = true
	}
	info := transcript("detente/vault/share/1", l.id, l.vaultID, u64(d.epoch), u16(d.attempt), u16(int64(seat)), l.custodianID(s.by), public)
	text := []byte(d.texts[seat])
	r, err := hpke.NewRecipient(text[:1120], key, hpke.HKDFSHA256(), hpke.ChaCha20Poly1305(), info)
	if err != nil {
		return // the recorder's fault
	}
	share, err := r.Open(l.coreDigest(d), text[1120:])
	if err != nil {
		return
	}
	a, b := scalar(share[:32]), scalar(share[32:])
	if a != nil && b != nil && pair(a, b).Equal(shareOf(d, seat)) == 1 {
		l.barred[s.by] = true
	}
}
