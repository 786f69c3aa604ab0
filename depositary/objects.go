package depositary

import (
	"sync"
	"time"
)

// objects counts what was stored on request in a day: of whom, and in all. What
// was stored before counts for nobody.
type objects struct {
	mu  sync.Mutex
	day time.Time // when it began
	all int
	of  map[string]int // by address; at most as many as there are objects
}

// room is whether one more is taken from an address.
func (o *objects) room(from string) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if now := time.Now(); now.Sub(o.day) >= objectsDay {
		o.day, o.all, o.of = now, 0, nil
	}
	return o.all < maxObjects && o.of[from] < maxObjectsOf
}

// took counts one that is new and stored.
func (o *objects) took(from string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.of == nil {
		o.of = map[string]int{}
	}
	o.all++
	o.of[from]++
}
