package vault

import "errors"

// The verdicts: one named error for each rule that a message can break. They
// say "invalid"; that something could not be found out is any other error.
var (
	ErrKey        = errors.New("invalid HPKE key")
	ErrSharedHalf = errors.New("key shares a half with another seat's")
	ErrParams     = errors.New("invalid parameters of a dealing")
	ErrCore       = errors.New("invalid core of a dealing")
	ErrDigest     = errors.New("ciphertexts do not give the epoch digest")
	ErrCiphertext = errors.New("ciphertext does not open")
	ErrShare      = errors.New("share does not fit the commitments")
	ErrPossess    = errors.New("invalid proof of possession")
	ErrProof      = errors.New("invalid proof of knowledge of a share")
	ErrSeat       = errors.New("wrong or repeated seat")
	ErrTooFew     = errors.New("too few shares")
	ErrMismatch   = errors.New("recovered values do not give the recipient")
	ErrHeader     = errors.New("segment header is not the one accepted form")
	ErrSegment    = errors.New("invalid segment")
	ErrFileKey    = errors.New("not this segment's file key")
	ErrOverflow   = errors.New("segment's data exceeds the padded size")
	ErrManifest   = errors.New("invalid manifest")
	ErrBatch      = errors.New("invalid batch")
	ErrSignature  = errors.New("invalid signature")
)

// ErrRuntime says that this process cannot do the cryptography it needs, so
// that whatever it would say about a message means nothing.
var ErrRuntime = errors.New("cryptography unavailable in this process")
