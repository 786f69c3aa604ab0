package witness

import (
	"bytes"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"detente/agreement"
	"detente/internal/ustar"
	"detente/statement"
)

// under opens a witness with a policy.
func (p *place) under(t *testing.T, policy string) *Witness {
	t.Helper()
	read, err := ParsePolicy([]byte(policy))
	if err != nil {
		t.Fatal(err)
	}
	w, err := Open(Config{Dir: p.dir, Signer: signer(t, "vienna", 2), Clock: p.hand, Log: slog.New(slog.DiscardHandler), FS: p.fs, Policy: read})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.Close() })
	return w
}

// register asks as a depositary at an address does.
func register(w *Witness, from string, body []byte) (int, string) {
	r := httptest.NewRecorder()
	q := httptest.NewRequest("POST", "/register", bytes.NewReader(body))
	q.RemoteAddr = from
	w.Handler().ServeHTTP(r, q)
	return r.Code, r.Body.String()
}

// titled is the archive of an agreement that names this witness, and its id.
func titled(t *testing.T, title string) ([]byte, string) {
	t.Helper()
	files, err := ustar.Read(bytes.NewReader(bundle(t, keysOf(t, 2))), ustar.Limits{Files: 1, File: 1 << 20, Total: 1 << 20})
	if err != nil {
		t.Fatal(err)
	}
	files[0].Data = bytes.Replace(files[0].Data, []byte("A pledge"), []byte(title), 1)
	archive, err := ustar.Bytes(files)
	if err != nil {
		t.Fatal(err)
	}
	b, err := agreement.NewBundle([]agreement.File{{Path: files[0].Path, Data: files[0].Data}})
	if err != nil {
		t.Fatal(err)
	}
	a, diagnostics := agreement.Read(b)
	if a == nil {
		t.Fatalf("%+v", diagnostics)
	}
	return archive, a.ID.String()
}

const here = "127.0.0.1:1000"

func TestPolicyLists(t *testing.T) {
	listed, id := titled(t, "Listed")
	other, _ := titled(t, "Other")
	w := newPlace(t).under(t, fmt.Sprintf(`{"accept": "listed", "agreements": [%q]}`, id))
	if status, body := register(w, here, listed); status != http.StatusOK {
		t.Errorf("on the list: %d %s", status, body)
	}
	if status, body := register(w, here, other); status != http.StatusForbidden || !strings.Contains(body, "not-accepted") {
		t.Errorf("not on the list: %d %s", status, body)
	}
	if _, err := w.Register(other); err != nil {
		t.Errorf("not on the list, by its operator: %v", err)
	}

	host, stranger := signer(t, "x", 1).Public(), signer(t, "x", 50).Public()
	w = newPlace(t).under(t, fmt.Sprintf(`{"accept": "named", "depositaries": [%q, %q]}`, stranger, host))
	if status, body := register(w, here, other); status != http.StatusOK {
		t.Errorf("its depositary is served: %d %s", status, body)
	}
	w = newPlace(t).under(t, fmt.Sprintf(`{"accept": "named", "depositaries": [%q]}`, stranger))
	if status, _ := register(w, here, other); status != http.StatusForbidden {
		t.Errorf("its depositary is not served: %d", status)
	}
}

func TestPolicyLimits(t *testing.T) {
	p := newPlace(t)
	log := signer(t, "log.example/other", 7)
	w := p.under(t, fmt.Sprintf(`{"accept": "named", "logs": [%q], "records": 2, "registrations_per_hour": 3}`, log.Public().VKey(log.Name())))
	if w.log(hashOf(log.Name())) == nil {
		t.Error("a log of the policy is not registered")
	}
	one, _ := titled(t, "One")
	two, _ := titled(t, "Two")
	for _, step := range []struct {
		from string
		body []byte
		want int
	}{
		{"127.0.0.1:1000", one, 200},
		{"127.0.0.1:2000", one, 200}, // registered already: nothing is added
		{"127.0.0.1:3000", two, 507}, // the log and one record are all
		{"127.0.0.1:4000", one, 429}, // the fourth request of this address
		{"127.0.0.2:1000", one, 200},
		{"[2001:db8::1]:1", one, 200},
		{"[2001:db8::2]:1", one, 200},
		{"[2001:db8::3]:1", one, 200},
		{"[2001:db8::4]:1", one, 429}, // one customer's network
		{"[2001:db8:0:1::4]:1", one, 200},
	} {
		if status, body := register(w, step.from, step.body); status != step.want {
			t.Errorf("from %s: %d %s, want %d", step.from, status, body, step.want)
		}
	}
	p.hand.seconds.Store(3600)
	if status, _ := register(w, "127.0.0.1:4000", one); status != http.StatusOK {
		t.Errorf("an hour later: %d", status)
	}
	// A policy that takes less does not forget what was taken.
	w.Close()
	w = p.under(t, `{"accept": "listed", "records": 1}`)
	if len(w.logs) != 2 {
		t.Errorf("%d logs after a restart under a narrower policy, want both", len(w.logs))
	}
}

func TestTurnstileIsBounded(t *testing.T) {
	var s turnstile
	for i := range maxAddresses {
		if !s.passes(fmt.Sprint(i), 0, 1) {
			t.Fatalf("address %d is refused", i)
		}
	}
	if s.passes("one more", 0, 1) || !s.passes("one more", 3600, 1) {
		t.Error("want an address too many refused, and taken in the next hour")
	}
}

func TestParsePolicy(t *testing.T) {
	good := `{"accept": "named"}`
	if p, err := ParsePolicy([]byte(good)); err != nil || p.Listed || p.most() != maxLogs {
		t.Errorf("%+v, %v", p, err)
	}
	long := good + strings.Repeat(" ", maxPolicy-len(good))
	if _, err := ParsePolicy([]byte(long)); err != nil {
		t.Errorf("%d bytes: %v", len(long), err)
	}
	log := signer(t, "log.example/a", 7)
	vkey := log.Public().VKey(log.Name())
	for name, bad := range map[string]string{
		"empty": "", "nothing said": "{}", "another word": `{"accept": "all"}`, "unknown field": `{"accept": "named", "rate": 1}`,
		"two": good + good, "a list": `[]`, "one byte too long": long + " ",
		"list and all": `{"accept": "named", "agreements": ["` + strings.Repeat("0", 64) + `"]}`,
		"short id":     `{"accept": "listed", "agreements": ["00"]}`, "no key": `{"accept": "named", "depositaries": ["ed25519 AAAA"]}`,
		"negative": `{"accept": "named", "records": -1}`, "too many": fmt.Sprintf(`{"accept": "named", "records": %d}`, maxLogs+1),
		"negative rate": `{"accept": "named", "registrations_per_hour": -1}`,
		"log's hash":    fmt.Sprintf(`{"accept": "named", "logs": [%q]}`, "x"+vkey),
		"log's parts":   `{"accept": "named", "logs": ["a+b"]}`,
		"witness's key": fmt.Sprintf(`{"accept": "named", "logs": [%q]}`, keysOf(t, 2)["vienna"]),
	} {
		if p, err := ParsePolicy([]byte(bad)); err == nil {
			t.Errorf("%s: read as %+v", name, p)
		}
	}
}

func FuzzParsePolicy(f *testing.F) {
	f.Add([]byte(`{"accept": "named"}`))
	f.Add([]byte(`{"accept": "listed", "agreements": ["` + strings.Repeat("0", 64) + `"], "records": 3}`))
	f.Add([]byte(`{"accept": "named", "logs": ["a+b+c"], "depositaries": ["ed25519 "], "registrations_per_hour": 1}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := ParsePolicy(b)
		if err != nil {
			return
		}
		for _, l := range p.Logs {
			if !statement.ValidKeyName(l.Origin) {
				t.Errorf("the log %q", l.Origin)
			}
		}
		if p.most() < 1 || p.most() > maxLogs || p.PerHour < 0 {
			t.Errorf("%+v", p)
		}
	})
}
