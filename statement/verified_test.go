package statement

import "testing"

// TestVerifiedAgrees asks what a batch remembers about the signatures at the
// edges, by themselves and with another's text or key: never other than single
// verification.
func TestVerifiedAgrees(t *testing.T) {
	all := edges(t)
	var b Batch
	for _, e := range all {
		b.Add(e.pub, e.msg, e.sig)
	}
	v := b.Verified()
	if b.Len() != 0 {
		t.Errorf("%d left in the batch", b.Len())
	}
	good := 0
	for i, e := range all {
		o := all[(i+1)%len(all)]
		for _, x := range []edge{e, {e.name, o.pub, e.msg, e.sig}, {e.name, e.pub, o.msg, e.sig}, {e.name, e.pub, e.msg, o.sig}} {
			want := VerifyEd25519(x.pub, x.msg, x.sig)
			if got := v.verify(x.pub, x.msg, x.sig); got != want {
				t.Errorf("%s: %v, single %v", x.name, got, want)
			}
			if want {
				good++
			}
		}
	}
	if good == 0 {
		t.Error("nothing was good")
	}
	if len(v.good) != 176 {
		t.Errorf("%d remembered, want the 176 that single verification accepts", len(v.good))
	}
}
