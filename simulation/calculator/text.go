package calculator

import (
	"encoding/base64"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	_ "time/tzdata" // the zones of the examples, on any machine
)

// A node is a piece of a value in the text: a literal, a list, an object or an
// operator with its operands.
type node struct {
	op    string // word, string, number, date, instant, list, object, call, or an operator
	text  string
	args  []*node
	names []string // of an object's attributes
}

func (n *node) get(name string) *node {
	if n == nil {
		return nil
	}
	for i, x := range n.names {
		if x == name {
			return n.args[i]
		}
	}
	return nil
}

type block struct {
	noun, name string
	body       *node
}

var tokens = regexp.MustCompile(`"(?:\\.|[^"\\])*"|\d{4}-\d\d-\d\d(?:T\d\d:\d\d:\d\dZ)?|\d+(?:[./]\d+)?|[A-Za-z](?:[A-Za-z0-9_-]*[A-Za-z0-9_])?|==|!=|<=|>=|[{}()\[\]=,.<>+%-]|\n|#[^\n]*|[ \t]+|.`)

// A reader reads the blocks of a text. It trusts that the text is sound: the
// product has read it too.
type reader struct {
	toks  []string
	i     int
	depth int
}

type unreadable struct{ error }

func refuse(format string, args ...any) {
	panic(unreadable{fmt.Errorf(format, args...)})
}

func (r *reader) peek() string {
	for r.depth > 0 && r.i < len(r.toks) && r.toks[r.i] == "\n" {
		r.i++
	}
	if r.i == len(r.toks) {
		return ""
	}
	return r.toks[r.i]
}

func (r *reader) next() string {
	t := r.peek()
	r.i++
	return t
}

func (r *reader) take(t string) bool {
	if r.peek() == t {
		r.i++
		return true
	}
	return false
}

func (r *reader) want(t string) {
	if got := r.next(); got != t {
		refuse("text: %q stands where %q was expected", got, t)
	}
}

func (r *reader) lines() {
	for r.take("\n") {
	}
}

func blocks(text []byte) (all []block) {
	r := &reader{}
	for _, t := range tokens.FindAllString(string(text), -1) {
		if !strings.HasPrefix(t, "#") && strings.Trim(t, " \t") != "" {
			r.toks = append(r.toks, t)
		}
	}
	r.want("detente")
	r.want("1")
	for r.lines(); r.peek() != ""; r.lines() {
		b := block{noun: r.next(), name: r.next(), body: &node{op: "object"}}
		r.want("{")
		for r.lines(); !r.take("}"); r.lines() {
			r.attribute(b.body)
		}
		all = append(all, b)
	}
	return all
}

func (r *reader) attribute(to *node) {
	to.names = append(to.names, r.next())
	r.want("=")
	to.args = append(to.args, r.value())
}

func (r *reader) value() *node {
	open := map[string]string{"{": "}", "[": "]"}[r.peek()]
	if open == "" {
		return r.condition()
	}
	n := &node{op: map[string]string{"}": "object", "]": "list"}[open]}
	r.depth++
	for r.next(); r.peek() != open; {
		if n.op == "object" {
			r.attribute(n)
		} else {
			n.args = append(n.args, r.value())
		}
		if !r.take(",") {
			break
		}
	}
	r.want(open)
	r.depth--
	return n
}

func (r *reader) condition() *node {
	n := r.negation()
	for op := r.peek(); op == "and" || op == "or"; op = r.peek() {
		r.i++
		r.lines()
		n = &node{op: op, args: []*node{n, r.negation()}}
	}
	return n
}

func (r *reader) negation() *node {
	if r.take("not") {
		return &node{op: "not", args: []*node{r.negation()}}
	}
	n := r.operand()
	for op := r.peek(); op == "+" || op == "-"; op = r.peek() {
		r.i++
		r.lines()
		n = &node{op: op, args: []*node{n, r.operand()}}
	}
	return n
}

func (r *reader) operand() *node {
	t := r.next()
	switch {
	case t == "(":
		r.depth++
		n := r.condition()
		r.want(")")
		r.depth--
		return n
	case strings.HasPrefix(t, `"`):
		return &node{op: "string", text: strings.NewReplacer(`\\`, `\`, `\"`, `"`).Replace(t[1 : len(t)-1])}
	case len(t) == len("2006-01-02") && t[4] == '-':
		return &node{op: "date", text: t}
	case len(t) == len(time.RFC3339)-5:
		if _, err := time.Parse(time.RFC3339, t); err == nil {
			return &node{op: "instant", text: t}
		}
	}
	if t[0] >= '0' && t[0] <= '9' {
		n := &node{op: "number", text: t}
		if _, ok := units[r.peek()]; ok {
			n.args = []*node{{op: "word", text: r.next()}}
		}
		return n
	}
	if t[0] < 'A' || t[0] > 'z' {
		refuse("text: %q is no value", t)
	}
	if r.take(".") {
		t += "." + r.next()
	}
	if r.peek() == "(" {
		refuse("text: function %s is beyond this calculator", t)
	}
	return &node{op: "word", text: t}
}

var units = map[string]int64{"second": 1, "seconds": 1, "minute": 60, "minutes": 60, "hour": 3600, "hours": 3600,
	"day": 86400, "days": 86400, "week": 604800, "weeks": 604800}

func (n *node) int() int64 {
	x, err := strconv.ParseInt(n.text, 10, 64)
	if err != nil || n.op != "number" {
		refuse("text: %q is no whole number", n.text)
	}
	return x
}

// seconds is a duration; a missing one is the given one.
func (n *node) seconds(otherwise int64) int64 {
	if n == nil {
		return otherwise
	}
	if len(n.args) != 1 {
		refuse("text: %q is no duration", n.text)
	}
	return n.int() * units[n.args[0].text]
}

// words are a name or a list of names.
func (n *node) words() (all []string) {
	switch {
	case n == nil:
	case n.op == "list":
		for _, x := range n.args {
			all = append(all, x.words()...)
		}
	default:
		all = []string{n.text}
	}
	return all
}

func (n *node) or(otherwise string) string {
	if n == nil {
		return otherwise
	}
	return n.text
}

// What the text says, as far as this calculator reads it.
type terms struct {
	zone       *time.Location
	simulated  bool
	window     int64
	witnesses  []*verifier
	need, bad  int // k and f
	depositary string
	hosts      []string // it, its declared successors, and theirs
	logKeys    [][]byte // theirs
	name       string
	private    bool
	amenders   []string // who must sign an amendment; none: all who sign
	shorten    bool     // no deadline may be brought forward
	source     []byte
	blocks     map[string]*block
	signers    map[string]*signer
	parties    []string
	signs      map[string]bool
	groups     map[string][]string

	measures    []*measureTerms
	commitments []*commitmentTerms
	vaults      []*vaultTerms
}

type signer struct {
	noun    string
	keys    [][]byte
	need    int
	revoked [][]byte
}

type measureTerms struct {
	name, by string
	lifted   bool
}

type commitmentTerms struct {
	name, by        string
	do, when, ends  *node // do is nil if it is words
	due             *node
	grace           int64
	reporters       []string
	verifiers       []string
	within          int64
	silence         string // accepts, refuses, or empty: nobody verifies
	cure, cureTimes int64  // cure is -1 if there is none
}

type vaultTerms struct {
	name, recorder           string
	cameras                  []string
	custodians, opensTo      []string
	opensIf, opens, closes   *node
	pending, otherwise, then string
	hold, working, margin    int64
	epoch, segment, cadence  int64
	bytes                    int64
	need, absent             int
}

var errSubset = errors.New("beyond this calculator")

func read(text []byte) *terms {
	all := blocks(text)
	t := &terms{signers: map[string]*signer{}, signs: map[string]bool{}, groups: map[string][]string{}, source: text, blocks: map[string]*block{}}
	keys := map[string]string{}
	for _, b := range all {
		switch b.noun {
		case "witness", "depositary":
			keys[b.name] = b.body.get("key").text
		case "group":
			t.groups[b.name] = b.body.get("members").words()
		}
	}
	for _, b := range all {
		if b.body.get("was") != nil {
			refuse("text: block %s %s had another name: %w", b.noun, b.name, errSubset)
		}
		t.blocks[b.name] = &b
		t.block(b, keys)
	}
	t.mayHost(t.depositary, keys)
	return t
}

func (t *terms) block(b block, keys map[string]string) {
	switch b.noun {
	case "agreement":
		t.agreement(b, keys)
	case "depositary", "device", "custodian":
		t.signers[b.name] = &signer{noun: b.noun, keys: [][]byte{publicKey(b.body.get("key").text)}, need: 1}
		if b.noun == "depositary" && t.depositary == "" {
			t.depositary = b.name
		}
	case "party":
		t.parties = append(t.parties, b.name)
		t.signs[b.name] = b.body.get("signs").or("yes") == "yes"
		if k := b.body.get("keys"); k != nil {
			s := &signer{noun: "party", need: int(k.get("need").int())}
			for _, w := range k.get("of").words() {
				s.keys = append(s.keys, publicKey(w))
			}
			t.signers[b.name] = s
		}
	case "measure":
		t.measures = append(t.measures, &measureTerms{b.name, b.body.get("by").text, b.body.get("starts").text == "lifted"})
	case "commitment":
		t.commitment(b)
	case "vault":
		t.vault(b)
	case "witness", "group":
	default:
		refuse("text: block %s %s: %w", b.noun, b.name, errSubset)
	}
}

// mayHost adds a depositary and its successors to those who may host.
func (t *terms) mayHost(name string, keys map[string]string) {
	if slices.Contains(t.hosts, name) || name == "" {
		return
	}
	t.hosts, t.logKeys = append(t.hosts, name), append(t.logKeys, publicKey(keys[name]))
	for _, s := range t.blocks[name].body.get("successors").words() {
		t.mayHost(s, keys)
	}
}

func (t *terms) agreement(b block, keys map[string]string) {
	var err error
	if t.zone, err = time.LoadLocation(b.body.get("timezone").or("UTC")); err != nil {
		refuse("text: %w", err)
	}
	t.name = b.name
	t.simulated = b.body.get("clock").or("real") == "simulated"
	t.window = b.body.get("proof_window").seconds(3600)
	t.private = b.body.get("record").or("public") == "private"
	if a := b.body.get("amended"); a != nil {
		t.amenders, t.shorten = t.members(a.get("by")), slices.Contains(a.get("never").words(), "shorten")
	}
	w := b.body.get("witnesses")
	t.need, t.bad = int(w.get("quorum").int()), int(w.get("faulty").int())
	for _, name := range w.get("of").words() {
		part := strings.SplitN(keys[name], "+", 3)
		raw, err := base64.StdEncoding.DecodeString(part[2])
		if err != nil || len(raw) != 33 || raw[0] != 4 {
			refuse("text: the key of witness %s: %w", name, errSubset)
		}
		t.witnesses = append(t.witnesses, newVerifier(part[0], 4, raw[1:]))
	}
}

func (t *terms) commitment(b block) {
	for _, no := range []string{"keep", "never", "from", "until"} {
		if b.body.get(no) != nil {
			refuse("text: commitment %s: %s: %w", b.name, no, errSubset)
		}
	}
	g := b.body.get
	c := &commitmentTerms{name: b.name, by: g("by").text, do: g("do"), when: g("when"), ends: g("ends"), due: g("due"),
		grace: g("grace").seconds(0), reporters: t.members(g("reported").get("by")), cure: -1}
	if c.do.op == "string" {
		c.do = nil
	}
	if v := g("verified"); v != nil {
		c.verifiers, c.within, c.silence = t.members(v.get("by")), v.get("within").seconds(0), v.get("silence").text
	}
	if v := g("cure"); v != nil {
		c.cure, c.cureTimes = v.get("within").seconds(0), 1<<40
		if n := v.get("times"); n != nil {
			c.cureTimes = n.int()
		}
	}
	t.commitments = append(t.commitments, c)
}

// members are the names with every group replaced by its members.
func (t *terms) members(n *node) (all []string) {
	for _, w := range n.words() {
		if g, ok := t.groups[w]; ok {
			all = append(all, t.members(&node{op: "list", args: wordNodes(g)})...)
		} else {
			all = append(all, w)
		}
	}
	return all
}

func wordNodes(words []string) (all []*node) {
	for _, w := range words {
		all = append(all, &node{op: "word", text: w})
	}
	return all
}

func (t *terms) vault(b block) {
	g := b.body.get
	e, h, c := g("epochs"), g("hold"), g("custodians")
	v := &vaultTerms{name: b.name, recorder: g("recorder").text, cameras: g("cameras").words(), custodians: c.get("of").words(),
		opensTo: t.members(g("opens_to")), opensIf: g("opens_if"), opens: g("opens"), closes: g("closes"),
		pending: g("pending").text, otherwise: g("else").text, then: h.get("then").text, hold: h.get("at_most").seconds(0),
		working: g("cut").get("working").seconds(86400), margin: g("cut").get("margin").seconds(3600),
		epoch: e.get("every").seconds(0), segment: e.get("segments").seconds(0), bytes: 4194304, need: int(c.get("need").int())}
	v.cadence = e.get("cadence").seconds(v.segment)
	if v.cameras == nil {
		v.cameras = []string{"main"}
	}
	if n := e.get("bytes"); n != nil {
		v.bytes = n.int()
	}
	if n := c.get("absent"); n != nil {
		v.absent = int(n.int())
	}
	t.vaults = append(t.vaults, v)
}
