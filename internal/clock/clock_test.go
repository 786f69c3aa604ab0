package clock

import (
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"
)

func TestScaledKeepsItsRate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Date(2021, 2, 23, 0, 0, 0, 0, time.UTC)
		c, err := Parse(Scaled{Start: start, Anchor: time.Now(), Rate: 86400}.String())
		if err != nil {
			t.Fatal(err)
		}
		if got := c.Now(); !got.Equal(start) {
			t.Errorf("at the anchor: %v, want %v", got, start)
		}
		if err := c.Sleep(t.Context(), 90*24*time.Hour); err != nil {
			t.Fatal(err)
		}
		if got, want := c.Now(), start.AddDate(0, 0, 90); !got.Equal(want) {
			t.Errorf("after 90 days: %v, want %v", got, want)
		}
	})
}

func TestScaledKeepsTheMachinesPaceBeforeItsAnchor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Date(2021, 2, 23, 0, 0, 0, 0, time.UTC)
		began := time.Now()
		c := Scaled{Start: start, Anchor: began.Add(5 * time.Second), Rate: 86400}
		if got, want := c.Now(), start.Add(-5*time.Second); !got.Equal(want) {
			t.Errorf("5 s before the anchor: %v, want %v", got, want)
		}
		if err := c.Sleep(t.Context(), 5*time.Second+24*time.Hour); err != nil {
			t.Fatal(err)
		}
		if got, want := time.Since(began), 6*time.Second; got != want {
			t.Errorf("waiting across the anchor took %v of the machine's time, want %v", got, want)
		}
	})
}

func TestConductedStartsWhenItIsTold(t *testing.T) {
	path := filepath.Join(t.TempDir(), "anchor")
	synctest.Test(t, func(t *testing.T) {
		start := time.Date(2021, 2, 23, 0, 0, 0, 0, time.UTC)
		if err := Conduct(path, time.Now().Add(time.Hour)); err != nil {
			t.Fatal(err)
		}
		c, err := Parse(start.Format(time.RFC3339) + "@file:" + path + "*86400")
		if err != nil {
			t.Fatal(err)
		}
		if got, want := c.Now(), start.Add(-time.Hour); !got.Equal(want) {
			t.Errorf("an hour before the anchor: %v, want %v", got, want)
		}
		waited := make(chan time.Time)
		go func() {
			c.Sleep(t.Context(), time.Hour+10*24*time.Hour)
			waited <- time.Now()
		}()
		Real{}.Sleep(t.Context(), time.Second)
		began := time.Now()
		if err := Conduct(path, began); err != nil {
			t.Fatal(err)
		}
		if got := (<-waited).Sub(began); got < 10*time.Second || got > 10*time.Second+2*reread {
			t.Errorf("ten days took %v of the machine's time, want 10s", got)
		}
		before := c.Now()
		if err := Conduct(path, time.Now().Add(time.Hour)); err != nil {
			t.Fatal(err)
		}
		if after := c.Now(); after.Before(before) {
			t.Errorf("the clock went back from %v to %v", before, after)
		}
	})
}

func TestParseRefuses(t *testing.T) {
	for _, bad := range []string{
		"now", "2021-02-23T00:00:00Z", "2021-02-23T00:00:00Z@2026-01-01T00:00:00Z",
		"2021-02-23T00:00:00Z@2026-01-01T00:00:00Z*0", "2021-02-23T00:00:00Z@2026-01-01T00:00:00Z*10000001",
		"2021-02-30T00:00:00Z@2026-01-01T00:00:00Z*2", "2021-02-23T00:00:00Z@x*2",
	} {
		if c, err := Parse(bad); err == nil {
			t.Errorf("Parse(%q) = %v, want an error", bad, c)
		}
	}
}
