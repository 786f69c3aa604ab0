package custodian

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"detente/statement"
	"detente/vault"
)

// overwrite opens a file to write over what is in it, in place.
const overwrite = os.O_WRONLY

// handOver gives the shares of a request's epochs to its delivery key, a batch
// at a time. An epoch is handed over once for a request, or its lack is logged
// once.
func (s *seat) handOver(ctx context.Context, d vault.Duty) error {
	for first := 0; first < len(d.Epochs); first += vault.MaxShares {
		epochs := d.Epochs[first:min(first+vault.MaxShares, len(d.Epochs))]
		if err := s.handBatch(ctx, d.Request, epochs); err != nil {
			return err
		}
	}
	return nil
}

// handBatch hands over those of the epochs about which this life has said
// nothing, in one statement, and offers again what the host did not take.
func (s *seat) handBatch(ctx context.Context, r *vault.Request, epochs []*vault.Attempt) error {
	about := func(a *vault.Attempt) string { return fmt.Sprintf("hand over epoch %d for %s", a.Core.Epoch, r.ID) }
	var fresh []*vault.Attempt
	for _, a := range epochs {
		if s.said[about(a)] == nil {
			fresh = append(fresh, a)
		} else if err := s.once(ctx, about(a), r.ID, nil); err != nil {
			return err
		}
	}
	if len(fresh) == 0 {
		return nil
	}
	if err := s.once(ctx, about(fresh[0]), r.ID, func() (statement.Body, error) { return s.handOverOf(r, fresh) }); err != nil {
		return err
	}
	for _, a := range fresh {
		s.said[about(a)] = s.said[about(fresh[0])]
	}
	return nil
}

func (s *seat) handOverOf(r *vault.Request, epochs []*vault.Attempt) (statement.Body, error) {
	body := statement.HandOverBody{Vault: string(s.vault), Seat: s.number, Certificate: s.certificate}
	for _, a := range epochs {
		one, ok, err := s.handOne(a, r)
		if err != nil {
			return nil, err
		}
		if ok {
			body.Shares = append(body.Shares, one)
		}
	}
	if len(body.Shares) == 0 {
		return nil, nil
	}
	return body, nil
}

// handOne encrypts the share of one epoch to the request's delivery key; false
// if the folder has no fitting share: a wrong one would only be proved wrong.
func (s *seat) handOne(a *vault.Attempt, r *vault.Request) (statement.HandOver, bool, error) {
	var none statement.HandOver
	log := s.custodian.cfg.Log.With("vault", s.vault, "epoch", a.Core.Epoch)
	share, err := s.share(a)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		log.Warn("no share of this epoch in the folder")
		return none, false, nil
	case errors.Is(err, errDamaged):
		log.Error("the share of this epoch is damaged: it is not handed over", "error", err)
		return none, false, nil
	case err != nil:
		return none, false, err
	}
	defer share.Wipe()
	ct, err := a.Dealing.HandOver(share, r.ID, r.Keys[s.number-1])
	if err != nil {
		return none, false, err
	}
	return statement.HandOver{
		Epoch: a.Core.Epoch, Digest: a.Digest.String(), Ciphertext: base64.StdEncoding.EncodeToString(ct),
	}, true, nil
}

// share reads the share of an epoch and checks that it fits. The caller wipes it.
func (s *seat) share(a *vault.Attempt) (*vault.Share, error) {
	b, err := s.readSecret("share", a.Digest.String())
	if err != nil {
		return nil, err
	}
	defer b.Free()
	share, err := vault.ParseShare(s.number, b.Bytes())
	if err == nil {
		err = a.Dealing.VerifyShare(share)
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errDamaged, err)
	}
	return share, nil
}

// erase destroys every share and key of the vault and says so. A folder that
// was restored after an erasure is erased again, and that is said too.
func (s *seat) erase(ctx context.Context) error {
	for _, folder := range []string{"share", "key"} {
		n, err := s.empty(folder)
		if err != nil {
			return err
		}
		s.destroyed = s.destroyed || n > 0
		if folder == "share" {
			s.strays += n
		}
	}
	if err := s.forgetSeal(); err != nil {
		return err
	}
	if !s.custodian.caught || s.number == 0 {
		return nil
	}
	const about = "erased"
	body := statement.ErasedBody{Vault: string(s.vault), Seat: s.number, Certificate: s.certificate}
	if len(s.ledger.Custodies[s.number-1].Erased) == 0 || s.said[about] != nil {
		return s.once(ctx, about, statement.ID{}, func() (statement.Body, error) {
			// Not those found in this life: an earlier one may have died before it said so.
			body.Epochs = s.acknowledged()
			return body, nil
		})
	}
	if !s.destroyed {
		return nil
	}
	return s.once(ctx, "erased again", statement.ID{}, func() (statement.Body, error) {
		body.Epochs, body.Again = s.strays, true
		return body, nil
	})
}

// acknowledged is of how many epochs the record says that this seat had a share.
func (s *seat) acknowledged() (n int) {
	for _, a := range s.ledger.Attempts {
		if _, state, ok := s.in(a); ok && a.Status == vault.Sealed && state.Acknowledged >= 0 {
			n++
		}
	}
	return n
}

// empty destroys every file of one of the seat's folders and counts them.
func (s *seat) empty(folder string) (n int, err error) {
	names, err := s.fs().ReadDir(s.path(folder))
	if err != nil {
		return 0, err
	}
	for _, name := range names {
		if err := s.destroy(folder, name); err != nil {
			return n, err
		}
		n++
	}
	return n, nil
}

// destroy overwrites a file and removes it, durably. The overwriting is for
// disks that write in place; it is no proof, and nothing here claims that it is.
func (s *seat) destroy(folder, name string) error {
	file := s.path(folder, name)
	f, err := s.fs().OpenFile(file, overwrite, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	size, err := f.Size()
	if err == nil {
		_, err = f.Write(bytes.Repeat([]byte{0}, int(size)))
	}
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return fmt.Errorf("overwriting %s: %w", file, err)
	}
	if err := s.fs().Remove(file); err != nil {
		return err
	}
	return s.fs().SyncDir(s.path(folder))
}
