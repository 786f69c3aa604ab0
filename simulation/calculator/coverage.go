package calculator

// A Camera is what was recorded by one camera: seconds of each class, and the
// intervals of consecutive slots of one class.
type Camera struct {
	Name      string
	Seconds   map[string]int64
	Intervals []Interval
}

// An Interval is from the start of its first slot to the end of its last.
type Interval struct {
	From, Until int64
	Class       string
}

func (f *fold) coverage(int, map[[32]byte][]byte) []Camera { return nil }
