package witness

import (
	"bytes"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"detente/internal/durable/durabletest"
	"detente/internal/ustar"
)

// bundle is the archive of an agreement whose quorum are these witnesses.
func bundle(t *testing.T, keys map[string]string) []byte {
	t.Helper()
	s := fmt.Sprintf(`detente 1

agreement the-pledge {
  title        = "A pledge"
  timezone     = "UTC"
  clock        = simulated
  witnesses    = { of = [vienna, geneva, muscat, seoul], quorum = 3, faulty = 1 }
  proof_window = 1 hour
}
depositary host { key = "%s" }
party brio { keys = { of = ["%s"], need = 1 } }
party alba { keys = { of = ["%s"], need = 1 } }
commitment pledge {
  by  = alba
  to  = [brio]
  do  = "clear the field"
  due = 2021-03-23
}
`, signer(t, "x", 1).Public(), signer(t, "x", 20).Public(), signer(t, "x", 21).Public())
	for _, name := range []string{"vienna", "geneva", "muscat", "seoul", "tallinn"} {
		if keys[name] != "" {
			s += fmt.Sprintf("witness %s { key = \"%s\" }\n", name, keys[name])
		}
	}
	archive, err := ustar.Bytes([]ustar.File{{Path: "pledge.agreement", Data: []byte(s)}})
	if err != nil {
		t.Fatal(err)
	}
	return archive
}

func keysOf(t *testing.T, vienna byte) map[string]string {
	all := map[string]string{}
	for i, name := range []string{"vienna", "geneva", "muscat", "seoul"} {
		n := vienna + byte(i)
		p := &place{t.TempDir(), new(hand), durabletest.New()}
		w, err := Open(Config{Dir: p.dir, Signer: signer(t, name, n), Clock: p.hand, Log: slog.New(slog.DiscardHandler), FS: p.fs})
		if err != nil {
			t.Fatal(err)
		}
		all[name] = w.Key().String()
		w.Close()
	}
	return all
}

// TestRegister: a witness serves the records whose text names its key, and no others.
func TestRegister(t *testing.T) {
	register := func(w *Witness, body []byte) (int, string) {
		r := httptest.NewRecorder()
		w.Handler().ServeHTTP(r, httptest.NewRequest("POST", "/register", bytes.NewReader(body)))
		return r.Code, r.Body.String()
	}
	p := newPlace(t)
	w := p.open(t)
	named, other := bundle(t, keysOf(t, 2)), bundle(t, keysOf(t, 40))
	for range 2 {
		if status, body := register(w, named); status != http.StatusOK || !strings.Contains(body, `"origin":"host/`) {
			t.Fatalf("a text that names this witness: %d %s", status, body)
		}
	}
	if status, body := register(w, other); status != http.StatusUnprocessableEntity || !strings.Contains(body, w.Key().String()) {
		t.Errorf("a text that names another key: %d %s", status, body)
	}
	for _, bad := range [][]byte{nil, named[:700], append(bytes.Clone(named), 0)} {
		if status, _ := register(w, bad); status != http.StatusUnprocessableEntity {
			t.Errorf("a damaged bundle of %d bytes: %d", len(bad), status)
		}
	}
	if status, _ := register(w, make([]byte, maxBundle+1)); status != http.StatusRequestEntityTooLarge {
		t.Errorf("a bundle too large: %d", status)
	}
	logs := len(w.logs)
	w.Close()
	w = p.open(t)
	if len(w.logs) != logs {
		t.Error("a registration was forgotten")
	}
	w.cfg.Closed = true
	if status, _ := register(w, named); status != http.StatusForbidden {
		t.Errorf("a closed witness: %d", status)
	}
	if _, err := w.Register(named); err != nil {
		t.Errorf("its operator: %v", err)
	}
}

// TestDiskFails: every write of a cosignature fails once in each way, and the
// machine stops at each. Whatever was cosigned before or in answer is not
// taken back: after a restart a fork of it is never cosigned.
func TestDiskFails(t *testing.T) {
	for _, effect := range []durabletest.Effect{durabletest.Lost, durabletest.Kept, durabletest.Torn, durabletest.Crash} {
		for n := 0; ; n++ {
			disk := durabletest.New()
			p := &place{"/witness", new(hand), disk}
			w := p.open(t)
			f, fork := newTree(t, "a", "b", "c"), newTree(t, "a", "x", "y", "z")
			cosigned(t, w, f, 0, 2)
			first, failed := disk.Ops(), false
			disk.Fault = func(op durabletest.Op) durabletest.Fault {
				if op.N != first+n {
					return durabletest.Fault{}
				}
				failed = true
				return durabletest.Fault{Effect: effect}
			}
			status, _, _ := post(t, w, f.request(2, 3))
			if !failed {
				break
			}
			acknowledged := int64(2)
			if status == http.StatusOK {
				acknowledged = 3
			}
			if effect != durabletest.Crash {
				// The process goes on: it cosigns, or knows that it has written size 3.
				again, size, _ := post(t, w, f.request(2, 3))
				if again == http.StatusOK {
					acknowledged = 3
				} else if again != http.StatusConflict || size != "3\n" {
					t.Fatalf("operation %d, effect %d: asked again: %d %s", n, effect, again, size)
				}
			}
			w.Close()
			disk.Fault = nil
			for _, after := range []*durabletest.FS{disk.Crash(durabletest.KeepNothing), disk.Crash(durabletest.KeepAll), disk.Kill()} {
				p.fs = after
				w = p.open(t)
				size := w.log(hashOf(origin)).head.Size
				if size < acknowledged {
					t.Errorf("operation %d, effect %d: after a restart the head is of size %d", n, effect, size)
				}
				if status, _, _ := post(t, w, fork.request(size, 4)); status != http.StatusUnprocessableEntity {
					t.Errorf("operation %d, effect %d: a fork is answered %d", n, effect, status)
				}
				w.Close()
			}
		}
	}
}
