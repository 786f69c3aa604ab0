package statement

import (
	"reflect"
	"strconv"
	"strings"
	"unicode/utf8"
)

// A reader of one body's line in one pass: it takes the canonical encoding and
// nothing else, and gives up at whatever could be another. What it gives up is
// read by encoding/json and encoded again, which decides and says what is wrong;
// so a mistake here could refuse nothing, and what is accepted is held to
// encodeJSON by the tests.

// A shape is how a struct is written: its fields in order, each with what stands
// before its value.
type shape []shapeField

type shapeField struct {
	before string // `{"name":` or `,"name":`
	read   func(s string, into reflect.Value) (rest string, ok bool)
}

func shapeOf(t reflect.Type) shape {
	var all shape
	for i := range t.NumField() {
		mark := ","
		if i == 0 {
			mark = "{"
		}
		all = append(all, shapeField{mark + strconv.Quote(t.Field(i).Tag.Get("json")) + ":", readerOf(t.Field(i).Type)})
	}
	return all
}

func readerOf(t reflect.Type) func(string, reflect.Value) (string, bool) {
	switch t.Kind() {
	case reflect.String:
		return readString
	case reflect.Int, reflect.Int64:
		return readInteger
	case reflect.Bool:
		return readBool
	case reflect.Struct:
		return shapeOf(t).read
	case reflect.Slice:
		return readList(readerOf(t.Elem()))
	}
	panic("statement: a body with a field of type " + t.String())
}

// line reads a whole line.
func (x shape) line(s string, into reflect.Value) bool {
	if !utf8.ValidString(s) {
		return false
	}
	rest, ok := x.read(s, into)
	return ok && rest == ""
}

func (x shape) read(s string, into reflect.Value) (rest string, ok bool) {
	if len(x) == 0 {
		return strings.CutPrefix(s, "{}")
	}
	for i, f := range x {
		if s, ok = strings.CutPrefix(s, f.before); !ok {
			return "", false
		}
		if s, ok = f.read(s, into.Field(i)); !ok {
			return "", false
		}
	}
	return strings.CutPrefix(s, "}")
}

// readString takes the escapes that a body's strings can have: what else is
// escaped no string may hold.
func readString(s string, into reflect.Value) (rest string, ok bool) {
	if s == "" || s[0] != '"' {
		return "", false
	}
	s = s[1:]
	end := strings.IndexByte(s, '"')
	if end < 0 {
		return "", false
	}
	if raw := s[:end]; strings.IndexByte(raw, '\\') < 0 {
		if !unescaped(raw) {
			return "", false
		}
		into.SetString(raw)
		return s[end+1:], true
	}
	var b strings.Builder
	for {
		n := strings.IndexAny(s, `"\`)
		if n < 0 || !unescaped(s[:n]) {
			return "", false
		}
		b.WriteString(s[:n])
		if s[n] == '"' {
			into.SetString(b.String())
			return s[n+1:], true
		}
		if n+1 == len(s) {
			return "", false
		}
		switch s[n+1] {
		case '"', '\\':
			b.WriteByte(s[n+1])
		case 'n':
			b.WriteByte('\n')
		default:
			return "", false
		}
		s = s[n+2:]
	}
}

// unescaped is whether a string without quotes and backslashes is written as it
// is: encoding/json escapes controls and the separators U+2028 and U+2029.
func unescaped(s string) bool {
	for i := printable(s); i < len(s); {
		if s[i] < utf8.RuneSelf {
			if s[i] < 0x20 {
				return false
			}
			i++
			continue
		}
		r, size := utf8.DecodeRuneInString(s[i:])
		if r == '\u2028' || r == '\u2029' {
			return false
		}
		i += size
	}
	return true
}

// printable is how many bytes at the beginning of s are seen at once, eight at
// a time, to be of ASCII and neither controls nor DEL.
func printable[T string | []byte](s T) int {
	const ones = 0x0101010101010101
	i := 0
	for ; i+8 <= len(s); i += 8 {
		x := eight(s[i : i+8])
		// The high bit of a byte is set in one of the three if it is past 0x7f,
		// before 0x20, or 0x7f. A carry or borrow only comes from such a byte.
		if (x|(x-0x20*ones)|(x+ones))&(0x80*ones) != 0 {
			break
		}
	}
	return i
}

// eight is the first eight bytes, as the compiler reads at once.
func eight[T string | []byte](s T) uint64 {
	_ = s[7]
	return uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 |
		uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56
}

func readInteger(s string, into reflect.Value) (rest string, ok bool) {
	end := 0
	for end < len(s) && (s[end] == '-' && end == 0 || '0' <= s[end] && s[end] <= '9') {
		end++
	}
	n, err := strconv.ParseInt(s[:end], 10, 64)
	if err != nil || into.OverflowInt(n) || s[0] == '0' && end > 1 || s[0] == '-' && s[1] == '0' {
		return "", false
	}
	into.SetInt(n)
	return s[end:], true
}

func readBool(s string, into reflect.Value) (rest string, ok bool) {
	if rest, ok = strings.CutPrefix(s, "true"); ok {
		into.SetBool(true)
		return rest, true
	}
	into.SetBool(false)
	return strings.CutPrefix(s, "false")
}

func readList(one func(string, reflect.Value) (string, bool)) func(string, reflect.Value) (string, bool) {
	return func(s string, into reflect.Value) (rest string, ok bool) {
		into.Set(reflect.MakeSlice(into.Type(), 0, 0))
		if rest, ok = strings.CutPrefix(s, "[]"); ok {
			return rest, true
		}
		if s, ok = strings.CutPrefix(s, "["); !ok {
			return "", false
		}
		for n := 0; ; n++ {
			into.Grow(1)
			into.SetLen(n + 1)
			if s, ok = one(s, into.Index(n)); !ok {
				return "", false
			}
			if rest, ok = strings.CutPrefix(s, "]"); ok {
				return rest, true
			}
			if s, ok = strings.CutPrefix(s, ","); !ok {
				return "", false
			}
		}
	}
}
