package syntax

import (
	"fmt"
	"unicode"
	"unicode/utf8"
)

// lookAlikes are characters that word processors and other scripts put where
// an ASCII character is meant. Letters of Cyrillic and Greek are here because
// a name that only looks right is how one text is passed off for another.
var lookAlikes = map[rune]rune{
	'\u00a0': ' ', '\u2007': ' ', '\u202f': ' ', '\u3000': ' ',
	'“': '"', '”': '"', '„': '"', '«': '"', '»': '"', '‘': '"', '’': '"',
	'‐': '-', '‑': '-', '‒': '-', '–': '-', '—': '-', '−': '-',
	'＝': '=', '｛': '{', '｝': '}', '，': ',', '（': '(', '）': ')', '．': '.', '＃': '#', '％': '%',
	'а': 'a', 'с': 'c', 'е': 'e', 'о': 'o', 'р': 'p', 'х': 'x', 'у': 'y', 'і': 'i', 'ј': 'j', 'ѕ': 's', 'ԁ': 'd', 'һ': 'h',
	'А': 'A', 'В': 'B', 'Е': 'E', 'К': 'K', 'М': 'M', 'Н': 'H', 'О': 'O', 'Р': 'P', 'С': 'C', 'Т': 'T', 'Х': 'X',
	'ο': 'o', 'ν': 'v', 'α': 'a', 'ι': 'i', 'κ': 'k', 'ρ': 'p', 'τ': 't', 'υ': 'u', 'Α': 'A', 'Β': 'B', 'Ε': 'E', 'Ο': 'O',
	'٪': '%', '⁄': '/', '∕': '/', '‚': ',', '،': ',',
}

// refused says why a character can stand nowhere, not even in a string or a
// comment; empty if it can. ZERO WIDTH JOINER and NON-JOINER are not refused:
// Persian and the scripts of India are misspelt without them.
func refused(r rune) string {
	switch {
	case r == '\t' || r == '\n':
		return ""
	case r < 0x20 || r >= 0x7f && r < 0xa0:
		return "control"
	case r == 0x061c || r == 0x200e || r == 0x200f || r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069:
		return "reverses the order in which text is shown"
	case r == 0x200b || r == 0x2060 || r == 0xfeff || r == 0x00ad || r == 0x034f || r == 0x180e || r >= 0x2061 && r <= 0x2065 || r >= 0x206a && r <= 0x206f:
		return "cannot be seen"
	case r >= 0xfe00 && r <= 0xfe0f || r >= 0xe0000 && r <= 0xe0fff || r == 0x115f || r == 0x1160 || r == 0x3164 || r == 0xffa0:
		return "cannot be seen"
	case r == 0x2028 || r == 0x2029:
		return "ends a line for some programs and not for others"
	case r >= 0xfff0 && r <= 0xfffd || r&0xfffe == 0xfffe || unicode.Is(unicode.Co, r):
		return "has no agreed meaning"
	}
	return ""
}

// scanText checks the inside of a string or comment: no refused character,
// and no word that mixes Latin letters with Cyrillic or Greek ones.
func (x *lexer) scanText(start, end int, comment bool) {
	const latin, other = 1, 2
	word, scripts := start, 0
	for i := start; i < end; {
		r, n := rune(x.src[i]), 1
		if r >= utf8.RuneSelf {
			r, n = utf8.DecodeRuneInString(x.src[i:])
		}
		if why := refused(r); why != "" || r == '\t' && !comment {
			if why == "" {
				why = "control"
			}
			x.refuse(r, Span{i, i + n}, why)
		}
		switch {
		case r < utf8.RuneSelf && isLetter(byte(r)) || r >= 0xc0 && unicode.Is(unicode.Latin, r):
			scripts |= latin
		case r >= 0x370 && (unicode.Is(unicode.Cyrillic, r) || unicode.Is(unicode.Greek, r)):
			scripts |= other
		case r >= 0x300 && unicode.Is(unicode.M, r): // an accent belongs to its letter
		default:
			x.mixed(word, i, scripts)
			word, scripts = i+n, 0
		}
		i += n
	}
	x.mixed(word, end, scripts)
}

func (x *lexer) mixed(start, end, scripts int) {
	if scripts == 3 {
		x.fail("mixed-script", Span{start, end}, fmt.Sprintf("the word %q mixes Latin letters with Greek or Cyrillic ones that may look the same", shorten(x.src[start:end])), "write the word in one script")
	}
}

func shorten(s string) string {
	if len(s) <= 40 {
		return s
	}
	for i := 40; i > 0; i-- {
		if utf8.RuneStart(s[i]) {
			return s[:i] + "..."
		}
	}
	return ""
}
