package record

// What says in one word what a valid proof of time did.
type What string

// What a proof can do.
const (
	Tick    What = "tick"    // moved the clock
	Stamp   What = "stamp"   // moved no clock, but showed that something existed earlier than known
	Nothing What = "nothing" // neither
)
