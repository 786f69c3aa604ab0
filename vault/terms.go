package vault

import (
	"fmt"
	"slices"

	"detente/agreement"
	"detente/statement"
)

// Terms are what an agreement says of one vault, as far as its ledger needs it.
type Terms struct {
	Agreement    agreement.Digest
	Vault        agreement.Name
	Recorder     agreement.Name
	RecorderKey  statement.PublicKey
	OpensTo      []agreement.Name
	Seats        []agreement.Name // seat 1 first
	Need         int
	Absent       int
	Proves       agreement.Duration // how often a custodian proves that it holds its shares; 0: never
	Epoch        agreement.Duration
	Segment      agreement.Duration
	Cadence      agreement.Duration
	SegmentBytes int64
	Cameras      []string
}

// TermsOf gives the terms of a vault of an agreement that has been checked.
func TermsOf(a *agreement.Agreement, vault agreement.Name) (Terms, error) {
	i := slices.IndexFunc(a.Vaults, func(v *agreement.Vault) bool { return v.Name == vault })
	if i < 0 {
		return Terms{}, fmt.Errorf("agreement %s has no vault %s", a.Name, vault)
	}
	v := a.Vaults[i]
	j := slices.IndexFunc(a.Devices, func(d *agreement.Device) bool { return d.Name == v.Recorder })
	if j < 0 {
		return Terms{}, fmt.Errorf("vault %s: recorder %s is not a declared device", vault, v.Recorder)
	}
	key, err := statement.ParsePublicKey(a.Devices[j].Key)
	if err != nil {
		return Terms{}, fmt.Errorf("vault %s: key of recorder %s: %w", vault, v.Recorder, err)
	}
	t := Terms{
		Agreement: a.ID, Vault: vault, Recorder: v.Recorder, RecorderKey: key, OpensTo: v.OpensTo,
		Seats: v.Seats, Need: v.Need, Absent: v.Absent, Proves: v.Proves, Epoch: v.Epoch, Segment: v.Segment, Cadence: v.Cadence,
		SegmentBytes: v.SegmentBytes, Cameras: v.Cameras,
	}
	if t.Cadence == 0 {
		t.Cadence = t.Segment
	}
	if len(t.Cameras) == 0 {
		t.Cameras = []string{"main"}
	}
	return t, t.check()
}

func (t *Terms) check() error {
	switch {
	case len(t.Seats) < 1 || len(t.Seats) > MaxSeats:
		return fmt.Errorf("vault %s has %d seats, want 1 to %d", t.Vault, len(t.Seats), MaxSeats)
	case t.Need < 1 || t.Absent < 0 || t.Need+t.Absent > len(t.Seats):
		return fmt.Errorf("vault %s: need %d and absent %d of %d seats", t.Vault, t.Need, t.Absent, len(t.Seats))
	case t.Epoch <= 0 || t.Segment <= 0 || t.Cadence < t.Segment:
		return fmt.Errorf("vault %s: epoch %d s, segment %d s, cadence %d s: want all above zero and cadence at least segment", t.Vault, t.Epoch, t.Segment, t.Cadence)
	}
	return checkPadded(t.SegmentBytes)
}

// Period gives the number of the epoch's period in which an instant lies,
// 1 for the first after the recording starts; 0 or less before it.
func (t *Terms) Period(opens, at agreement.Instant) int64 {
	since := int64(at) - int64(opens)
	if since < 0 {
		return 0
	}
	return since/int64(t.Epoch) + 1
}
