package machine

import (
	"testing"
)

const camerasStanding = `in force since 2021-02-23T00:00:00Z
  measure    us-sanctions    in-force
  commitment lift-sanctions  claimed since 2021-05-20T00:00:00Z, due 2021-05-24T00:00:00Z
  vault      footage         open, closes 2021-05-24T00:00:00Z
next
  2021-05-24T00:00:00Z  due of lift-sanctions: nothing while the claim is open; if it is refused afterwards, lift-sanctions is in breach
  2021-05-24T00:00:00Z  closes of footage: a claim is undecided: held, at most until 2021-06-23T00:00:00Z
  2021-06-03T00:00:00Z  silence of lift-sanctions: silence accepts the claim: lift-sanctions is fulfilled
iran
  may   verify lift-sanctions accepts, by 2021-06-03T00:00:00Z
  may   verify lift-sanctions refuses, by 2021-06-03T00:00:00Z
iaea
  waits for iran: footage opens if lift-sanctions.fulfilled
us
  may   lift us-sanctions
  waits for iran: the claim of lift-sanctions is to be found true or not until 2021-06-03T00:00:00Z
`

func TestStandingText(t *testing.T) {
	s := signed(t, cameras())
	apply(t, s, Act{At: at("2021-05-20"), By: "iaea", Verb: Lift, Subject: "us-sanctions"})
	if got := s.Standing().Text(); got != camerasStanding {
		t.Errorf("got:\n%s\nwant:\n%s", got, camerasStanding)
	}
}
