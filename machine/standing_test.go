package machine

import (
	"strings"
	"testing"
	"time"

	"detente/agreement"
)

const camerasStanding = `in force since 2021-02-23T00:00:00Z
  measure    us-sanctions    in-force
  commitment lift-sanctions  claimed since 2021-05-20T00:00:00Z, due 2021-05-24T00:00:00Z
  vault      footage         open, closes 2021-05-24T00:00:00Z
next
  2021-05-24T00:00:00Z  lift-sanctions is due: nothing while the claim is open; if it is refused afterwards, lift-sanctions is in breach
  2021-05-24T00:00:00Z  footage closes: a claim is undecided: held, at most until 2021-06-23T00:00:00Z
  2021-06-03T00:00:00Z  silence accepts the claim: lift-sanctions is fulfilled
iran
  may   verify lift-sanctions accepts, by 2021-06-03T00:00:00Z
  may   verify lift-sanctions refuses, by 2021-06-03T00:00:00Z
iaea
  waits for iran: footage opens if lift-sanctions.fulfilled
us
  may   lift us-sanctions
  waits for iran: it is to find by 2021-06-03T00:00:00Z whether the claim of lift-sanctions is true
`

func TestStandingText(t *testing.T) {
	s := signed(t, cameras())
	apply(t, s, Act{At: at("2021-05-20"), By: "iaea", Verb: Lift, Subject: "us-sanctions"})
	if got := s.Standing().Text(); got != camerasStanding {
		t.Errorf("got:\n%s\nwant:\n%s", got, camerasStanding)
	}
}

// TestLocalTimes: what is read by people has the times of the agreement's zone
// beside UTC, whole minutes without seconds.
func TestLocalTimes(t *testing.T) {
	a := cameras()
	a.Zone = time.FixedZone("Asia/Tehran", 3*3600+1800)
	a.Vaults[0].Clause = "2 to 5"
	s := signed(t, a)
	standing, plan := s.Standing().Text(), Plan(s, nil, at("2021-06-01")+5).Text()
	why, err := s.Why("footage")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ in, want string }{
		{standing, "times are UTC, in brackets Asia/Tehran\nin force since 2021-02-23T00:00:00Z (2021-02-23 03:30)\n"},
		{standing, "2021-05-24T00:00:00Z (2021-05-24 03:30)  footage closes: released if"},
		{plan, "until 2021-06-01T00:00:05Z (2021-06-01 03:30:05)\ntimes are UTC"},
		{why.Text(), "(clause 2 to 5): lift-sanctions.fulfilled: false"},
		{why.Text(), "if nobody acts, it becomes erase on 2021-05-24T00:00:00Z (2021-05-24 03:30)"},
	} {
		if !strings.Contains(c.in, c.want) {
			t.Errorf("no %q in\n%s", c.want, c.in)
		}
	}
	if got := signed(t, cameras()).Standing().Text(); strings.Contains(got, "brackets") {
		t.Errorf("an agreement in UTC:\n%s", got)
	}
}

// TestNothingForAParty: whom nothing concerns is told so.
func TestNothingForAParty(t *testing.T) {
	a := cameras()
	a.Parties = append(a.Parties, &agreement.Party{Block: named("party", "oman")})
	const want = "\noman\n  has nothing to do, to expect or to wait for\n"
	if got := signed(t, a).Standing().Text(); !strings.HasSuffix(got, want) {
		t.Errorf("got\n%s\nwant at its end %q", got, want)
	}
}
