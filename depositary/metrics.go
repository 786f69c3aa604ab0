package depositary

import (
	"errors"
	"sync"
	"time"

	"detente/agreement"
	"detente/internal/metrics"
	"detente/mirror"
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
	for _, w := range h.witnesses {
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

// Metrics tells how every record does.
func (d *Depositary) Metrics(tell metrics.Tell) {
	ids := d.Records()
	tell(metrics.Gauge("detente_records", "Records hosted.", float64(len(ids))))
	for _, id := range ids {
		d.record(id).metrics(d.now(), tell)
	}
}

func (h *hosted) metrics(now agreement.Instant, tell metrics.Tell) {
	record := metrics.Label{Name: "record", Value: h.agreement.ID.String()}
	gauge := func(name, help string, v float64, more ...metrics.Label) {
		tell(metrics.Gauge(name, help, v, append([]metrics.Label{record}, more...)...))
	}
	h.mu.RLock()
	size, waiting, clock := h.fold.Size(), len(h.fold.Waiting()), h.fold.Clock()
	duty, confirmed := h.fold.Duty(now), h.confirmed
	h.mu.RUnlock()
	gauge("detente_record_entries", "Entries of the record.", float64(size))
	gauge("detente_record_final_entries", "Entries that a quorum of witnesses has cosigned.", float64(headOf(h.log.Cosigned()).Size))
	gauge("detente_record_waiting_statements", "Statements that have not taken effect yet.", float64(waiting))
	gauge("detente_record_clock_age_seconds", "How far the clock of the record, of its latest proof of time, is behind this process.", float64(max(0, now-clock)))
	gauge("detente_record_uncovered_entries", "Entries besides proofs that no proof of time covers: the backlog of duties.", float64(duty.Behind))
	overdue := 0.0
	if duty.Due {
		overdue = float64(max(0, now-duty.Since))
	}
	gauge("detente_record_duty_overdue_seconds", "How long the oldest unmet duty is due; 0 if none is.", overdue)
	gauge("detente_record_stopped", "1 if nothing is taken in any more, because the store failed or lost entries.", metrics.Bool(h.halted.Load() != nil))
	gauge("detente_record_confirmed", "1 if a quorum has confirmed the head since the start.", metrics.Bool(confirmed))
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
