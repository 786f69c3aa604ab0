// Package record judges the record of one agreement: which entries count, when
// each existed, when each statement takes effect and each deadline is decided,
// what is final, and on what a custodian may act.
//
// # Promise
//
// A Fold is a pure function of the agreement and of the entries' bytes: two
// readers of one record hold the same state after every entry. Append accepts
// any bytes: what is no valid entry stands there without force, with the rule
// it breaks and whose fault that is. Time comes from proofs of time alone. The
// clock, settled time and the agreement's own instant never go back; an effect
// is never dated anew; nothing that is decided changes. With at most f lying
// witnesses an entry is never dated before it existed, the clock is never
// ahead of all honest ones, a deadline is decided only when everybody has had
// a whole proof window to bring older proofs, and a vault never has both
// certificates. Appending costs O(log n) besides the signatures, which are
// nearly all of the time.
//
// # No promise
//
// It knows nothing of how entries are stored, fetched or served (packages
// record/store and mirror do), nor of the contents of evidence (package
// vault). That an entry existed by some time does not say that anybody had
// seen it: parties ask the witnesses for the largest size they cosigned. With
// more than f lying witnesses the promises about time and certificates end.
// After a takeover from dead witnesses the promise about certificates rests on
// the custodians who renounced those of the old ones.
//
// # Wire form
//
// A record is a C2SP tlog-tiles log. Entry 0 is its opening:
//
//	detente/record/1
//	agreement c2a1d0ef5b1c1b0b8c4f2a7a3c4f7d8e9a0b1c2d3e4f5061728394a5b6c7d8e9
//	origin host/c2a1d0ef5b1c1b0b8c4f2a7a3c4f7d8e9a0b1c2d3e4f5061728394a5b6c7d8e9
//	clock real
//
// Every other entry is a statement (package statement), or a proof of time: a
// line, then a cosigned checkpoint of an earlier size of this same record,
// verbatim:
//
//	detente/proof/1
//	host/c2a1d0ef5b1c1b0b8c4f2a7a3c4f7d8e9a0b1c2d3e4f5061728394a5b6c7d8e9
//	3
//	UQXIZmRc7zpMlgqGb2QSQNBoU5KZzUExO1lnjNPGZk8=
//
//	— host/c2a1d0ef5b1c... hRHKNlQl...
//	— vienna yJyJuwAAAABgNLgA...
//	— geneva HCj/swAAAABgNLgF...
//	— muscat 7uAiCgAAAABgNLgC...
//
// An example worked through is in spec/record.md, which is normative, with
// vectors in spec/vectors/record.
package record
