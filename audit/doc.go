// Package audit derives everything in an exported record again, offline, from
// its bytes alone: what was checked, what could not be, and how things stand.
//
// # Promise
//
// It trusts nothing but the digest of the text, which the reader compares with
// the one he signed: not the depositary, not the machine the file came from,
// not the file's name. Every byte of the file is covered by some check. Two
// audits of the same bytes say the same, on any machine, for ever: the package
// is pure.
//
// # No promise
//
// It does not say that the record is the longest there is, nor the only one:
// for that, compare its head with what the witnesses last saw, and with other
// copies. It does not open sealed evidence, and says of every claim that rests
// on somebody's word that it does.
package audit
