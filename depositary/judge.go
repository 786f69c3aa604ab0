package depositary

import (
	"detente/record"
	"detente/statement"
)

// A verdict is what an entry would be if it were appended now.
type verdict struct {
	known *record.Judgement // it is on the record already
	fault *record.Fault     // it would be inert: the rule that it breaks
	s     *statement.Signed
}

// judge says what an entry would be, and appends nothing.
func (h *hosted) judge(entry []byte) verdict {
	return h.judgeLook(h.fold.Ring().Look(entry)[0])
}

// judgeLook is judge of an entry that was looked at ahead.
func (h *hosted) judgeLook(look *record.Look) verdict {
	if s := look.Statement(); s != nil {
		if j, ok := h.fold.ByID(s.ID); ok {
			return verdict{known: j}
		}
	} else if j, ok := h.fold.ProofOf(look.Bytes()); ok {
		return verdict{known: j}
	}
	j := h.fold.JudgeLook(look)
	return verdict{fault: j.Fault, s: j.Statement}
}
