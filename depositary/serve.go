package depositary

import (
	"fmt"
	"net/http"
	"strconv"

	"detente/agreement"
	"detente/internal/httpserve"
	"detente/mirror"
	"detente/record"
	"detente/statement"
)

// Handler serves all records; see spec/http.md.
func (d *Depositary) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /open", d.serveOpen)
	mux.HandleFunc("GET /{$}", d.serveHome)
	mux.HandleFunc("/{record}/", d.serveRecord)
	// Pages of strangers in somebody's browser cannot post here.
	return http.NewCrossOriginProtection().Handler(mux)
}

func (d *Depositary) serveRecord(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("record")
	id, err := agreement.ParseDigest(name)
	var h *hosted
	if err == nil {
		h = d.record(id)
	}
	if h == nil {
		httpserve.Refuse(w, http.StatusNotFound, httpserve.Refusal{Code: codeUnknownRecord, Error: "no record of this id is open here", Hint: "look at the list of records at /"})
		return
	}
	d.serveOf(h, name).ServeHTTP(w, r)
}

// serveOf is what answers below a record's address. Checkpoints are for
// everybody, also of private records, and come from the store: those who wait
// for news of a record do not keep it in memory.
func (d *Depositary) serveOf(h *hosted, name string) http.Handler {
	return http.StripPrefix("/"+name, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if (r.URL.Path == "/checkpoint" || r.URL.Path == "/head") && (r.Method == http.MethodGet || r.Method == http.MethodHead) {
			d.waiters.Limit(mirror.Serve(served{view{d, h}})).ServeHTTP(w, r)
			return
		}
		if d.stranger(w, r, h) {
			return
		}
		if !d.useIfRead(h) {
			httpserve.Charge(r.Context(), httpserve.CostOpening+httpserve.CostEntry*float64(h.log.Head().Size))
			if err := d.want(d.life, h); err != nil {
				d.refuse(w, unreadable(h, err))
				return
			}
		}
		defer d.done(h)
		d.handlerOf(h).ServeHTTP(w, r)
	}))
}

// handlerOf is the handler of a record that is read, made once for each reading.
func (d *Depositary) handlerOf(h *hosted) http.Handler {
	h.serveOnce.Do(func() {
		v := view{d, h}
		static := mirror.Serve(served{v})
		mux := http.NewServeMux()
		for _, path := range []string{"/bundle", "/tile/", "/object/"} {
			mux.Handle("GET "+path, static)
		}
		mux.HandleFunc("GET /status.json", func(w http.ResponseWriter, r *http.Request) { serveStatus(w, v) })
		mux.HandleFunc("POST /submit", func(w http.ResponseWriter, r *http.Request) { d.serveSubmit(w, r, h) })
		mux.HandleFunc("POST /object", func(w http.ResponseWriter, r *http.Request) { d.serveObject(w, r, h) })
		mux.HandleFunc("PUT /document/{entry}/{digest}", func(w http.ResponseWriter, r *http.Request) { d.takeDocument(w, r, h) })
		mux.HandleFunc("GET /document/{entry}/{digest}", func(w http.ResponseWriter, r *http.Request) { d.giveDocument(w, r, h) })
		if d.cfg.Pages != nil {
			pages := d.cfg.Pages(v)
			mux.HandleFunc("GET /", func(w http.ResponseWriter, r *http.Request) {
				httpserve.Charge(r.Context(), httpserve.CostPage)
				pages.ServeHTTP(w, r)
			})
		}
		h.serve = d.guard(h, mux)
	})
	return h.serve
}

func expectOf(w http.ResponseWriter, r *http.Request) (int64, bool) {
	q := r.URL.Query().Get("expect")
	if q == "" {
		return -1, true
	}
	n, err := strconv.ParseInt(q, 10, 64)
	if err != nil || n < 0 {
		httpserve.Refuse(w, http.StatusBadRequest, httpserve.Refusal{Code: "expect", Error: "expect is the number of entries that the record must have", Hint: "give a whole number"})
		return 0, false
	}
	return n, true
}

// serveObject is POST object: the answer is the digest in hex.
func (d *Depositary) serveObject(w http.ResponseWriter, r *http.Request, h *hosted) {
	b, ok := httpserve.Body(w, r, mirror.MaxObject)
	if !ok {
		return
	}
	httpserve.Charge(r.Context(), httpserve.CostMiB*float64(len(b))/(1<<20))
	digest, err := d.keepObject(r.Context(), h, httpserve.Address(r), b)
	if err != nil {
		d.refuse(w, err)
		return
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	fmt.Fprintln(w, digest)
}

// serveOpen is POST open: the body is a bundle, the answer its id and origin.
func (d *Depositary) serveOpen(w http.ResponseWriter, r *http.Request) {
	if d.cfg.Closed {
		httpserve.Refuse(w, http.StatusForbidden, httpserve.Refusal{Code: "closed", Error: "this depositary opens no records on request", Hint: "ask whoever runs it"})
		return
	}
	archive, ok := httpserve.Body(w, r, record.MaxBundle)
	if !ok {
		return
	}
	id, err := d.OpenRecord(r.Context(), archive)
	if err != nil {
		httpserve.Refuse(w, http.StatusUnprocessableEntity, httpserve.Refusal{Code: "not-opened", Error: err.Error(), Hint: "the text, its depositary's key and its witnesses must all be right before a record opens"})
		return
	}
	httpserve.Answer(w, http.StatusOK, map[string]string{"id": id.String(), "origin": d.record(id).origin})
}

// serveHome lists the records.
func (d *Depositary) serveHome(w http.ResponseWriter, r *http.Request) {
	if d.cfg.Home != nil {
		d.cfg.Home.ServeHTTP(w, r)
		return
	}
	type item struct {
		ID      string `json:"id"`
		Name    string `json:"name"`
		Title   string `json:"title"`
		Private bool   `json:"private"` // then the name and title are not told
	}
	list := []item{}
	for _, id := range d.Records() {
		a, err := d.list(d.record(id))
		switch {
		case err != nil: // whoever asks for it is told
			list = append(list, item{ID: id.String()})
		case a.private:
			list = append(list, item{ID: id.String(), Private: true})
		default:
			list = append(list, item{ID: id.String(), Name: a.name, Title: a.title})
		}
	}
	httpserve.Answer(w, http.StatusOK, map[string]any{"key": d.cfg.Signer.Public().String(), "records": list})
}

// A status is what status.json says of a record.
type status struct {
	Agreement string `json:"agreement"`
	Name      string `json:"name"`
	Origin    string `json:"origin"`
	Simulated bool   `json:"simulated"`
	Size      int64  `json:"size"`
	Root      string `json:"root"`
	Final     int64  `json:"final"`
	Clock     string `json:"clock"`   // the record's; empty before the first proof of time
	Settled   string `json:"settled"` // empty before there is one
	Waiting   int    `json:"waiting"` // statements not in effect yet
	Duty      string `json:"duty"`    // what the depositary owes the record now; empty if nothing
	Stopped   string `json:"stopped"` // why nothing is taken in; empty if all is well
}

func serveStatus(w http.ResponseWriter, v view) {
	final, _ := v.Final()
	s := status{
		Agreement: v.h.agreement.ID.String(), Name: string(v.h.agreement.Name), Origin: v.h.origin,
		Simulated: v.h.agreement.Simulated, Final: final,
	}
	v.With(func(f *record.Fold) {
		s.Size, s.Root = f.Size(), statement.Head{Root: f.Root()}.Root.String()
		s.Clock, s.Settled = instant(f.Clock()), instant(f.Settled())
		s.Waiting = len(f.Waiting())
		s.Duty = f.Duty(v.Now()).Why
		switch stop := v.h.halted.Load(); {
		case stop != nil:
			s.Stopped = stop.err.Error()
		case !v.h.confirmed.Load():
			s.Stopped = "no quorum of witnesses has confirmed the head since the start"
		}
	})
	w.Header().Set("Cache-Control", "no-cache")
	httpserve.Answer(w, http.StatusOK, s)
}

// instant is an instant in UTC; empty before the first.
func instant(t agreement.Instant) string {
	if t == record.Beginning {
		return ""
	}
	return t.String()
}
