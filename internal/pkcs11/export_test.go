package pkcs11

import "time"

// SetPatience sets how long an answer may take, and gives what sets it back.
func SetPatience(d time.Duration) func() {
	before := patience
	patience = d
	return func() { patience = before }
}
