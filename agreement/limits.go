package agreement

// The limits of a bundle and of what a text may declare. Strangers hand
// bundles to depositaries, witnesses and auditors; each limit bounds work or
// space they could ask for. Those of the surface are in agreement/syntax.
const (
	maxFiles          = 64       // of a bundle
	maxFileSize       = 4 << 20  // a signed text; a scanned annex goes by digest in a statement
	maxBundleSize     = 8 << 20  // all files together
	maxZoneSize       = 64 << 10 // the largest TZif of IANA's has 3.5 KB
	maxPath           = 100      // the name field of a ustar header, in which bundles travel
	maxTextSize       = 1 << 20  // all .agreement files together; the checker's work grows with it
	maxBlocks         = 1000     // of an agreement
	maxExpandedBlocks = 4000     // of an agreement, with the cases of its procedures
	maxWorlds         = 128      // ways to read a text's questions together: the machine runs each
	maxAtOnce         = 64       // cases of one thing at once; drafts of a decision
	maxVaults         = 64       // of an agreement: at a close the machine tries what may be found of open claims
	maxDiagnostics    = 60       // nobody reads more at once
	maxText           = 4096     // bytes of one string
	maxExpanded       = 4096     // conditions that all, any and count expand to, over the whole text
	maxNumber         = 1 << 31  // of whole numbers that count something
	maxSeats          = 255      // custodians of a vault: a seat is one byte
	maxWitnesses      = 64       // a proof of time carries a line for each
	maxKeyName        = 255      // of a witness's key, as in a signed note
	maxKeys           = 16       // of one party
	maxCameras        = 64       // of one vault
	maxPlaces         = 40       // decimal places a number is written with before it is written as a fraction
	maxMeasures       = 62       // that one commitment speaks of: the machine keeps them as bits of a word
)

// maxMonths is as many years.
const maxMonths = 1000 * 12

// maxDuration is a thousand years: sums of instants stay far from overflow.
const maxDuration = Duration(1000*365) * day

const (
	second Duration = 1
	minute          = 60 * second
	hour            = 60 * minute
	day             = 24 * hour
	week            = 7 * day
)
