// Package storm is the whole system under a storm of faults, in one goroutine,
// from one seed.
//
// The roles are the real ones: the depositary with its store, witnesses,
// custodians, a recorder, mirrors, a beneficiary; parties act by a script that
// the seed draws. What is around them is simulated: time, clocks, disks that
// fail and forget, a network that loses, doubles, delays, reorders and cuts.
// Some of them lie, as far as the design allows it and sometimes further where
// a promise is about being caught.
//
// One queue of events, ordered by time and then by when they were put there,
// drives everything; one generator, begun from the seed, makes every choice. So
// a seed is a history, and [Run] gives the same trace for it every time, byte
// for byte, in any process of one build of the program.
//
// What must hold is checked by code of this package that shares nothing with
// what it checks: a [book] of what was acknowledged to whom, what each
// custodian did and on which certificate, what every reader saw, what opened
// when. The numbers of its verdicts are those of docs/simulation.md.
//
// Run needs the bubble of testing/synctest for its time, and the generator of
// testing/cryptotest for its keys. The package does not import them: its tests
// put it there.
//
// Non-promise: within one process nothing races, so what depends on the order
// of two goroutines of one role is not found here.
package storm
