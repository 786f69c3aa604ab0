// Package web renders the read-only pages of one record: how things stand,
// the timeline, the vaults, every entry with its proof, the text with the
// status of each block beside it.
//
// # Promise
//
// Every page says as of which instant it speaks, over which head of the record,
// and how many witnesses cosigned it. Pages are a pure view: whatever they show
// is computed from the record's entries by the packages that judge them, and
// nothing here decides anything. They work without scripts, in one colour, on
// paper and on a phone; they load nothing from elsewhere. Words of parties are
// shown as text whatever they contain. The fold is read in short pieces, so a
// reader holds up nobody who writes; work is done once for each size of the
// record, and the work that a stranger can ask for is bounded (limits.go).
//
// # No promise
//
// A page is what this depositary says. It proves nothing by itself: each entry
// carries its proof of inclusion, and `detente audit` derives everything again
// without the depositary. Pages of an earlier size are folded anew and only for
// records that are not too long for that.
//
// # Addresses
//
// Below the address of the record, GET only:
//
//	(nothing)            at a glance
//	timeline             lanes of parties and commitments, then the changes as a table
//	vault/NAME           custody, coverage, outcome and custodians of one vault
//	text                 the text, with the standing of each block in the margin
//	record               the entries; ?show= chooses which, ?from= where to begin
//	entry/N              one entry; entry/N/raw are its bytes, entry/N/proof its C2SP tlog-proof
//	style.css            the style sheet
//
// Every page takes ?size=N, to speak of the first N entries, or ?at=INSTANT,
// which leads to the size that the record had then.
package web
