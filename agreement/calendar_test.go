package agreement_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"detente/agreement"
	"detente/agreement/dir"
)

// load gives a zone as an agreement carries it.
func load(t *testing.T, name string) *time.Location {
	t.Helper()
	if name == "UTC" {
		return time.UTC
	}
	path := filepath.Join(t.TempDir(), "x.agreement")
	if err := os.WriteFile(path, []byte(fmt.Sprintf("detente 1\nagreement x { timezone = %q }\n", name)), 0o644); err != nil {
		t.Fatal(err)
	}
	b, err := dir.Load(path)
	if err != nil {
		t.Fatal(err)
	}
	data, ok := b.File("zone/" + name)
	if !ok {
		t.Fatalf("the bundle has no zone %s", name)
	}
	loc, err := time.LoadLocationFromTZData(name, data)
	if err != nil {
		t.Fatal(err)
	}
	return loc
}

// TestStartOfDay holds days whose midnight a clock change moved, doubled or
// skipped, against zdump's account of the change.
func TestStartOfDay(t *testing.T) {
	for _, c := range []struct{ zone, day, want string }{
		{"UTC", "2021-05-24", "2021-05-24T00:00:00Z"},
		{"Asia/Tehran", "2021-05-24", "2021-05-23T19:30:00Z"},               // +04:30
		{"Asia/Tehran", "2021-03-22", "2021-03-21T20:30:00Z"},               // 00:00 became 01:00: the day begins at 01:00
		{"Asia/Tehran", "2021-09-22", "2021-09-21T20:30:00Z"},               // 00:00 became 23:00 of the day before
		{"America/St_Johns", "2010-11-07", "2010-11-07T03:30:00Z"},          // 00:01 became 23:01; the second midnight counts
		{"Pacific/Apia", "2011-12-30", "2011-12-30T10:00:00Z"},              // skipped: begins with the 31st
		{"Pacific/Apia", "2011-12-31", "2011-12-30T10:00:00Z"},              //
		{"Pacific/Kiritimati", "2021-05-24", "2021-05-23T10:00:00Z"},        // +14
		{"America/New_York", "2025-09-28", "2025-09-28T04:00:00Z"},          // -04
		{"Africa/Cairo", "2024-04-26", "2024-04-25T22:00:00Z"},              // 00:00 became 01:00
		{"America/New_York", "2999-12-31", "2999-12-31T05:00:00Z"},          // by the rule for the future
		{"Antarctica/Troll", "2024-03-31", "2024-03-31T00:00:00Z"},          // jumps two hours
		{"Africa/Casablanca", "2024-04-14", "2024-04-14T00:00:00Z"},         // +00 in Ramadan
		{"America/Argentina/Ushuaia", "1999-10-03", "1999-10-03T03:00:00Z"}, // the clock and the zone changed at once
	} {
		d, err := time.Parse(time.DateOnly, c.day)
		if err != nil {
			t.Fatal(err)
		}
		loc := load(t, c.zone)
		got := agreement.StartOfDay(d.Year(), d.Month(), d.Day(), loc)
		if got.String() != c.want {
			t.Errorf("%s begins in %s at %s (%s there), want %s", c.day, c.zone, got, time.Unix(int64(got), 0).In(loc), c.want)
		}
	}
}

// TestStartOfDayByWalking holds every day of some years in all kinds of zones
// against the definition: no later second shows an earlier day, and the
// second before does.
func TestStartOfDayByWalking(t *testing.T) {
	date := func(at int64, loc *time.Location) int {
		y, m, d := time.Unix(at, 0).In(loc).Date()
		return y*10000 + int(m)*100 + d
	}
	for _, name := range []string{"Asia/Tehran", "America/St_Johns", "Pacific/Apia", "Africa/Cairo", "America/Havana", "Asia/Gaza", "Antarctica/Troll", "Australia/Lord_Howe", "America/Sao_Paulo"} {
		loc := load(t, name)
		for day := time.Date(2009, 1, 1, 0, 0, 0, 0, time.UTC); day.Year() < 2013; day = day.AddDate(0, 0, 1) {
			y, m, d := day.Date()
			want := y*10000 + int(m)*100 + d
			at := int64(agreement.StartOfDay(y, m, d, loc))
			if date(at-1, loc) >= want {
				t.Fatalf("%s %d: the second before %s shows %d", name, want, agreement.Instant(at), date(at-1, loc))
			}
			for s := at; s < at+30*3600; s += 600 {
				if date(s, loc) < want {
					t.Fatalf("%s %d: %s, after its start, shows %d", name, want, agreement.Instant(s), date(s, loc))
				}
			}
			if end := agreement.EndOfDay(agreement.Instant(at), loc); int64(end) < at || date(int64(end)+1, loc) <= date(at, loc) {
				t.Fatalf("%s %d: ends at %s", name, want, end)
			}
		}
	}
}

// TestCraftedZone reads zone data with ten clock changes around one midnight.
func TestCraftedZone(t *testing.T) {
	data := []byte("TZif\x00" + string(make([]byte, 15)) +
		"\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x28\x00\x00\x00\x02\x00\x00\x00\x08")
	for i := range 40 {
		at := uint32(1609459200 - 20*3600 + i*3600)
		data = append(data, byte(at>>24), byte(at>>16), byte(at>>8), byte(at))
	}
	for i := range 40 {
		data = append(data, byte(i%2))
	}
	data = append(data, 0, 0, 0xa8, 0xc0, 0, 0) // +12:00
	data = append(data, 0xff, 0xff, 0x57, 0x40, 0, 4)
	data = append(data, "AAA\x00BBB\x00"...)
	loc, err := time.LoadLocationFromTZData("Crafted/Zone", data)
	if err != nil {
		t.Fatal(err)
	}
	midnight := time.Date(2021, 1, 1, 0, 0, 0, 0, time.UTC).Unix()
	if at := int64(agreement.StartOfDay(2021, 1, 1, loc)); at < midnight-26*3600 || at > midnight+26*3600 {
		t.Errorf("the day begins at %s", agreement.Instant(at))
	}
}
