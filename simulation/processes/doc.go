// Package processes holds the real processes of Detente to their promise that
// a crash loses nothing.
//
// It has no code of its own, only tests. They build the binary once, run a
// depositary, witnesses, custodians, a recorder and a mirror on loopback, each
// in its own folder, put them under load, and kill, starve, damage or flood
// them as the world does: SIGKILL at random moments, full disks, folders that
// may not be written, clocks that go back, files that are missing or altered,
// senders who never end. What every role had acknowledged is written down
// before and looked for afterwards by code that shares nothing with the roles
// but the formats.
//
// A run prints its seed; `go test -run TestKilled -seed N` draws the same
// victims and the same pauses again. The machine's own scheduling is not drawn,
// so a seed repeats the plan of a run and not each of its interleavings.
package processes
