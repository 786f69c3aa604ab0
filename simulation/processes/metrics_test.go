package processes

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
)

// TestMetrics scrapes every role and holds what it says against Prometheus's
// own parser and linter, and the counts against what happened.
func TestMetrics(t *testing.T) {
	s := newStage(t, 4, "erase")
	s.open()
	boards := map[string]string{}
	for _, name := range []string{registry, witnesses[0], custodians[0], cameras, copyist} {
		p := s.byName[name]
		boards[name] = s.port()
		p.args = append(p.args, "--metrics", boards[name])
		s.must(p.kill())
		_, err := p.start(s.ctx)
		s.must(err)
	}
	c := newChecker(s)
	load := s.write()
	s.firstEpoch(c)
	s.eventually("something of everything is there", func() bool {
		c.update(nil)
		return len(c.ledger.Seals) > 1 && len(load.acknowledged()) > 10
	})
	load.stop()
	for name, want := range map[string][]string{
		registry:      {"detente_records 1", "detente_record_entries{", "detente_record_final_entries{", "detente_record_stopped{", "detente_record_confirmed{", "detente_witness_last_answer_timestamp_seconds{", "detente_witness_errors_total{", "detente_record_uncovered_entries{", `detente_http_requests_total{code="200",request="submit"}`},
		witnesses[0]:  {"detente_witness_records 1", "detente_witness_cosigned_entries{", `detente_http_requests_total{code="200",request="add-checkpoint"}`},
		custodians[0]: {"detente_copy_entries{", `detente_custodian_shares{vault="footage"}`, `detente_custodian_outcome{outcome="erase",vault="footage"} 0`},
		cameras:       {"detente_copy_last_update_timestamp_seconds{", `detente_recorder_segments{camera="main",vault="footage"}`, "detente_recorder_unrecorded_segments{", "detente_recorder_late_seconds{"},
		copyist:       {"detente_copy_entries{", "detente_copy_final_entries{"},
	} {
		text := c.get("http://" + boards[name] + "/metrics")
		for _, metric := range append(want, "detente_disk_free_bytes ", "process_resident_memory_bytes ", "go_goroutines ") {
			if !strings.Contains(string(text), "\n"+metric) {
				t.Errorf("%s does not show %s", name, metric)
			}
		}
		problems, err := promlint.New(bytes.NewReader(text)).Lint()
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		for _, p := range problems {
			if strings.HasPrefix(p.Metric, "detente_") {
				t.Errorf("%s: %s: %s", name, p.Metric, p.Text)
			}
		}
	}
	if quiet := listens(s.byName[witnesses[1]]); c.get("http://"+quiet+"/metrics") != nil {
		t.Error("a witness without --metrics shows them")
	}
}

// endsWithin is how long a role may take to end: five seconds for what is under
// way, two for a last batch, and a busy machine.
const endsWithin = 12 * time.Second

// TestSignals tells each role to end: it does, with status 0 and in bounded
// time, and what it acknowledged last is there.
func TestSignals(t *testing.T) {
	s, c, acks := prepared(t, 5)
	load := s.write()
	for _, p := range slices.Backward(s.players) {
		status, took, err := p.stop(s.ctx)
		if status != 0 || err != nil || took > endsWithin {
			t.Errorf("%s: status %d after %v, %v\n%s", p.name, status, took, err, p.now.said)
		}
	}
	load.stop()
	acks = append(acks, load.acknowledged()...)
	for _, p := range s.players {
		_, err := p.start(s.ctx)
		s.must(err)
	}
	c.update(acks)
	c.statements(load.acknowledged())
	c.recorder()
}
