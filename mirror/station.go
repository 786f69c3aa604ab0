package mirror

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"detente/agreement"
	"detente/internal/clock"
	"detente/internal/httpserve"
	"detente/record"
)

// A Station serves a mirror's copy and says that it is one: the static part of
// the record as the depositary serves it, status.json, pages if there are any,
// and the second intake if there is one.
type Station struct {
	*Follower
	Of     string   // where it follows the record; empty if nowhere
	Names  []string // its host's own, as readers of a private record may address it, besides its address
	Clock  clock.Clock
	Intake *Intake                       // nil: nothing can be handed in here
	Pages  func(v *Station) http.Handler // nil: none

	mu    sync.Mutex
	heard time.Time // when it last heard from there, in real time
}

// Heard notes that the copy was found to be up to date just now.
func (s *Station) Heard() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.heard = time.Now()
}

// Now is this machine's clock: only for "in 3 days", never for judging.
func (s *Station) Now() agreement.Instant { return agreement.Instant(s.Clock.Now().Unix()) }

// Notice says what is served here, for pages.
func (s *Station) Notice() string { return s.forked() + s.following() }

// forked says which forks the folder holds; they come before everything else.
func (s *Station) forked() string {
	held, err := s.Forks()
	if err != nil {
		return "This copy may hold evidence of a fork that cannot be read: " + err.Error() + ". "
	}
	var b strings.Builder
	for _, k := range held {
		weight := "No quorum of witnesses cosigned both: what only a host signed counts for nothing."
		if k.Quorums() {
			weight = "A quorum of witnesses cosigned each: everything holds."
		}
		by := "nobody, as far as is shown"
		if len(k.Both) > 0 {
			by = fmt.Sprint(k.Both)
			by = strings.ReplaceAll(by[1:len(by)-1], " ", ", ")
		}
		fmt.Fprintf(&b, "This record forked: two histories, of %d and %d entries, cannot be one. Signed both: %s. %s ", k.Seen.Head.Size, k.Shown.Head.Size, by, weight)
	}
	return b.String()
}

func (s *Station) following() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.Of == "":
		return "This is a mirror’s copy that follows nobody: the record may have gone on."
	case s.heard.IsZero():
		return fmt.Sprintf("This is a mirror of %s. It has not heard from there since it started: the record may have gone on.", s.Of)
	}
	return fmt.Sprintf("This is a mirror of %s. It heard from there %v ago.", s.Of, time.Since(s.heard).Round(time.Second))
}

// A mirrored is what status.json says of a record at a mirror.
type mirrored struct {
	Agreement string `json:"agreement"`
	Name      string `json:"name"`
	Origin    string `json:"origin"`
	Simulated bool   `json:"simulated"`
	Size      int64  `json:"size"`
	Root      string `json:"root"`
	Final     int64  `json:"final"`
	Clock     string `json:"clock"`
	Settled   string `json:"settled"`
	Waiting   int    `json:"waiting"`
	Mirror    struct {
		Of   string `json:"of"`
		Age  int64  `json:"age"`  // seconds since it last heard from there; -1 if it has not since its start
		Held int    `json:"held"` // entries handed in here that the record lacks
	} `json:"mirror"`
}

func (s *Station) serveStatus(w http.ResponseWriter, _ *http.Request) {
	a := s.Agreement()
	m := mirrored{Agreement: a.ID.String(), Name: string(a.Name), Origin: s.origin, Simulated: a.Simulated}
	m.Final, _ = s.Final()
	s.With(func(f *record.Fold) {
		head := f.Head()
		m.Size, m.Root, m.Waiting = head.Size, head.Root.String(), len(f.Waiting())
		for to, t := range map[*string]agreement.Instant{&m.Clock: f.Clock(), &m.Settled: f.Settled()} {
			if t != record.Beginning {
				*to = t.String()
			}
		}
	})
	s.mu.Lock()
	m.Mirror.Of, m.Mirror.Age = s.Of, -1
	if !s.heard.IsZero() {
		m.Mirror.Age = int64(time.Since(s.heard) / time.Second)
	}
	s.mu.Unlock()
	if s.Intake != nil {
		m.Mirror.Held = len(s.Intake.Pending())
	}
	w.Header().Set("Cache-Control", "no-cache")
	httpserve.Answer(w, http.StatusOK, m)
}

// Handler serves the copy below the agreement's id.
func (s *Station) Handler() http.Handler {
	static := Serve(shelf{s.Follower})
	mux := http.NewServeMux()
	waiters := NewWaiters(maxWaiters)
	for _, path := range []string{"/checkpoint", "/head"} {
		mux.Handle("GET "+path, waiters.Limit(static))
	}
	for _, path := range []string{"/bundle", "/tile/", "/object/"} {
		mux.Handle("GET "+path, static)
	}
	mux.HandleFunc("GET /document/{entry}/{digest}", s.serveDocument)
	mux.HandleFunc("GET /status.json", s.serveStatus)
	if s.Intake != nil {
		mux.HandleFunc("POST /submit", s.Intake.serveSubmit)
		mux.HandleFunc("GET /held", s.Intake.serveHeld)
		mux.HandleFunc("GET /held/{digest}", s.Intake.serveHeld)
	}
	if s.Pages != nil {
		mux.Handle("GET /", s.Pages(s))
	}
	all := http.NewServeMux()
	prefix := "/" + s.agreement.ID.String()
	all.Handle(prefix+"/", http.StripPrefix(prefix, mux))
	// Pages of strangers in somebody's browser cannot post here.
	return http.NewCrossOriginProtection().Handler(s.guard(all, s.Names))
}
