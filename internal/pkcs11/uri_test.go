package pkcs11

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"reflect"
	"strings"
	"testing"
)

func TestReferences(t *testing.T) {
	for s, want := range map[string]Reference{
		"pkcs11:token=Iran;object=first?module-path=/lib/a.so":                   {URI: URI{Token: "Iran", Object: "first", Module: "/lib/a.so"}},
		"iran=pkcs11:id=%01%fF?module-path=/lib/a.so":                            {Name: "iran", URI: URI{ID: []byte{1, 0xff}, Module: "/lib/a.so"}},
		"pkcs11:serial=1;object=a%20b;type=private?module-path=/l":               {URI: URI{Serial: "1", Object: "a b", Module: "/l"}},
		"pkcs11:model=m;manufacturer=a=b;object=o?module-path=/l":                {URI: URI{Model: "m", Manufacturer: "a=b", Object: "o", Module: "/l"}},
		"pkcs11:object=o?pin-source=file:/p&module-path=/l":                      {URI: URI{Object: "o", Module: "/l", PINFile: "/p"}},
		"pkcs11:object=o?module-path=/l&pin-source=file:///p":                    {URI: URI{Object: "o", Module: "/l", PINFile: "/p"}},
		"pkcs11:object=o?module-path=/l&pin-source=/etc/%70":                     {URI: URI{Object: "o", Module: "/l", PINFile: "/etc/p"}},
		"pkcs11:object=" + strings.Repeat("o", MaxURI-22) + "?module-path=/l":    {URI: URI{Object: strings.Repeat("o", MaxURI-22), Module: "/l"}},
		"pkcs11:token=%D8%A7%DB%8C%D8%B1%D8%A7%D9%86;object=o?module-path=/l":    {URI: URI{Token: "ایران", Object: "o", Module: "/l"}},
		"pkcs11:token=a%3Ab%3Bc%26d%3Fe;object=o?module-path=/l&pin-source=/p%3": {},
	} {
		got, is, err := ParseReference(s)
		if reflect.DeepEqual(want, Reference{}) {
			if err == nil {
				t.Errorf("%s is taken", s)
			}
			continue
		}
		if err != nil || !is || !reflect.DeepEqual(got, want) {
			t.Errorf("%s is %+v, %v, %v", s, got, is, err)
		}
	}
	for _, s := range []string{"", "iran.key", "=pkcs11:object=o", "./a=pkcs11:object=o", "ssh-agent:x", "PKCS11:object=o", "a b=pkcs11:object=o"} {
		if got, is, err := ParseReference(s); is || err != nil {
			t.Errorf("%s is a reference: %+v, %v", s, got, err)
		}
	}
}

// What is refused is named; a value never is, for it may be a PIN.
func TestReferencesRefused(t *testing.T) {
	for s, says := range map[string]string{
		"":                           "names no key",
		"token=Iran?module-path=/l":  "names no key",
		"object=o":                   "names no library",
		"object=o?module-path=l.so":  "absolute path",
		"object=o?module-path=/a/..": "absolute path",
		"object=o?module-name=softhsm2&module-path=/l":              "module-name: want module-path",
		"object=o;object=p?module-path=/l":                          "object is given twice",
		"object=?module-path=/l":                                    "object: want a value",
		"object=%zz?module-path=/l":                                 "object: want a value",
		"object=%0A?module-path=/l":                                 "control characters",
		"object=%ff?module-path=/l":                                 "control characters",
		"object=o;type=public?module-path=/l":                       "type=private",
		"object=o;slot-id=1?module-path=/l":                         "numbers of slots change",
		"object=o;module-path=/l":                                   "belongs after the question mark",
		"object=o?token=t&module-path=/l":                           "belongs before the question mark",
		"object=o?module-path=/l&pin-value=secret99":                "change the PIN",
		"object=o;pin-value=secret99?module-path=/l":                "change the PIN",
		"object=o?module-path=/l&pin-valeu=secret99":                "an attribute that is not one of",
		"object=o?module-path=/l&secret99":                          "an attribute that is not one of",
		"object=o?module-path=/l&pin-source=|cat secret99":          "a program is not started",
		"object=o?module-path=/l&pin-source=secret99":               "want file:/PATH",
		"object=o?module-path=/l?pin-value=secret99":                "names no library",
		"object=o?module-path=/l&":                                  "an attribute that is not one of",
		"object=" + strings.Repeat("o", MaxURI) + "?module-path=/l": "want at most 2048",
	} {
		_, is, err := ParseReference(scheme + s)
		if says == "names no library" && err == nil {
			continue // a question mark within a path is one of its characters
		}
		if !is || err == nil || !strings.Contains(err.Error(), says) || strings.Contains(err.Error(), "secret99") {
			t.Errorf("%s: %v, %v; want it to say %q", s, is, err, says)
		}
	}
}

func FuzzParseReference(f *testing.F) {
	for _, s := range []string{
		"pkcs11:token=Iran;object=first?module-path=/lib/a.so", "iran=pkcs11:id=%01%ff?module-path=/l&pin-source=file:/p",
		"pkcs11:object=%C3%A9;type=private?module-path=/l", "pkcs11:object=o?pin-value=1", "x=pkcs11:", "file.key",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		r, is, err := ParseReference(s)
		if !is || err != nil {
			return
		}
		again, is, err := ParseReference(r.URI.String())
		if err != nil && len(r.URI.String()) > MaxURI+len(scheme) {
			return // escaped it is longer
		}
		if !is || err != nil || !reflect.DeepEqual(again.URI, r.URI) {
			t.Fatalf("%q is %+v; again %+v, %v", s, r.URI, again.URI, err)
		}
	})
}

func TestLines(t *testing.T) {
	var b bytes.Buffer
	sent := Request{Do: DoSign, Message: bytes.Repeat([]byte{0xff}, MaxMessage), PIN: strings.Repeat("<", MaxPIN)}
	if err := Write(&b, sent); err != nil {
		t.Fatalf("the longest request: %v", err)
	}
	r := bufio.NewReader(&b)
	var got Request
	if err := Read(r, &got); err != nil || !reflect.DeepEqual(got, sent) {
		t.Fatalf("the longest request: %v", err)
	}
	if err := Read(r, &got); !errors.Is(err, io.EOF) {
		t.Errorf("after the last: %v", err)
	}
	if err := Write(io.Discard, Request{PIN: strings.Repeat("x", MaxLine)}); err == nil {
		t.Error("a line past the limit is written")
	}
	for line, says := range map[string]string{
		`{"do":"sign"}`:                       "unexpected EOF",
		`{"do":"sign"` + "\n":                 "no request and no answer",
		`{"do":"login","pim":"4321"}` + "\n":  "no request and no answer",
		`{"do":"sign"}{"do":"sign"}` + "\n":   "more than one value",
		strings.Repeat(" ", MaxLine) + "{}\n": "more than 262144 bytes",
		strings.Repeat("x", 2*MaxLine) + "\n": "more than 262144 bytes",
		"\n":                                  "no request and no answer",
	} {
		var got Request
		if err := Read(bufio.NewReader(strings.NewReader(line)), &got); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%.40q: %v; want it to say %q", line, err, says)
		}
	}
	for _, a := range []Answer{{Fault: "other"}, {Fault: FaultKey, Text: "a\x1b[2J"}, {Fault: FaultKey, Text: strings.Repeat("x", maxText+1)}} {
		if err := a.err(); err == nil || !strings.Contains(err.Error(), "cannot be read") {
			t.Errorf("%.40v: %v", a, err)
		}
	}
}

func FuzzRead(f *testing.F) {
	for _, s := range []string{`{"do":"open","key":{"module":"/l","id":"AQ=="}}` + "\n", `{"fault":"pin","text":"no"}` + "\n", "{}\n{}\n", "{"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		r := bufio.NewReader(bytes.NewReader(b))
		for {
			var a Answer
			if err := Read(r, &a); err != nil {
				return
			}
			var again Answer
			var line bytes.Buffer
			if err := Write(&line, a); err != nil {
				return
			}
			if err := Read(bufio.NewReader(&line), &again); err != nil {
				t.Fatalf("%+v is written so that it cannot be read: %v", a, err)
			}
		}
	})
}
