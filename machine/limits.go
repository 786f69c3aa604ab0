package machine

// The limits of the package, in one place.
const (
	// maxLifts is how many measures one commitment may promise to lift: the
	// reported ones are bits of one word.
	maxLifts = 62

	// maxClaims bounds the search for findings on undecided claims that would
	// make a vault's condition true: of up to this many claims every way to
	// find is tried (729), beyond it each alone and all together.
	maxClaims = 6

	// roundsPerUnit bounds the rounds of one event, by the number of
	// milestones, commitments and vaults. A sound text needs fewer: each of
	// them moves a few times at most. A text whose rules chase each other in a
	// circle within an instant does not pass Check; should one be made, the
	// event stops here, the same for every reader.
	roundsPerUnit = 16
)

// maxPlaces is how many characters a number of an assumption has: as many as a
// literal of the language.
const maxPlaces = 40

// maxValues is how many values of one reading are tried for what they change.
const maxValues = 12

const (
	// maxWord is how many letters of a word that is not known are compared and
	// shown: names are shorter, and messages carry no unbounded input.
	maxWord = 64

	// maxSteps and maxDepth bound an explanation to what a person reads.
	maxSteps = 40
	maxDepth = 10

	// maxAhead is how many deadlines ahead Why looks for what would change an
	// answer, and maxPairs how many single acts it still tries two at a time.
	maxAhead = 24
	maxPairs = 24
)

const (
	// maxLine bounds an assumption and a line of a scenario, maxScenario a
	// scenario and maxLines its lines: each act costs a step.
	maxLine     = 4096
	maxLines    = 10_000
	maxScenario = 1 << 20

	// maxExplained is how many failures of one scenario are explained: each
	// explanation tries what else could have been.
	maxExplained = 20
)
