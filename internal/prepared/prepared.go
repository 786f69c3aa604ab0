package prepared

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"detente/statement"
)

// The limits of a file.
const (
	// MaxFile is its size: an entry of the record, again in words, and an effect.
	MaxFile = 4 * statement.MaxEntry
	// MaxEffect is how many lines an effect may have: what one act changes fits
	// on a page; a reader is not helped by more.
	MaxEffect = 100
	// MaxLine is the length of one line of an effect in bytes.
	MaxLine = 1024
)

// The verdicts on a file.
var (
	ErrForm     = errors.New("not a prepared statement in its one form")
	ErrCheck    = errors.New("the file was changed after it was prepared")
	ErrSigned   = errors.New("a signature that does not belong to it")
	ErrOther    = errors.New("not the same prepared statement")
	ErrStanding = errors.New("the key has no standing in it")
)

// A Prepared is a statement, the keys that may sign it, and the signatures so
// far. Says is derived from the statement; Effect is the word of whoever
// prepared it.
type Prepared struct {
	Statement *statement.Statement
	Text      []byte // the eight lines to be signed
	Need      int
	Keys      []statement.PublicKey
	Effect    []string

	sigs map[int]statement.Signature // by index in Keys
}

// New prepares a statement for the keys of its author. Effect is what it would
// do, in lines.
func New(s *statement.Statement, keys statement.KeySet, effect []string) (*Prepared, error) {
	text, err := s.Text()
	if err != nil {
		return nil, err
	}
	if keys.By() != s.By {
		return nil, fmt.Errorf("%w: keys of %s for a statement of %s", ErrStanding, keys.By(), s.By)
	}
	p := &Prepared{Statement: s, Text: text, Need: keys.Need(), Keys: keys.Keys(), Effect: effect, sigs: map[int]statement.Signature{}}
	b := p.Bytes()
	if _, err := Parse(b); err != nil {
		return nil, err
	}
	return p, nil
}

const (
	firstLine = string(statement.PurposePrepared) + "\n"
	checkWord = "check "
)

// head is all lines before the statement but the first and the check.
func (p *Prepared) head() []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "need %d\n", p.Need)
	for _, k := range p.Keys {
		fmt.Fprintf(&b, "key %s\n", k)
	}
	for _, l := range Says(p.Statement) {
		fmt.Fprintf(&b, "says %s\n", l)
	}
	for _, l := range p.Effect {
		fmt.Fprintf(&b, "effect %s\n", l)
	}
	b.WriteByte('\n')
	return b.Bytes()
}

func check(headAndText []byte) string {
	return fmt.Sprintf("%x", sha256.Sum256(append([]byte(firstLine), headAndText...)))
}

// Bytes is the file.
func (p *Prepared) Bytes() []byte {
	covered := append(p.head(), p.Text...)
	var b bytes.Buffer
	b.WriteString(firstLine + checkWord + check(covered) + "\n")
	b.Write(covered)
	if sigs := p.signatures(); len(sigs) > 0 {
		b.WriteByte('\n')
		for _, s := range sigs {
			b.WriteString(s.String() + "\n")
		}
	}
	return b.Bytes()
}

// signatures are the lines in the order of the keys.
func (p *Prepared) signatures() []statement.Signature {
	var out []statement.Signature
	for i := range p.Keys {
		if s, ok := p.sigs[i]; ok {
			out = append(out, s)
		}
	}
	return out
}

// Parse reads a file. It accepts exactly what Bytes gives.
func Parse(file []byte) (*Prepared, error) {
	if len(file) > MaxFile {
		return nil, fmt.Errorf("%w: %d bytes, want at most %d", ErrForm, len(file), MaxFile)
	}
	rest, ok := bytes.CutPrefix(file, []byte(firstLine))
	if !ok {
		return nil, fmt.Errorf("%w: want the first line %q", ErrForm, statement.PurposePrepared)
	}
	sum, covered, ok := bytes.Cut(rest, []byte("\n"))
	if !ok || !bytes.HasPrefix(sum, []byte(checkWord)) {
		return nil, fmt.Errorf("%w: want a second line %q and 64 hex digits", ErrForm, checkWord)
	}
	head, body, ok := bytes.Cut(covered, []byte("\n\n"))
	if !ok {
		return nil, fmt.Errorf("%w: want an empty line before the statement", ErrForm)
	}
	text, signed := split(body)
	if got := check(covered[:len(covered)-len(body)+len(text)]); string(sum) != checkWord+got {
		return nil, fmt.Errorf("%w: its second line does not fit the rest", ErrCheck)
	}
	s, err := statement.ParseText(text)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrForm, err)
	}
	p := &Prepared{Statement: s, Text: bytes.Clone(text), sigs: map[int]statement.Signature{}}
	if err := p.readHead(string(head) + "\n"); err != nil {
		return nil, err
	}
	if signed {
		if err := p.addNote(body); err != nil {
			return nil, err
		}
	}
	if !bytes.Equal(p.Bytes(), file) {
		return nil, fmt.Errorf("%w: the same would be written otherwise", ErrForm)
	}
	return p, nil
}

// split finds the end of the statement's eight lines.
func split(body []byte) (text []byte, signed bool) {
	if at := bytes.Index(body, []byte("\n\n")); at >= 0 {
		return body[:at+1], true
	}
	return body, false
}

// readHead reads the lines of needs, keys and effects, and leaves the order
// and the words to be compared with what Bytes gives.
func (p *Prepared) readHead(head string) error {
	var keys []string
	for line := range strings.Lines(head) {
		word, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
		switch word {
		case "need":
			p.Need, _ = strconv.Atoi(value) // another spelling shows when it is compared
		case "key":
			keys = append(keys, value)
		case "effect":
			if err := checkLine(value); err != nil {
				return err
			}
			p.Effect = append(p.Effect, value)
		case "says":
		default:
			return fmt.Errorf("%w: a line begins with %q; want need, key, says or effect", ErrForm, word[:min(len(word), 20)])
		}
	}
	if len(p.Effect) < 1 || len(p.Effect) > MaxEffect {
		return fmt.Errorf("%w: %d lines of effect, want 1 to %d", ErrForm, len(p.Effect), MaxEffect)
	}
	set, err := statement.NewKeySet(p.Statement.By, keys, p.Need)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrForm, err)
	}
	p.Keys = set.Keys()
	return nil
}

// checkLine refuses what a person could not read as it stands.
func checkLine(line string) error {
	if line == "" || len(line) > MaxLine || !utf8.ValidString(line) || strings.ContainsFunc(line, unseen) {
		return fmt.Errorf("%w: a line of effect: want 1 to %d bytes that can be seen", ErrForm, MaxLine)
	}
	return nil
}

// addNote takes the signature lines of a note over this text.
func (p *Prepared) addNote(note []byte) error {
	signed, err := statement.Parse(note)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrSigned, err)
	}
	if !bytes.Equal(signed.Text, p.Text) {
		return ErrOther
	}
	for i, sig := range signed.Sigs {
		at := p.keyOf(sig)
		if at < 0 {
			return fmt.Errorf("%w: signature %d is by none of the %d keys over this text", ErrSigned, i+1, len(p.Keys))
		}
		if have, ok := p.sigs[at]; ok && !bytes.Equal(have.Sig, sig.Sig) {
			return fmt.Errorf("%w: signature %d is a second one by key %d", ErrSigned, i+1, at+1)
		}
		p.sigs[at] = sig
	}
	return nil
}

// keyOf is which key made a signature over the text; -1 if none did.
func (p *Prepared) keyOf(sig statement.Signature) int {
	name := string(p.Statement.By)
	return slices.IndexFunc(p.Keys, func(k statement.PublicKey) bool {
		return sig.Name == name && sig.Hash == k.Hash(name) && statement.VerifyEd25519(k[:], p.Text, sig.Sig)
	})
}

// Sign adds the signer's line; again if it has signed is nothing.
func (p *Prepared) Sign(s statement.Signer) error {
	at := slices.Index(p.Keys, s.Public())
	if at < 0 || s.Name() != string(p.Statement.By) {
		return fmt.Errorf("%w: %s of %s; it wants %d of the %d keys of %s", ErrStanding, s.Public(), s.Name(), p.Need, len(p.Keys), p.Statement.By)
	}
	if _, ok := p.sigs[at]; ok {
		return nil
	}
	note, err := statement.Sign(p.Text, s)
	if err != nil {
		return err
	}
	return p.addNote(note)
}

// Merge takes the signatures of another copy of the same prepared statement.
func (p *Prepared) Merge(other *Prepared) error {
	if !bytes.Equal(p.head(), other.head()) || !bytes.Equal(p.Text, other.Text) {
		return fmt.Errorf("%w: statement %s, and statement %s", ErrOther, statement.IDOf(p.Text), statement.IDOf(other.Text))
	}
	for i, sig := range other.sigs { // each by its own key: the order does not matter
		if have, ok := p.sigs[i]; ok && !bytes.Equal(have.Sig, sig.Sig) {
			return fmt.Errorf("%w: two different ones by key %d", ErrSigned, i+1)
		}
		p.sigs[i] = sig
	}
	return nil
}

// Signed are the keys that have signed, in their order; Missing are the others.
func (p *Prepared) Signed() (signed, missing []statement.PublicKey) {
	for i, k := range p.Keys {
		if _, ok := p.sigs[i]; ok {
			signed = append(signed, k)
		} else {
			missing = append(missing, k)
		}
	}
	return signed, missing
}

// Complete is whether as many keys have signed as must.
func (p *Prepared) Complete() bool { return len(p.sigs) >= p.Need }

// Note is the signed statement, to be put on the record; it fails while nobody
// has signed.
func (p *Prepared) Note() ([]byte, error) {
	if len(p.sigs) == 0 {
		return nil, fmt.Errorf("%w: nobody has signed yet", ErrSigned)
	}
	return statement.NewNote(p.Text, p.signatures()...)
}
