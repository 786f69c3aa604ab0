package web

import (
	"fmt"
	"html/template"
	"math"
	"regexp"
	"strings"
	"time"
	"unicode"

	"detente/agreement"
	"detente/machine"
	"detente/record"
)

// functions are what templates may call. None returns markup.
var functions = template.FuncMap{
	"count":   func(n any) string { return commas(fmt.Sprint(n)) },
	"digest":  shortDigest,
	"plain":   plain,
	"status":  statusWord,
	"glyph":   glyphOf,
	"class":   classOfStatus,
	"dots":    func(n int) []struct{} { return make([]struct{}, min(n, 24)) },
	"capital": capital,
	"clipped": func(s string) string { s, _ = clip(s, 280); return s },
	"list":    func(f frame, l []line) lineList { return lineList{f, l} },
	"swatch":  func(band string) classFigure { return classFigure{Band: band, Fill: patterns[band]} },
	"plus":    plus,
	"plural":  plural,
}

// A lineList is lines with the frame that their links need.
type lineList struct {
	Frame frame
	Lines []line
}

// plus adds two percentages of a drawing.
func plus(a, b string) string {
	var x, y float64
	fmt.Sscanf(a, "%f", &x)
	fmt.Sscanf(b, "%f", &y)
	return percent(x + y)
}

// A when is an instant as pages show it: UTC first, then the agreement's zone.
type when struct {
	Set   bool
	UTC   string // 23 February 2021, 19:30
	Short string // 23 Feb 2021, 19:30
	Day   string // Sunday
	Local string // 24 May 2021, 00:00; empty if the zone is UTC
	Zone  string // Tehran
	ISO   string
}

func (n *names) when(t agreement.Instant) when {
	if t == record.Never || t == record.Beginning {
		return when{}
	}
	u := time.Unix(int64(t), 0).UTC()
	w := when{Set: true, UTC: dateAndTime(u), Short: strings.Replace(dateAndTime(u), u.Format("January"), u.Format("Jan"), 1), Day: u.Weekday().String(), ISO: t.String()}
	if n.a.Zone != nil && n.a.Timezone != "UTC" {
		l := u.In(n.a.Zone)
		w.Local, w.Zone = dateAndTime(l), zoneName(n.a.Timezone)
	}
	return w
}

func (n *names) moment(m machine.Moment) when {
	if !m.Set {
		return when{}
	}
	return n.when(m.At)
}

func dateAndTime(t time.Time) string {
	if t.Second() != 0 {
		return t.Format("2 January 2006, 15:04:05")
	}
	return t.Format("2 January 2006, 15:04")
}

func zoneName(iana string) string {
	return strings.ReplaceAll(iana[strings.LastIndexByte(iana, '/')+1:], "_", " ")
}

var isoForm = regexp.MustCompile(`\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ\b`)

// prose writes the instants in a sentence of the machine as pages do.
func prose(s string) string {
	return isoForm.ReplaceAllStringFunc(s, func(iso string) string {
		t, err := time.Parse(time.RFC3339, iso)
		if err != nil {
			return iso
		}
		return dateAndTime(t) + " UTC"
	})
}

// spoken is a length of time in its two largest units.
func spoken(seconds int64) string {
	seconds = max(seconds, 0)
	units := []struct {
		size      int64
		one, many string
	}{{86400, "day", "days"}, {3600, "h", "h"}, {60, "min", "min"}, {1, "s", "s"}}
	var parts []string
	for _, u := range units {
		n := seconds / u.size
		seconds %= u.size
		if n == 0 {
			if len(parts) > 0 {
				break
			}
			continue
		}
		word := u.many
		if n == 1 {
			word = u.one
		}
		if parts = append(parts, fmt.Sprintf("%s %s", count(n), word)); len(parts) == 2 {
			break
		}
	}
	if len(parts) == 0 {
		return "0 s"
	}
	return strings.Join(parts, " ")
}

// A figure is one number of a countdown with its unit.
type figure struct{ Number, Unit string }

func countdown(seconds int64) []figure {
	var out []figure
	for part := range strings.SplitSeq(spoken(seconds), " ") {
		if len(out) > 0 && out[len(out)-1].Unit == "" {
			out[len(out)-1].Unit = part
		} else {
			out = append(out, figure{Number: part})
		}
	}
	return out
}

// count writes a whole number with a comma between thousands.
func count[T int | int64](n T) string { return commas(fmt.Sprint(n)) }

// plural is a count with its word, of one or of many.
func plural(n any, word string) string {
	s := fmt.Sprint(n)
	if s != "1" {
		word += "s"
	}
	return commas(s) + " " + word
}

func commas(s string) string {
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// shortDigest is two groups, an ellipsis and the last group of a digest in hex.
func shortDigest(hex string) string {
	if len(hex) < 16 {
		return hex
	}
	return hex[:4] + " " + hex[4:8] + "…" + hex[len(hex)-4:]
}

// plain shows what strangers wrote without letting it rearrange the page:
// control characters and those that turn the direction of writing are named.
func plain(s string) string {
	return strings.Map(func(r rune) rune {
		if unsafeRune(r) {
			return '\uFFFD'
		}
		return r
	}, strings.ToValidUTF8(s, "\uFFFD"))
}

func unsafeRune(r rune) bool {
	switch {
	case r == '\n' || r == '\t':
		return false
	case unicode.IsControl(r), 0x202A <= r && r <= 0x202E, 0x2066 <= r && r <= 0x2069, r == 0xFEFF, 0xE0000 <= r && r <= 0xE007F:
		return true
	}
	return false
}

// named is plain with each such character spelled out, for source texts.
func named(s string) string {
	var b strings.Builder
	for _, r := range strings.ToValidUTF8(s, "\uFFFD") {
		if unsafeRune(r) {
			fmt.Fprintf(&b, "⟨U+%04X⟩", r)
		} else {
			b.WriteRune(r)
		}
	}
	return b.String()
}

// clip shortens a text to about n bytes, at a letter's edge.
func clip(s string, n int) (string, bool) {
	if len(s) <= n {
		return s, false
	}
	for n > 0 && !isStart(s[n]) {
		n--
	}
	return s[:n] + " …", true
}

func isStart(b byte) bool { return b&0xC0 != 0x80 }

func capital(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}

func statusWord(s string) string { return strings.ReplaceAll(s, "-", " ") }

// glyphOf is the shape of a status. What is a matter of commitments has eight;
// measures, acts, readings, milestones and vaults borrow the nearest.
func glyphOf(status string) string {
	switch status {
	case "dormant", "active", "claimed", "fulfilled", "breached", "cured", "suspended", "ended":
		return status
	case "in-force", "open":
		return "active"
	case "lifted", "erase", "erased":
		return "ended"
	case "held":
		return "suspended"
	case "release", "released", "done", "reported", "reached", "signed":
		return "fulfilled"
	case "late":
		return "breached"
	case "notice", "contested":
		return "claimed"
	}
	return "dormant"
}

// classOfStatus is the colour of a status; it never says what the word does not.
func classOfStatus(status string) string {
	switch status {
	case "fulfilled", "cured", "release", "released", "done", "reported", "reached":
		return "is-kept"
	case "active", "notice", "claimed", "contested":
		return "is-due"
	case "breached", "late", "erase", "erased":
		return "is-breached"
	case "suspended", "held":
		return "is-held"
	case "in-force", "open", "signed":
		return "is-ink"
	}
	return "is-soft"
}

// parseInstant reads an instant, or a date or a time of day in the
// agreement's zone.
func parseInstant(s string, a *agreement.Agreement) (agreement.Instant, bool) {
	zone := a.Zone
	if zone == nil {
		zone = time.UTC
	}
	for _, form := range []string{time.RFC3339, "2006-01-02T15:04Z07:00", "2006-01-02T15:04:05", "2006-01-02T15:04", time.DateOnly} {
		if t, err := time.ParseInLocation(form, s, zone); err == nil && t.Year() >= 1 && t.Year() <= 9999 {
			return agreement.Instant(t.Unix()), true
		}
	}
	return 0, false
}

// instantOf is a moment's instant; the end of time if it is not set.
func instantOf(m machine.Moment) agreement.Instant {
	if !m.Set {
		return math.MaxInt64
	}
	return m.At
}
