// Package machine is an agreement compiled: its state, the step from one
// state to the next, the standing it gives, and the explanation of both.
//
// Purpose. Compile turns a checked agreement into fluents (typed slots, named
// by path such as `lift-sanctions.status`), rules and timers. A State holds
// the value of every fluent and the instant it took it. Apply lets one
// statement take effect; Fire lets the earliest deadline pass; either runs to
// quiescence. Standing says who owes what, Why says why, Plan says what would
// follow, and a Scenario holds an agreement to what its authors expect.
//
// Promise. Everything here is a pure function of its arguments: the same acts
// and deadlines in the same order give the same Bytes on every machine, the
// instant of a state never goes back, and an outcome once decided is never
// changed. No input makes it panic except a fault of the caller that the
// function names. An event ends in a bounded number of steps.
//
// What is not promised. The package does not know who really signed a
// statement, nor when: the record judges both and hands acts over in order.
// It does not tell whether a text is sound; that is asked before signing.
//
// The normative description is spec/machine.md.
package machine
