package vault

import (
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"

	"detente/agreement"
	"detente/statement"
)

// knownDealing is a 1-of-1 dealing with the private seed of its seat and the
// recovered values, made once from fixed randomness by the tests.
//
//go:embed known.json
var knownDealing []byte

type known struct {
	Agreement  string              `json:"agreement"`
	Epoch      statement.EpochBody `json:"epoch"`
	Ciphertext string              `json:"ciphertext"`
	Seed       string              `json:"seed"`
	Share      string              `json:"share"`
}

// SelfTest does everything that a judgement rests on with known answers: a
// process whose HPKE or group is broken or switched off would otherwise find
// every recorder at fault.
func SelfTest() error {
	if err := CheckRuntime(); err != nil {
		return err
	}
	d, k, share, err := readKnown()
	if err != nil {
		return fmt.Errorf("%w: self-test: %v", ErrRuntime, err)
	}
	sh, err := d.OpenShare(1, k)
	if err != nil {
		return fmt.Errorf("%w: self-test: a good share was refused: %v", ErrRuntime, err)
	}
	if string(sh.Bytes()) != string(share) {
		return fmt.Errorf("%w: self-test: a share opened to other values", ErrRuntime)
	}
	if _, err := d.Recover([]*Share{sh}); err != nil {
		return fmt.Errorf("%w: self-test: a good share did not recover: %v", ErrRuntime, err)
	}
	d.Ciphertexts[0][CiphertextSize-1] ^= 1
	if _, err := d.OpenShare(1, k); !errors.Is(err, ErrCiphertext) {
		return fmt.Errorf("%w: self-test: an altered ciphertext was not refused", ErrRuntime)
	}
	return nil
}

func readKnown() (*Dealing, *PrivateKey, []byte, error) {
	var v known
	if err := json.Unmarshal(knownDealing, &v); err != nil {
		return nil, nil, nil, err
	}
	id, err := agreement.ParseDigest(v.Agreement)
	if err != nil {
		return nil, nil, nil, err
	}
	core, err := ParseCore(id, v.Epoch)
	if err != nil {
		return nil, nil, nil, err
	}
	digest, err := ParseDigest(v.Epoch.Digest)
	if err != nil {
		return nil, nil, nil, err
	}
	ct, err := decodeBytes(v.Ciphertext, CiphertextSize)
	if err != nil {
		return nil, nil, nil, err
	}
	d, err := NewDealing(core, [][]byte{ct}, digest)
	if err != nil {
		return nil, nil, nil, err
	}
	seed, err := decodeBytes(v.Seed, SeedSize)
	if err != nil {
		return nil, nil, nil, err
	}
	k, err := NewPrivateKey(seed)
	if err != nil {
		return nil, nil, nil, err
	}
	share, err := decodeBytes(v.Share, ShareSize)
	return d, k, share, err
}
