package mirror

import (
	"fmt"

	"detente/agreement"
)

// readAgreement is the agreement of a bundle that must have this id.
func readAgreement(b *agreement.Bundle, id agreement.Digest) (*agreement.Agreement, error) {
	if got := b.Digest(); got != id {
		return nil, fmt.Errorf("the bundle's digest is %s, not the agreement's id %s", got, id)
	}
	a, diagnostics := agreement.Read(b)
	if a == nil {
		return nil, fmt.Errorf("the agreement %s does not read: %s", id, firstFault(diagnostics))
	}
	return a, nil
}

// firstFault is the first diagnostic that is more than a warning.
func firstFault(all []agreement.Diagnostic) string {
	for _, d := range all {
		if !d.Warning {
			return fmt.Sprintf("%s:%d: %s", d.Range.File, d.Range.Start, d.Message)
		}
	}
	return "no reason given"
}
