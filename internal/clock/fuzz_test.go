package clock

import "testing"

// Whatever Parse takes as a scaled clock, its text reads as the same clock.
func FuzzParse(f *testing.F) {
	for _, s := range []string{"real", "", "2021-02-23T00:00:00Z@2026-01-01T12:00:00Z*86400", "2021-02-23T00:00:00+03:30@2026-01-01T12:00:00.5Z*1", "x@file:y*2", "@*"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		c, err := Parse(s)
		scaled, ok := c.(Scaled)
		if err != nil || !ok {
			return
		}
		again, err := Parse(scaled.String())
		if err != nil {
			t.Fatalf("%q reads as %v, whose text does not: %v", s, scaled, err)
		}
		if b := again.(Scaled); !b.Start.Equal(scaled.Start) || !b.Anchor.Equal(scaled.Anchor) || b.Rate != scaled.Rate {
			t.Errorf("%q reads as %v, whose text reads as %v", s, scaled, b)
		}
	})
}
