package machine

import (
	"testing"

	"detente/agreement"
)

// TestCameras plays the model case in every way that ends differently.
func TestCameras(t *testing.T) {
	lift := func(when string) Act {
		return Act{At: at(when), By: "iran", Verb: Lift, Subject: "us-sanctions"}
	}
	find := func(when string, accept bool) Act {
		return Act{At: at(when), By: "iran", Verb: Verify, Subject: "lift-sanctions", Accept: accept}
	}
	for _, c := range []struct {
		name                string
		acts                []Act
		commitment, measure string
		outcome             Outcome
		since               string
	}{
		{"nothing", nil, "breached", "in-force", Erased, "2021-05-24"},
		{"silence accepts", []Act{lift("2021-05-01")}, "fulfilled", "lifted", Released, "2021-05-24"},
		{"accepted", []Act{lift("2021-05-01"), find("2021-05-02", true)}, "fulfilled", "lifted", Released, "2021-05-24"},
		{"refused", []Act{lift("2021-05-01"), find("2021-05-02", false)}, "breached", "in-force", Erased, "2021-05-24"},
		{"refused, claimed again", []Act{lift("2021-05-01"), find("2021-05-02", false), lift("2021-05-03")}, "fulfilled", "lifted", Released, "2021-05-24"},
		{"silence ends at the close", []Act{lift("2021-05-10")}, "fulfilled", "lifted", Released, "2021-05-24"},
		{"silence ends a second after", []Act{lift("2021-05-10T00:00:01Z")}, "fulfilled", "lifted", Released, "2021-05-24T00:00:01Z"},
		{"claimed at the close", []Act{lift("2021-05-24")}, "fulfilled", "lifted", Released, "2021-06-07"},
		{"claimed late", nil, "breached", "in-force", Erased, "2021-05-24"},
		{"held, accepted", []Act{lift("2021-05-20"), find("2021-05-25", true)}, "fulfilled", "lifted", Released, "2021-05-25"},
		{"held, refused", []Act{lift("2021-05-20"), find("2021-05-25", false)}, "breached", "in-force", Erased, "2021-05-25"},
		{"accepted at the close", []Act{lift("2021-05-20"), find("2021-05-24", true)}, "fulfilled", "lifted", Released, "2021-05-24"},
		{"refused at the close", []Act{lift("2021-05-20"), find("2021-05-24", false)}, "breached", "in-force", Erased, "2021-05-24"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := signed(t, cameras())
			for _, a := range c.acts {
				apply(t, s, a)
			}
			s.Drive(at("2022-01-01"))
			if got := status(s, "lift-sanctions"); got != c.commitment {
				t.Errorf("lift-sanctions is %s, want %s", got, c.commitment)
			}
			if got := status(s, "us-sanctions"); got != c.measure {
				t.Errorf("us-sanctions is %s, want %s", got, c.measure)
			}
			if got, since := s.Outcome("footage"); got != c.outcome || since != at(c.since) {
				t.Errorf("footage: %s since %s, want %s since %s", got, since, c.outcome, c.since)
			}
			if d, ok := s.Next(); ok {
				t.Errorf("still armed: %v", d)
			}
		})
	}
}

// TestHeldThenLongStop: a claim that nobody decides before the longest hold ends.
func TestHeldThenLongStop(t *testing.T) {
	for _, c := range []struct {
		then  string
		extra agreement.Duration // of the time to verify, beyond close and hold
		want  Outcome
		since string
	}{
		{"erase", 1, Erased, "2021-06-23"},
		{"release", 1, Released, "2021-06-23"},
		{"erase", 0, Released, "2021-06-23"}, // silence at the long-stop's instant counts first
	} {
		a := cameras()
		a.Commitments[0].Verify.Within = 34*day + c.extra
		a.Vaults[0].HoldThen = c.then
		s := signed(t, a)
		apply(t, s, Act{At: at("2021-05-20"), By: "iaea", Verb: Lift, Subject: "us-sanctions"})
		s.Drive(at("2021-05-24"))
		if got, since := s.Outcome("footage"); got != Held || since != at("2021-05-24") {
			t.Fatalf("at the close: %s since %s, want held", got, since)
		}
		s.Drive(at("2022-01-01"))
		if got, since := s.Outcome("footage"); got != c.want || since != at(c.since) {
			t.Errorf("%s: %s since %s, want %s since %s", c.then, got, since, c.want, c.since)
		}
	}
}
