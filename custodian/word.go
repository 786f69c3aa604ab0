package custodian

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"detente/agreement"
	"detente/internal/durable"
	"detente/machine"
)

// Bind gives a seat's word on the outcome of a vault, before that word is
// signed and put on the record: from here on the custodian that runs on the
// folder acts on no certificate of another outcome. Host and network could
// keep the signed word from the custodian, so it must not learn of it there. A
// seat that has acted, or has given another word, is refused.
func Bind(fsys durable.FS, dir string, vault agreement.Name, outcome machine.Outcome) error {
	folder := filepath.Join(dir, string(vault))
	name := filepath.Join(folder, "outcome")
	err := durable.CreateFile(fsys, name, []byte(wordOf(outcome)))
	if !errors.Is(err, fs.ErrExist) {
		return err
	}
	s := seat{custodian: &Custodian{cfg: Config{FS: fsys}}, vault: vault, dir: folder}
	if err := s.readOutcome(); err != nil {
		return err
	}
	switch {
	case s.outcome != "" && s.outcome != outcome:
		return fmt.Errorf("this custodian has acted on %s of vault %s: it cannot agree on %s", s.outcome, vault, outcome)
	case s.word != "" && s.word != outcome:
		return fmt.Errorf("this custodian has given its word on %s of vault %s: it cannot give another on %s", s.word, vault, outcome)
	}
	return nil
}

// wordOf is the file of a word that was given and not acted on yet.
func wordOf(o machine.Outcome) string { return "signed " + string(o) + "\n" }
