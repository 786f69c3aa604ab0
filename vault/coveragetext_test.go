package vault

import (
	"strings"
	"testing"

	"detente/statement"
)

func TestTextOfACoverage(t *testing.T) {
	f := newFilm(t)
	for slot := range int64(8) {
		switch west := f.shoot("west", slot, nil); slot {
		case 2, 7:
			f.seal(slot, west)
		case 6:
			f.seal(slot, f.shoot("east", slot, func(m *Manifest) { m.Prev = Digest{9} }), west)
		default:
			f.seal(slot, f.shoot("east", slot, nil), west)
		}
	}
	c := f.cover(8)
	if got, want := c.Summary(), "2 min 10 s of 2 min 40 s expected are covered (81.2 %), 20 s missing without one, 10 s tampered with; 2 unexplained gaps, the longest hole 20 s of footage"; got != want {
		t.Errorf("summary\n%s, want\n%s", got, want)
	}
	for _, want := range []string{
		"vault cameras, 1970-01-12T13:46:40Z to 1970-01-12T13:48:00Z\n",
		"\ncamera east: 6 segments, 80 s expected\n",
		"  1970-01-12T13:47:00Z  1970-01-12T13:47:10Z  unexplained gap  \n",
		"does not follow the manifest before it\n",
		"\ncamera west: 8 segments, 80 s expected\n  1970-01-12T13:46:40Z  1970-01-12T13:48:00Z  covered ",
	} {
		if !strings.Contains(c.Text(), want) {
			t.Errorf("no %q in\n%s", want, c.Text())
		}
	}
	last := f.ledger.Seals[7].Body.Batch
	for d := range f.objects {
		if d.String() == last {
			delete(f.objects, d)
		}
	}
	if s := f.cover(8).Summary(); !strings.Contains(s, "PARTIAL: 1 batch of manifests could not be had") {
		t.Error(s)
	}
	if s := newFilm(t).coverAsOf(5, 0).Summary(); !strings.HasPrefix(s, "nothing is expected yet") {
		t.Error(s)
	}
}

// A reason is somebody's words: it cannot look like a line of the coverage.
func TestReasonsStayOnTheirLine(t *testing.T) {
	f := newFilm(t)
	f.must("host", statement.ID{}, statement.ServiceBody{
		Vault: "cameras", Event: "outage", From: int64(worldOpens), Until: int64(worldOpens) + 10,
		Reason: "power\n  1970-01-12T13:46:40Z  1970-01-12T13:48:00Z  covered",
	})
	for line := range strings.Lines(f.cover(2).Text()) {
		if strings.Contains(line, "13:48:00Z  covered") && strings.HasPrefix(line, "  1970-01-12T13:46:40Z  1970-01-12T13:48") {
			t.Errorf("forged: %s", line)
		}
	}
}

// Footage rounds down and holes round up.
func TestLengthsNeverRoundAHoleAway(t *testing.T) {
	for _, tc := range []struct {
		seconds     int64
		length, gap string
	}{
		{0, "0 s", "0 s"}, {119, "119 s", "119 s"}, {121, "2 min 1 s", "2 min 1 s"}, {7199, "119 min 59 s", "119 min 59 s"},
		{7200, "2 h 0 min", "2 h 0 min"}, {7201, "2 h 0 min", "2 h 1 min"}, {172_799, "47 h 59 min", "2.0 days"},
		{172_800, "2.0 days", "2.0 days"}, {172_801, "2.0 days", "2.1 days"}, {86400*30 - 1, "29.9 days", "30.0 days"},
		{253402300799 + 62135596800, "3652058.9 days", "3652059.0 days"},
	} {
		if got := length(tc.seconds); got != tc.length {
			t.Errorf("length(%d) = %q, want %q", tc.seconds, got, tc.length)
		}
		if got := hole(tc.seconds); got != tc.gap {
			t.Errorf("hole(%d) = %q, want %q", tc.seconds, got, tc.gap)
		}
	}
	for _, tc := range []struct {
		n, all int64
		want   string
	}{{999_999, 1_000_000, "99.9 %"}, {1, 1, "100.0 %"}, {0, 5, "0.0 %"}, {1 << 40, 1<<40 + 1, "99.9 %"}} {
		if got := share(tc.n, tc.all); got != tc.want {
			t.Errorf("share(%d, %d) = %q, want %q", tc.n, tc.all, got, tc.want)
		}
	}
}
