package web

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"detente/agreement"
	"detente/record"
	"detente/statement"

	"golang.org/x/mod/sumdb/tlog"
)

var (
	tagForm  = regexp.MustCompile(`<(/?)([a-zA-Z][a-zA-Z0-9]*)((?:\s+[a-zA-Z][a-zA-Z0-9-]*(?:="[^"]*")?)*)\s*(/?)>`)
	attrForm = regexp.MustCompile(`([a-zA-Z][a-zA-Z0-9-]*)(?:="([^"]*)")?`)
	void     = []string{"meta", "link", "br", "input"}
)

// wellFormed reports tags that do not match, a "<" that begins no tag, ids
// that stand twice, and whatever a page of ours never has.
func wellFormed(html string) (faults []string, links []string, ids map[string]bool) {
	ids = map[string]bool{}
	rest, ok := strings.CutPrefix(html, "<!doctype html>")
	if !ok {
		return []string{"no doctype"}, nil, ids
	}
	if n, m := strings.Count(rest, "<"), len(tagForm.FindAllString(rest, -1)); n != m {
		faults = append(faults, fmt.Sprintf("%d times <, but %d tags", n, m))
	}
	var open []string
	for _, tag := range tagForm.FindAllStringSubmatch(rest, -1) {
		name := strings.ToLower(tag[2])
		switch {
		case tag[1] == "/":
			if len(open) == 0 || open[len(open)-1] != name {
				return append(faults, fmt.Sprintf("</%s> closes %v", name, open)), links, ids
			}
			open = open[:len(open)-1]
			continue
		case tag[4] != "/" && !slices.Contains(void, name):
			open = append(open, name)
		}
		if slices.Contains([]string{"script", "iframe", "object", "embed", "img", "style", "base", "audio", "video"}, name) {
			faults = append(faults, "a tag "+name)
		}
		for _, a := range attrForm.FindAllStringSubmatch(tag[3], -1) {
			switch {
			case strings.HasPrefix(a[1], "on"), a[1] == "style", a[1] == "src":
				faults = append(faults, "an attribute "+a[1])
			case a[1] == "id" && ids[a[2]]:
				faults = append(faults, "the id "+a[2]+" twice")
			case a[1] == "id":
				ids[a[2]] = true
			case a[1] == "href":
				links = append(links, strings.ReplaceAll(a[2], "&amp;", "&"))
			}
		}
	}
	if len(open) > 0 {
		faults = append(faults, fmt.Sprintf("never closed: %v", open))
	}
	return faults, links, ids
}

func TestWellFormedSeesFaults(t *testing.T) {
	for _, bad := range []string{
		"<p>", "<!doctype html><p>", "<!doctype html><p></b></p>", "<!doctype html><p>1 < 2</p>", "<!doctype html><script></script>",
		`<!doctype html><p onclick="x"></p>`, `<!doctype html><p style="x"></p>`, `<!doctype html><p id="a"></p><p id="a"></p>`, `<!doctype html><p title="a>b"x></p>`,
	} {
		if faults, _, _ := wellFormed(bad); len(faults) == 0 {
			t.Errorf("no fault in %s", bad)
		}
	}
	if faults, _, _ := wellFormed(`<!doctype html><p id="a">x<br><a href="b">c</a></p>`); len(faults) > 0 {
		t.Error(faults)
	}
}

// crawl visits every page that links lead to, from the first, at the address
// of a record, and holds each to the rules of all pages.
func crawl(t *testing.T, c *chronicle, check func(path, html string)) int {
	t.Helper()
	const address = "/0123abcd/"
	mux := http.NewServeMux()
	mux.Handle(address, http.StripPrefix(strings.TrimSuffix(address, "/"), New(c)))
	for _, other := range []string{"checkpoint", "bundle", "status.json"} { // the depositary's own
		mux.HandleFunc(address+other, func(http.ResponseWriter, *http.Request) {})
	}
	ids, wanted := map[string]map[string]bool{}, map[string]string{}
	queue, seen := []string{address}, map[string]bool{address: true}
	for len(queue) > 0 {
		path := queue[0]
		queue = queue[1:]
		w := httptest.NewRecorder()
		mux.ServeHTTP(w, httptest.NewRequest("GET", path, nil))
		if w.Code != http.StatusOK {
			t.Fatalf("GET %s: %d %s", path, w.Code, w.Body)
		}
		if !strings.HasPrefix(w.Header().Get("Content-Type"), "text/html") {
			continue
		}
		faults, links, here := wellFormed(w.Body.String())
		if len(faults) > 0 {
			t.Errorf("%s: %v", path, faults)
		}
		ids[path] = here
		check(path, w.Body.String())
		base, err := url.Parse(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, l := range links {
			u, err := base.Parse(l)
			if err != nil || u.Host != "" || u.Scheme != "" || !strings.HasPrefix(u.Path, address) {
				t.Errorf("%s: a link leads out of the record: %s", path, l)
				continue
			}
			fragment := u.Fragment
			u.Fragment, u.RawFragment = "", ""
			if fragment != "" {
				wanted[u.String()+" "+fragment] = path
			}
			if !seen[u.String()] {
				seen[u.String()] = true
				queue = append(queue, u.String())
			}
		}
	}
	for place, from := range wanted {
		path, id, _ := strings.Cut(place, " ")
		if ids[path] != nil && !ids[path][id] {
			t.Errorf("%s links to %s#%s, which is not there", from, path, id)
		}
	}
	return len(ids)
}

func TestEveryLinkOfEveryPageLeadsSomewhere(t *testing.T) {
	c := story(t)
	pages := crawl(t, c, func(path, html string) {
		for _, want := range []string{"As of <b>3 March 2021, 08:00 UTC</b>", "<b>3 of 4</b> witnesses", "detente audit", "Simulated time.", "<b>" + fmt.Sprint(c.f.Size()) + "</b> entries"} {
			if !strings.Contains(html, want) {
				t.Errorf("%s does not say %q", path, want)
			}
		}
		for _, never := range []string{"successfully", "http://", "https://", "�ZgotmplZ", "ZgotmplZ", "%!", "&lt;no value"} {
			if strings.Contains(html, never) {
				t.Errorf("%s says %q", path, never)
			}
		}
	})
	if want := int(c.f.Size()) + 9; pages < want {
		t.Errorf("%d pages were found, want at least %d", pages, want)
	}
}

func TestEarlierSizeKeepsItsLinks(t *testing.T) {
	c := story(t)
	h := New(c)
	for _, path := range []string{"/", "/timeline", "/vault/footage", "/text", "/record", "/entry/3"} {
		html := page(t, h, path+"?size=20")
		faults, links, _ := wellFormed(html)
		if len(faults) > 0 || !strings.Contains(html, "An earlier size.") || !strings.Contains(html, "<b>20</b> entries") {
			t.Errorf("%s: %v", path, faults)
		}
		for _, l := range links {
			if u, err := url.Parse(l); err != nil || strings.Contains(u.Path, "entry/") && !strings.HasSuffix(u.Path, "/raw") && !strings.HasSuffix(u.Path, "/proof") && u.Query().Get("size") != "20" {
				t.Errorf("%s: a link leaves the size: %s, %v", path, l, err)
			}
		}
	}
	if !strings.Contains(page(t, h, "/?size=5"), "Not in force") {
		t.Error("the first five entries are not said to leave it unsigned")
	}
	if html := page(t, h, "/?size=0"); !strings.Contains(html, "No proof of time yet") {
		t.Error("size 0 has a date")
	}
	for path, want := range map[string]int{"/?size=-1": 404, "/?size=x": 404, "/?size=100000": 404, "/?at=yesterday": 400, "/entry/20?size=20": 404, "/entry/19?size=20": 200, "/entry/007": 404, "/entry/-1": 404, "/vault/attic": 404, "/nothing": 404, "/record?show=x": 404, "/record?from=-1": 404, "/timeline?before=99": 404} {
		if w := visit(t, h, path); w.Code != want {
			t.Errorf("%s: %d, want %d", path, w.Code, want)
		} else if faults, _, _ := wellFormed(w.Body.String()); len(faults) > 0 {
			t.Errorf("%s: %v", path, faults)
		}
	}
	w := visit(t, h, "/vault/footage?at=2021-02-24T09:00Z&x=1")
	want := fmt.Sprintf("?size=%d&x=1", c.f.AsOf(at(1, 1)))
	if got := w.Header().Get("Location"); w.Code != http.StatusSeeOther || got != want {
		t.Errorf("at leads to %q (%d), want %q", got, w.Code, want)
	}
}

// What strangers may write, and what agreements may say, shown on every page
// that shows it, is text.
func TestHostileWords(t *testing.T) {
	hostile := []string{
		`<script>alert(1)</script>`, `"><img src=x onerror=alert(1)>`, `</title><script>x</script>`, `' onmouseover='x`, `javascript:alert(1)`,
		`{{.Frame}} <!-- --> ]]> &lt;script&gt;`, "\u202etxt.exe\u202c and \u2066isolated", "tag \U000E0041 space", "zero\u200bwidth", `<svg/onload=alert(1)>`,
		strings.Repeat("A", 3000), strings.Repeat("\u0301", 500), "line\nbreak\ttab", "\ufeffmark", "`${x}`", "https://elsewhere.example/",
	}
	title := `<script>alert(\"t\")</script>`
	c := newChronicle(t, `"A text for test vectors"`, `"`+title+`"`, "party iaea {", "party iaea {\n  name = \"</td><img src=x>\"\n ", `"the places agreed"`, `"<b onclick=x>rooms"`,
		`"inspectors are let in"`, `"<i>inspectors\" are let in"`).begin()
	said := 0
	for i, words := range hostile {
		c.append([]byte(words))
		if _, err := (&statement.Statement{By: "iran", Body: statement.DeclareBody{Text: words, Documents: none}}).Text(); err != nil {
			continue // such words never become a statement
		}
		said++
		to := c.say("iran", statement.DeclareBody{Text: words, Documents: []statement.Document{{Name: "<b>.pdf", Size: 1, Digest: strings.Repeat("ab", 32)}}})
		c.answer("iaea", to, statement.ContestBody{Commitment: "grant-access", Reason: words, Documents: none})
		c.say("iaea", statement.AttributedBody{To: "us", Text: words, Source: words[:min(len(words), 40)], Dated: int64(start)})
		c.say("camera", statement.ServiceBody{Vault: "footage", Event: "outage", From: int64(start), Until: int64(at(1, 0)), Reason: words[:min(len(words), 200)]})
		c.tick(at(0, int64(i+7)))
	}
	if said < 9 {
		t.Fatalf("only %d of the corpus could be said", said)
	}
	c.film(at(2, 0))
	pages := crawl(t, c, func(path, html string) {
		text := html
		if i := strings.Index(text, "</svg>"); i >= 0 {
			text = text[i:]
		}
		for _, never := range []string{"<img", "<script", "<i>inspectors", "<b onclick", "<svg/", "\u202e", "\u2066", "\U000E0041", "\ufeff", "\x1b", `href="javascript`, `href="https`} {
			if strings.Contains(text, never) {
				t.Errorf("%s holds %q", path, never)
			}
		}
	})
	if pages < 90 {
		t.Errorf("only %d pages", pages)
	}
	h := New(c)
	if html := page(t, h, "/"); !strings.Contains(html, "&lt;script&gt;alert(&#34;t&#34;)&lt;/script&gt;") {
		t.Error("the title is not shown as it is written")
	}
	w := visit(t, h, "/entry/12/raw")
	if got := w.Header().Get("Content-Type"); got != "text/plain; charset=utf-8" || w.Header().Get("X-Content-Type-Options") != "nosniff" || !strings.HasPrefix(w.Header().Get("Content-Disposition"), "attachment") {
		t.Errorf("a stranger's bytes are served as %s %v", got, w.Header())
	}
}

func TestHeaders(t *testing.T) {
	h := New(story(t))
	for _, path := range []string{"/", "/style.css", "/entry/3", "/entry/3/raw", "/entry/3/proof", "/nothing"} {
		w := visit(t, h, path)
		csp := w.Header().Get("Content-Security-Policy")
		if !strings.HasPrefix(csp, "default-src 'none'; style-src 'self';") || strings.Contains(csp, "unsafe") || strings.Contains(csp, "script") {
			t.Errorf("%s: %q", path, csp)
		}
		for name, want := range map[string]string{"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "X-Frame-Options": "DENY"} {
			if got := w.Header().Get(name); got != want {
				t.Errorf("%s: %s %q, want %q", path, name, got, want)
			}
		}
	}
	for _, method := range []string{"POST", "PUT", "DELETE"} {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest(method, "/", nil))
		if w.Code != http.StatusMethodNotAllowed {
			t.Errorf("%s: %d", method, w.Code)
		}
	}
}

// The proof that an entry's page shows is one that anybody can check.
func TestProofOfAnEntry(t *testing.T) {
	c := story(t)
	h := New(c)
	for n := range c.f.Size() {
		lines := strings.Split(page(t, h, fmt.Sprintf("/entry/%d/proof", n)), "\n")
		if lines[0] != "c2sp.org/tlog-proof@v1" || lines[1] != fmt.Sprintf("index %d", n) {
			t.Fatalf("entry %d: %q", n, lines[:2])
		}
		blank := slices.Index(lines, "")
		var proof tlog.RecordProof
		for _, l := range lines[2:blank] {
			var hash tlog.Hash
			if err := hash.UnmarshalJSON([]byte(`"` + l + `"`)); err != nil {
				t.Fatal(err)
			}
			proof = append(proof, hash)
		}
		note := []byte(strings.Join(lines[blank+1:], "\n"))
		size, err := c.f.Final(note)
		if err != nil {
			t.Fatalf("entry %d: the checkpoint: %v", n, err)
		}
		root, err := c.f.RootAt(size)
		if err != nil {
			t.Fatal(err)
		}
		if err := tlog.CheckRecord(proof, size, root, n, tlog.RecordHash(record.Must(c.f.Read(n)).Bytes)); err != nil {
			t.Errorf("entry %d: %v", n, err)
		}
		if raw := page(t, h, fmt.Sprintf("/entry/%d/raw", n)); raw != string(record.Must(c.f.Read(n)).Bytes) {
			t.Errorf("entry %d: other bytes", n)
		}
	}
}

// New entries are on the pages at once, and a long record is read in pieces.
func TestPagesFollowTheRecord(t *testing.T) {
	c := newChronicle(t).begin()
	h := New(c)
	if html := page(t, h, "/"); strings.Contains(html, "It rains.") || !strings.Contains(html, "In force since 23 February 2021") {
		t.Error("before the words")
	}
	said := c.say("iran", statement.DeclareBody{Text: "It rains.", Documents: none})
	if html := page(t, h, "/"); !strings.Contains(html, "It rains.") || !strings.Contains(html, "not proved yet") || !strings.Contains(html, "provisional") {
		t.Error("words that no proof covers are not shown as provisional")
	}
	c.tick(at(0, 1))
	if html := page(t, h, "/"); !strings.Contains(html, "words, with no effect") {
		t.Error("words that are covered")
	}
	reply := c.answer("iaea", said, statement.DeclareBody{Text: "It shines.", Documents: none})
	j, _ := c.f.ByID(said)
	if html := page(t, h, fmt.Sprintf("/entry/%d", j.Index)); !strings.Contains(html, "It shines.") {
		t.Error("the reply does not stand beside what it answers")
	}
	if j, _ := c.f.ByID(reply); !strings.Contains(page(t, h, fmt.Sprintf("/entry/%d", j.Index)), "It rains.") && record.Must(c.f.Read(j.Index)).Statement.Answers != said {
		t.Error("a reply does not name what it answers")
	}

	for range 3 * readAtOnce {
		c.append([]byte("nothing"))
	}
	c.calls.Store(0)
	page(t, h, "/")
	if c.calls.Load() < 4 {
		t.Errorf("%d entries were read under %d locks", 3*readAtOnce, c.calls.Load())
	}
	c.calls.Store(0)
	page(t, h, "/")
	if c.calls.Load() > 6 {
		t.Errorf("a page of what is known took %d locks", c.calls.Load())
	}
}

func TestGlanceSaysHowThingsStand(t *testing.T) {
	c := newChronicle(t)
	h := New(c)
	holds := func(path string, want ...string) {
		t.Helper()
		html := page(t, h, path)
		for _, w := range want {
			if !strings.Contains(html, w) {
				t.Errorf("%s at %d entries does not say %q", path, c.f.Size(), w)
			}
		}
	}
	holds("/", "Not in force: iran and iaea have yet to sign.", "No proof of time yet", "Next, on 24 May 2021, 00:00 UTC: footage closes.")
	c.begin()
	holds("/", "In force since 23 February 2021, 08:00 UTC.", "Next, on 1 April 2021, 00:00 UTC: grant-access is due.", "If nobody acts:", "is in breach", "<b>must</b>", "do: inspectors are let in", "waits for", "2</b> owed now")
	c.decide(at(90, 0))
	holds("/", "Vault footage never opens: erase, decided 24 May 2021, 00:00 UTC.", "Passed, and what the text says happened", "the condition is not true at the close", "g-breached")
	holds("/vault/footage", "Erasure was decided on 24 May 2021, 00:00 UTC. 0 of 3 custodians attest", "Attested by 0 of 3, never proved.", "must destroy its shares and say so")
	holds("/timeline", "a deadline", "b-breach")
	c.say("c1", statement.ErasedBody{Vault: "footage", Seat: 1, Epochs: 1, Certificate: string(c.last)})
	c.tick(at(91, 0))
	holds("/vault/footage", "Attested by 1 of 3, never proved.", "attests that it destroyed its shares of 1 epoch")
}

func TestVaultShowsGapsLoudly(t *testing.T) {
	c := story(t)
	h := New(c)
	html := page(t, h, "/vault/footage")
	for _, want := range []string{
		`fill="url(#p-gap)"`, "2 gaps</b> without a word", "Unexplained gap", "none stated", "outage, stated by camera: the power failed", "None at all: tamper, lost, unsealed", "As things stand, it is released.", "What this cannot show", `<tr class="now">`,
	} {
		if !strings.Contains(strings.ReplaceAll(html, "<b>2 gaps without", "2 gaps</b> without"), want) {
			t.Errorf("the vault's page does not say %q", want)
		}
	}
	// A batch that is gone is said to be gone.
	for d := range c.objects {
		delete(c.objects, d)
		break
	}
	if html := page(t, New(c), "/vault/footage"); !strings.Contains(html, "Batches that could not be had here") || !strings.Contains(html, "not here") {
		t.Error("a missing batch is not shown")
	}
}

// Readers and writers at the same time: the race detector watches.
func TestReadersWhileTheRecordGrows(t *testing.T) {
	c := story(t)
	h := New(c)
	done := make(chan struct{})
	for _, path := range []string{"/", "/timeline", "/vault/footage", "/record", "/entry/40", "/?size=30", "/vault/footage?size=31"} {
		go func() {
			defer func() { done <- struct{}{} }()
			for range 8 {
				w := httptest.NewRecorder()
				h.ServeHTTP(w, httptest.NewRequest("GET", path, nil))
				if w.Code != http.StatusOK {
					t.Errorf("%s: %d", path, w.Code)
				}
			}
		}()
	}
	note := record.Must(c.f.Read(40)).Bytes
	for range 100 {
		c.append(note)
	}
	for range 7 {
		<-done
	}
}

func TestLimits(t *testing.T) {
	c := newChronicle(t)
	for c.f.Size() < maxRefold+2 {
		c.f.Append([]byte("x"))
	}
	h := New(c)
	for size, want := range map[int]int{maxRefold: 200, maxRefold + 1: 422} {
		if w := visit(t, h, fmt.Sprintf("/?size=%d", size)); w.Code != want {
			t.Errorf("size %d: %d, want %d", size, w.Code, want)
		}
	}
	html := page(t, h, "/record")
	if got := strings.Count(html, "without force"); got < rowsOfRecord || strings.Count(html, `<a class="entry"`) != rowsOfRecord {
		t.Errorf("%d rows, want %d", strings.Count(html, `<a class="entry"`), rowsOfRecord)
	}
	s := &site{view: c, live: newBook(c.With, c.Object)}
	for n := range int64(maxPast + 2) {
		if _, err := s.pastBook(t.Context(), n); err != nil {
			t.Fatal(err)
		}
	}
	if len(s.past) != maxPast || s.past[0].fixed != maxPast+1 {
		t.Errorf("%d earlier sizes are kept", len(s.past))
	}
	s.waiters.Store(maxWaiting)
	if _, err := s.pastBook(t.Context(), 100); err == nil {
		t.Error("one reader too many waits")
	}
	s.waiters.Store(maxWaiting - 1)
	if _, err := s.pastBook(t.Context(), 100); err != nil {
		t.Error(err)
	}
}

func TestAxis(t *testing.T) {
	for _, span := range []agreement.Instant{0, 1, 60, hour, 5 * hour, day, 20 * day, 90 * day, 400 * day, 3000 * day, 2_000_000 * day} {
		a := newAxis(start, start+span, nil)
		if a.Until <= a.From {
			t.Errorf("%d s: an axis without width", span)
		}
		if len(a.Ticks) > ticksAtMost+1 || span >= 5*hour && len(a.Ticks) < 2 {
			t.Errorf("%d s: %d ticks", span, len(a.Ticks))
		}
		if x, y := a.at(a.From-1), a.at(a.Until+1); x != 0 || y != 100 {
			t.Errorf("%d s: what is outside stands at %v and %v", span, x, y)
		}
		b := a.band(a.Until, a.Until, "gap", "")
		if b.W != percent(least) || !b.Tall {
			t.Errorf("%d s: a gap of no length is %s wide", span, b.W)
		}
	}
}

func TestLengthsOfTime(t *testing.T) {
	for seconds, want := range map[int64]string{-5: "0 s", 0: "0 s", 59: "59 s", 60: "1 min", 3661: "1 h 1 min", 86400: "1 day", 90000: "1 day 1 h", 86400 * 1200: "1,200 days", 86401: "1 day"} {
		if got := spoken(seconds); got != want {
			t.Errorf("%d s are %q, want %q", seconds, got, want)
		}
	}
	if got := fmt.Sprint(countdown(90000)); got != "[{1 day} {1 h}]" {
		t.Error(got)
	}
}

// TestVaultShowsWhoProvedItsShares: how long ago each custodian proved that it
// holds its shares, and who is overdue, where the text gives an interval.
func TestVaultShowsWhoProvedItsShares(t *testing.T) {
	c := newChronicle(t, "need = 2, absent = 1 }", "need = 2, absent = 1, proves = 7 days }").begin()
	h := New(c)
	says := func(want string, times int) {
		t.Helper()
		if html := page(t, h, "/vault/footage"); strings.Count(html, want) != times {
			t.Errorf("the vault's page says %q %d times, want %d", want, strings.Count(html, want), times)
		}
	}
	says("never proved that it holds its shares, first sealed less than a day ago", 3)
	says("overdue:", 0)
	c.tick(start + 7*day - 60)
	c.possess("c2")
	c.tick(start + 9*day)
	says("overdue:</b> never proved that it holds its shares, first sealed 9 days ago", 2)
	says("proved 2 days ago that it holds its shares, <a", 1)
	says("overdue:", 2)
}
