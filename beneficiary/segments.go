package beneficiary

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"detente/agreement"
	"detente/vault"
)

// A segmentName is a segment's place in its vault.
type segmentName struct {
	camera string
	seq    int64
}

// segments opens every segment that the record describes. What cannot be opened
// is reported and keeps nothing else from being opened.
func (o *opening) segments(ctx context.Context) error {
	for _, seal := range o.ledger.Seals {
		manifests, err := o.batch(ctx, seal)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			for _, r := range seal.Body.Ranges {
				o.fail(segmentName{r.Camera, r.First}, "", fmt.Errorf("segments %d to %d, sealed at entry %d: their manifests cannot be had: %w", r.First, r.Last, seal.Entry, err))
			}
			continue
		}
		for _, m := range manifests {
			if err := o.segment(ctx, m, seal.Entry); err != nil {
				return err
			}
		}
	}
	return nil
}

func (o *opening) batch(ctx context.Context, seal vault.Seal) ([]*vault.SignedManifest, error) {
	d, err := agreement.ParseDigest(seal.Body.Batch)
	if err != nil {
		return nil, err
	}
	object, err := o.Mirror.Object(ctx, d)
	if err != nil {
		return nil, err
	}
	return vault.OpenBatch(seal.Body, object)
}

func (o *opening) fail(n segmentName, v vault.SegmentVerdict, err error) {
	o.report.Failed = append(o.report.Failed, Failure{Camera: n.camera, Seq: n.seq, Verdict: v, Reason: err.Error()})
}

// segment opens the segment of one manifest. The error is of this machine; what
// is wrong with the segment is reported.
func (o *opening) segment(ctx context.Context, m *vault.SignedManifest, entry int64) error {
	name := segmentName{m.Camera, m.Seq}
	t := &o.ledger.Terms
	if err := m.Verify(o.ledger.KeysAt(entry)...); err != nil {
		o.fail(name, vault.SegmentAltered, err)
		return nil
	}
	switch first, again := o.seen[name]; {
	case again && first == m.Digest():
		return nil
	case again:
		// Opening it too would put it in the place of the first.
		o.fail(name, "", fmt.Errorf("the recorder signed two manifests with this number; this is that of entry %d", entry))
		return nil
	case !slices.Contains(t.Cameras, m.Camera) || m.Agreement != t.Agreement || m.Vault != vault.VaultID(t.Agreement, t.Vault):
		o.fail(name, "", fmt.Errorf("entry %d seals a manifest that is not of a camera of this vault", entry))
		return nil
	}
	o.seen[name] = m.Digest()
	id := o.keys[m.Epoch]
	if id == nil {
		o.fail(name, "", errors.New("the key of its epoch was not recovered"))
		return nil
	}
	b, err := o.Segment(ctx, m.Camera, m.Seq)
	if err != nil {
		o.fail(name, "", err)
		return ctx.Err()
	}
	data, verdict, err := o.opener.Open(&m.Manifest, b, m.Epoch, id, o.padded)
	if err != nil {
		o.fail(name, verdict, err)
		return nil
	}
	if err := o.Clip(m.Camera, m.Seq, data); err != nil {
		return err
	}
	o.report.Opened++
	return nil
}
