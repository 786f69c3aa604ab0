package statement

// The limits on what this package reads. A value at the limit is accepted,
// one past it is refused.
const (
	// MaxEntry is the largest statement with its signatures, in bytes: an
	// entry of a C2SP tlog-tiles log has a 16-bit length.
	MaxEntry = 1<<16 - 1
	// MaxNote is the largest note of any kind, in bytes.
	MaxNote = 1 << 16
	// MaxSignatures is the largest number of signature lines on a note, as in
	// golang.org/x/mod/sumdb/note, so that both read the same notes.
	MaxSignatures = 100
	// MaxKeyName is the longest key name on a signature line, in bytes: a
	// length byte holds it in every C2SP structure that carries one.
	MaxKeyName = 255
	// MaxName is the longest declared name, in bytes: a line of a page holds it.
	MaxName = 64
	// MaxKeys is the largest number of keys of one signer, that of the
	// agreement language: every C2SP verifier reads 16 signature lines.
	MaxKeys = 16

	// MaxText is the longest text, reason or note in a body, in bytes: two
	// such texts and the signatures fit into an entry even if half of their
	// characters need an escape.
	MaxText = 16 << 10
	// MaxWords is the longest title, source, place, unit, event or word, in bytes.
	MaxWords = 1 << 10
	// MaxDocuments is the largest number of documents a body names: each takes
	// about 120 bytes besides its name.
	MaxDocuments = 64
	// MaxList is the largest number of elements of a list without a limit of its own.
	MaxList = 64

	// MaxPath is the largest length of what a statement is about, and
	// maxPathParts how many names that has: procedure, party, number, stage, draft.
	MaxPath      = 200
	maxPathParts = 6
	// MaxSeats is the largest number of seats of a vault: shares are numbered by a byte.
	MaxSeats = 255
	// MaxCameras is the largest number of cameras in one batch, that of the
	// agreement language.
	MaxCameras = 64
	// MaxCiphertexts is the largest number of ciphertexts or handed-over
	// shares in one statement: 24 of 1,600 characters fit into an entry
	// together with a certificate.
	MaxCiphertexts = 24
	// MaxDeliveryKeys is the largest number of delivery keys in one request:
	// 36 of 1,624 characters fit into an entry. More seats need more requests.
	MaxDeliveryKeys = 36
	// MaxCertificate is the longest checkpoint note carried in a body, in
	// bytes: a hundred cosignature lines of ordinary length.
	MaxCertificate = 16 << 10
	// MaxTextPart is what each part of a bundle's archive holds, in bytes, but
	// the last: 40 KiB are 54,616 characters, and an entry holds them with the
	// signatures. MaxTextParts of them hold the largest bundle, 8 MiB of files
	// and their headers.
	MaxTextPart  = 40 << 10
	MaxTextParts = 207
	// MaxDigits is the largest number of digits in a reported number, that of
	// the agreement language's literals.
	MaxDigits = 40
	// MaxInteger is the largest integer in a statement and the largest size:
	// every JSON reader holds it exactly.
	MaxInteger = 1<<53 - 1
	// MinInstant and MaxInstant bound every time: 0001-01-01T00:00:00Z to
	// 9999-12-31T23:59:59Z, so that each has a date of four digits and sums of
	// a few cannot overflow.
	MinInstant = -62135596800
	MaxInstant = 253402300799
)

// The exact lengths, in bytes, of what bodies carry in base64.
const (
	pointBytes      = 32   // a ristretto255 point or scalar, an X25519 or private seed
	proofBytes      = 96   // c, z1, z2
	hybridKeyBytes  = 1216 // MLKEM768-X25519 public key
	ciphertextBytes = 1200 // encapsulated key 1120, share 64, tag 16
	recipientBytes  = 1959 // age hybrid recipient, in characters
)
