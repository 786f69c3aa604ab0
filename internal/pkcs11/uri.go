package pkcs11

import (
	"encoding/hex"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"strings"
	"unicode"
	"unicode/utf8"
)

// MaxURI is the longest URI in bytes: a path and a few labels of 32 bytes.
const MaxURI = 2048

const scheme = "pkcs11:"

// A URI names one private key of one token. An empty field fits anything.
type URI struct {
	Token        string `json:"token,omitempty"` // the token's label
	Serial       string `json:"serial,omitempty"`
	Manufacturer string `json:"manufacturer,omitempty"`
	Model        string `json:"model,omitempty"`
	Object       string `json:"object,omitempty"` // the key's label
	ID           []byte `json:"id,omitempty"`
	Module       string `json:"module"` // absolute path of the library
	PINFile      string `json:"-"`      // absolute path; the helper never sees it
}

// A Reference names a key of a token, and whose it is.
type Reference struct {
	Name string // to sign under; empty: the key's label
	URI  URI
}

// ParseReference reads a reference. It is none, but for example the path of a
// file, if is is false. No error shows what the URI has for a value: it could
// be a PIN.
func ParseReference(s string) (r Reference, is bool, err error) {
	rest, ok := strings.CutPrefix(s, scheme)
	if !ok {
		r.Name, rest, ok = strings.Cut(s, "="+scheme)
		if !ok || r.Name == "" || strings.ContainsAny(r.Name, "/ ;?") {
			return Reference{}, false, nil
		}
	}
	if r.URI, err = parse(rest); err != nil {
		return Reference{}, true, fmt.Errorf("pkcs11 URI: %w", err)
	}
	return r, true, nil
}

// parse reads what follows the scheme.
func parse(s string) (URI, error) {
	if len(s) > MaxURI {
		return URI{}, fmt.Errorf("%d bytes; want at most %d", len(s), MaxURI)
	}
	var u URI
	path, query, _ := strings.Cut(s, "?")
	seen := map[string]bool{}
	read := func(list, separator string, set func(name, value string) error) error {
		if list == "" {
			return nil
		}
		for _, part := range strings.Split(list, separator) {
			name, value, _ := strings.Cut(part, "=")
			value, err := url.PathUnescape(value)
			if !known(name) {
				// What is unknown is not repeated, lest it be a misplaced secret.
				return errors.New("it has an attribute that is not one of token, serial, manufacturer, model, object, id, type before the question mark and module-path, pin-source after it")
			}
			if err != nil || value == "" {
				return fmt.Errorf("%s: want a value, with %%xx for bytes that a URI cannot have", name)
			}
			if seen[name] {
				return fmt.Errorf("%s is given twice", name)
			}
			seen[name] = true
			if err := set(name, value); err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
		}
		return nil
	}
	if err := read(path, ";", u.setPath); err != nil {
		return URI{}, err
	}
	if err := read(query, "&", u.setQuery); err != nil {
		return URI{}, err
	}
	switch {
	case u.Object == "" && len(u.ID) == 0:
		return URI{}, errors.New("it names no key: want object=LABEL or id=%01, as pkcs11-tool --list-objects shows them")
	case u.Module == "":
		return URI{}, errors.New("it names no library: want ?module-path=/usr/lib/... with the path of the token's PKCS#11 library")
	}
	return u, nil
}

func known(name string) bool {
	switch name {
	case "token", "serial", "manufacturer", "model", "object", "id", "type", "slot-id", "module-path", "module-name", "pin-source", "pin-value":
		return true
	}
	return false
}

func (u *URI) setPath(name, value string) error {
	field := map[string]*string{
		"token": &u.Token, "serial": &u.Serial, "manufacturer": &u.Manufacturer, "model": &u.Model, "object": &u.Object,
	}[name]
	switch {
	case field != nil && !printable(value):
		return errors.New("want text without control characters")
	case field != nil:
		*field = value
	case name == "id":
		u.ID = []byte(value)
	case name == "type" && value == "private":
	case name == "type":
		return errors.New("a statement is signed with a private key: want type=private, or leave it out")
	case name == "slot-id":
		return errors.New("the numbers of slots change; name the token by token=LABEL or serial=SERIAL")
	case name == "pin-value":
		return errPINValue
	default:
		return errors.New("it belongs after the question mark")
	}
	return nil
}

var errPINValue = errors.New("a PIN in a command line can be read by everybody on the machine, and stays in the shell's history (this one did): change the PIN, and give the new one at the prompt, or in a file named by pin-source=file:/... or DETENTE_PIN_FILE")

func (u *URI) setQuery(name, value string) error {
	switch name {
	case "module-path":
		if !filepath.IsAbs(value) || filepath.Clean(value) != value || !printable(value) {
			return errors.New("want the library's absolute path; a name alone would be looked for in folders that somebody else may have chosen")
		}
		u.Module = value
	case "pin-source":
		if strings.HasPrefix(value, "|") {
			return errors.New("a program is not started for a PIN; want file:/PATH")
		}
		value = strings.TrimPrefix(strings.TrimPrefix(value, "file:"), "//")
		if !filepath.IsAbs(value) || !printable(value) {
			return errors.New("want file:/PATH, the absolute path of a file that has the PIN")
		}
		u.PINFile = value
	case "pin-value":
		return errPINValue
	case "module-name":
		return errors.New("want module-path, the library's absolute path; a name alone would be looked for in folders that somebody else may have chosen")
	default:
		return errors.New("it belongs before the question mark")
	}
	return nil
}

func printable(s string) bool {
	return utf8.ValidString(s) && !strings.ContainsFunc(s, func(r rune) bool { return unicode.IsControl(r) || r == utf8.RuneError })
}

// String is the URI with each byte escaped that has a meaning somewhere in it.
func (u URI) String() string {
	var path []string
	for _, f := range []struct{ name, value string }{
		{"token", u.Token}, {"serial", u.Serial}, {"manufacturer", u.Manufacturer}, {"model", u.Model}, {"object", u.Object},
	} {
		if f.value != "" {
			path = append(path, f.name+"="+escape(f.value))
		}
	}
	if len(u.ID) > 0 {
		path = append(path, "id="+escapeAll(u.ID))
	}
	s := scheme + strings.Join(path, ";") + "?module-path=" + escape(u.Module)
	if u.PINFile != "" {
		s += "&pin-source=file:" + escape(u.PINFile)
	}
	return s
}

func escape(s string) string {
	var b strings.Builder
	for _, c := range []byte(s) {
		plain := 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || strings.IndexByte("-._/", c) >= 0
		if plain {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String()
}

func escapeAll(id []byte) string {
	digits := strings.ToUpper(hex.EncodeToString(id))
	var b strings.Builder
	for i := 0; i < len(digits); i += 2 {
		b.WriteString("%" + digits[i:i+2])
	}
	return b.String()
}
