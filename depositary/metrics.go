package depositary

import (
	"errors"
	"sync"
	"time"

	"detente/agreement"
	"detente/internal/metrics"
	"detente/mirror"
	"detente/record"
)

// answers are how a record's witnesses answered last.
type answers struct {
	mu sync.Mutex
	of map[agreement.Name]*answered
}

type answered struct {
	last    time.Time // when it cosigned last, in real time
	refused int64     // how often it did not
}

// note keeps what came of a round.
func (a *answers) note(h *hosted, g *mirror.Gathered) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.of == nil {
		a.of = map[agreement.Name]*answered{}
	}
	for _, w := range h.panel.Load().witnesses {
		one := a.of[w.Name]
		if one == nil {
			one = &answered{}
			a.of[w.Name] = one
		}
		switch err := g.Failed[w.Name]; {
		case err == nil:
			one.last = time.Now()
		case !errors.Is(err, mirror.ErrSlow):
			one.refused++
		}
	}
}

// A standing is what metrics say of a fold.
type standing struct {
	waiting int
	clock   agreement.Instant
	behind  int64
	due     bool
	since   agreement.Instant // if due
}

func standingOf(f *record.Fold, now agreement.Instant) *standing {
	duty := f.Duty(now)
	return &standing{len(f.Waiting()), f.Clock(), duty.Behind, duty.Due, duty.Since}
}

// Metrics tells how every record does. It reads none: of one whose reading was
// given up it tells what was so then.
func (d *Depositary) Metrics(tell metrics.Tell) {
	ids := d.Records()
	for _, id := range ids {
		d.metricsOf(d.record(id), tell)
	}
	d.shelf.mu.Lock()
	read := d.shelf.read
	d.shelf.mu.Unlock()
	tell(metrics.Gauge("detente_records", "Records hosted.", float64(len(ids))))
	tell(metrics.Gauge("detente_records_unread", "Records that have not been read since the start: damage of them would not have been found yet.", float64(d.unseen())))
	tell(metrics.Gauge("detente_records_in_memory", "Records that are held in memory now.", float64(read)))
}

// unseen is how many records were not read since the start.
func (d *Depositary) unseen() (n int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, h := range d.records {
		if !h.seen.Load() {
			n++
		}
	}
	return n
}

func (d *Depositary) metricsOf(h *hosted, tell metrics.Tell) {
	record := metrics.Label{Name: "record", Value: h.id.String()}
	gauge := func(name, help string, v float64, more ...metrics.Label) {
		tell(metrics.Gauge(name, help, v, append([]metrics.Label{record}, more...)...))
	}
	now := d.now()
	last := h.last.Load()
	if d.useIfRead(h) {
		h.mu.RLock()
		last = standingOf(h.fold, now)
		h.mu.RUnlock()
		d.done(h)
	}
	overdue := 0.0
	if last != nil && last.due {
		overdue = float64(max(0, now-last.since))
	} else if at, set := d.agenda.at(h); set { // its turn has come, and nobody has looked yet
		overdue = float64(max(0, now-at))
	}
	gauge("detente_record_entries", "Entries of the record.", float64(h.log.Head().Size))
	gauge("detente_record_final_entries", "Entries that a quorum of witnesses has cosigned.", float64(headOf(h.log.Cosigned()).Size))
	if last != nil {
		gauge("detente_record_waiting_statements", "Statements that have not taken effect yet.", float64(last.waiting))
		gauge("detente_record_clock_age_seconds", "How far the clock of the record, of its latest proof of time, is behind this process.", float64(max(0, now-last.clock)))
		gauge("detente_record_uncovered_entries", "Entries besides proofs that no proof of time covers: the backlog of duties.", float64(last.behind))
	}
	gauge("detente_record_duty_overdue_seconds", "How long the oldest unmet duty is due; 0 if none is.", overdue)
	gauge("detente_record_stopped", "1 if nothing is taken in any more, because the store failed or lost entries.", metrics.Bool(h.halted.Load() != nil))
	gauge("detente_record_confirmed", "1 if a quorum has confirmed the head since the start.", metrics.Bool(h.confirmed.Load()))
	h.answers.mu.Lock()
	defer h.answers.mu.Unlock()
	for name, a := range h.answers.of {
		witness := metrics.Label{Name: "witness", Value: string(name)}
		if !a.last.IsZero() {
			gauge("detente_witness_last_answer_timestamp_seconds", "When a witness cosigned last.", metrics.Time(a.last), witness)
		}
		tell(metrics.Counter("detente_witness_errors_total", "Requests that a witness did not cosign.", float64(a.refused), record, witness))
	}
}
