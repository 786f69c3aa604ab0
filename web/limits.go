package web

import "time"

// What a page holds at most, and what a stranger may make the depositary do.
const (
	// readAtOnce is how many entries are read under one lock of the fold: the
	// writers wait no longer than these take.
	readAtOnce = 256
	// maxRefold is the longest record of which earlier sizes are folded anew for
	// ?size=; every entry costs a signature or four.
	maxRefold = 5000
	// maxWaiting is how many readers may wait for a fold anew; others are sent away.
	maxWaiting = 8
	// maxPast is how many earlier sizes are kept folded.
	maxPast = 4

	rowsOfRecord   = 50  // entries on a page of the record
	rowsOfTimeline = 200 // changes on the timeline's table, the latest
	rowsOfGlance   = 12  // blocks, deadlines, waits on the front page
	rowsOfCoverage = 200 // intervals, for each camera
	rowsOfRemarks  = 50  // anomalies, missing batches, statements set aside
	lanesAtMost    = 200 // of a timeline: beyond, a drawing shows nothing
	marksAtMost    = 300 // on one lane
	bandsAtMost    = 600 // on one lane
	fieldAtMost    = 600 // bytes of one field on an entry's page; the signed bytes stand below in full
	textFileAtMost = 512 << 10

	// coverageRest is how many times as long as the last survey took a vault is
	// left alone: a survey reads every manifest again.
	coverageRest = 20
	// coverageFresh is the time below which a survey is made for every new size.
	coverageFresh = 50 * time.Millisecond
)
