package statement

import (
	"fmt"
	"os"
	"reflect"
	"strings"
	"testing"
)

// TestSpecTables holds the tables of spec/statement.md to the code: every
// kind has one row, with its signers and the fields of its body in order.
func TestSpecTables(t *testing.T) {
	spec, err := os.ReadFile("../spec/statement.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range samples() {
		kind := s.body.Kind()
		mark := ""
		if kind.Answers() {
			mark = ", answers"
		}
		var signers []string
		for _, noun := range kind.Signers() {
			signers = append(signers, string(noun))
		}
		start := fmt.Sprintf("| `%s`%s | %s | ", kind, mark, strings.Join(signers, ", "))
		if strings.Count(string(spec), start) != 1 {
			t.Errorf("the specification has no row that starts %q", start)
			continue
		}
		_, rest, _ := strings.Cut(string(spec), start)
		row, _, _ := strings.Cut(rest, " |")
		at := 0
		for _, field := range fieldsOf(s.body) {
			i := strings.Index(row[at:], "`"+field+"`")
			if i < 0 {
				t.Errorf("%s: the row has no field %s after byte %d: %s", kind, field, at, row)
				break
			}
			at += i
		}
	}
	for _, rule := range []Rule{
		ErrTooLarge, ErrNote, ErrCharacter, ErrVersion, ErrHeader, ErrUnknownKind, ErrUnknownField, ErrBody, ErrNotCanonical, ErrValue,
		ErrPublicKey, ErrSignature, ErrUnsigned, ErrNotSigner, ErrOtherText, ErrDuplicate, ErrKeyChange, ErrCheckpoint, ErrOrigin,
		ErrUnknownKey, ErrTime,
	} {
		if !strings.Contains(string(spec), "["+string(rule)+"]") && !strings.Contains(string(spec), "["+string(rule)+",") {
			t.Errorf("the specification has no rule that is refused as [%s]", rule)
		}
	}
}

func fieldsOf(b Body) []string {
	var names []string
	typ := reflect.TypeOf(b)
	for i := range typ.NumField() {
		names = append(names, typ.Field(i).Tag.Get("json"))
	}
	return names
}
