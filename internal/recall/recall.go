// Package recall lets a simulation remember the verdicts on signatures.
//
// A simulation of twenty readers in one process verifies each signature twenty
// times, which is two thirds of its time. A verdict is a function of three
// strings of bytes, so remembering it changes nothing but the time. No program
// of the project sets it; package simulation/storm does, for its tests.
package recall

// Verdict, if a simulation has set it, gives the verdict of verify, which it
// may remember by the three strings. It is set before anything runs.
var Verdict func(pub, msg, sig []byte, verify func() bool) bool
