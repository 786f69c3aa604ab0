package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"detente/agreement"
	"detente/agreement/dir"
	"detente/internal/durable"
	"detente/mirror"
	"detente/mirror/access"
	"detente/record"
	"detente/statement"
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
	history   *history         // of a text; nil if its folder has none
}

// subjectOf is the PATH of a command that takes `[PATH]`, then rest operands:
// the first argument, or the running record that DETENTE_RECORD names.
func subjectOf(args []string, rest int) (path string, others []string, err error) {
	if len(args) > rest {
		return args[0], args[1:], nil
	}
	path = os.Getenv("DETENTE_RECORD")
	switch {
	case path == "" && rest > 0:
		return "", nil, usage("nothing to look at: %q is taken for what to look for, and the record for the one of DETENTE_RECORD, which is not set\ngive PATH before it: a text, an exported record, a mirror's folder or a record's address", args[0])
	case path == "":
		return "", nil, usage("nothing to look at: give PATH (a text, an exported record, a mirror's folder or a record's address), or set DETENTE_RECORD")
	}
	return path, args, nil
}

// openSubject opens what path names: the address of a running record, an
// exported record, a mirror's folder, or an agreement's file or folder.
// remember is where a running record's largest head is kept ("": the user's).
func openSubject(ctx context.Context, t terminal, path, remember string) (*subject, error) {
	switch {
	case strings.HasPrefix(path, "http://") || strings.HasPrefix(path, "https://"):
		return followRecord(ctx, t, path, remember)
	case strings.HasSuffix(path, ".detente"):
		return openExport(path)
	case isMirror(path):
		return openMirror(ctx, path)
	}
	return openTextWithHistory(path)
}

// openTextWithHistory opens a text and what its folder says has happened.
func openTextWithHistory(path string) (*subject, error) {
	h, err := historyOf(path)
	if err != nil {
		return nil, err
	}
	if h != nil && h.file == path {
		path = filepath.Dir(path)
	}
	s, err := openText(path)
	if err == nil {
		s.history = h
	}
	return s, err
}

func openText(path string) (*subject, error) {
	b, err := dir.Load(path)
	if err != nil {
		return nil, usage("%w", err)
	}
	a, diagnostics := agreement.Read(b)
	if a == nil {
		return nil, no(fmt.Errorf("%s is not a sound text: %s\nsee: detente check %s", path, count(len(diagnostics), "fault"), path))
	}
	return &subject{bundle: b, agreement: a}, nil
}

func openExport(path string) (*subject, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, usage("%w", err)
	}
	e, err := record.ReadExport(b, record.DefaultLimits)
	if err != nil {
		return nil, no(fmt.Errorf("%s is not a sound export: %w\nsee: detente audit %s", path, err, path))
	}
	f, err := e.Fold()
	if err != nil {
		return nil, no(fmt.Errorf("%s is not a sound export: %w\nsee: detente audit %s", path, err, path))
	}
	return &subject{bundle: e.Bundle, agreement: f.Agreement(), fold: f, export: e}, nil
}

// isMirror is whether path is a mirror's folder: it holds the bundle's archive.
func isMirror(path string) bool {
	info, err := os.Stat(filepath.Join(path, "bundle"))
	return err == nil && info.Mode().IsRegular()
}

func openMirror(ctx context.Context, path string) (*subject, error) {
	f, err := mirror.Open(ctx, mirror.Config{Dir: path})
	if isLocked(err) {
		return nil, fmt.Errorf("a running process keeps the folder %s: ask it by the address that it printed, or end it", path)
	}
	if err != nil {
		return nil, verdict(err)
	}
	return &subject{bundle: f.Bundle(), agreement: f.Agreement(), fold: f.Fold(), follower: f}, nil
}

// lockPatience is how long a command waits for another command of the same
// user that holds the folder of the same record.
const lockPatience = 10 * time.Second

// followRecord opens a running record through a folder that remembers it, and
// brings it up to date.
func followRecord(ctx context.Context, t terminal, address, remember string, as ...statement.Signer) (*subject, error) {
	if address == "" {
		address = os.Getenv("DETENTE_RECORD")
	}
	client, err := recordClient(address, reader(t, as))
	if err != nil {
		return nil, err
	}
	folder, err := folderOf(remember, client.ID())
	if err != nil {
		return nil, err
	}
	defer t.working("fetching and verifying the record")()
	cfg := mirror.Config{Dir: folder, Client: client}
	f, err := mirror.Open(ctx, cfg)
	for patience := time.Now().Add(lockPatience); isLocked(err) && time.Now().Before(patience); {
		time.Sleep(50 * time.Millisecond)
		f, err = mirror.Open(ctx, cfg)
	}
	if err != nil {
		return nil, unreachable(address, verdict(err))
	}
	s := &subject{bundle: f.Bundle(), agreement: f.Agreement(), follower: f, client: client}
	if err := f.Update(ctx); err != nil {
		s.close()
		return nil, unreachable(address, verdict(err))
	}
	s.fold = f.Fold() // not before: an update may put another in its place
	return s, nil
}

// folderOf is where the largest head of a record is remembered ("": the user's).
func folderOf(remember string, id agreement.Digest) (string, error) {
	if remember == "" {
		config, err := os.UserConfigDir()
		if err != nil {
			return "", usage("no folder to remember the record in: %w; give --dir", err)
		}
		remember = filepath.Join(config, "detente", "records")
	}
	return filepath.Join(remember, id.String()), nil
}

// unreachable says in plain words that nobody answers at an address.
func unreachable(address string, err error) error {
	if failed, ok := errors.AsType[*net.OpError](err); ok && failed.Op == "dial" {
		return fmt.Errorf("nobody answers at %s: %w\nwhat is known of the record without it: a mirror's folder, or an exported record", address, failed.Err)
	}
	return err
}

func isLocked(err error) bool {
	_, ok := errors.AsType[*durable.LockedError](err)
	return ok
}

// recordClient reads a record's address: the depositary's, a slash, and the
// agreement's id. Without one it is that of DETENTE_RECORD.
func recordClient(address string, reader func() (statement.Signer, error)) (*mirror.Client, error) {
	if address == "" {
		address = os.Getenv("DETENTE_RECORD")
	}
	if address == "" {
		return nil, usage("no record: give --record URL, the address that detente serve printed, or set DETENTE_RECORD")
	}
	wrong := usage("record %q: want the address that detente serve printed, for example http://127.0.0.1:7001/ and 64 hex digits", address)
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		return nil, wrong
	}
	address = strings.TrimSuffix(address, "/")
	slash := strings.LastIndexByte(address, '/')
	id, err := agreement.ParseDigest(address[slash+1:])
	if err != nil {
		return nil, wrong
	}
	c, err := mirror.NewClient(address[:slash], id, &http.Client{Transport: &access.Transport{Agreement: id, Key: reader}})
	if err != nil {
		return nil, usage("%w", err)
	}
	return c, nil
}

// reader gives the key that signs requests for a private record: one that the
// command was given, or that of DETENTE_KEY.
func reader(t terminal, as []statement.Signer) func() (statement.Signer, error) {
	return func() (statement.Signer, error) {
		if len(as) == 0 {
			var err error
			as, err = loadKeys(t, nil)
			if errors.Is(err, errNoKey) {
				return nil, usage("the record is private, and is read by those whom its text names: set DETENTE_KEY to the file of your key")
			}
			if err != nil {
				return nil, err
			}
		}
		return as[0], nil
	}
}

// close gives the folder up.
func (s *subject) close() {
	if s.follower != nil {
		s.follower.Close()
	}
}

// submitPatience is how long a statement is sent again to a depositary that
// cannot take it in just now.
const submitPatience = 10 * time.Second

// submit puts a note on the running record.
func (s *subject) submit(ctx context.Context, note []byte) (*mirror.Receipt, error) {
	for patience := time.Now().Add(submitPatience); ; time.Sleep(100 * time.Millisecond) {
		receipt, err := s.client.Submit(ctx, note)
		refused, ok := errors.AsType[*mirror.RefusedError](err)
		switch {
		case !ok:
			return receipt, err
		case refused.Status == http.StatusTooManyRequests || refused.Code == "unconfirmed":
			if time.Now().Before(patience) {
				continue
			}
			return nil, err
		case refused.Status >= http.StatusInternalServerError:
			return nil, err // no rule is cited: whether it would be taken is not known
		}
		return nil, no(refused)
	}
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
		return nil, usage("a text has no past: name an exported or a running record\nwhat a text says of the future: detente plan PATH --until TIME")
	}
	n := s.fold.AsOf(t)
	entries := make([][]byte, n)
	for i := range entries {
		var err error
		if entries[i], err = s.fold.Bytes(int64(i)); err != nil {
			return nil, err
		}
	}
	return record.FoldTo(s.agreement, entries, n)
}

// inForce is the text in force: of a record what it says, or else the text itself.
func (s *subject) inForce() *agreement.Agreement {
	if s.fold == nil {
		return s.agreement
	}
	return s.fold.InForce()
}

// pickVault is the vault of that name, or, without one, the only one.
func pickVault(a *agreement.Agreement, name string) (*agreement.Vault, error) {
	var names []string
	for _, v := range a.Vaults {
		if string(v.Name) == name || name == "" && len(a.Vaults) == 1 {
			return v, nil
		}
		names = append(names, string(v.Name))
	}
	switch {
	case len(names) == 0:
		return nil, usage("the text has no vault")
	case name == "":
		return nil, usage("the text has the vaults %s: give --vault NAME", strings.Join(names, ", "))
	}
	return nil, usage("vault %q: the text has %s", name, strings.Join(names, ", "))
}

// parseInstant reads an RFC 3339 instant, or a day: its first instant in the
// zone of the agreement, as in its text.
func parseInstant(a *agreement.Agreement, text string) (agreement.Instant, error) {
	if t, err := time.Parse(time.RFC3339, text); err == nil {
		return agreement.Instant(t.Unix()), nil
	}
	if t, err := time.Parse(time.DateOnly, text); err == nil {
		return agreement.StartOfDay(t.Year(), t.Month(), t.Day(), a.Zone), nil
	}
	return 0, usage("time %q: want a day such as 2021-05-24, which begins at midnight in the agreement's zone, or an instant such as 2021-05-24T00:00:00Z", text)
}
