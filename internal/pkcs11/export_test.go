package pkcs11

import "time"

// SetPatience sets how long an answer may take, and gives what sets it back.
func SetPatience(d time.Duration) func() {
	before := patience
	patience = d
	return func() { patience = before }
}

// Pid is the process of the key's helper.
func (k *Key) Pid() int { return k.h.cmd.Process.Pid }

// Ended waits until the key's helper has ended, and gives how.
func (k *Key) Ended() error {
	<-k.h.ended
	return k.h.status
}
