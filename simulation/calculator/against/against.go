// Package against holds the product's reading of a record to that of the
// independent calculator.
//
// # Promise
//
// Product reads a record twice, by the packages that users run and by package
// calculator, and says everything in which they differ.
//
// # No promise
//
// Where both are wrong alike it says nothing.
package against

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"strings"

	"detente/agreement"
	"detente/machine"
	"detente/record"
	"detente/simulation/calculator"
	"detente/vault"
)

// ErrDiffer is that the product and the calculator read a record differently.
var ErrDiffer = errors.New("the product and the independent calculator differ")

// Product reads the record of a bundle both ways. The objects are the batches
// of manifests that are at hand.
func Product(b *agreement.Bundle, entries, objects [][]byte) error {
	text, err := textOf(b)
	if err != nil {
		return err
	}
	a, diagnostics := agreement.Read(b)
	if a == nil {
		return fmt.Errorf("the bundle has no agreement: %v", diagnostics)
	}
	f, err := record.FoldTo(a, entries, int64(len(entries)))
	if err != nil {
		return err
	}
	by := map[[32]byte][]byte{}
	for _, o := range objects {
		by[sha256.Sum256(o)] = o
	}
	want, err := calculator.Run(text, entries, by)
	if err != nil {
		return err
	}
	got, err := Read(f, by)
	if err != nil {
		return err
	}
	certificates(f, got, want)
	if d := got.Differences(want); len(d) > 0 {
		return fmt.Errorf("%w (first the product, then the calculator):\n%s", ErrDiffer, strings.Join(d, "\n"))
	}
	return nil
}

func textOf(b *agreement.Bundle) (text []byte, err error) {
	for _, f := range b.Files {
		if strings.HasSuffix(f.Path, ".agreement") {
			if text != nil {
				return nil, fmt.Errorf("%w: an agreement in several files", calculator.ErrSubset)
			}
			text = f.Data
		}
	}
	return text, nil
}

// Read gives a fold in the calculator's words.
func Read(f *record.Fold, objects map[[32]byte][]byte) (*calculator.Result, error) {
	r := &calculator.Result{ID: f.Agreement().ID.String(), Root: f.Root(), Clock: int64(f.Clock()), Settled: int64(f.Settled()), InForce: calculator.None}
	if at, ok := f.State().InForce(); ok {
		r.InForce = int64(at)
	}
	waiting := f.Waiting()
	for i := range f.Size() {
		j, err := f.Read(i)
		if err != nil {
			return nil, err
		}
		r.Entries = append(r.Entries, entry(j, slices.Contains(waiting, i)))
	}
	for _, item := range f.State().Standing().Items {
		s := calculator.Status{Name: string(item.Name), Status: item.Status}
		switch item.Noun {
		case "measure":
			r.Measures = append(r.Measures, s)
		case "commitment":
			r.Commitments = append(r.Commitments, s)
		case "vault":
			v, err := vaultOf(f, item.Name, objects)
			if err != nil {
				return nil, err
			}
			v.Outcome = item.Status
			r.Vaults = append(r.Vaults, v)
		}
	}
	return r, nil
}

func entry(j *record.Judged, waits bool) calculator.Entry {
	e := calculator.Entry{Bound: calculator.None}
	if j.Covered {
		e.Bound = int64(j.UB)
	}
	switch {
	case j.Fault != nil:
		e.Fault, e.Why = j.Fault.Code, "fault"
	case j.Proof != nil:
		e.Lo, e.Hi, e.Why = int64(j.Proof.Lo), int64(j.Proof.Hi), "not a statement"
	case j.Statement == nil:
		e.Why = "not a statement"
	case j.Effect != nil:
		e.Effect, e.At, e.Force, e.Proof = true, int64(j.Effect.At), j.Effect.Verdict.Effect, int(j.Effect.Proof)
	case waits && !j.Covered:
		e.Why = "not covered"
	case waits:
		e.Why = "waits"
	}
	return e
}

func vaultOf(f *record.Fold, name agreement.Name, objects map[[32]byte][]byte) (v calculator.Vault, err error) {
	v.Name = string(name)
	l, err := vault.NewReader(f.Agreement(), name)
	if err != nil {
		return v, err
	}
	if err := l.Read(f, f.Size()); err != nil {
		return v, err
	}
	cov, err := l.Cover(f, func(d vault.Digest) ([]byte, error) {
		if b, ok := objects[d]; ok {
			return b, nil
		}
		return nil, errors.New("not at hand")
	})
	if errors.Is(err, vault.ErrNotOpen) {
		return v, nil
	}
	if err != nil {
		return v, err
	}
	for _, c := range cov.Cameras {
		v.Coverage = append(v.Coverage, camera(&c))
	}
	return v, nil
}

func camera(c *vault.CameraCoverage) calculator.Camera {
	out := calculator.Camera{Name: c.Camera, Seconds: map[string]int64{}}
	s := c.Seconds
	for class, n := range map[vault.Class]int64{vault.Covered: s.Covered, vault.Degraded: s.Degraded, vault.ExplainedGap: s.ExplainedGap,
		vault.UnexplainedGap: s.UnexplainedGap, vault.Tampered: s.Tamper, vault.Lost: s.Lost, vault.Unsealed: s.Unsealed} {
		if n > 0 {
			out.Seconds[string(class)] = n
		}
	}
	for _, i := range c.Intervals {
		if n := len(out.Intervals); n > 0 && out.Intervals[n-1].Class == string(i.Class) {
			out.Intervals[n-1].Until = int64(i.Until)
		} else {
			out.Intervals = append(out.Intervals, calculator.Interval{From: int64(i.From), Until: int64(i.Until), Class: string(i.Class)})
		}
	}
	return out
}

// certificates puts down what the fold finds of each vault in the calculator's
// form. The fold gives one certificate where several grounds say the same.
func certificates(f *record.Fold, got, want *calculator.Result) {
	for i := range got.Vaults {
		if i == len(want.Vaults) {
			return
		}
		v := &got.Vaults[i]
		c, err := f.Decide(agreement.Name(v.Name))
		one := calculator.Certificate{Ground: string(c.Ground), Outcome: outcome(c.Outcome)}
		switch all := want.Vaults[i].Certificates; {
		case errors.Is(err, record.ErrExclusion):
			v.Holds, v.Certificates = true, all
		case err == nil && slices.Contains(all, one):
			v.Certificates = all
		case err == nil:
			v.Certificates = []calculator.Certificate{one}
		}
	}
}

func outcome(o machine.Outcome) string { return string(o) }
