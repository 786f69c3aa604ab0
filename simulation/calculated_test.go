package simulation_test

import (
	"context"
	"time"

	"detente/record"
	"detente/simulation/calculator/against"
)

// calculated holds what the product makes of the record that a play leaves to
// the independent calculator.
func (p *play) calculated() {
	if p.World == nil || p.Reader == nil || p.t.Failed() {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(p.ctx), 5*time.Second)
	defer cancel()
	var entries, objects [][]byte
	p.Reader.With(func(f *record.Fold) {
		for i := range f.Size() {
			entries = append(entries, record.Must(f.Read(i)).Bytes)
		}
	})
	if len(entries) == 0 {
		return
	}
	if file, err := p.Export(ctx); err == nil { // a play may end where nothing can be had any more
		if e, err := record.ReadExport(file, record.DefaultLimits); err == nil {
			objects = e.Objects
		}
	}
	if err := against.Product(p.Bundle, entries, objects); err != nil {
		p.t.Errorf("the calculator: %v", err)
	}
}
