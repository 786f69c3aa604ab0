// Package depositary is the role that hosts records: it opens them, takes
// statements in, sees that witnesses date them, and serves them. It is trusted
// for nothing but availability: everything it says is checked by clients.
//
// Promise. An entry is durable before it is acknowledged, and the answer
// proves that it is on the record. An entry that would be inert is refused
// beforehand, with the rule it breaks. The same statement twice is on the
// record once. The duties of the record (package record, Duty) are met as soon
// as a quorum of witnesses answers, whoever else is slow, dead or lying, and
// an idle record costs nothing. A record is opened only when a quorum of its
// witnesses cosigned its first entry. When witnesses hold a larger head that
// this depositary's own key signed, its store has lost entries: it stops and
// says so, rather than sign a second history.
//
// Not promised: that a statement refused here cannot reach the record another
// way, that anything is kept secret, or that it goes on without its witnesses:
// after a restart nothing is taken in until a quorum has confirmed the head.
//
// The folder holds store/ (package record/store), bundle/<id>, the archive of
// each agreement, and waiting/<id>/, the newest objects of each record: those
// that no statement names yet. The HTTP interface is in spec/http.md.
package depositary
