package witnesstest

import (
	"crypto/sha256"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"detente/statement"
)

// A Target is a witness to be held to the specification.
type Target struct {
	Address string
	Key     statement.WitnessKey
	// Deviates are the cases in which the witness is known to answer otherwise,
	// by name, and with what status. A case in which it no longer does fails.
	Deviates map[string]int
}

// Logs are the logs of all cases: the witness must know them before Run.
func Logs() []*Log {
	var all []*Log
	for i := range cases {
		all = append(all, logOf(i))
	}
	return append(all, NewLog(monitored, 1, entries...))
}

func logOf(i int) *Log { return NewLog(fmt.Sprintf("log.example/case-%d", i), 1, entries...) }

// Names are the names of all cases, each once.
func Names() []string {
	var all []string
	for _, c := range cases {
		all = append(all, c.name)
	}
	return all
}

// Run puts every case to the witness.
func Run(t *testing.T, target Target) {
	t.Helper()
	for name := range target.Deviates {
		if !slices.Contains(Names(), name) {
			t.Errorf("there is no case %q to deviate in", name)
		}
	}
	for i, c := range cases {
		t.Run(c.name, func(t *testing.T) { target.put(t, c, logOf(i)) })
	}
}

// put brings the witness to the head that the case starts from, and asks.
func (w Target) put(t *testing.T, c testCase, l *Log) {
	if c.head >= 0 {
		if a := w.ask(t, http.MethodPost, "/add-checkpoint", l.Request(0, c.head)); a.status != http.StatusOK {
			t.Fatalf("cosigning the head of size %d: %d %q", c.head, a.status, a.body)
		}
	}
	method := c.method
	if method == "" {
		method = http.MethodPost
	}
	body := c.body(l)
	got := w.ask(t, method, "/add-checkpoint", body)
	want := c.want
	if other, ok := w.Deviates[c.name]; ok {
		if slices.Contains(want, other) {
			t.Fatalf("%d is no deviation", other)
		}
		want = []int{other}
	}
	if !slices.Contains(want, got.status) {
		t.Fatalf("%s: got %d %q, want %v", c.cites, got.status, got.body, want)
	}
	head := max(c.head, 0)
	switch got.status {
	case http.StatusOK:
		_, note, _ := strings.Cut(body, "\n\n")
		head = w.cosigned(t, note, got.body)
	case http.StatusConflict:
		if got.kind != "text/x.tlog.size" || got.body != fmt.Sprintf("%d\n", head) {
			t.Errorf("409 of type %q with %q, want text/x.tlog.size and the size %d", got.kind, got.body, head)
		}
	}
	if c.method == "" {
		w.stands(t, l, head)
	}
}

// stands looks whether the witness's head is of this size: it says so to whoever
// names another old size.
func (w Target) stands(t *testing.T, l *Log, head int64) {
	t.Helper()
	old := int64(0)
	if head == 0 {
		old = 1
	}
	a := w.ask(t, http.MethodPost, "/add-checkpoint", l.Request(old, int64(len(entries))))
	if a.status != http.StatusConflict || a.body != fmt.Sprintf("%d\n", head) {
		t.Errorf("afterwards the witness answers %d %q, want a head of size %d", a.status, a.body, head)
	}
}

// cosigned verifies an answer of 200: signature lines, one of them the
// witness's over the note, with the time. It gives the note's size.
func (w Target) cosigned(t *testing.T, note, answer string) int64 {
	t.Helper()
	text, _, _ := strings.Cut(note, "\n\n")
	text += "\n"
	for _, line := range strings.SplitAfter(strings.TrimSuffix(answer, "\n"), "\n") {
		if !strings.HasPrefix(line, "— ") {
			t.Errorf("the answer has the line %q, want signature lines", line)
		}
	}
	n, err := statement.ParseNote([]byte(text + "\n" + answer))
	if err != nil {
		t.Fatalf("the answer makes no note of the checkpoint: %v: %q", err, answer)
	}
	i := slices.IndexFunc(n.Sigs, w.Key.Made)
	if i < 0 {
		t.Fatalf("no line of the witness's key in %q", answer)
	}
	at, err := w.Key.VerifyCosignature(n.Text, n.Sigs[i])
	if err != nil {
		t.Fatal(err)
	}
	if off := time.Since(time.Unix(int64(at), 0)).Abs(); off > time.Hour {
		t.Errorf("it states a time %s from now", off)
	}
	three := strings.SplitAfterN(text, "\n", 4)[:3] // extension lines may follow
	c, err := statement.ParseCheckpoint([]byte(strings.Join(three, "")))
	if err != nil {
		t.Fatal(err)
	}
	return c.Size
}

// monitored is the origin of the log in RunMonitor.
const monitored = "log.example/monitored"

// RunMonitor holds the witness to the monitor retrieval mechanism, which a
// witness SHOULD have.
func RunMonitor(t *testing.T, w Target) {
	t.Helper()
	l := NewLog(monitored, 1, entries...)
	path := fmt.Sprintf("/%x/checkpoint", sha256.Sum256([]byte(monitored)))
	if a := w.ask(t, http.MethodGet, path, ""); a.status != http.StatusNotFound {
		t.Errorf("before the first cosignature: %d, want 404", a.status)
	}
	for _, step := range []struct{ old, size int64 }{{0, 2}, {2, 7}} {
		if a := w.ask(t, http.MethodPost, "/add-checkpoint", l.Request(step.old, step.size)); a.status != http.StatusOK {
			t.Fatal(a)
		}
		a := w.ask(t, http.MethodGet, path, "")
		if a.status != http.StatusOK {
			t.Fatalf("after size %d: %d", step.size, a.status)
		}
		c, n, err := statement.OpenCheckpoint([]byte(a.body), monitored, l.Key())
		if err != nil || c.Size != step.size {
			t.Fatalf("of size %d: %v, want %d signed by the log", c.Size, err, step.size)
		}
		if i := slices.IndexFunc(n.Sigs, w.Key.Made); i < 0 {
			t.Error("without the witness's cosignature")
		} else if _, err := w.Key.VerifyCosignature(n.Text, n.Sigs[i]); err != nil {
			t.Error(err)
		}
	}
	if a := w.ask(t, http.MethodGet, "/"+strings.Repeat("0", 64)+"/checkpoint", ""); a.status != http.StatusNotFound {
		t.Errorf("of a log nobody knows: %d, want 404", a.status)
	}
	if a := w.ask(t, http.MethodGet, strings.ToUpper(path), ""); a.status != http.StatusNotFound {
		t.Errorf("with the hash in upper case: %d, want 404", a.status)
	}
}

type answer struct {
	status     int
	body, kind string
}

func (w Target) ask(t *testing.T, method, path, body string) answer {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, w.Address+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer{resp.StatusCode, string(b), resp.Header.Get("Content-Type")}
}
