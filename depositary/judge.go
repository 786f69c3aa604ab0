package depositary

import (
	"detente/record"
	"detente/statement"
)

// A verdict is what an entry would be if it were appended now.
type verdict struct {
	known *record.Judged // it is on the record already
	fault *record.Fault  // it would be inert: the rule that it breaks
	s     *statement.Signed
}

// judge says what an entry would be, and appends nothing.
func (h *hosted) judge(entry []byte) verdict {
	if i, ok := h.proofs[string(entry)]; ok {
		return verdict{known: h.fold.Entry(i)}
	}
	if s, err := statement.Parse(entry); err == nil {
		if j, ok := h.fold.ByID(s.ID); ok {
			return verdict{known: j}
		}
	}
	j := h.fold.Judge(entry)
	return verdict{fault: j.Fault, s: j.Statement}
}
