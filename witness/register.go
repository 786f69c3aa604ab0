package witness

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"path/filepath"
	"slices"

	"detente/agreement"
	"detente/internal/durable"
	"detente/internal/httpserve"
	"detente/internal/ustar"
	"detente/record"
	"detente/statement"
)

var errFull = errors.New("this witness has all the records it can hold")

// Add registers a log: from here on its checkpoints are cosigned, whichever of
// the keys signs them. Adding it again changes nothing; other keys for the same
// origin are refused.
func (w *Witness) Add(origin string, keys ...statement.PublicKey) error {
	if !statement.ValidKeyName(origin) {
		return fmt.Errorf("registering a log: %q cannot be an origin", origin)
	}
	if len(keys) == 0 {
		return fmt.Errorf("registering a log: %q has no key", origin)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.lock == nil {
		return errors.New("registering a log: the witness is closed")
	}
	hash := hashOf(origin)
	if l, ok := w.logs[hash]; ok {
		return w.addKeys(l, keys)
	}
	if len(w.logs) >= w.cfg.Policy.most() {
		return errFull
	}
	l := &log{origin: origin, keys: keys, dir: filepath.Join(w.cfg.Dir, "logs", hash), head: emptyHead(origin)}
	if err := durable.MkdirAll(w.cfg.FS, l.dir); err != nil {
		return fmt.Errorf("registering a log: %w", err)
	}
	for _, f := range []struct{ name, data string }{{"head", noHead}, {"log", string(l.file())}} { // in this order: see noHead
		if err := durable.WriteFile(w.cfg.FS, filepath.Join(l.dir, f.name), []byte(f.data)); err != nil {
			return fmt.Errorf("registering a log: %w", err)
		}
	}
	w.logs[hash] = l
	return nil
}

// addKeys adds the keys of successors to a log that was registered with the
// first of its keys alone.
func (w *Witness) addKeys(l *log, keys []statement.PublicKey) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case len(keys) <= len(l.keys) && slices.Equal(l.keys[:len(keys)], keys): // others were added since
		return nil
	case len(l.keys) != 1 || l.keys[0] != keys[0]:
		return fmt.Errorf("registering a log: %q is registered with another key", l.origin)
	}
	next := &log{origin: l.origin, keys: keys}
	if err := durable.WriteFile(w.cfg.FS, filepath.Join(l.dir, "log"), next.file()); err != nil {
		return fmt.Errorf("registering a log: %w", err)
	}
	l.keys = keys
	return nil
}

// Follow has a registered log's checkpoints cosigned under one more key, for the
// witness's operator: that of a depositary that an amendment named. Only what
// extends the head cosigned last is cosigned, whoever signs it.
func (w *Witness) Follow(origin string, key statement.PublicKey) error {
	l := w.log(hashOf(origin))
	if l == nil {
		return fmt.Errorf("following a log: %q is not registered here", origin)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if slices.Contains(l.keys, key) {
		return nil
	}
	next := &log{origin: l.origin, keys: append(slices.Clone(l.keys), key)}
	if n := len(next.file()); n > maxLogFile {
		return fmt.Errorf("following a log: its keys take %d bytes, want at most %d", n, maxLogFile)
	}
	if err := durable.WriteFile(w.cfg.FS, filepath.Join(l.dir, "log"), next.file()); err != nil {
		return fmt.Errorf("following a log: %w", err)
	}
	l.keys = next.keys
	return nil
}

// Register registers the record of an agreement for the witness's operator,
// given the archive of its bundle (canonical ustar), whatever the policy says of
// agreements and depositaries. The text must name this witness's key among those
// of its quorum: a witness serves who asked for it. It gives the record's origin.
func (w *Witness) Register(archive []byte) (string, error) {
	a, keys, err := w.readBundle(archive)
	if err != nil {
		return "", fmt.Errorf("registering a record: %w", err)
	}
	origin := record.Origin(a)
	return origin, w.Add(origin, keys...)
}

// admit registers a record for anybody, if the policy takes it.
func (w *Witness) admit(archive []byte) (string, error) {
	a, keys, err := w.readBundle(archive)
	if err == nil {
		err = w.cfg.Policy.accepts(a, keys)
	}
	if err != nil {
		return "", fmt.Errorf("registering a record: %w", err)
	}
	origin := record.Origin(a)
	return origin, w.Add(origin, keys...)
}

// readBundle reads an agreement that names this witness, and the keys that may
// sign its record's checkpoints, the depositary's first.
func (w *Witness) readBundle(archive []byte) (*agreement.Agreement, []statement.PublicKey, error) {
	files, err := ustar.Read(bytes.NewReader(archive), ustar.Limits{Files: bundleFiles, File: bundleFile, Total: bundleTotal})
	if err != nil {
		return nil, nil, err
	}
	list := make([]agreement.File, len(files))
	for i, f := range files {
		list[i] = agreement.File{Path: f.Path, Data: f.Data}
	}
	bundle, err := agreement.NewBundle(list)
	if err != nil {
		return nil, nil, err
	}
	a, diagnostics := agreement.Read(bundle)
	if a == nil {
		return nil, nil, fmt.Errorf("the text does not read (%d diagnostics): run detente check on it", len(diagnostics))
	}
	if !slices.ContainsFunc(a.Witnesses, func(x *agreement.Witness) bool {
		return x.Key == w.key.String() && slices.Contains(a.Quorum.Of, x.Name)
	}) {
		return nil, nil, fmt.Errorf("the text does not name this witness's key, %s, in its quorum", w.key)
	}
	keys, err := record.LogKeys(a)
	return a, keys, err
}

// serveRegister is POST register.
func (w *Witness) serveRegister(rw http.ResponseWriter, r *http.Request) {
	if w.cfg.Closed {
		httpserve.Refuse(rw, http.StatusForbidden, httpserve.Refusal{Code: "closed", Error: "this witness registers no records on request", Hint: "ask its operator"})
		return
	}
	// Before the body is read: reading a text is what costs.
	if share := w.cfg.Policy.PerHour; share > 0 && !w.gate.passes(addressOf(r), w.now(), share) {
		httpserve.Refuse(rw, http.StatusTooManyRequests, httpserve.Refusal{Code: "busy", Error: fmt.Sprintf("this witness takes %d requests to register an hour from one address", share), Hint: "ask again in the next hour, or ask its operator"})
		return
	}
	archive, ok := httpserve.Body(rw, r, maxBundle)
	if !ok {
		return
	}
	origin, err := w.admit(archive)
	switch {
	case errors.Is(err, errNotAccepted):
		httpserve.Refuse(rw, http.StatusForbidden, httpserve.Refusal{Code: "not-accepted", Error: err.Error(), Hint: "ask its operator"})
	case errors.Is(err, errFull):
		httpserve.Refuse(rw, http.StatusInsufficientStorage, httpserve.Refusal{Code: "full", Error: err.Error(), Hint: "ask another witness"})
	case err != nil:
		httpserve.Refuse(rw, http.StatusUnprocessableEntity, httpserve.Refusal{Code: "not-registered", Error: err.Error(), Hint: "a canonical bundle whose text names this witness"})
	default:
		httpserve.Answer(rw, http.StatusOK, map[string]string{"origin": origin, "checkpoint": "/" + hashOf(origin) + "/checkpoint"})
	}
}
