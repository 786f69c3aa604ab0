package witness

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"

	"detente/agreement"
	"detente/statement"
)

// A Policy says whose records a witness cosigns. In every case the text must
// name the witness's key in its quorum: a witness serves who asked for it. The
// zero Policy asks for nothing more.
type Policy struct {
	Listed       bool                  // only Agreements, not any that names the key
	Agreements   []agreement.Digest    // ids
	Depositaries []statement.PublicKey // if there are any, the text's depositary must have one of these keys
	Logs         []Log                 // other logs that speak C2SP, registered at the start
	Records      int                   // the most records and logs in all; 0 for no limit but the program's
	PerHour      int                   // the most requests to register from one address; 0 for no limit
}

// A Log is a log that is no record, with the key that signs its checkpoints.
type Log struct {
	Origin string
	Key    statement.PublicKey
}

// policyFile is a Policy as its file has it.
type policyFile struct {
	Accept       string   `json:"accept"` // "named" or "listed"
	Agreements   []string `json:"agreements"`
	Depositaries []string `json:"depositaries"`
	Logs         []string `json:"logs"` // C2SP verifier keys; the name is the origin
	Records      int      `json:"records"`
	PerHour      int      `json:"registrations_per_hour"`
}

// ParsePolicy reads a policy's file, for example
//
//	{
//	  "accept": "named",
//	  "depositaries": ["ed25519 iojj3XQJ8ZX9UtstPLpdcspnCb8dlBIb83SIAbQPb1w="],
//	  "records": 1000,
//	  "registrations_per_hour": 20
//	}
//
// accept must be there: "named" takes any agreement that names this witness's
// key, "listed" those whose ids stand in agreements. What is left out limits
// nothing; what is not known is refused.
func ParsePolicy(b []byte) (Policy, error) {
	if len(b) > maxPolicy {
		return Policy{}, fmt.Errorf("policy: want at most %d bytes, has %d", maxPolicy, len(b))
	}
	var f policyFile
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(&f); err != nil {
		return Policy{}, fmt.Errorf("policy: want an object of accept, agreements, depositaries, logs, records, registrations_per_hour: %w", err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return Policy{}, errors.New("policy: want one object and nothing after it")
	}
	p := Policy{Listed: f.Accept == "listed", Records: f.Records, PerHour: f.PerHour}
	switch {
	case f.Accept != "named" && f.Accept != "listed":
		return Policy{}, fmt.Errorf(`policy: accept: want "named" or "listed", is %.20q`, f.Accept)
	case f.Accept == "named" && len(f.Agreements) > 0:
		return Policy{}, errors.New(`policy: agreements: are listed, and accept is "named", which takes any; want "listed"`)
	case p.Records < 0 || p.Records > maxLogs:
		return Policy{}, fmt.Errorf("policy: records: want 1 to %d, or 0 for no limit", maxLogs)
	case p.PerHour < 0:
		return Policy{}, errors.New("policy: registrations_per_hour: want 1 or more, or 0 for no limit")
	}
	return p, p.read(f)
}

func (p *Policy) read(f policyFile) error {
	for i, s := range f.Agreements {
		id, err := agreement.ParseDigest(s)
		if err != nil {
			return fmt.Errorf("policy: agreements[%d]: want an agreement's id, 64 lower-case hex digits", i)
		}
		p.Agreements = append(p.Agreements, id)
	}
	for i, s := range f.Depositaries {
		key, err := statement.ParsePublicKey(s)
		if err != nil {
			return fmt.Errorf("policy: depositaries[%d]: %w", i, err)
		}
		p.Depositaries = append(p.Depositaries, key)
	}
	for i, s := range f.Logs {
		l, err := parseLog(s)
		if err != nil {
			return fmt.Errorf("policy: logs[%d]: %w", i, err)
		}
		p.Logs = append(p.Logs, l)
	}
	return nil
}

// parseLog reads a verifier key of signature type 0x01.
func parseLog(vkey string) (Log, error) {
	bad := errors.New("want a C2SP verifier key of type 0x01: <origin>+<8 hex digits>+<base64 of 0x01 and 32 bytes>")
	parts := strings.SplitN(vkey, "+", 3)
	if len(parts) != 3 || !statement.ValidKeyName(parts[0]) {
		return Log{}, bad
	}
	raw, err := base64.StdEncoding.Strict().DecodeString(parts[2])
	if err != nil || len(raw) != 33 {
		return Log{}, bad
	}
	key, err := statement.NewPublicKey(raw[1:])
	if err != nil {
		return Log{}, err
	}
	if key.VKey(parts[0]) != vkey {
		return Log{}, bad
	}
	return Log{parts[0], key}, nil
}

// errNotAccepted wraps why the policy does not take a record.
var errNotAccepted = errors.New("this witness's policy does not take this record")

// accepts is nil if the policy takes the record of an agreement.
func (p *Policy) accepts(a *agreement.Agreement, keys []statement.PublicKey) error {
	if p.Listed && !slices.Contains(p.Agreements, a.ID) {
		return fmt.Errorf("%w: agreement %s is not on its list", errNotAccepted, a.ID)
	}
	if len(p.Depositaries) > 0 && !slices.Contains(p.Depositaries, keys[0]) {
		return fmt.Errorf("%w: it does not serve the depositary with the key %s", errNotAccepted, keys[0])
	}
	return nil
}

// most is how many logs the policy lets there be.
func (p *Policy) most() int {
	if p.Records > 0 {
		return p.Records
	}
	return maxLogs
}

// A turnstile counts requests to register by address and hour.
type turnstile struct {
	mu    sync.Mutex
	hour  int64
	count map[string]int
}

// passes counts a request at an instant; false if its address had its share.
func (s *turnstile) passes(address string, at agreement.Instant, share int) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if hour := int64(at) / 3600; hour != s.hour || s.count == nil {
		s.hour, s.count = hour, map[string]int{}
	}
	n, known := s.count[address]
	if n >= share || !known && len(s.count) >= maxAddresses {
		return false
	}
	s.count[address] = n + 1
	return true
}

// addressOf names who sent a request: an IPv4 address, or the network of 2^64
// addresses that one IPv6 customer has.
func addressOf(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	ip := net.ParseIP(host)
	if ip == nil || ip.To4() != nil {
		return host
	}
	return ip.Mask(net.CIDRMask(64, 128)).String()
}
