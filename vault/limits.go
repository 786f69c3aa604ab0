package vault

// Limits of what this package reads. Each is tested at the limit and one past.
const (
	// MaxSeats is the number of seats of a vault: seats are numbered in one
	// byte's range, which no roster of institutions comes near, and a dealing
	// of 255 seats still takes under 60 ms to make.
	MaxSeats = 255
	// MaxShares is the number of ciphertexts in one statement: 24 x 1,600
	// characters of base64 leave room in an entry of 65,535 bytes.
	MaxShares = 24
	// MaxEpoch bounds the epoch's number; hourly epochs reach it in 114 years.
	MaxEpoch = 1_000_000
	// MaxAttempt bounds the attempts at one epoch: the wire form has 16 bits.
	MaxAttempt = 65535
	// MaxUnspentKeys is how many keys a custodian may have published and not
	// yet used; more would only be work for everybody.
	MaxUnspentKeys = 4
	// MaxCameraName is the length of a camera's name in bytes.
	MaxCameraName = 64
	// MaxManifests is the number of manifests in one batch: a recorder of 64
	// cameras that commits every five minutes, ten seconds each, seals 1,920.
	MaxManifests = 2048
	// MaxBatchBytes is the size of a batch object.
	MaxBatchBytes = 1 << 20
	// MaxSegmentBytes is the padded plaintext of one segment: a minute at
	// 35 Mbit/s. A reader may hold one in memory.
	MaxSegmentBytes = 256 << 20
	// MaxDealInput is what the dealing child reads: 255 seats with their keys.
	MaxDealInput = 1 << 20
	// MaxIntervals is how many intervals a coverage lists for one camera;
	// those past it are counted, never dropped from the figures.
	MaxIntervals = 1 << 16
	// MaxAnomalies is how many anomalies a coverage lists for one camera, or
	// about none; those past it are counted.
	MaxAnomalies = 1 << 12
)

// Sizes of the wire forms.
const (
	KeySize        = 1216 // ML-KEM-768 encapsulation key 1184, X25519 32
	SeedSize       = 32
	ShareSize      = 64             // s, t
	CiphertextSize = 1120 + 64 + 16 // encapsulation, share, tag
	RecipientSize  = 1959           // "age1pq1" form of a hybrid recipient
	ProofSize      = 96             // c, z1, z2
	HeaderSize     = 1627           // the one age header that is read
	NonceSize      = 16             // age's, after the header
	PieceSize      = 64<<10 + 16    // age's piece: 64 KiB and its tag
	LengthSize     = 8              // at the end of a padded plaintext
	fileKeySize    = 16             // age's
	mlkemSize      = 1184
	pieceData      = 64 << 10
)
