package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"

	"detente/mirror"
	"detente/record"
	"detente/witness"
)

// An observed record tells a witness who hosts and witnesses it now.
type observed struct {
	r       *role
	w       *witness.Witness
	address string
	f       *mirror.Follower
	eras    int // that the witness knows of
}

// observing has the witness learn from the copies what amendments changed, now,
// and from those that have an address as long as the body runs that it gives: a
// record there may still have to be amended to name it.
func observing(ctx context.Context, r *role, w *witness.Witness, copies []string) (func(context.Context) error, error) {
	var running []*observed
	closing := func() (all error) {
		for _, o := range running {
			all = errors.Join(all, o.f.Close())
		}
		return all
	}
	for _, path := range copies {
		if !strings.HasPrefix(path, "http") {
			if err := observeOnce(ctx, r, w, path); err != nil {
				return nil, errors.Join(err, closing())
			}
			continue
		}
		client, err := recordClient(path, reader(r.t, nil))
		if err != nil {
			return nil, errors.Join(err, closing())
		}
		o := &observed{r: r, w: w, address: path}
		if o.f, err = mirror.Open(ctx, mirror.Config{Dir: filepath.Join(r.dir, "follow", client.ID().String()), Client: client, Log: r.log}); err != nil {
			return nil, errors.Join(verdict(err), closing())
		}
		running = append(running, o)
		if err := o.look(ctx); err != nil {
			return nil, errors.Join(err, closing())
		}
	}
	return func(ctx context.Context) error {
		var work sync.WaitGroup
		for _, o := range running {
			work.Go(func() { o.run(ctx) })
		}
		err := w.Run(ctx)
		work.Wait()
		return errors.Join(err, closing())
	}, nil
}

func observeOnce(ctx context.Context, r *role, w *witness.Witness, path string) error {
	s, err := openSubject(ctx, r.t, path, "")
	if err != nil {
		return err
	}
	defer s.close()
	if s.fold == nil {
		return usage("--follow %s: want a copy of the record; a text is given with --register", path)
	}
	_, err = w.Observe(s.fold)
	return verdictOf(path, err)
}

func verdictOf(path string, err error) error {
	if err != nil {
		return no(fmt.Errorf("--follow %s: %w", path, err))
	}
	return nil
}

// look updates the copy and tells the witness. What is known from before counts
// if nobody answers.
func (o *observed) look(ctx context.Context) error {
	heard := o.f.Update(ctx)
	var err error
	o.f.With(func(f *record.Fold) {
		_, err = o.w.Observe(f)
		o.eras = len(f.Eras())
	})
	if errors.Is(err, witness.ErrNotNamed) {
		o.r.log.Info("no text in force names this witness yet; the record is followed until one does", "record", o.address)
		err = nil
	}
	if err != nil {
		return errors.Join(verdictOf(o.address, err), heard)
	}
	if heard != nil {
		o.r.log.Warn("the record that is followed was not heard of", "record", o.address, "error", heard)
	}
	return nil
}

// run tells the witness of every change. A record that is shown otherwise than
// before is followed no more: the witness goes on with what it knows.
func (o *observed) run(ctx context.Context) {
	for ctx.Err() == nil {
		err := o.f.Wait(ctx, func(f *record.Fold, _ int64) bool { return len(f.Eras()) != o.eras })
		if ctx.Err() != nil {
			return
		}
		if err == nil {
			err = o.look(ctx)
		}
		if err != nil {
			o.r.log.Error("a record is followed no more", "record", o.address, "error", err)
			return
		}
		o.r.log.Info("who hosts or witnesses a record has changed", "record", o.address)
	}
}
