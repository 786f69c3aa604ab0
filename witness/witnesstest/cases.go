package witnesstest

import (
	"bytes"
	"encoding/base64"
	"net/http"
	"slices"
	"strings"
)

// entries are those of every case's log.
var entries = []string{"a", "b", "c", "d", "e", "f", "g"}

// A testCase is a request and what the specification says of it.
type testCase struct {
	name   string
	cites  string // the words it rests on
	head   int64  // the size that the witness cosigned before; -1 for none
	body   func(*Log) string
	want   []int  // allowed statuses
	method string // POST if empty
}

// What cases cite: c2sp.org/tlog-witness unless another page is named.
const (
	form       = "the request body MUST be a sequence of an old size line, zero or more consistency proof lines, and an empty line, followed by a checkpoint"
	oldForm    = "the string old, a single space, and the tree size encoded as an ASCII decimal with no leading zeroes"
	proofForm  = "each consistency proof line MUST encode a single hash in base64"
	proofMost  = "the client MUST NOT send more than 63 consistency proof lines"
	unknown    = "if the checkpoint origin is unknown, the witness MUST respond with 404"
	forbidden  = "MUST respond with 403 if no signature from a trusted key is present, or a line matches a trusted key but fails to verify"
	ignores    = "it MUST ignore signatures from unknown keys"
	oldAbove   = "the old size MUST be equal to or lower than the checkpoint size. Otherwise 400"
	oldMatches = "the old size matches the size of the latest checkpoint it cosigned. If it doesn't match, 409"
	zeroRoot   = "a checkpoint of size zero MUST have the root hash of the empty tree. Otherwise 422"
	zeroProof  = "if the proof is not empty when the old size is zero, 422"
	consistent = "if a Merkle Consistency Proof doesn't verify, 422"
	sameRoot   = "if the old size matches the checkpoint size, the root hashes must be identical. If they don't match, 422"
	passes     = "if all the checks above pass, 200"
	isPost     = "the request MUST be an HTTP POST"
	checkpoint = "c2sp.org/tlog-checkpoint: at least three non-empty lines: origin, size without leading zeroes, root"
	signedNote = "c2sp.org/signed-note: valid UTF-8, no control characters, text, a blank line, one or more signature lines"
)

var (
	badRequest = []int{http.StatusBadRequest}
	// noNote is open: what is no signed note is not signed either.
	noNote        = []int{http.StatusBadRequest, http.StatusForbidden}
	notFound      = []int{http.StatusNotFound}
	conflict      = []int{http.StatusConflict}
	unprocessable = []int{http.StatusUnprocessableEntity}
	ok            = []int{http.StatusOK}
)

func request(old, size int64) func(*Log) string {
	return func(l *Log) string { return l.Request(old, size) }
}

// with is a good request in which one text is replaced by another.
func with(from, to string) func(*Log) string {
	return func(l *Log) string {
		good := l.Request(3, 5)
		bad := strings.Replace(good, from, to, 1)
		if bad == good {
			panic("witnesstest: nothing to replace")
		}
		return bad
	}
}

// withProof is a request whose proof is changed.
func withProof(old, size int64, change func([]string) []string) func(*Log) string {
	return func(l *Log) string { return Body(old, change(l.Proof(old, size)), l.Checkpoint(size)) }
}

// withText is a request from size 3 to a checkpoint whose text is changed and signed.
func withText(change func(text string) string) func(*Log) string {
	return func(l *Log) string { return Body(3, l.Proof(3, 5), l.Sign(change(l.Text(5)))) }
}

// withNote is a request from size 3 to a checkpoint whose note is changed.
func withNote(change func(l *Log, note string) string) func(*Log) string {
	return func(l *Log) string { return Body(3, l.Proof(3, 5), change(l, l.Checkpoint(5))) }
}

// forked is a request of the same log with another history from entry 2 on.
func forked(old, size int64) func(*Log) string {
	return func(l *Log) string {
		return NewLog(l.Origin, 1, "a", "b", "x", "d", "e", "f", "g").Request(old, size)
	}
}

func literal(body string) func(*Log) string { return func(*Log) string { return body } }

var hash = base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{7}, 32))

func append1(lines []string) []string { return append(lines, hash) }

func hashes(n int) func([]string) []string {
	return func([]string) []string { return slices.Repeat([]string{hash}, n) }
}

// otherLine is a signature line of another key, over the same text.
func otherLine(name string) func(l *Log, note string) string {
	return func(l *Log, note string) string {
		other := NewLog(name, 9)
		_, line, _ := strings.Cut(other.Sign(l.Text(5)), "\n\n")
		return note + line
	}
}

// badLine is a line of the log's own key that does not verify.
func badLine(l *Log) string { return l.line(make([]byte, 64)) }

func withoutLines(l *Log) string { return l.Text(5) + "\n" }

// cases are the table. Logs with the same name as the origin sign.
var cases = slices.Concat(formCases, noteCases, sizeCases)

var formCases = []testCase{
	{"an empty body", form, 3, literal(""), badRequest, ""},
	{"a checkpoint alone", form, 3, func(l *Log) string { return l.Checkpoint(5) }, badRequest, ""},
	{"no empty line", form, 3, with("\n\n", "\n"), badRequest, ""},
	{"lines that end in CRLF", form, 3, with("old 3\n", "old 3\r\n"), badRequest, ""},
	{"nothing after the empty line", form, 3, literal("old 3\n\n"), append(notFound, badRequest...), ""},
	{"the old size after the proof", form, 3, with("old 3\n", hash+"\nold 3\n"), badRequest, ""},
	{"GET", isPost, 3, request(3, 5), []int{http.StatusMethodNotAllowed, http.StatusNotFound}, http.MethodGet},
	{"PUT", isPost, 3, request(3, 5), []int{http.StatusMethodNotAllowed, http.StatusNotFound}, http.MethodPut},

	{"no old size", oldForm, 3, with("old 3", "old "), badRequest, ""},
	{"old without a space", oldForm, 3, with("old 3", "old3"), badRequest, ""},
	{"old with two spaces", oldForm, 3, with("old 3", "old  3"), badRequest, ""},
	{"a space after the old size", oldForm, 3, with("old 3", "old 3 "), badRequest, ""},
	{"OLD", oldForm, 3, with("old 3", "OLD 3"), badRequest, ""},
	{"an old size with a leading zero", oldForm, 3, with("old 3", "old 03"), badRequest, ""},
	{"an old size with a plus", oldForm, 3, with("old 3", "old +3"), badRequest, ""},
	{"a negative old size", oldForm, 3, with("old 3", "old -3"), badRequest, ""},
	{"an old size in hex", oldForm, 3, with("old 3", "old 0x3"), badRequest, ""},
	{"an old size in other digits", oldForm, 3, with("old 3", "old ٣"), badRequest, ""},
	{"an old size past 63 bits", oldForm, 3, with("old 3", "old 9223372036854775808"), badRequest, ""},

	{"a proof line that is not base64", proofForm, 3, withProof(3, 5, func([]string) []string { return []string{"!"} }), badRequest, ""},
	{"a proof line of 31 bytes", proofForm, 3, withProof(3, 5, func([]string) []string { return []string{base64.StdEncoding.EncodeToString(make([]byte, 31))} }), badRequest, ""},
	{"a proof line of 33 bytes", proofForm, 3, withProof(3, 5, func([]string) []string { return []string{base64.StdEncoding.EncodeToString(make([]byte, 33))} }), badRequest, ""},
	{"a proof line without padding", proofForm, 3, withProof(3, 5, func([]string) []string { return []string{strings.TrimRight(hash, "=")} }), badRequest, ""},
	{"a proof line in the URL alphabet", proofForm, 3, withProof(3, 5, func([]string) []string { return []string{strings.Repeat("_", 42) + "8="} }), badRequest, ""},
	{"a proof line with a space", proofForm, 3, withProof(3, 5, func([]string) []string { return []string{hash + " "} }), badRequest, ""},
	{"63 proof lines", proofMost, 3, withProof(3, 5, hashes(63)), unprocessable, ""},
	{"64 proof lines", proofMost, 3, withProof(3, 5, hashes(64)), badRequest, ""},
}

var noteCases = []testCase{
	{"no signature line", signedNote, 3, withNote(func(l *Log, _ string) string { return withoutLines(l) }), noNote, ""},
	{"no blank line before the signatures", signedNote, 3, withNote(func(_ *Log, n string) string { return strings.Replace(n, "\n\n", "\n", 1) }), noNote, ""},
	{"a note that ends within a line", signedNote, 3, withNote(func(_ *Log, n string) string { return strings.TrimSuffix(n, "\n") }), noNote, ""},
	{"a signature line with a hyphen", signedNote, 3, withNote(func(_ *Log, n string) string { return strings.Replace(n, "— ", "- ", 1) }), noNote, ""},
	{"a signature that is not base64", signedNote, 3, withNote(func(_ *Log, n string) string { return strings.TrimSuffix(n, "\n") + "!\n" }), noNote, ""},
	{"a control character", signedNote, 3, withText(func(s string) string { return s + "\x01\n" }), noNote, ""},
	{"text that is not UTF-8", signedNote, 3, withText(func(s string) string { return s + "\xff\n" }), noNote, ""},

	{"an unknown origin", unknown, 3, func(l *Log) string { return NewLog("elsewhere.example/log", 1, entries...).Request(3, 5) }, notFound, ""},
	{"an unknown origin, badly signed", unknown, 3, withNote(func(_ *Log, n string) string { return "elsewhere.example/log" + n[strings.IndexByte(n, '\n'):] }), notFound, ""},
	{"signed by an unknown key", forbidden, 3, func(l *Log) string { return NewLog(l.Origin, 9, entries...).Request(3, 5) }, []int{http.StatusForbidden}, ""},
	{"a bad signature of the known key", forbidden, 3, withNote(func(l *Log, _ string) string { return withoutLines(l) + badLine(l) }), []int{http.StatusForbidden}, ""},
	{"a signature over another text", forbidden, 3, withNote(func(l *Log, n string) string { return strings.Replace(n, l.Text(5), l.Text(4), 1) }), []int{http.StatusForbidden}, ""},
	{"a good and a bad signature of the known key", forbidden, 3, withNote(func(l *Log, n string) string { return n + badLine(l) }), []int{http.StatusForbidden}, ""},
	{"a bad and a good signature of the known key", forbidden, 3, withNote(func(l *Log, n string) string { return strings.Replace(n, "— ", badLine(l)+"— ", 1) }), []int{http.StatusForbidden}, ""},
	{"a signature of the known key under another name", ignores, 3, withNote(func(l *Log, n string) string { return n + strings.Replace(badLine(l), l.Origin, "x.example", 1) }), ok, ""},
	{"a signature of another key under the same name", ignores, 3, withNote(func(l *Log, n string) string { return otherLine(l.Origin)(l, n) }), ok, ""},
	{"a signature of a stranger", ignores, 3, withNote(otherLine("x.example")), ok, ""},
	{"16 signatures of strangers", ignores, 3, withNote(func(l *Log, n string) string {
		for _, c := range "abcdefghijklmno" {
			n = otherLine("x.example/"+string(c))(l, n)
		}
		return n
	}), ok, ""},

	{"a checkpoint of two lines", checkpoint, 3, withText(func(s string) string { return s[:strings.LastIndex(strings.TrimSuffix(s, "\n"), "\n")+1] }), badRequest, ""},
	{"a size with a leading zero", checkpoint, 3, withText(func(s string) string { return strings.Replace(s, "\n5\n", "\n05\n", 1) }), badRequest, ""},
	{"a negative size", checkpoint, 3, withText(func(s string) string { return strings.Replace(s, "\n5\n", "\n-5\n", 1) }), badRequest, ""},
	{"a size past 63 bits", checkpoint, 3, withText(func(s string) string { return strings.Replace(s, "\n5\n", "\n9223372036854775808\n", 1) }), badRequest, ""},
	{"a root that is not base64", checkpoint, 3, withText(func(s string) string { return s[:len(s)-5] + "!!!!\n" }), badRequest, ""},
	{"a root of 31 bytes", checkpoint, 3, withText(func(s string) string {
		return s[:strings.Index(s, "\n5\n")+3] + base64.StdEncoding.EncodeToString(make([]byte, 31)) + "\n"
	}), badRequest, ""},
	{"an extension line", "c2sp.org/tlog-checkpoint: any following lines are extension lines, opaque and OPTIONAL; NOT RECOMMENDED", 3,
		withText(func(s string) string { return s + "extension\n" }), ok, ""},
}

var sizeCases = []testCase{
	{"the first checkpoint", passes, -1, request(0, 5), ok, ""},
	{"growth", passes, 3, request(3, 5), ok, ""},
	{"growth from a whole subtree", passes, 4, request(4, 7), ok, ""},
	{"growth by one", passes, 4, request(4, 5), ok, ""},
	{"the same checkpoint again", passes, 5, request(5, 5), ok, ""},
	{"an empty log", passes, -1, request(0, 0), ok, ""},
	{"an empty log again", passes, 0, request(0, 0), ok, ""},
	{"growth from an empty log", passes, 0, request(0, 5), ok, ""},

	{"an old size above the checkpoint's", oldAbove, 5, request(5, 4), badRequest, ""},
	{"an old size above the checkpoint's and the head's", oldAbove, 3, request(6, 5), badRequest, ""},
	{"an old size below the head's", oldMatches, 3, request(2, 5), conflict, ""},
	{"an old size above the head's", oldMatches, 3, request(4, 5), conflict, ""},
	{"an old size of zero, to ask for the head's", oldMatches, 3, request(0, 5), conflict, ""},
	{"an old size of a log that was never cosigned", oldMatches, -1, request(3, 5), conflict, ""},
	{"a checkpoint below the head", oldMatches, 5, request(3, 4), conflict, ""},

	{"size 0 with another root", zeroRoot, -1, func(l *Log) string {
		return Body(0, nil, l.Sign(l.Origin+"\n0\n"+hash+"\n"))
	}, unprocessable, ""},
	{"old size 0 with a proof", zeroProof, -1, withProof(0, 5, append1), unprocessable, ""},
	{"old size 0 and size 0 with a proof", zeroProof, -1, withProof(0, 0, append1), unprocessable, ""},

	{"no proof", consistent, 3, withProof(3, 5, func([]string) []string { return nil }), unprocessable, ""},
	{"a proof of other hashes", consistent, 3, withProof(3, 5, func(p []string) []string { p[0] = hash; return p }), unprocessable, ""},
	{"a proof without its last line", consistent, 3, withProof(3, 5, func(p []string) []string { return p[:len(p)-1] }), unprocessable, ""},
	{"a proof with a line too many", consistent, 3, withProof(3, 5, append1), unprocessable, ""},
	{"a proof in another order", consistent, 3, withProof(3, 5, func(p []string) []string { slices.Reverse(p); return p }), unprocessable, ""},
	{"a proof from another size", consistent, 3, func(l *Log) string { return Body(3, l.Proof(2, 5), l.Checkpoint(5)) }, unprocessable, ""},
	{"a fork with its own proof", consistent, 3, forked(3, 5), unprocessable, ""},
	{"a fork from a whole subtree", consistent, 4, forked(4, 7), unprocessable, ""},
	{"the same size with another root", sameRoot, 5, forked(5, 5), unprocessable, ""},
	{"the same size with a proof", consistent, 5, withProof(5, 5, append1), unprocessable, ""},
}
