package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"detente/agreement"
	"detente/agreement/dir"
	"detente/internal/durable"
	"detente/mirror"
	"detente/record"
)

// A subject is what a command is asked about: a text, an exported record, a
// mirror's folder, or a running record.
type subject struct {
	bundle    *agreement.Bundle
	agreement *agreement.Agreement
	fold      *record.Fold     // nil for a text
	export    *record.Export   // nil unless exported
	follower  *mirror.Follower // nil unless mirrored or running
	client    *mirror.Client   // nil unless running
}

// openSubject opens what path names: the address of a running record, an
// exported record, a mirror's folder, or an agreement's file or folder.
// remember is where a running record's largest head is kept ("": the user's).
func openSubject(ctx context.Context, path, remember string) (*subject, error) {
	if strings.HasPrefix(path, "http://") || strings.HasPrefix(path, "https://") {
		return followRecord(ctx, path, remember)
	}
	if strings.HasSuffix(path, ".detente") {
		return openExport(path)
	}
	if _, err := os.Stat(filepath.Join(path, "bundle")); err == nil {
		return openMirror(ctx, path)
	}
	return openText(path)
}

func openText(path string) (*subject, error) {
	b, err := dir.Load(path)
	if err != nil {
		return nil, &exitError{exitUsage, err}
	}
	a, diagnostics := agreement.Read(b)
	if a == nil {
		return nil, no(fmt.Errorf("%s is not a sound text: %d errors; see: detente check %s", path, len(diagnostics), path))
	}
	return &subject{bundle: b, agreement: a}, nil
}

func openExport(path string) (*subject, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, &exitError{exitUsage, err}
	}
	e, err := record.ReadExport(b, record.DefaultLimits)
	if err != nil {
		return nil, no(err)
	}
	f, err := e.Fold()
	if err != nil {
		return nil, no(err)
	}
	return &subject{bundle: e.Bundle, agreement: f.Agreement(), fold: f, export: e}, nil
}

func openMirror(ctx context.Context, path string) (*subject, error) {
	f, err := mirror.Open(ctx, mirror.Config{Dir: path})
	if err != nil {
		return nil, err
	}
	return &subject{bundle: f.Bundle(), agreement: f.Agreement(), fold: f.Fold(), follower: f}, nil
}

// lockPatience is how long a command waits for another command of the same
// user that holds the folder of the same record.
const lockPatience = 10 * time.Second

// followRecord opens a running record through a folder that remembers it, and
// brings it up to date.
func followRecord(ctx context.Context, address, remember string) (*subject, error) {
	if address == "" {
		address = os.Getenv("DETENTE_RECORD")
	}
	client, err := recordClient(address)
	if err != nil {
		return nil, err
	}
	if remember == "" {
		config, err := os.UserConfigDir()
		if err != nil {
			return nil, usage("no folder to remember the record in: %w; give --dir", err)
		}
		remember = filepath.Join(config, "detente", "records")
	}
	cfg := mirror.Config{Dir: filepath.Join(remember, client.ID().String()), Client: client}
	f, err := mirror.Open(ctx, cfg)
	for patience := time.Now().Add(lockPatience); isLocked(err) && time.Now().Before(patience); {
		time.Sleep(50 * time.Millisecond)
		f, err = mirror.Open(ctx, cfg)
	}
	if err != nil {
		return nil, divergence(err)
	}
	s := &subject{bundle: f.Bundle(), agreement: f.Agreement(), fold: f.Fold(), follower: f, client: client}
	if err := f.Update(ctx); err != nil {
		s.close()
		return nil, divergence(err)
	}
	return s, nil
}

func isLocked(err error) bool {
	_, ok := errors.AsType[*durable.LockedError](err)
	return ok
}

// divergence gives exit status 1 to a record that was checked and is not what
// was seen before; anything else could not be found out.
func divergence(err error) error {
	if _, ok := errors.AsType[*mirror.DivergenceError](err); ok {
		return no(err)
	}
	return err
}

// recordClient reads a record's address: the depositary's, a slash, and the
// agreement's id.
func recordClient(address string) (*mirror.Client, error) {
	const form = "record %q: want the address that `detente serve` printed, for example http://127.0.0.1:7001/ and 64 hex digits"
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		return nil, usage(form, address)
	}
	base, hex, _ := cutLastSlash(strings.TrimSuffix(address, "/"))
	id, err := agreement.ParseDigest(hex)
	if err != nil {
		return nil, usage(form, address)
	}
	c, err := mirror.NewClient(base, id, nil)
	if err != nil {
		return nil, usage("%w", err)
	}
	return c, nil
}

func cutLastSlash(s string) (before, after string, ok bool) {
	i := strings.LastIndexByte(s, '/')
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+1:], true
}

// close gives the folder up.
func (s *subject) close() {
	if s.follower != nil {
		s.follower.Close()
	}
}

// submit puts a note on the running record.
func (s *subject) submit(ctx context.Context, note []byte) (*mirror.Receipt, error) {
	receipt, err := s.client.Submit(ctx, note)
	if refused, ok := errors.AsType[*mirror.RefusedError](err); ok {
		return nil, no(refused)
	}
	return receipt, err
}

// object finds a batch of manifests, wherever the subject has it.
func (s *subject) object(ctx context.Context, digest agreement.Digest) ([]byte, error) {
	if s.export != nil {
		if b, ok := s.export.Object(digest); ok {
			return b, nil
		}
		return nil, mirror.ErrNotFound
	}
	if s.follower != nil {
		return s.follower.Object(ctx, digest)
	}
	return nil, mirror.ErrNotFound
}

// at is the fold as the record was at an instant: of the entries after which
// the record's own clock did not pass t.
func (s *subject) at(t agreement.Instant) (*record.Fold, error) {
	if s.fold == nil {
		return nil, usage("a text has no past: name an exported or a running record, or use: detente plan --until")
	}
	n := s.fold.AsOf(t)
	entries := make([][]byte, n)
	for i := range entries {
		entries[i] = s.fold.Entry(int64(i)).Bytes
	}
	return record.FoldTo(s.agreement, entries, n)
}

// parseInstant reads an RFC 3339 instant, or a day: its first second in UTC.
func parseInstant(text string) (agreement.Instant, error) {
	for _, form := range []string{time.RFC3339, time.DateOnly} {
		if t, err := time.Parse(form, text); err == nil {
			return agreement.Instant(t.Unix()), nil
		}
	}
	return 0, usage("time %q: want a day such as 2021-05-24 or an instant such as 2021-05-24T00:00:00Z", text)
}
