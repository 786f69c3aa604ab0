// Package prepared is a statement on its way between the persons who sign it
// together, as a file that can be carried: what is to be signed, what that says
// and would do, whose keys must sign, and the signatures so far.
//
// Promise: a file has exactly one form for what it holds, whoever signed first;
// any change to it is refused, except one that makes another whole file, digest
// and all; what it says in words is derived again from the text to be signed
// when it is read. A signature that is not one of the keys named over this very
// text is refused.
//
// Not promised: that the keys and the effect named are true. Whoever prepared
// the file wrote them from the record as it stood; a copy of the record derives
// them again, and without one they are that person's word. The digest guards
// against damage and careless hands, not against a forger: what cannot be
// forged is a signature.
//
// # File form
//
//	detente/prepared/1
//	check <64 hex digits>
//	need <how many keys must sign>
//	key <public key>          one line for each key, in the signer's order
//	says <words>              one or more lines
//	effect <words>            one or more lines
//	                          an empty line
//	<the eight lines of the statement>
//	                          an empty line, if somebody has signed
//	<signature lines>         in the order of the keys
//
// check is SHA-256 over the first line and everything after the second up to
// the end of the statement's eight lines. spec/statement.md is normative.
package prepared
