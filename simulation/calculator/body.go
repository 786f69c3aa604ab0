package calculator

import (
	"math/big"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// A cursor reads the one spelling of a body. Whatever is not it sets bad.
type cursor struct {
	s   string
	bad bool
}

func (c *cursor) ok(good bool) {
	c.bad = c.bad || !good
}

func (c *cursor) has(x string) bool {
	rest, ok := strings.CutPrefix(c.s, x)
	if ok {
		c.s = rest
	}
	return ok
}

// A rule reads one value: a string, an int64, a bool, a list or an object.
type rule func(c *cursor) any

type object = map[string]any

func quoted(c *cursor) string {
	var b strings.Builder
	c.ok(c.has(`"`))
	for !c.bad && !c.has(`"`) {
		switch {
		case c.has(`\"`):
			b.WriteByte('"')
		case c.has(`\\`):
			b.WriteByte('\\')
		case c.has(`\n`):
			b.WriteByte('\n')
		default:
			r, n := utf8.DecodeRuneInString(c.s)
			c.ok(n > 0 && r != '\\' && r >= 0x20 && (r != utf8.RuneError || n == 3))
			if n > 0 {
				b.WriteString(c.s[:n])
				c.s = c.s[n:]
			}
		}
	}
	return b.String()
}

var unwanted = [][2]rune{{0, 0x1f}, {0x7f, 0x9f}, {0xad, 0xad}, {0x34f, 0x34f}, {0x61c, 0x61c}, {0x115f, 0x1160}, {0x180e, 0x180e},
	{0x200b, 0x200b}, {0x200e, 0x200f}, {0x2028, 0x202e}, {0x2060, 0x206f}, {0x3164, 0x3164}, {0xe000, 0xf8ff}, {0xfe00, 0xfe0f},
	{0xfeff, 0xfeff}, {0xffa0, 0xffa0}, {0xfff0, 0xffff}, {0xe0000, 0x10ffff}}

func shown(s string) bool {
	for _, r := range s {
		if r&0xfffe == 0xfffe {
			return false
		}
		for _, u := range unwanted {
			if u[0] <= r && r <= u[1] {
				return false
			}
		}
	}
	return true
}

// words are strings of a length on one line, or on several.
func words(least, most int, lines bool) rule {
	return func(c *cursor) any {
		s := quoted(c)
		plain := s
		if lines {
			plain = strings.ReplaceAll(s, "\n", "")
		}
		c.ok(len(s) >= least && len(s) <= most && shown(plain))
		return s
	}
}

func matching(form string) rule {
	re := regexp.MustCompile(`^(?:` + form + `)$`)
	return func(c *cursor) any {
		s := quoted(c)
		c.ok(re.MatchString(s))
		return s
	}
}

func raw(n int, orEmpty bool) rule {
	return func(c *cursor) any {
		s := quoted(c)
		b, ok := base64Bytes(s)
		c.ok(ok && len(b) == n || orEmpty && s == "")
		return string(b)
	}
}

// part is 1 to 40,960 bytes.
func part(c *cursor) any {
	b, ok := base64Bytes(quoted(c))
	c.ok(ok && len(b) >= 1 && len(b) <= 40960)
	return string(b)
}

var digits = regexp.MustCompile(`^-?(?:0|[1-9][0-9]*)`)

func number(lo, hi int64) rule {
	return func(c *cursor) any {
		d := digits.FindString(c.s)
		n, err := strconv.ParseInt(d, 10, 64)
		c.ok(err == nil && d != "-0" && lo <= n && n <= hi)
		c.s = c.s[len(d):]
		return n
	}
}

func boolean(c *cursor) any {
	yes := c.has("true")
	c.ok(yes || c.has("false"))
	return yes
}

func list(least, most int, of rule) rule {
	return func(c *cursor) any {
		all := []any{}
		c.ok(c.has("["))
		for !c.bad && !c.has("]") {
			c.ok(len(all) == 0 || c.has(","))
			all = append(all, of(c))
		}
		c.ok(least <= len(all) && len(all) <= most)
		return all
	}
}

// distinct refuses a list in which two elements are the same by a field.
func distinct(of rule, field string) rule {
	return func(c *cursor) any {
		all, seen := of(c).([]any), map[any]bool{}
		for _, x := range all {
			if o, ok := x.(object); ok {
				x = o[field]
			}
			c.ok(!seen[x])
			seen[x] = true
		}
		return all
	}
}

type field struct {
	name string
	is   rule
}

func fields(of ...field) rule {
	return func(c *cursor) any {
		o := object{}
		c.ok(c.has("{"))
		for i, f := range of {
			c.ok((i == 0 || c.has(",")) && c.has(`"`+f.name+`":`))
			if c.bad {
				return o
			}
			o[f.name] = f.is(c)
		}
		c.ok(c.has("}"))
		return o
	}
}

// also adds what must hold of a body as a whole.
func also(of rule, holds func(o object) bool) rule {
	return func(c *cursor) any {
		o := of(c).(object)
		c.ok(!c.bad && holds(o))
		return o
	}
}

func value(c *cursor) any {
	s := quoted(c)
	if s == "true" || s == "false" {
		return s
	}
	count := 0
	for _, r := range s {
		if '0' <= r && r <= '9' {
			count++
		}
	}
	x, ok := new(big.Rat).SetString(s)
	c.ok(ok && count <= 40 && numeral.MatchString(s) && s != "-0")
	if num, den, fraction := strings.Cut(s, "/"); ok && fraction {
		c.ok(den != "1" && x.Num().String() == num && x.Denom().String() == den)
	}
	return s
}

var numeral = regexp.MustCompile(`^-?(?:0|[1-9][0-9]*)(?:\.[0-9]*[1-9]|/[1-9][0-9]*)?$`)

func keyWords(c *cursor) any {
	s := quoted(c)
	rest, ok := strings.CutPrefix(s, "ed25519 ")
	b, good := base64Bytes(rest)
	c.ok(ok && good && len(b) == 32 && goodKey(b))
	return string(b)
}

func headNote(c *cursor) any {
	s := quoted(c)
	n, ok := readNote([]byte(s))
	_, good := readCheckpoint(n.text)
	c.ok(s != "" && len(s) <= 16384 && ok && good && !n.many)
	return s
}

const most = 1<<53 - 1

var (
	aName   = matching(`[a-z][a-z0-9_-]{0,63}`)
	aHex    = matching(`[0-9a-f]{64}`)
	aText   = words(0, 16384, true)
	anEvent = matching(`visit|reboot|clock-step|media-swap|removal|rekey|loss|tamper|outage`)
	aSeat   = number(1, 255)
	anEpoch = number(0, most)
	aTime   = number(-62135596800, lastInstant)
	aFind   = matching(`accepts|refuses`)
	aWord   = words(1, 1024, false)
	aKey    = raw(1216, false)
	docs    = distinct(list(0, 64, fields(field{"name", aWord}, field{"size", anEpoch}, field{"digest", aHex})), "name")
	someKey = distinct(list(0, 16, keyWords), "")
)

type kind struct {
	signers string
	answers bool
	body    rule
	force   string // machine: an act of it; some: of another force; empty: words
}

func body(f ...any) rule {
	var all []field
	for i := 0; i < len(f); i += 2 {
		r, ok := f[i+1].(rule)
		if !ok {
			r = f[i+1].(func(*cursor) any)
		}
		all = append(all, field{f[i].(string), r})
	}
	return fields(all...)
}

var kinds = map[string]kind{
	"sign":    {"party", false, body("findings", aHex), "machine"},
	"report":  {"party device", false, body("reading", aName, "value", value, "unit", words(0, 64, false), "documents", docs), "machine"},
	"perform": {"party", false, body("commitment", aName, "documents", docs), "machine"},
	"lift":    {"party", false, body("measure", aName, "documents", docs), "machine"},
	"impose":  {"party", false, body("measure", aName, "documents", docs), "machine"},
	"verify":  {"party", true, body("commitment", aName, "finding", aFind, "reason", aText, "documents", docs), "machine"},
	"contest": {"party", false, body("commitment", aName, "reason", aText, "documents", docs), "machine"},
	"invoke":  {"party", false, body("act", aName, "states", distinct(list(0, 64, aWord), ""), "reason", aText, "documents", docs), "machine"},
	"key": {"party device custodian", false, also(body("add", someKey, "revoke", someKey, "need", number(1, 16), "reason", aText), func(o object) bool {
		return !slices.ContainsFunc(o["add"].([]any), func(k any) bool { return slices.Contains(o["revoke"].([]any), k) })
	}), "some"},
	"text": {"party", false, also(body("bundle", aHex, "part", number(1, 207), "of", number(1, 207), "data", part), func(o object) bool {
		return o["part"].(int64) <= o["of"].(int64) && (o["part"] == o["of"] || len(o["data"].(string)) == 40960)
	}), "some"},
	"amend":    {"party", false, body("bundle", aHex, "findings", aHex, "reason", aText), "some"},
	"renounce": {"custodian", false, body("bundle", aHex), "some"},
	"host":     {"depositary", false, body("address", aWord, "reason", aText), "some"},
	"outcome":  {"party custodian", false, body("vault", aName, "outcome", matching(`release|erase`)), "some"},
	"declare": {"party device custodian depositary", false, also(body("text", aText, "documents", docs), func(o object) bool {
		return o["text"] != "" || len(o["documents"].([]any)) > 0
	}), ""},
	"attributed":     {"party", false, body("to", aWord, "text", words(1, 16384, true), "source", aWord, "dated", aTime), ""},
	"redact":         {"party device custodian depositary", true, body("document", aHex, "reason", aText), "some"},
	"receipt":        {"party custodian depositary", true, body("received", aTime), ""},
	"accept-custody": {"custodian", false, body("vault", aName, "key", aKey), "some"},
	"epoch": {"device", false, also(body("vault", aName, "epoch", anEpoch, "attempt", number(0, 65535), "need", aSeat,
		"recipient", matching(`age1pq1[a-z0-9]{952}[a-z0-9]{1000}`), "commitments", list(1, 255, raw(32, false)),
		"seats", distinct(list(1, 255, fields(field{"custodian", aName}, field{"key", matching(`(?:[0-9a-f]{64})?`)})), "custodian"), "digest", aHex),
		func(o object) bool {
			return o["need"].(int64) == int64(len(o["commitments"].([]any))) && o["need"].(int64) <= int64(len(o["seats"].([]any)))
		}), "some"},
	"shares": {"device", true, also(body("vault", aName, "digest", aHex, "first", aSeat, "ciphertexts", list(1, 24, raw(1200, true))), func(o object) bool {
		return o["first"].(int64)+int64(len(o["ciphertexts"].([]any)))-1 <= 255
	}), "some"},
	"acknowledge": {"custodian", false, body("vault", aName, "digest", aHex, "seat", aSeat, "next", aKey, "proof", raw(96, false)), "some"},
	"complain":    {"custodian", false, body("vault", aName, "digest", aHex, "seat", aSeat, "seed", raw(32, false), "next", aKey), "some"},
	"possess":     {"custodian", false, body("vault", aName, "seat", aSeat, "epochs", number(1, most), "proof", raw(96, false)), "some"},
	"seal": {"device", false, also(body("vault", aName, "batch", aHex, "manifests", number(1, most), "ranges", distinct(list(1, 64,
		fields(field{"camera", words(1, 64, false)}, field{"first", anEpoch}, field{"last", anEpoch}, field{"head", aHex})), "camera")), sumOfRanges), "some"},
	"heartbeat": {"device custodian", false, body("vault", aName, "note", words(0, 1024, false)), "some"},
	"service": {"device party custodian", false, also(body("vault", aName, "camera", words(0, 64, false), "event", anEvent, "from", aTime, "until", aTime, "reason", aText),
		func(o object) bool { return o["from"].(int64) <= o["until"].(int64) }), "some"},
	"request": {"party", false, also(body("vault", aName, "first", anEpoch, "last", anEpoch, "keys", list(1, 255, raw(1216, true))), func(o object) bool {
		n := 0
		for _, k := range o["keys"].([]any) {
			if k != "" {
				n++
			}
		}
		return 1 <= n && n <= 36 && o["first"].(int64) <= o["last"].(int64)
	}), "some"},
	"hand-over": {"custodian", true, also(body("vault", aName, "seat", aSeat, "certificate", headNote, "shares", list(1, 24,
		fields(field{"epoch", anEpoch}, field{"digest", aHex}, field{"ciphertext", raw(1200, false)}))), func(o object) bool {
		before := int64(-1)
		for _, s := range o["shares"].([]any) {
			if s.(object)["epoch"].(int64) <= before {
				return false
			}
			before = s.(object)["epoch"].(int64)
		}
		return true
	}), "some"},
	"erased":   {"custodian", false, body("vault", aName, "seat", aSeat, "epochs", anEpoch, "certificate", headNote, "again", boolean), "some"},
	"dispute":  {"party", true, body("vault", aName, "digest", aHex, "seat", aSeat, "seed", raw(32, false)), "some"},
	"mismatch": {"party", false, body("vault", aName, "digest", aHex, "a", raw(32, false), "b", raw(32, false)), "some"},

	"tender":   {"party", false, body("exchange", aName, "member", aName), ""},
	"vote":     {"party", false, body("decision", aName, "draft", words(0, 1024, false), "vote", matching(`yes|no|abstain`), "reason", aText), ""},
	"answer":   {"party", false, body("question", aName, "interpretation", aName, "reason", aText), ""},
	"invite":   {"party", false, body("to", distinct(list(1, 64, aName), ""), "subject", aWord, "at", aTime, "place", words(0, 1024, false)), ""},
	"reply":    {"party", true, body("reply", aFind, "reason", aText), ""},
	"withdraw": {"party", false, body("reason", aText), ""},
	"enrol":    {"party", false, body("delegate", aName, "credential", aWord, "kinds", distinct(list(1, 64, aKind), "")), ""},
}

func aKind(c *cursor) any {
	s := quoted(c)
	_, known := kindNames[s]
	c.ok(known)
	return s
}

var kindNames = map[string]bool{}

func init() {
	for k := range kinds {
		kindNames[k] = true
	}
}

func sumOfRanges(o object) bool {
	var sum int64
	for _, r := range o["ranges"].([]any) {
		r := r.(object)
		if r["first"].(int64) > r["last"].(int64) {
			return false
		}
		sum += r["last"].(int64) - r["first"].(int64) + 1
	}
	return sum == o["manifests"].(int64)
}
