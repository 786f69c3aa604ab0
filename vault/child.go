package vault

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"

	"detente/agreement"
	"detente/statement"
)

// DealRequest is what the dealing child reads: Params in JSON.
type DealRequest struct {
	Agreement string     `json:"agreement"` // 64 hex digits
	Vault     string     `json:"vault"`
	Epoch     int64      `json:"epoch"`
	Attempt   int        `json:"attempt"`
	Need      int        `json:"need"`
	Absent    int        `json:"absent"`
	Seats     []DealSeat `json:"seats"`
}

// DealSeat is one custodian and its fresh key, base64 of 1216 bytes, or "".
type DealSeat struct {
	Custodian string `json:"custodian"`
	Key       string `json:"key"`
}

// DealResult is what the dealing child writes: the statements to submit, all
// public. The epoch statement must be durable before the child exits, and is
// submitted unchanged: a lost dealing is a new attempt, never a second version.
type DealResult struct {
	Epoch  statement.EpochBody    `json:"epoch"`
	Shares []statement.SharesBody `json:"shares"`
}

// Request gives the JSON form of p.
func (p Params) Request() DealRequest {
	r := DealRequest{
		Agreement: p.Agreement.String(), Vault: string(p.Vault), Epoch: p.Epoch, Attempt: p.Attempt,
		Need: p.Need, Absent: p.Absent, Seats: []DealSeat{},
	}
	for _, s := range p.Seats {
		seat := DealSeat{Custodian: string(s.Custodian)}
		if !s.Key.IsZero() {
			seat.Key = encodeBytes(s.Key.Bytes())
		}
		r.Seats = append(r.Seats, seat)
	}
	return r
}

// params checks the request and gives it back as Params.
func (r DealRequest) params() (Params, error) {
	id, err := agreement.ParseDigest(r.Agreement)
	if err != nil {
		return Params{}, fmt.Errorf("%w: agreement: %v", ErrParams, err)
	}
	p := Params{Agreement: id, Vault: agreement.Name(r.Vault), Epoch: r.Epoch, Attempt: r.Attempt, Need: r.Need, Absent: r.Absent}
	if len(r.Seats) > MaxSeats {
		return Params{}, fmt.Errorf("%w: %d seats, want at most %d", ErrParams, len(r.Seats), MaxSeats)
	}
	for i, s := range r.Seats {
		seat := SeatKey{Custodian: agreement.Name(s.Custodian)}
		if s.Key != "" {
			b, err := decodeBytes(s.Key, KeySize)
			if err != nil {
				return Params{}, fmt.Errorf("%w: key of seat %d: %v", ErrParams, i+1, err)
			}
			if seat.Key, err = ParsePublicKey(b); err != nil {
				return Params{}, fmt.Errorf("seat %d: %w", i+1, err)
			}
		}
		p.Seats = append(p.Seats, seat)
	}
	return p, nil
}

// DealChild is the whole life of the dealing child: it reads one DealRequest,
// deals, writes one DealResult. The process exits after it; nothing else that
// it could leak has ever been in its memory.
func DealChild(in io.Reader, out io.Writer, random io.Reader) error {
	data, err := io.ReadAll(io.LimitReader(in, MaxDealInput+1))
	if err != nil {
		return fmt.Errorf("reading what to deal: %w", err)
	}
	if len(data) > MaxDealInput {
		return fmt.Errorf("%w: more than %d bytes", ErrParams, MaxDealInput)
	}
	var r DealRequest
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&r); err != nil {
		return fmt.Errorf("%w: %v", ErrParams, err)
	}
	if dec.More() {
		return fmt.Errorf("%w: bytes after the request", ErrParams)
	}
	p, err := r.params()
	if err != nil {
		return err
	}
	d, err := Deal(random, p)
	if err != nil {
		return err
	}
	enc := json.NewEncoder(out)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(DealResult{Epoch: d.Body(), Shares: d.Shares()}); err != nil {
		return fmt.Errorf("writing the dealing: %w", err)
	}
	return nil
}
