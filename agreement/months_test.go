package agreement_test

import (
	"math/rand/v2"
	"testing"
	"time"

	"detente/agreement"
)

// TestAddMonths counts days one by one to the day that AddMonths gives.
func TestAddMonths(t *testing.T) {
	zones := []*time.Location{time.UTC}
	for _, name := range []string{"Asia/Tehran", "America/New_York", "Europe/Berlin"} {
		z, err := time.LoadLocation(name)
		if err != nil {
			t.Fatal(err)
		}
		zones = append(zones, z)
	}
	r := rand.New(rand.NewPCG(1, 2))
	for range 3000 {
		zone, n := zones[r.IntN(len(zones))], r.IntN(400)-200
		day := time.Date(1990+r.IntN(60), time.Month(1+r.IntN(12)), 1+r.IntN(31), 0, 0, 0, 0, time.UTC)
		from := agreement.StartOfDay(day.Year(), day.Month(), day.Day(), zone)
		for _, next := range []bool{false, true} {
			y, m, d := naiveMonths(day, n, next)
			if got, want := agreement.AddMonths(from, n, zone, next), agreement.StartOfDay(y, m, d, zone); got != want {
				t.Fatalf("%s and %d months in %s (next day: %v): %s, want %s", day.Format(time.DateOnly), n, zone, next, got, want)
			}
		}
	}
}

// naiveMonths walks month by month, then to the day.
func naiveMonths(day time.Time, n int, next bool) (int, time.Month, int) {
	y, m := day.Year(), day.Month()
	for ; n > 0; n-- {
		if m++; m > 12 {
			y, m = y+1, 1
		}
	}
	for ; n < 0; n++ {
		if m--; m < 1 {
			y, m = y-1, 12
		}
	}
	for d := day.Day(); ; d-- {
		if x := time.Date(y, m, d, 0, 0, 0, 0, time.UTC); x.Month() == m {
			if next && d < day.Day() {
				x = time.Date(y, m, d+1, 0, 0, 0, 0, time.UTC)
			}
			return x.Date()
		}
	}
}

func TestAddMonthsKeepsTheTimeOfDay(t *testing.T) {
	at := func(s string) agreement.Instant {
		x, err := time.Parse(time.RFC3339, s)
		if err != nil {
			t.Fatal(err)
		}
		return agreement.Instant(x.Unix())
	}
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range [][2]string{
		{"2026-01-31T10:30:00Z", "2026-02-28T10:30:00Z"},
		{"2026-02-27T23:00:00Z", "2026-03-27T23:00:00Z"}, // the start of a day in Berlin, before the clocks change
		{"2026-03-15T10:00:00Z", "2026-04-15T09:00:00Z"}, // eleven o'clock there
	} {
		if got := agreement.AddMonths(at(c[0]), 1, berlin, false); got != at(c[1]) {
			t.Errorf("%s and a month: %s, want %s", c[0], got, c[1])
		}
	}
}
