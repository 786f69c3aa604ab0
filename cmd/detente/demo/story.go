package demo

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"detente/internal/clock"
	"detente/recorder/source"
)

// A story is one life of the camera understanding.
type story struct {
	name   string // of its folder and its exported record
	lifted bool   // whether the sanctions are lifted and verified in time
	title  string

	demo   *demo
	dir    string
	pace   pace
	cast   *cast
	time   clock.Clock
	record string // URL of the record
	films  string // URL of the recorder's segments
	keys   map[string]string
}

// An ending is what came of a story.
type ending struct {
	story    *story
	outcome  string
	attested int    // custodians who handed over or attested the erasure
	opened   int    // clips opened by the beneficiary
	same     int    // of them, byte for byte what the camera gave
	covered  string // coverage, in words
	refusal  string // what opening answered, if it was refused
	export   string
	audit    string
}

// tell lives the story through.
func (s *story) tell(ctx context.Context) (*ending, error) {
	for _, act := range []func(context.Context) error{s.prepare, s.open, s.monitor} {
		if err := act(ctx); err != nil {
			return nil, fmt.Errorf("story %q: %w", s.title, err)
		}
	}
	e, err := s.close(ctx)
	if err != nil {
		return nil, fmt.Errorf("story %q: %w", s.title, err)
	}
	return e, nil
}

// prepare makes fresh keys, fresh footage and the text, and checks the text.
func (s *story) prepare(ctx context.Context) error {
	names := append([]string{"secretariat", "iran-1", "iran-2", "iaea", "site-cameras"}, demoCustodians...)
	s.keys = make(map[string]string)
	for _, name := range names {
		holder := strings.TrimSuffix(strings.TrimSuffix(name, "-1"), "-2")
		if err := s.newKey(ctx, name, holder); err != nil {
			return err
		}
	}
	for _, name := range demoWitnesses {
		if err := s.newKey(ctx, name, name, "--witness"); err != nil {
			return err
		}
	}
	made, err := source.Generate(ctx, s.path("camera"), demoClips, s.pace.clip)
	if err != nil {
		return err
	}
	s.demo.say("made now", "%d keys; %d clips of %s %s", len(s.keys), demoClips, spoken(s.pace.clip), made)
	return nil
}

// demoClips is how many different clips the camera has; it shows them in turn.
const demoClips = 12

func (s *story) newKey(ctx context.Context, name, holder string, more ...string) error {
	out, err := s.cast.run(ctx, append([]string{"key", "new", holder, "--out", s.key(name)}, more...)...)
	s.keys[name] = strings.TrimSpace(out)
	return err
}

func (s *story) key(name string) string { return s.path("keys", name+".key") }
func (s *story) path(parts ...string) string {
	return filepath.Join(append([]string{s.dir}, parts...)...)
}
func (s *story) agreement() string       { return s.path("agreement") }
func (s *story) date(t time.Time) string { return t.In(s.demo.zone).Format(s.demo.dateForm) }

// silence is how long, in the machine's time, a story goes on without a word.
const silence = 5 * time.Second

// until waits for an instant of the story, and says meanwhile what day it is.
func (s *story) until(ctx context.Context, t time.Time) error {
	step := silence * time.Duration(s.pace.rate)
	for left := t.Sub(s.time.Now()); left > step; left = t.Sub(s.time.Now()) {
		if err := s.time.Sleep(ctx, step); err != nil {
			return err
		}
		fmt.Fprintf(s.demo.Talk, "  %-12s ...\n", s.date(s.time.Now()))
	}
	return s.time.Sleep(ctx, t.Sub(s.time.Now()))
}

// open starts every process, opens the record and has the parties sign.
func (s *story) open(ctx context.Context) error {
	if err := s.setClock(); err != nil {
		return err
	}
	if err := writeDemoText(s.agreement(), demoText(s.pace, s.keys)); err != nil {
		return err
	}
	findings, err := s.check(ctx)
	if err != nil {
		return err
	}
	var witnesses []string
	serve := []string{"serve", "--key", s.key("secretariat"), "--agreement", s.agreement(), "--listen", "127.0.0.1:0"}
	for _, name := range demoWitnesses {
		w, err := s.cast.start(ctx, name, "witness", "--key", s.key(name), "--listen", "127.0.0.1:0")
		if err != nil {
			return err
		}
		witnesses = append(witnesses, "--witness", name+"="+w.url)
	}
	serve = append(serve, witnesses...)
	host, err := s.cast.start(ctx, "secretariat", serve...)
	if err != nil {
		return err
	}
	s.record = host.url
	for _, name := range demoCustodians {
		args := append([]string{"custodian", "--key", s.key(name), "--record", s.record}, witnesses...)
		if _, err := s.cast.start(ctx, name, args...); err != nil {
			return err
		}
	}
	if _, err := s.say(ctx, []string{"iran-1", "iran-2"}, "sign", "--findings", findings); err != nil {
		return err
	}
	if _, err := s.say(ctx, []string{"iaea"}, "sign", "--findings", findings); err != nil {
		return err
	}
	film, err := s.cast.start(ctx, "site-cameras", "recorder", "--key", s.key("site-cameras"), "--record", s.record,
		"--vault", "footage", "--source", "folder:"+s.path("camera"), "--listen", "127.0.0.1:0",
		"--batch", s.pace.batch.String())
	if err != nil {
		return err
	}
	s.films = film.url
	s.demo.say("running", "%d processes: %d witnesses, the depositary, %d custodians, a recorder",
		len(s.cast.players), len(demoWitnesses), len(demoCustodians))
	s.demo.say("", "the record: %s", s.record)
	return s.startClock()
}

// setClock puts the anchor of an accelerated clock far enough ahead to set
// everything up.
func (s *story) setClock() error {
	if !s.pace.simulated {
		s.pace = realTime(s.demo.RealTime, time.Now())
		s.time = clock.Real{}
		return nil
	}
	anchor := s.path("clock")
	if err := clock.Conduct(anchor, time.Now().Add(time.Hour)); err != nil {
		return err
	}
	s.cast.clock = fmt.Sprintf("%s@file:%s*%d", s.pace.begins.Format(time.RFC3339), anchor, s.pace.rate)
	c, err := clock.Parse(s.cast.clock)
	s.time = c
	return err
}

func (s *story) startClock() error {
	if !s.pace.simulated {
		return nil
	}
	return clock.Conduct(s.path("clock"), time.Now())
}

// check runs the checker and gives the digest of the findings to sign.
func (s *story) check(ctx context.Context) (digest string, err error) {
	out, err := s.cast.run(ctx, "check", "--json", s.agreement())
	if err != nil {
		return "", err
	}
	var report struct {
		Findings []json.RawMessage `json:"findings"`
		Digest   string            `json:"digest"`
	}
	if err := json.Unmarshal([]byte(out), &report); err != nil {
		return "", err
	}
	s.demo.say("checked", "the text has no error; %d findings on who could cheat with whose help, which the signatures name", len(report.Findings))
	return report.Digest, nil
}

// say has somebody put a statement on the record.
func (s *story) say(ctx context.Context, keys []string, args ...string) (string, error) {
	args = append(args, "--record", s.record, "--dir", s.path("parties", keys[0]))
	for _, k := range keys {
		args = append(args, "--key", s.key(k))
	}
	return s.cast.run(ctx, args...)
}

// look has somebody who is no party look at the record.
func (s *story) look(ctx context.Context, args ...string) (string, error) {
	return s.cast.run(ctx, append(args, s.record, "--dir", s.path("parties", "observer"))...)
}

// monitor lives from the signatures to the close.
func (s *story) monitor(ctx context.Context) error {
	iran, iaea := []string{"iran-1", "iran-2"}, []string{"iaea"}
	if err := s.until(ctx, s.pace.opens); err != nil {
		return err
	}
	s.demo.say(s.date(s.pace.opens), "both parties have signed; the cameras record, sealed, every %s", spoken(s.pace.cadence))
	talks := s.pace.opens.Add(s.pace.closes.Sub(s.pace.opens) / 18)
	if err := s.until(ctx, talks); err != nil {
		return err
	}
	if _, err := s.say(ctx, iran, "declare", "The time is not right for the informal meeting that has been proposed."); err != nil {
		return err
	}
	s.demo.say(s.date(talks), "iran declares that the time is not right for a meeting: words, with no effect")
	if s.lifted {
		if err := s.until(ctx, s.pace.deed); err != nil {
			return err
		}
		if _, err := s.say(ctx, iaea, "lift", "us-sanctions"); err != nil {
			return err
		}
		s.demo.say(s.date(s.pace.deed), "iaea reports that the United States has lifted the sanctions")
		if err := s.until(ctx, s.pace.found); err != nil {
			return err
		}
		if _, err := s.say(ctx, iran, "verify", "lift-sanctions", "accepts"); err != nil {
			return err
		}
		s.demo.say(s.date(s.pace.found), "iran verifies it: the condition of the vault is met")
	}
	if err := s.until(ctx, s.pace.closes); err != nil {
		return err
	}
	if !s.lifted {
		s.demo.say(s.date(s.pace.closes), "the close: nobody has put a lifting of the sanctions on the record")
	} else {
		s.demo.say(s.date(s.pace.closes), "the close")
	}
	return nil
}

// close waits for the outcome and for what the custodians do about it, lets
// the beneficiary try to open the vault, and exports and audits the record.
func (s *story) close(ctx context.Context) (*ending, error) {
	e := &ending{story: s, export: s.demo.path(s.name + ".detente")}
	if err := s.outcome(ctx, e); err != nil {
		return nil, err
	}
	if err := s.tryToOpen(ctx, e); err != nil {
		return nil, err
	}
	covered, err := s.look(ctx, "coverage", "--vault", "footage", "--short")
	if err != nil {
		return nil, err
	}
	e.covered = strings.TrimSpace(covered)
	if _, err := s.look(ctx, "export", "--out", e.export); err != nil {
		return nil, err
	}
	out, err := s.cast.run(ctx, "audit", e.export)
	if err != nil {
		return nil, fmt.Errorf("%w\n%s", err, out)
	}
	e.audit = out
	return e, os.WriteFile(s.demo.path(s.name+".audit.txt"), []byte(out), 0o644)
}

// custody is the part of `status --json` that the story waits for.
type custody struct {
	Vaults []struct {
		Name     string `json:"name"`
		Outcome  string `json:"outcome"`
		Attested int    `json:"attested"`
	} `json:"vaults"`
}

// actingTime is how long, in the machine's time, the record may take to decide
// and the custodians to act, after the close.
const actingTime = 2 * time.Minute

// outcome waits until the record decides, and for an erasure until every
// custodian has said that it destroyed its shares.
func (s *story) outcome(ctx context.Context, e *ending) error {
	ctx, cancel := context.WithTimeout(ctx, actingTime)
	defer cancel()
	for {
		out, err := s.look(ctx, "status", "--json")
		if err != nil {
			return err
		}
		var now custody
		if err := json.Unmarshal([]byte(out), &now); err != nil {
			return err
		}
		if len(now.Vaults) == 1 {
			e.outcome, e.attested = now.Vaults[0].Outcome, now.Vaults[0].Attested
		}
		if e.outcome == "release" || e.outcome == "erase" && e.attested == len(demoCustodians) {
			s.demo.say("decided", "%s, by the record alone", e.outcome)
			return nil
		}
		if err := (clock.Real{}).Sleep(ctx, 100*time.Millisecond); err != nil {
			return fmt.Errorf("after the close the vault is %q with %d of %d custodians done: %w", e.outcome, e.attested, len(demoCustodians), err)
		}
	}
}

// openingTime is how long, in the machine's time, the beneficiary waits for
// the custodians' shares.
const openingTime = time.Minute

// tryToOpen has the beneficiary ask for everything, whatever the outcome, and
// compares what it gets with what the camera gave.
func (s *story) tryToOpen(ctx context.Context, e *ending) error {
	opened := s.path("opened")
	_, err := s.say(ctx, []string{"iaea"}, "open", "--vault", "footage", "--segments", s.films, "--out", opened,
		"--identities", s.path("identities"), "--wait", openingTime.String())
	if no, ok := errors.AsType[*CommandError](err); ok && no.Status == 1 {
		e.refusal = no.Said
		s.demo.say("iaea asks", "refused: %s", e.refusal)
		return nil
	}
	if err != nil {
		return err
	}
	if e.opened, e.same, err = s.compare(opened); err != nil {
		return err
	}
	s.demo.say("iaea opens", "%d clips, %d of them byte for byte what the camera gave", e.opened, e.same)
	return nil
}

// compare counts the opened clips, and those whose bytes are a clip that the
// camera gave.
func (s *story) compare(opened string) (clips, same int, err error) {
	given := make(map[[32]byte]bool)
	err = eachFile(s.path("camera"), func(b []byte) { given[sha256.Sum256(b)] = true })
	if err != nil {
		return 0, 0, err
	}
	err = eachFile(opened, func(b []byte) {
		clips++
		if given[sha256.Sum256(b)] {
			same++
		}
	})
	return clips, same, err
}

// eachFile reads every file below dir.
func eachFile(dir string, f func([]byte)) error {
	return filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			if err == nil && d.Name() == ".delivery" {
				return filepath.SkipDir // the beneficiary's own keys
			}
			return err
		}
		b, err := os.ReadFile(path)
		if err == nil {
			f(b)
		}
		return err
	})
}
