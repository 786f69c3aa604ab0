package vault

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"detente/agreement"
	"detente/statement"
)

// manySeats is a roster of n seats of which only the first few have keys.
func manySeats(t testing.TB, n, keyed int) Params {
	t.Helper()
	r := newRoster(t, keyed, 2, 1)
	for i := keyed; i < n; i++ {
		r.params.Seats = append(r.params.Seats, SeatKey{Custodian: agreement.Name(fmt.Sprintf("custodian-%d", i+1))})
	}
	return r.params
}

func TestLimitsOfADealing(t *testing.T) {
	for name, tc := range map[string]struct {
		alter func(*Params)
		ok    bool
	}{
		"most seats":        {func(p *Params) { *p = manySeats(t, MaxSeats, 4) }, true},
		"a seat more":       {func(p *Params) { *p = manySeats(t, MaxSeats+1, 4) }, false},
		"last epoch":        {func(p *Params) { p.Epoch = MaxEpoch }, true},
		"an epoch more":     {func(p *Params) { p.Epoch = MaxEpoch + 1 }, false},
		"epoch 0":           {func(p *Params) { p.Epoch = 0 }, false},
		"last attempt":      {func(p *Params) { p.Attempt = MaxAttempt }, true},
		"an attempt more":   {func(p *Params) { p.Attempt = MaxAttempt + 1 }, false},
		"attempt 0":         {func(p *Params) { p.Attempt = 0 }, false},
		"need 0":            {func(p *Params) { p.Need = 0 }, false},
		"a name twice":      {func(p *Params) { p.Seats[1].Custodian = p.Seats[0].Custodian }, false},
		"fewer than absent": {func(p *Params) { p.Absent = -1 }, false},
	} {
		p := manySeats(t, 4, 4)
		tc.alter(&p)
		if _, err := Deal(seeded(1), p); (err == nil) != tc.ok {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// An entry of the record holds the largest dealing's statements.
func TestLargestDealingFitsTheRecord(t *testing.T) {
	p := manySeats(t, MaxSeats, 4)
	for i := range p.Seats {
		p.Seats[i].Custodian = agreement.Name(fmt.Sprintf("custodian-%054d", i)) // 64 bytes, the longest name
	}
	d, err := Deal(seeded(1), p)
	if err != nil {
		t.Fatal(err)
	}
	bodies := []statement.Body{d.Body()}
	for _, s := range d.Shares() {
		if len(s.Ciphertexts) > MaxShares {
			t.Errorf("%d ciphertexts in one statement", len(s.Ciphertexts))
		}
		bodies = append(bodies, s)
	}
	for _, b := range bodies {
		j, err := json.Marshal(b)
		if err != nil {
			t.Fatal(err)
		}
		if len(j) > statement.MaxEntry-2048 {
			t.Errorf("%T has %d bytes", b, len(j))
		}
	}
}

func TestLimitsOfOtherReaders(t *testing.T) {
	if err := checkPadded(MaxSegmentBytes); err != nil {
		t.Error(err)
	}
	if err := checkPadded(MaxSegmentBytes + 1); !errors.Is(err, ErrSegment) {
		t.Errorf("got %v, want %v", err, ErrSegment)
	}
	r := newRoster(t, 3, 2, 0)
	req, err := json.Marshal(r.params.Request())
	if err != nil {
		t.Fatal(err)
	}
	full := string(req) + strings.Repeat("\n", MaxDealInput-len(req))
	if err := DealChild(strings.NewReader(full), io.Discard, seeded(1)); err != nil {
		t.Errorf("%d bytes: %v", len(full), err)
	}
	if err := DealChild(strings.NewReader(full+"\n"), io.Discard, seeded(1)); !errors.Is(err, ErrParams) {
		t.Errorf("a byte more: got %v, want %v", err, ErrParams)
	}
	terms := worldTerms(2, 1, 0)
	terms.Seats = make([]agreement.Name, MaxSeats)
	if err := terms.check(); err != nil {
		t.Error(err)
	}
	terms.Seats = make([]agreement.Name, MaxSeats+1)
	if _, err := NewLedger(terms); err == nil {
		t.Error("a seat too many")
	}
}

func TestRandomnessThatEndsIsAnError(t *testing.T) {
	r := newRoster(t, 3, 2, 0)
	for _, n := range []int64{0, 63, 64, 255} {
		if _, err := Deal(io.LimitReader(seeded(1), n), r.params); !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("%d random bytes: got %v", n, err)
		}
	}
	d := r.deal(t, 1)
	if _, err := d.Acknowledge(bytes.NewReader(make([]byte, 31)), r.open(t, d, 1, 1)[0], r.keys[0].Public()); err == nil {
		t.Error("acknowledged without a nonce")
	}
	if _, err := GenerateKey(bytes.NewReader(make([]byte, 31))); err == nil {
		t.Error("a key of 31 random bytes")
	}
}
