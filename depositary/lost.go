package depositary

import (
	"fmt"

	"detente/agreement"
	"detente/statement"
)

// A LostError says that witnesses cosigned more of a record than its store
// shows, or something else: the store lost entries or is an old copy. Whoever
// went on from it would sign a second history, so nothing is taken in.
type LostError struct {
	Origin   string
	Dir      string         // the depositary's folder
	Have     statement.Head // what the store shows
	Cosigned statement.Head // what was cosigned; only the size if witnesses gave no more
	Witness  agreement.Name // who holds it, signed by this depositary's key; empty if nobody showed that
	Claims   int            // without such proof: how many witnesses say so, more than may lie
}

// Error says which copy is needed and how to restore from it.
func (e *LostError) Error() string {
	who := fmt.Sprintf("%d witnesses say that they cosigned", e.Claims)
	switch {
	case e.Witness != "":
		who = fmt.Sprintf("witness %s holds a checkpoint, signed by this depositary's key, of", e.Witness)
	case e.Claims == 0:
		who = "a checkpoint kept in the folder has"
	}
	dir := e.Dir
	if dir == "" {
		dir = "FOLDER"
	}
	return fmt.Sprintf(`the store shows %d entries, and %s %d, or another history: it lost entries or is an old copy, and nothing is taken in
restore the record from a mirror or an export that has at least %d entries:
  detente restore --from MIRROR --dir %s --key KEY`, e.Have.Size, who, e.Cosigned.Size, e.Cosigned.Size, dir)
}
