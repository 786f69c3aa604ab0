package syntax

import (
	"fmt"
	"strconv"
	"time"
)

// number reads a number, date or instant.
func (x *lexer) number() {
	start := x.pos
	if x.shape("dddd-dd-dd") {
		x.date()
		return
	}
	end := x.digits(start)
	if end-start == 4 && end+1 < len(x.src) && x.src[end] == '-' && isDigit(x.src[end+1]) {
		for end < len(x.src) && (isDigit(x.src[end]) || x.src[end] == '-') {
			end++
		}
		x.fail("date", Span{start, end}, "a date is written with four, two and two digits: 2021-05-24", "")
		x.emit(DateKind, start, end)
		return
	}
	whole := end
	switch {
	case end+1 < len(x.src) && x.src[end] == '.' && isDigit(x.src[end+1]):
		end = x.digits(end + 1)
	case end+1 < len(x.src) && x.src[end] == '/' && isDigit(x.src[end+1]):
		low := end + 1
		end = x.digits(low)
		if x.src[low] == '0' {
			x.fail("number", Span{start, end}, "the lower part of a fraction begins with a digit from 1 to 9", "")
		}
	}
	switch at := (Span{start, end}); {
	case x.src[start] == '0' && whole-start > 1:
		x.fail("number", at, "a number does not begin with a needless 0", "")
	case end-start > MaxDigits:
		x.fail("number", at, fmt.Sprintf("the number has more than %d characters", MaxDigits), "")
	case end < len(x.src) && (isLetter(x.src[end]) || x.src[end] == '_'):
		for end < len(x.src) && isWordByte(x.src[end]) {
			end++
		}
		x.fail("number", Span{start, end}, "a number and its unit are two words", "put a space between them, as in `14 days`")
	}
	x.emit(NumberKind, start, end)
}

func (x *lexer) digits(i int) int {
	for i < len(x.src) && isDigit(x.src[i]) {
		i++
	}
	return i
}

// shape says whether the text goes on in the given shape, d being a digit.
func (x *lexer) shape(s string) bool { return hasShape(x.src[x.pos:], s) }

func hasShape(text, s string) bool {
	if len(text) < len(s) {
		return false
	}
	for i := range len(s) {
		if s[i] == 'd' && !isDigit(text[i]) || s[i] != 'd' && s[i] != text[i] {
			return false
		}
	}
	return true
}

func (x *lexer) date() {
	start, end, kind, layout := x.pos, x.pos+10, DateKind, time.DateOnly
	if end < len(x.src) && x.src[end] == 'T' {
		kind, layout = InstantKind, time.RFC3339
		if !x.shape("dddd-dd-ddTdd:dd:ddZ") {
			for end < len(x.src) && (isWordByte(x.src[end]) || x.src[end] == ':' || x.src[end] == '+') {
				end++
			}
			x.fail("date", Span{start, end}, "an instant is written in UTC to the second: 2021-05-24T00:00:00Z", "")
			x.emit(kind, start, end)
			return
		}
		end = start + 20
	}
	at := Span{start, end}
	if t, err := time.Parse(layout, x.src[start:end]); err != nil {
		x.fail("date", at, "the calendar has no such "+map[Kind]string{DateKind: "day", InstantKind: "instant"}[kind], "")
	} else if t.Year() < 1970 || t.Year() > 2999 {
		x.fail("date", at, "years go from 1970 to 2999", "")
	} else if end < len(x.src) && (isWordByte(x.src[end]) || x.src[end] == ':') {
		x.fail("date", Span{start, end + 1}, "a date or instant ends here; put a space after it", "")
	}
	x.emit(kind, start, end)
}

// dateOf reads the text of a date token; it is zero for one already refused.
func dateOf(s string) (year, month, day int) {
	if !hasShape(s, "dddd-dd-dd") {
		return 1970, 1, 1
	}
	year, _ = strconv.Atoi(s[:4])
	month, _ = strconv.Atoi(s[5:7])
	day, _ = strconv.Atoi(s[8:10])
	return year, month, day
}
