package custodian

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"detente/internal/durable"
	"detente/statement"
	"detente/vault"
)

// overwrite opens a file to write over what is in it, in place.
const overwrite = os.O_WRONLY

// handOver gives the shares of a request's epochs to its delivery key, a batch
// at a time.
func (s *seat) handOver(ctx context.Context, d vault.Duty) error {
	for first := 0; first < len(d.Epochs); first += vault.MaxShares {
		epochs := d.Epochs[first:min(first+vault.MaxShares, len(d.Epochs))]
		about := fmt.Sprintf("hand over %s from epoch %d", d.Request.ID, epochs[0].Core.Epoch)
		if s.done[about] {
			continue
		}
		body := statement.HandOverBody{Vault: string(s.vault), Seat: s.number, Certificate: s.certificate}
		for _, a := range epochs {
			one, ok, err := s.handOne(a, d.Request)
			if err != nil {
				return err
			}
			if ok {
				body.Shares = append(body.Shares, one)
			}
		}
		if len(body.Shares) == 0 {
			s.done[about] = true
			continue
		}
		s.once(about, func() bool { return s.custodian.say(ctx, d.Request.ID, body) })
	}
	return nil
}

// handOne encrypts the share of one epoch to the request's delivery key; false
// if this seat never had a fitting share.
func (s *seat) handOne(a *vault.Attempt, r *vault.Request) (statement.HandOver, bool, error) {
	b, err := durable.ReadFile(s.fs(), s.shareFile(a), vault.ShareSize)
	if errors.Is(err, fs.ErrNotExist) {
		s.custodian.cfg.Log.Warn("no share of this epoch in the folder", "epoch", a.Core.Epoch)
		return statement.HandOver{}, false, nil
	}
	if err != nil {
		return statement.HandOver{}, false, err
	}
	share, err := vault.ParseShare(s.number, b)
	if err != nil {
		return statement.HandOver{}, false, fmt.Errorf("%s: %w", s.shareFile(a), err)
	}
	defer share.Wipe()
	ct, err := a.Dealing.HandOver(share, r.ID, r.Keys[s.number-1])
	if err != nil {
		return statement.HandOver{}, false, err
	}
	return statement.HandOver{
		Epoch: a.Core.Epoch, Digest: a.Digest.String(), Ciphertext: base64.StdEncoding.EncodeToString(ct),
	}, true, nil
}

// erase destroys every share and key of the vault and says so. A folder that
// was restored after an erasure is erased again, and that is said too.
func (s *seat) erase(ctx context.Context) error {
	shares, err := s.empty("share")
	if err != nil {
		return err
	}
	keys, err := s.empty("key")
	if err != nil {
		return err
	}
	said := s.ledger.Custodies[s.number-1].Erased
	again := len(said) > 0
	if again && shares+keys == 0 {
		return nil
	}
	about := "erased"
	if again {
		about = fmt.Sprintf("erased again after %d", len(said))
	}
	s.once(about, func() bool {
		return s.custodian.say(ctx, statement.ID{}, statement.ErasedBody{
			Vault: string(s.vault), Seat: s.number, Epochs: shares, Certificate: s.certificate, Again: again,
		})
	})
	return nil
}

// empty destroys every file of one of the seat's folders and counts them.
func (s *seat) empty(folder string) (n int, err error) {
	names, err := s.fs().ReadDir(s.path(folder))
	if err != nil {
		return 0, err
	}
	for _, name := range names {
		if err := s.destroy(s.path(folder, name)); err != nil {
			return n, err
		}
		n++
	}
	return n, nil
}

// destroy overwrites a file and removes it. The overwriting is for disks that
// write in place; it is no proof, and nothing here claims that it is.
func (s *seat) destroy(name string) error {
	b, err := durable.ReadFile(s.fs(), name, 1<<16)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	f, err := s.fs().OpenFile(name, overwrite, 0)
	if err != nil {
		return err
	}
	_, err = f.Write(bytes.Repeat([]byte{0}, len(b)))
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return fmt.Errorf("overwriting %s: %w", name, err)
	}
	return s.fs().Remove(name)
}
