package recorder

import (
	"context"
	"fmt"

	"detente/agreement"
	"detente/record"
	"detente/statement"
	"detente/vault"
)

// A recorder whom an amendment puts in another's place, or who has another key,
// goes on with each camera's chain of manifests: numbers are dense, and each names
// the one before it, whoever signed that. The last manifest of the one before is
// in a batch that the record names; it is kept at that place of the new folder.

// followsAnother is whether a text gave the vault to another recorder, or
// another key to this one, before the text in force.
func followsAnother(f *record.Fold, name agreement.Name, own statement.Signer) bool {
	for _, v := range f.Versions() {
		t := termsOf(v.Agreement, name)
		if t == nil {
			continue
		}
		for _, d := range v.Agreement.Devices {
			if d.Name == t.Recorder && d.Key != own.Public().String() {
				return true
			}
		}
	}
	return false
}

func (r *Recorder) own() *statement.PublicKey {
	key := r.cfg.Signer.Public()
	return &key
}

// takeOver compares the folder with the record, which may have more manifests of
// a camera. Those of another key are of who was recorder before: this one goes on
// from them. Its own would show that the folder is an old copy, and going on would
// number others like them.
func (r *Recorder) takeOver(ctx context.Context) error {
	for camera, seal := range r.ahead() {
		next, _ := r.shelf.next(camera)
		last, err := r.lastOf(ctx, camera, seal)
		if err != nil {
			return err
		}
		if last == nil || last.Verify(*r.own()) == nil {
			return fmt.Errorf("the record has %d manifests of camera %s, the folder %d: the folder is an old copy or was emptied; restore it, or what is recorded now would contradict the record", seal.last, camera, next-1)
		}
		if err := r.shelf.add(last); err != nil {
			return err
		}
		r.shelf.sealed(camera, last.Seq)
		r.cfg.Log.Info("going on after another recorder", "camera", camera, "manifests", last.Seq)
	}
	return nil
}

// A lastSeal is the batch with the last manifest of a camera.
type lastSeal struct {
	body statement.SealBody
	last int64
}

// ahead are the cameras of which the record has more than the folder.
func (r *Recorder) ahead() map[string]lastSeal {
	r.mu.Lock()
	defer r.mu.Unlock()
	all := map[string]lastSeal{}
	for _, s := range r.ledger.Seals {
		for _, c := range s.Body.Ranges {
			if next, _ := r.shelf.next(c.Camera); c.Last >= next && c.Last > all[c.Camera].last {
				all[c.Camera] = lastSeal{s.Body, c.Last}
			}
		}
	}
	return all
}

// lastOf is the last manifest of a camera on the record; nil if nobody but this
// recorder, with this key, can have made it.
func (r *Recorder) lastOf(ctx context.Context, camera string, s lastSeal) (*vault.SignedManifest, error) {
	if !r.follows {
		return nil, nil
	}
	digest, err := agreement.ParseDigest(s.body.Batch)
	var object []byte
	if err == nil {
		object, err = r.follower.Object(ctx, digest)
	}
	var all []*vault.SignedManifest
	if err == nil {
		all, err = vault.OpenBatch(s.body, object)
	}
	if err != nil {
		return nil, fmt.Errorf("the last manifest of the recorder before, number %d of camera %s, is needed to go on from, and its batch %s cannot be had: %w; ask the host again, or follow a mirror that has it", s.last, camera, s.body.Batch, err)
	}
	for _, m := range all {
		if m.Camera == camera && m.Seq == s.last {
			return m, nil
		}
	}
	return nil, fmt.Errorf("batch %s does not hold manifest %d of camera %s, as its seal says", s.body.Batch, s.last, camera)
}
