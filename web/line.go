package web

import (
	"fmt"
	"strings"

	"detente/agreement"
	"detente/record"
	"detente/statement"
)

// A line is one entry in a list.
type line struct {
	N      int64
	Who    mark
	Noun   string // of who signs: party, custodian, device; empty for none
	Kind   string
	Words  string // what it is, in our words
	Quote  string // its author's own words, if it has any
	About  string // the block that it is about, if any
	By     when   // existed by
	Came   string // what came of it
	Class  string
	Broken bool // inert, or without effect
	Waits  bool // provisional
}

func (s *edition) lines(b *book, which []int64) (out []line, err error) {
	all, err := b.entries(which)
	for _, j := range all {
		out = append(out, s.line(j))
	}
	return out, err
}

func (s *edition) line(j *record.Judged) line {
	l := line{N: j.Index, Kind: "opening", Words: "the record is opened", Came: "the first entry of this record"}
	if j.Covered {
		l.By = s.names.when(j.UB)
	}
	switch {
	case j.Fault != nil:
		l.Kind, l.Class, l.Broken = "fault", classInert, true
		l.Words, l.Came = "stands on the record without force", j.Fault.Code+": "+plain(j.Fault.Reason)
	case j.Proof != nil:
		l.Kind, l.Class, l.Came = "proof of time", classTime, saidOfProof(j.Proof)
		l.Words = fmt.Sprintf("%d witnesses saw the first %s entries", len(j.Proof.Cosignatures), count(j.Proof.Head.Size))
		l.By = s.names.when(j.Proof.Lo)
	case j.Statement != nil:
		st := j.Statement
		l.Kind, l.Class = string(st.Body.Kind()), classOf(st.Body.Kind())
		l.Who, l.Noun = s.names.mark(st.By), string(s.names.nouns[st.By])
		l.Words, l.Quote, l.About = say(st.Body)
		l.Words, l.Quote = plain(l.Words), plain(l.Quote)
		l.Came, l.Broken, l.Waits = saidOfEffect(j)
	}
	return l
}

func saidOfProof(p *record.Proof) string {
	switch p.What {
	case record.Tick:
		return "moved the clock"
	case record.Stamp:
		return "showed that entries existed earlier than known"
	}
	return "showed nothing new"
}

func saidOfEffect(j *record.Judged) (words string, broken, waits bool) {
	force := j.Statement.Body.Kind().Force()
	switch {
	case j.Effect == nil:
		return "provisional: not yet in effect", false, true
	case force == statement.ForceWords:
		return "words, with no effect", false, false
	case force == statement.ForceReserved:
		return "kept, with no effect in this version", false, false
	case force == statement.ForceEvidence:
		return "kept as evidence", false, false
	case !j.Effect.Verdict.Effect:
		return "no effect: " + plain(prose(j.Effect.Verdict.Reason)), true, false
	}
	return "in effect", false, false
}

// say is what a statement says, its author's own words in it, and the block
// that it is about.
func say(body statement.Body) (words, quote, about string) {
	switch b := body.(type) {
	case statement.SignBody:
		return "consents to be bound by the agreement", "", ""
	case statement.DeclareBody:
		return "declares", b.Text, ""
	case statement.ReportBody:
		return fmt.Sprintf("reports %s: %s", b.Reading, strings.TrimSpace(b.Value+" "+b.Unit)), "", b.Reading
	case statement.PerformBody:
		return "claims that " + b.Commitment + " is done", "", b.Commitment
	case statement.LiftBody:
		return "says that " + b.Measure + " is lifted", "", b.Measure
	case statement.ImposeBody:
		return "says that " + b.Measure + " is in force again", "", b.Measure
	case statement.VerifyBody:
		return b.Finding + " the claim of " + b.Commitment, b.Reason, b.Commitment
	case statement.ContestBody:
		return "contests " + b.Commitment, b.Reason, b.Commitment
	case statement.InvokeBody:
		return "invokes " + b.Act, b.Reason, b.Act
	case statement.KeyBody:
		return fmt.Sprintf("changes its keys: adds %d, revokes %d, needs %d from here on", len(b.Add), len(b.Revoke), b.Need), b.Reason, ""
	case statement.AttributedBody:
		return "reports what " + b.To + " is said to have said; source: " + b.Source, b.Text, ""
	case statement.OutcomeBody:
		return "agrees to the outcome " + b.Outcome + " of vault " + b.Vault, "", b.Vault
	case statement.AmendBody:
		return "consents to a new text", b.Reason, ""
	case statement.TextBody:
		return fmt.Sprintf("puts part %d of %d of a new text on the record", b.Part, b.Of), "", ""
	case statement.RenounceBody:
		return "renounces every certificate of the witnesses that a new text replaces", "", ""
	case statement.HostBody:
		return "hosts the record from now on, at " + b.Address, b.Reason, ""
	case statement.WithdrawBody:
		return "gives notice of leaving", b.Reason, ""
	case statement.VoteBody:
		return "votes " + b.Vote + " on " + b.Decision, b.Reason, ""
	case statement.AnswerBody:
		return "answers " + b.Question + ": " + b.Interpretation, b.Reason, ""
	case statement.InviteBody:
		return "invites to talks", b.Subject, ""
	case statement.ReplyBody:
		return b.Reply + " the invitation", b.Reason, ""
	case statement.ReceiptBody:
		return "acknowledges a statement handed in", "", ""
	case statement.TenderBody:
		return "tenders its part of " + b.Exchange, "", ""
	case statement.EnrolBody:
		return "lets " + b.Delegate + " sign for it: " + strings.Join(b.Kinds, ", "), "", ""
	}
	return sayEvidence(body)
}

func sayEvidence(body statement.Body) (words, quote, about string) {
	switch b := body.(type) {
	case statement.AcceptCustodyBody:
		return "takes its seat in vault " + b.Vault, "", b.Vault
	case statement.EpochBody:
		return fmt.Sprintf("deals the key of epoch %d, attempt %d, to %d seats, %d open it", b.Epoch, b.Attempt, len(b.Seats), b.Need), "", b.Vault
	case statement.SharesBody:
		return "delivers " + plural(len(b.Ciphertexts), "sealed share"), "", b.Vault
	case statement.AcknowledgeBody:
		return fmt.Sprintf("proves that it holds the share of seat %d", b.Seat), "", b.Vault
	case statement.ComplainBody:
		return fmt.Sprintf("complains that the share of seat %d does not fit, and shows the key", b.Seat), "", b.Vault
	case statement.SealBody:
		return "seals a batch of " + plural(b.Manifests, "manifest"), "", b.Vault
	case statement.PossessBody:
		return "proves that it still holds " + plural(b.Epochs, "share"), "", b.Vault
	case statement.HeartbeatBody:
		return "says that it is there", b.Note, b.Vault
	case statement.ServiceBody:
		camera := "every camera"
		if b.Camera != "" {
			camera = "camera " + b.Camera
		}
		return fmt.Sprintf("states: %s, %s, %s to %s", b.Event, camera, prose(agreement.Instant(b.From).String()), prose(agreement.Instant(b.Until).String())), b.Reason, b.Vault
	case statement.RequestBody:
		return fmt.Sprintf("asks for epochs %d to %d of vault %s", b.First, b.Last, b.Vault), "", b.Vault
	case statement.HandOverBody:
		return fmt.Sprintf("hands over, from seat %d, the shares of %s", b.Seat, plural(len(b.Shares), "epoch")), "", b.Vault
	case statement.ErasedBody:
		again := ""
		if b.Again {
			again = ", once more, of a copy that was restored"
		}
		return fmt.Sprintf("attests that it destroyed its shares of %s%s", plural(b.Epochs, "epoch"), again), "", b.Vault
	case statement.DisputeBody:
		return fmt.Sprintf("disputes the share handed over from seat %d, and shows the key", b.Seat), "", b.Vault
	case statement.MismatchBody:
		return "shows that the shares do not give the key that was named", "", b.Vault
	}
	return "says something that this page has no words for", "", ""
}
