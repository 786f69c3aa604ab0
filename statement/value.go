package statement

import (
	"math/big"
	"strings"
)

// A Value is what a report states: a fact or a number.
type Value struct {
	Number *big.Rat // nil for a fact
	True   bool     // of a fact
}

// ParseValue reads a reported value: "true", "false", a decimal such as "-3.67"
// or a fraction such as "3/4". A decimal has no leading zeros, no zeros at the
// end of its decimal places and no "-0"; a fraction is in lowest terms with a
// denominator above one. At most MaxDigits digits.
func ParseValue(s string) (Value, error) {
	if s == "true" || s == "false" {
		return Value{True: s == "true"}, nil
	}
	digits := 0
	for _, c := range []byte(s) {
		if '0' <= c && c <= '9' {
			digits++
		}
	}
	if digits > MaxDigits {
		return Value{}, refuse(ErrTooLarge, "value", "a number of at most %d digits", MaxDigits)
	}
	whole := strings.TrimPrefix(s, "-")
	if num, den, ok := strings.Cut(whole, "/"); ok {
		r, ok := new(big.Rat).SetString(s)
		if !isWhole(num) || !isWhole(den) || !ok || den == "1" || r.Num().CmpAbs(mustInt(num)) != 0 || r.Sign() == 0 {
			return Value{}, refuse(ErrValue, "value", "a fraction in lowest terms with a denominator above 1, such as 3/4")
		}
		return Value{Number: r}, nil
	}
	integer, places, dot := strings.Cut(whole, ".")
	if !isWhole(integer) || dot && (!isDigits(places) || strings.HasSuffix(places, "0")) || s == "-0" {
		return Value{}, refuse(ErrValue, "value", `true, false, a decimal without needless zeros such as 3.67, or a fraction such as 3/4`)
	}
	r, ok := new(big.Rat).SetString(s)
	if !ok {
		return Value{}, refuse(ErrValue, "value", "a decimal")
	}
	return Value{Number: r}, nil
}

// isWhole reports whether s is digits without a leading zero, or "0".
func isWhole(s string) bool { return s == "0" || isDigits(s) && s[0] != '0' }

func isDigits(s string) bool {
	for _, c := range []byte(s) {
		if c < '0' || c > '9' {
			return false
		}
	}
	return s != ""
}

func mustInt(s string) *big.Int {
	n, ok := new(big.Int).SetString(s, 10)
	if !ok {
		panic("statement: digits are not a number")
	}
	return n
}
