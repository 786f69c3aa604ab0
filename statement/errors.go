package statement

import (
	"fmt"
	"strconv"
	"unicode/utf8"
)

// A Rule is a rule of this package's formats that a text may break. It is an
// error, so that errors.Is(err, ErrVersion) finds it in what this package
// returns; its text is the rule's name in the test vectors.
type Rule string

// Error is the rule's name.
func (r Rule) Error() string { return string(r) }

// The rules. A refusal names exactly one of them.
const (
	ErrTooLarge     Rule = "too-large"     // a limit of limits.go is passed
	ErrNote         Rule = "note"          // not a signed note: text, blank line, signature lines
	ErrCharacter    Rule = "character"     // not UTF-8, or a character that is not allowed here
	ErrVersion      Rule = "version"       // the first line is not one this version knows
	ErrHeader       Rule = "header"        // a line of a statement before its body is malformed
	ErrUnknownKind  Rule = "unknown-kind"  // the kind is none of version 1
	ErrUnknownField Rule = "unknown-field" // the body has a field its kind does not have
	ErrBody         Rule = "body"          // the body is not the JSON of its kind
	ErrNotCanonical Rule = "not-canonical" // means something, but is not the one way to write it
	ErrValue        Rule = "value"         // a field has a value that is not allowed
	ErrPublicKey    Rule = "public-key"    // malformed, non-canonical or small-order public key
	ErrSignature    Rule = "signature"     // a signature of a known key does not verify
	ErrUnsigned     Rule = "unsigned"      // fewer valid signatures than needed
	ErrNotSigner    Rule = "not-signer"    // this signer may not sign this kind
	ErrOtherText    Rule = "other-text"    // a signature was made for another text
	ErrDuplicate    Rule = "duplicate"     // the same thing twice where it may stand once
	ErrKeyChange    Rule = "key-change"    // a key statement that cannot be applied
	ErrCheckpoint   Rule = "checkpoint"    // not the three lines of a checkpoint
	ErrOrigin       Rule = "origin"        // a checkpoint of another log
	ErrUnknownKey   Rule = "unknown-key"   // no line of the key that was asked for
	ErrTime         Rule = "time"          // a cosignature without a time
)

// An Error is a refusal: the rule broken, where, and what was expected there.
type Error struct {
	Rule  Rule
	Where string // "line 3", "signature 2", "documents[0].digest"
	Want  string // lower case: what was expected, and what to do if that is not plain
}

// Error gives all three.
func (e *Error) Error() string {
	if e.Where == "" {
		return fmt.Sprintf("statement: %s: want %s", e.Rule, e.Want)
	}
	return fmt.Sprintf("statement: %s: %s: want %s", e.Where, e.Rule, e.Want)
}

// Unwrap gives the rule.
func (e *Error) Unwrap() error { return e.Rule }

func refuse(rule Rule, where, want string, args ...any) error {
	return &Error{Rule: rule, Where: where, Want: fmt.Sprintf(want, args...)}
}

// shown is a piece of untrusted text fit for a message: quoted and short.
func shown(s string) string {
	const most = 40
	if len(s) <= most {
		return strconv.QuoteToASCII(s)
	}
	cut := most
	for cut > 0 && !utf8.RuneStart(s[cut]) {
		cut--
	}
	return strconv.QuoteToASCII(s[:cut]) + "..."
}
