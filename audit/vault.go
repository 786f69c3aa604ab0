package audit

import (
	"errors"
	"fmt"

	"detente/agreement"
	"detente/machine"
	"detente/record"
	"detente/vault"
)

// errMissing says that the file does not hold a batch.
var errMissing = errors.New("not in this file")

// vault folds the evidence of one vault, holds whoever acted on its outcome to
// the certificate he carries, and computes the coverage.
func (r *Report) vault(e *record.ExportFile, f *record.Fold, v *agreement.Vault) error {
	if err := vault.SelfTest(); err != nil {
		return err
	}
	l, err := vault.ReaderOf(f, v.Name)
	if err != nil {
		return err
	}
	if err := l.Read(f, f.Size()); err != nil {
		return err
	}
	out := Vault{Name: v.Name, Seats: len(l.Custodies), Attested: l.Erasures()}
	var since agreement.Instant
	out.Outcome, since = f.State().Outcome(v.Name)
	out.Since = moment(since)
	for _, verdict := range l.Verdicts {
		if verdict.Culprit != "" {
			r.Conduct = append(r.Conduct, Conduct{verdict.Index, string(verdict.Culprit), verdict.Reason})
		}
	}
	r.dealings(l, &out)
	r.outcome(e, f, v, &out)
	r.acts(f, l, &out)
	r.coverage(e, f, l, &out)
	r.Vaults = append(r.Vaults, out)
	return nil
}

func (r *Report) dealings(l *vault.Reader, out *Vault) {
	acknowledged := 0
	for _, a := range l.Attempts {
		switch a.Status {
		case vault.Sealed:
			out.Epochs++
		case vault.Void:
			out.Void++
		}
		acknowledged += a.Acknowledgements()
	}
	r.checked(len(l.Attempts), fmt.Sprintf("dealings of vault %s: terms, keys used once, ciphertexts", out.Name))
	r.checked(acknowledged, fmt.Sprintf("acknowledgements of shares of vault %s: proofs of knowledge", out.Name))
}

// outcome looks for the certificate of the outcome.
func (r *Report) outcome(e *record.ExportFile, f *record.Fold, v *agreement.Vault, out *Vault) {
	c, err := f.Decide(v.Name, e.Checkpoint)
	switch {
	case err == nil:
		out.Ground = c.Ground
		out.Outcome = c.Outcome
		r.checked(1, fmt.Sprintf("certificate of the outcome of vault %s", v.Name))
	case out.Outcome == machine.Released || out.Outcome == machine.Erased:
		r.Unknown = append(r.Unknown, fmt.Sprintf("vault %s: the fold decides %s, but %s", v.Name, out.Outcome, noCertificate(err)))
	case errors.Is(err, record.ErrExclusion), errors.Is(err, record.ErrFork):
		r.Unknown = append(r.Unknown, fmt.Sprintf("vault %s: %v", v.Name, err))
	}
}

// acts holds every hand-over and erasure to the certificate that it carries.
func (r *Report) acts(f *record.Fold, l *vault.Reader, out *Vault) {
	handed := map[int]bool{}
	for _, h := range l.HandOvers {
		handed[h.Seat] = true
		r.act(f, out, h.Entry, l.Custodies[h.Seat-1].Custodian, h.Certificate, machine.Released)
	}
	out.Handed = len(handed)
	erasures := 0
	for _, c := range l.Custodies {
		for _, x := range c.Erased {
			erasures++
			r.act(f, out, x.Entry, c.Custodian, x.Certificate, machine.Erased)
		}
	}
	r.checked(len(l.HandOvers)+erasures, fmt.Sprintf("acts of custodians on the outcome of vault %s: the certificate each carries", out.Name))
}

func (r *Report) act(f *record.Fold, out *Vault, entry int64, by agreement.Name, certificate string, outcome machine.Outcome) {
	c, err := f.Certify(out.Name, []byte(certificate))
	switch {
	case errors.Is(err, record.ErrTooShort):
		r.Unknown = append(r.Unknown, fmt.Sprintf("entry %d: the certificate of %s is longer than this file's record", entry, by))
	case errors.Is(err, record.ErrFork), errors.Is(err, record.ErrExclusion):
		// Then it is the witnesses who are at fault, and nobody can say which history is the record.
		r.Unknown = append(r.Unknown, fmt.Sprintf("entry %d: the certificate of %s: %v", entry, by, err))
	case err != nil:
		r.Conduct = append(r.Conduct, Conduct{entry, string(by), fmt.Sprintf("acted on %s without a certificate of it: %v", outcome, err)})
	case c.Outcome != outcome:
		r.Conduct = append(r.Conduct, Conduct{entry, string(by), fmt.Sprintf("acted on %s with a certificate of %s", outcome, c.Outcome)})
	}
}

// coverage computes the coverage from the batches in the file.
func (r *Report) coverage(e *record.ExportFile, f *record.Fold, l *vault.Reader, out *Vault) {
	manifests := 0
	cov, err := l.Cover(f, func(d vault.Digest) ([]byte, error) {
		b, ok, err := e.Object(d)
		if err == nil && !ok {
			err = errMissing
		}
		return b, err
	})
	if errors.Is(err, vault.ErrNotOpen) {
		return
	}
	if err != nil {
		r.Unknown = append(r.Unknown, fmt.Sprintf("vault %s: coverage: %v", out.Name, err))
		return
	}
	for _, c := range cov.Cameras {
		manifests += int(c.Segments)
	}
	r.checked(len(l.Seals)-len(cov.Missing), fmt.Sprintf("batches of manifests of vault %s: digest, order, ranges", out.Name))
	r.checked(manifests, fmt.Sprintf("manifests of vault %s: signature, chain, epoch, times", out.Name))
	for _, m := range cov.Missing {
		r.Unknown = append(r.Unknown, fmt.Sprintf("vault %s: what batch %s of entry %d covers: %s", out.Name, m.Batch, m.Entry, m.Reason))
	}
	out.Coverage = cov
}
