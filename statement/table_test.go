package statement

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"detente/agreement"
)

func nameOf(s string) agreement.Name { return agreement.Name(s) }

func TestEveryKindHasASample(t *testing.T) {
	all := samples()
	if len(all) != len(kindOrder) || len(rules) != len(kindOrder) {
		t.Fatalf("%d samples, %d rules, %d kinds in order", len(all), len(rules), len(kindOrder))
	}
	for i, k := range Kinds() {
		if all[i].body.Kind() != k || !k.Known() || k.Force() == "" || len(k.Signers()) == 0 {
			t.Errorf("kind %s: sample %s, force %q, signers %v", k, all[i].body.Kind(), k.Force(), k.Signers())
		}
	}
}

func TestRoundTripOfEveryKind(t *testing.T) {
	for _, s := range samples() {
		st := s.statement()
		text, err := st.Text()
		if err != nil {
			t.Errorf("%s: %v", s.body.Kind(), err)
			continue
		}
		back, err := ParseText(text)
		if err != nil || !reflect.DeepEqual(back, st) {
			t.Errorf("%s comes back as %+v, %v", s.body.Kind(), back, err)
			continue
		}
		if again := mustText(t, back); !bytes.Equal(again, text) {
			t.Errorf("%s is written differently the second time", s.body.Kind())
		}
	}
}

// TestFieldsAreExact drops, doubles, nulls, renames and reorders the fields of
// every body, and adds white space, and wants each refused.
func TestFieldsAreExact(t *testing.T) {
	for _, s := range samples() {
		kind := s.body.Kind()
		line, err := encodeBody(s.body)
		if err != nil {
			t.Fatal(err)
		}
		fields := topFields(t, line)
		join := func(f []string) string { return "{" + strings.Join(f, ",") + "}" }
		if join(fields) != string(line) {
			t.Fatalf("%s: the test splits %s into %q", kind, line, fields)
		}
		bad := []string{
			string(line) + " ", " " + string(line), string(line) + "{}", string(line) + "\n", "", "null", "[]", "{}", "{", `""`,
			join(append(slices.Clone(fields), `"extra":1`)), join(append(slices.Clone(fields), fields[0])),
			strings.Replace(string(line), ":", ": ", 1), "{ " + string(line[1:]), string(line[:len(line)-1]) + " }",
			fmt.Sprintf(`{"\u%04x%s`, line[2], line[3:]),
		}
		for i, f := range fields {
			name, _, _ := strings.Cut(f, ":")
			without := slices.Delete(slices.Clone(fields), i, i+1)
			null, upper := slices.Clone(fields), slices.Clone(fields)
			null[i] = name + ":null"
			upper[i] = strings.ToUpper(name) + f[len(name):]
			bad = append(bad, join(without), join(null), join(upper))
			if i > 0 {
				swapped := slices.Clone(fields)
				swapped[i], swapped[i-1] = swapped[i-1], swapped[i]
				bad = append(bad, join(swapped))
			}
		}
		for _, b := range bad {
			if got, err := decodeBody(kind, string(b)); err == nil {
				t.Errorf("%s: %s is read as %+v", kind, b, got)
			}
		}
	}
}

// topFields splits an object into its fields as they stand.
func topFields(t *testing.T, line []byte) []string {
	t.Helper()
	var fields []string
	d := json.NewDecoder(bytes.NewReader(line))
	if _, err := d.Token(); err != nil {
		t.Fatal(err)
	}
	for d.More() {
		start := d.InputOffset()
		if line[start] == ',' {
			start++
		}
		var value json.RawMessage
		if _, err := d.Token(); err != nil {
			t.Fatal(err)
		}
		if err := d.Decode(&value); err != nil {
			t.Fatal(err)
		}
		fields = append(fields, string(line[start:d.InputOffset()]))
	}
	return fields
}

func TestUnknownKind(t *testing.T) {
	_, err := decodeBody("bless", "{}")
	wantRule(t, err, ErrUnknownKind)
	_, err = (&Statement{By: "iran", Body: strangeBody{}}).Text()
	wantRule(t, err, ErrUnknownKind)
	_, err = (&Statement{By: "iran"}).Text()
	wantRule(t, err, ErrBody)
	st := perform("iran")
	st.Body = &PerformBody{Commitment: "c", Documents: []Document{}}
	_, err = st.Text()
	wantRule(t, err, ErrBody)
	if k := Kind("bless"); k.Known() || k.Force() != "" || k.Signers() != nil {
		t.Fatal("an unknown kind has rules")
	}
}

type strangeBody struct{}

func (strangeBody) Kind() Kind { return "bless" }

func TestMaySign(t *testing.T) {
	all := []agreement.Noun{party, device, custodian, depositary}
	for _, k := range Kinds() {
		for _, n := range all {
			err := MaySign(k, n)
			if slices.Contains(k.Signers(), n) != (err == nil) {
				t.Errorf("%s by a %s: %v", k, n, err)
			}
			if err != nil {
				wantRule(t, err, ErrNotSigner)
			}
		}
		// A witness signs nothing but cosignatures; no other block signs at all.
		for _, n := range []agreement.Noun{"witness", "group", "vault", ""} {
			wantRule(t, MaySign(k, n), ErrNotSigner)
		}
	}
	wantRule(t, MaySign("bless", party), ErrUnknownKind)
	for _, c := range []struct {
		kind Kind
		noun agreement.Noun
	}{{KindPerform, device}, {KindSeal, party}, {KindHandOver, party}, {KindErased, depositary}, {KindSign, custodian}, {KindKey, depositary}} {
		wantRule(t, MaySign(c.kind, c.noun), ErrNotSigner)
	}
}

func TestAnswersIsRequired(t *testing.T) {
	for _, s := range samples() {
		st := s.statement()
		st.Answers = ID{}
		_, err := st.Text()
		if s.body.Kind().Answers() {
			wantRule(t, err, ErrHeader)
		} else if err != nil {
			t.Errorf("%s that answers nothing: %v", s.body.Kind(), err)
		}
	}
}

func TestHeader(t *testing.T) {
	st := perform("iran")
	st.Answers = ID{1}
	good := string(mustText(t, st))
	zero := strings.Repeat("0", 64)
	for _, c := range []struct {
		name, old, new string
		rule           Rule
	}{
		{"version", "statement/1", "statement/2", ErrVersion},
		{"other purpose", "detente/statement/1", "detente/proof/1", ErrVersion},
		{"leading line", "detente/statement/1", "\ndetente/statement/1", ErrVersion},
		{"extra line", "by iran\n", "by iran\nby iran\n", ErrHeader},
		{"missing line", "by iran\n", "", ErrHeader},
		{"line after the body", "}\n", "}\nmore\n", ErrHeader},
		{"no last newline", "}\n", "}", ErrHeader},
		{"other word", "by iran", "of iran", ErrHeader},
		{"two spaces", "by iran", "by  iran", ErrHeader},
		{"capital name", "by iran", "by Iran", ErrHeader},
		{"empty name", "by iran", "by ", ErrHeader},
		{"digit first", "by iran", "by 1ran", ErrHeader},
		{"upper-case digest", "agreement " + st.Agreement.String(), "agreement " + strings.ToUpper(st.Agreement.String()), ErrHeader},
		{"short digest", "bundle " + st.Bundle.String(), "bundle " + st.Bundle.String()[1:], ErrHeader},
		{"zero ID", "answers " + st.Answers.String(), "answers " + zero, ErrHeader},
		{"no ID", "answers " + st.Answers.String(), "answers ", ErrHeader},
		{"leading zero in size", "seen 0 ", "seen 00 ", ErrHeader},
		{"negative size", "seen 0 ", "seen -1 ", ErrHeader},
		{"root of an empty record", "seen 0 A", "seen 0 B", ErrHeader},
		{"size past the limit", "seen 0 ", "seen 9007199254740992 ", ErrHeader},
		{"short root", "A=\n", "=\n", ErrHeader},
		{"no root", "seen 0 " + strings.Repeat("A", 43) + "=", "seen 0", ErrHeader},
		{"unknown kind", "kind perform", "kind bless", ErrUnknownKind},
		{"kind with capital", "kind perform", "kind Perform", ErrUnknownKind},
		{"body of another kind", "kind perform", "kind lift", ErrUnknownField},
		{"body not JSON", "{\"", "\"", ErrBody},
		{"wrong type", "\"stop-enrichment\"", "7", ErrBody},
		{"escaped solidus", "stop-enrichment", "stop\\u002denrichment", ErrNotCanonical},
		{"tab", "by iran", "by\tiran", ErrCharacter},
		{"carriage return", "by iran\n", "by iran\r\n", ErrCharacter},
	} {
		if strings.Count(good, c.old) < 1 {
			t.Fatalf("%s: the text has no %q", c.name, c.old)
		}
		_, err := ParseText([]byte(strings.Replace(good, c.old, c.new, 1)))
		t.Run(c.name, func(t *testing.T) { wantRule(t, err, c.rule) })
	}
	largest := strings.Replace(good, "seen 0 AAAA", "seen 9007199254740991 BAAA", 1)
	if _, err := ParseText([]byte(largest)); err != nil {
		t.Errorf("the largest size: %v", err)
	}
	_, err := ParseText(nil)
	wantRule(t, err, ErrVersion)
	st.Seen.Size = -1
	_, err = st.Text()
	wantRule(t, err, ErrHeader)
}

func TestErrorsSayWhereAndWhat(t *testing.T) {
	_, err := (&Statement{By: "iran", Body: PerformBody{Commitment: "Stop", Documents: []Document{}}}).Text()
	if got, want := err.Error(), "statement: commitment: value: want "+pathForm; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	// Untrusted text in a message is short and quoted.
	long := strings.Repeat("é\n", 5000)
	if _, err := decodeBody(Kind(long), ""); len(err.Error()) > 300 || strings.Contains(err.Error(), "\n") {
		t.Errorf("a message of %d bytes: %.100q", len(err.Error()), err)
	}
	_, err = decodeBody(KindPerform, `{"`+strings.Repeat("x", 5000)+`":1}`)
	if wantRule(t, err, ErrUnknownField); len(err.Error()) > 300 {
		t.Errorf("a message of %d bytes", len(err.Error()))
	}
}
