package statement

import (
	"encoding/base64"
	"slices"
	"strings"
)

func checkSign(c *checker, b SignBody) { c.hex("findings", b.Findings) }

func checkDeclare(c *checker, b DeclareBody) {
	c.text("text", b.Text)
	c.documents(b.Documents)
	if b.Text == "" && len(b.Documents) == 0 {
		c.fail(ErrValue, "text", "words or a document")
	}
}

func checkReport(c *checker, b ReportBody) {
	c.name("reading", b.Reading)
	v, err := ParseValue(b.Value)
	if err != nil && c.err == nil {
		c.err = err
	}
	c.words("unit", b.Unit, 0, MaxName)
	if err == nil && v.Number == nil && b.Unit != "" {
		c.fail(ErrValue, "unit", "no unit: a fact has none")
	}
	c.documents(b.Documents)
}

func checkPerform(c *checker, b PerformBody) {
	c.path("commitment", b.Commitment)
	c.documents(b.Documents)
}

func checkLift(c *checker, b LiftBody) {
	c.path("measure", b.Measure)
	c.documents(b.Documents)
}

func checkImpose(c *checker, b ImposeBody) {
	c.path("measure", b.Measure)
	c.documents(b.Documents)
}

func checkVerify(c *checker, b VerifyBody) {
	c.path("commitment", b.Commitment)
	c.word("finding", b.Finding, "accepts", "refuses")
	c.text("reason", b.Reason)
	c.documents(b.Documents)
}

func checkContest(c *checker, b ContestBody) {
	c.path("commitment", b.Commitment)
	c.text("reason", b.Reason)
	c.documents(b.Documents)
}

func checkInvoke(c *checker, b InvokeBody) {
	c.path("act", b.Act)
	c.states(b.States)
	c.text("reason", b.Reason)
	c.documents(b.Documents)
}

// states: the words that an act carries.
func (c *checker) states(list []string) {
	c.list("states", list == nil, len(list), 0, MaxList)
	for i, s := range list {
		c.words(at("states", i), s, 1, MaxWords)
	}
	c.distinct("states", list)
}

func checkKey(c *checker, b KeyBody) {
	c.publicKeys("add", b.Add)
	c.publicKeys("revoke", b.Revoke)
	for i, s := range b.Add {
		for _, r := range b.Revoke {
			if s == r {
				c.fail(ErrDuplicate, at("add", i), "a key that is not also revoked")
			}
		}
	}
	c.integer("need", int64(b.Need), 1, MaxKeys)
	c.text("reason", b.Reason)
}

func checkAttributed(c *checker, b AttributedBody) {
	c.words("to", b.To, 1, MaxWords)
	c.size("text", b.Text, 1, MaxText)
	c.text("text", b.Text)
	c.words("source", b.Source, 1, MaxWords)
	c.instant("dated", b.Dated)
}

func checkOutcome(c *checker, b OutcomeBody) {
	c.name("vault", b.Vault)
	c.word("outcome", b.Outcome, "release", "erase")
}

func checkTextPart(c *checker, b TextBody) {
	c.hex("bundle", b.Bundle)
	c.integer("of", int64(b.Of), 1, MaxTextParts)
	c.integer("part", int64(b.Part), 1, int64(b.Of))
	size := MaxTextPart
	if b.Part == b.Of {
		size = base64.StdEncoding.DecodedLen(len(b.Data)) - strings.Count(b.Data, "=")
		c.integer("data", int64(size), 1, MaxTextPart)
	}
	c.bytes("data", b.Data, size)
}

func checkAmend(c *checker, b AmendBody) {
	c.hex("bundle", b.Bundle)
	c.hex("findings", b.Findings)
	c.text("reason", b.Reason)
}

func checkRenounce(c *checker, b RenounceBody) { c.hex("bundle", b.Bundle) }

func checkHost(c *checker, b HostBody) {
	c.words("address", b.Address, 1, MaxWords)
	c.text("reason", b.Reason)
}

func checkReceipt(c *checker, b ReceiptBody) { c.instant("received", b.Received) }

func checkRedact(c *checker, b RedactBody) {
	c.hex("document", b.Document)
	c.text("reason", b.Reason)
}

func checkAcceptCustody(c *checker, b AcceptCustodyBody) {
	c.name("vault", b.Vault)
	c.bytes("key", b.Key, hybridKeyBytes)
}

func checkEpoch(c *checker, b EpochBody) {
	c.name("vault", b.Vault)
	c.integer("epoch", b.Epoch, 0, MaxInteger)
	c.integer("attempt", int64(b.Attempt), 0, 1<<16-1)
	c.list("seats", b.Seats == nil, len(b.Seats), 1, MaxSeats)
	c.integer("need", int64(b.Need), 1, int64(len(b.Seats)))
	if len(b.Recipient) != recipientBytes || !strings.HasPrefix(b.Recipient, "age1pq1") {
		c.fail(ErrValue, "recipient", "an age hybrid recipient, age1pq1 and %d characters in all", recipientBytes)
	}
	for _, r := range b.Recipient {
		if !('a' <= r && r <= 'z' || '0' <= r && r <= '9') {
			c.fail(ErrCharacter, "recipient", "lower-case letters and digits (bech32)")
		}
	}
	c.list("commitments", b.Commitments == nil, len(b.Commitments), b.Need, b.Need)
	for i, s := range b.Commitments {
		c.bytes(at("commitments", i), s, pointBytes)
	}
	var names []string
	for i, s := range b.Seats {
		c.name(at("seats", i)+".custodian", s.Custodian)
		if s.Key != "" {
			c.hex(at("seats", i)+".key", s.Key)
		}
		names = append(names, s.Custodian)
	}
	c.distinct("seats", names)
	c.hex("digest", b.Digest)
}

func checkShares(c *checker, b SharesBody) {
	c.name("vault", b.Vault)
	c.hex("digest", b.Digest)
	c.list("ciphertexts", b.Ciphertexts == nil, len(b.Ciphertexts), 1, MaxCiphertexts)
	c.seat("first", b.First)
	c.seat("first", b.First+len(b.Ciphertexts)-1)
	for i, s := range b.Ciphertexts {
		if s != "" {
			c.bytes(at("ciphertexts", i), s, ciphertextBytes)
		}
	}
}

func checkAcknowledge(c *checker, b AcknowledgeBody) {
	c.name("vault", b.Vault)
	c.hex("digest", b.Digest)
	c.seat("seat", b.Seat)
	c.bytes("next", b.Next, hybridKeyBytes)
	c.bytes("proof", b.Proof, proofBytes)
}

func checkPossess(c *checker, b PossessBody) {
	c.name("vault", b.Vault)
	c.seat("seat", b.Seat)
	c.integer("epochs", int64(b.Epochs), 1, MaxInteger)
	c.bytes("proof", b.Proof, proofBytes)
}

func checkComplain(c *checker, b ComplainBody) {
	c.name("vault", b.Vault)
	c.hex("digest", b.Digest)
	c.seat("seat", b.Seat)
	c.bytes("seed", b.Seed, pointBytes)
	c.bytes("next", b.Next, hybridKeyBytes)
}

func checkSeal(c *checker, b SealBody) {
	c.name("vault", b.Vault)
	c.hex("batch", b.Batch)
	c.list("ranges", b.Ranges == nil, len(b.Ranges), 1, MaxCameras)
	sum := int64(0)
	var names []string
	for i, r := range b.Ranges {
		c.words(at("ranges", i)+".camera", r.Camera, 1, MaxName)
		c.integer(at("ranges", i)+".first", r.First, 0, MaxInteger)
		c.integer(at("ranges", i)+".last", r.Last, r.First, MaxInteger)
		c.hex(at("ranges", i)+".head", r.Head)
		names = append(names, r.Camera)
		sum += r.Last - r.First + 1
	}
	c.distinct("ranges", names)
	c.integer("manifests", int64(b.Manifests), 1, MaxInteger)
	if int64(b.Manifests) != sum {
		c.fail(ErrValue, "manifests", "the number of manifests in all ranges, %d", sum)
	}
}

func checkHeartbeat(c *checker, b HeartbeatBody) {
	c.name("vault", b.Vault)
	c.words("note", b.Note, 0, MaxWords)
}

func checkService(c *checker, b ServiceBody) {
	c.name("vault", b.Vault)
	c.words("camera", b.Camera, 0, MaxName)
	c.word("event", b.Event, "visit", "reboot", "clock-step", "media-swap", "removal", "rekey", "loss", "tamper", "outage")
	c.instant("from", b.From)
	c.instant("until", b.Until)
	c.integer("until", b.Until, b.From, MaxInstant)
	c.text("reason", b.Reason)
}

func checkRequest(c *checker, b RequestBody) {
	c.name("vault", b.Vault)
	c.integer("first", b.First, 0, MaxInteger)
	c.integer("last", b.Last, b.First, MaxInteger)
	c.list("keys", b.Keys == nil, len(b.Keys), 1, MaxSeats)
	asked := 0
	for i, s := range b.Keys {
		if s != "" {
			asked++
			c.bytes(at("keys", i), s, hybridKeyBytes)
		}
	}
	if asked == 0 {
		c.fail(ErrValue, "keys", "at least one key")
	}
	if asked > MaxDeliveryKeys {
		c.fail(ErrTooLarge, "keys", "at most %d keys that are not empty, has %d: ask the other seats in another request", MaxDeliveryKeys, asked)
	}
}

func checkHandOver(c *checker, b HandOverBody) {
	c.name("vault", b.Vault)
	c.seat("seat", b.Seat)
	c.certificate("certificate", b.Certificate)
	c.list("shares", b.Shares == nil, len(b.Shares), 1, MaxCiphertexts)
	for i, s := range b.Shares {
		c.integer(at("shares", i)+".epoch", s.Epoch, 0, MaxInteger)
		if i > 0 {
			c.integer(at("shares", i)+".epoch", s.Epoch, b.Shares[i-1].Epoch+1, MaxInteger)
		}
		c.hex(at("shares", i)+".digest", s.Digest)
		c.bytes(at("shares", i)+".ciphertext", s.Ciphertext, ciphertextBytes)
	}
}

func checkErased(c *checker, b ErasedBody) {
	c.name("vault", b.Vault)
	c.seat("seat", b.Seat)
	c.integer("epochs", int64(b.Epochs), 0, MaxInteger)
	c.certificate("certificate", b.Certificate)
}

func checkDispute(c *checker, b DisputeBody) {
	c.name("vault", b.Vault)
	c.hex("digest", b.Digest)
	c.seat("seat", b.Seat)
	c.bytes("seed", b.Seed, pointBytes)
}

func checkMismatch(c *checker, b MismatchBody) {
	c.name("vault", b.Vault)
	c.hex("digest", b.Digest)
	c.bytes("a", b.A, pointBytes)
	c.bytes("b", b.B, pointBytes)
}

func checkTender(c *checker, b TenderBody) {
	c.name("exchange", b.Exchange)
	c.name("member", b.Member)
}

func checkVote(c *checker, b VoteBody) {
	c.path("decision", b.Decision)
	c.words("draft", b.Draft, 0, MaxWords)
	c.word("vote", b.Vote, "yes", "no", "abstain", "none")
	c.text("reason", b.Reason)
}

func checkCount(c *checker, b CountBody) {
	c.path("decision", b.Decision)
	c.words("draft", b.Draft, 0, MaxWords)
	c.names("yes", b.Yes, 0, MaxList)
	c.names("no", b.No, 0, MaxList)
	c.names("abstain", b.Abstain, 0, MaxList)
	c.distinct("yes, no and abstain", slices.Concat(b.Yes, b.No, b.Abstain))
	c.text("source", b.Source)
	c.documents(b.Documents)
}

func checkOpen(c *checker, b OpenBody) {
	c.path("what", b.What)
	c.names("against", b.Against, 0, MaxList)
	c.states(b.States)
	c.text("reason", b.Reason)
	c.documents(b.Documents)
}

func checkClose(c *checker, b CloseBody) {
	c.path("case", b.Case)
	c.text("reason", b.Reason)
}

func checkTable(c *checker, b TableBody) {
	c.path("decision", b.Decision)
	c.words("title", b.Title, 0, MaxWords)
	c.documents(b.Documents)
}

func checkExtend(c *checker, b ExtendBody) {
	c.path("of", b.Of)
	c.instant("until", b.Until)
	c.text("reason", b.Reason)
}

func checkAnswer(c *checker, b AnswerBody) {
	c.name("question", b.Question)
	c.name("interpretation", b.Interpretation)
	c.text("reason", b.Reason)
}

func checkInvite(c *checker, b InviteBody) {
	c.names("to", b.To, 1, MaxList)
	c.words("subject", b.Subject, 1, MaxWords)
	c.instant("at", b.At)
	c.words("place", b.Place, 0, MaxWords)
}

func checkReply(c *checker, b ReplyBody) {
	c.word("reply", b.Reply, "accepts", "refuses")
	c.text("reason", b.Reason)
}

func checkWithdraw(c *checker, b WithdrawBody) { c.text("reason", b.Reason) }

func checkEnrol(c *checker, b EnrolBody) {
	c.name("delegate", b.Delegate)
	c.words("credential", b.Credential, 1, MaxWords)
	c.list("kinds", b.Kinds == nil, len(b.Kinds), 1, MaxList)
	for i, k := range b.Kinds {
		known := false
		for _, have := range kindOrder {
			known = known || string(have) == k
		}
		if !known {
			c.fail(ErrValue, at("kinds", i), "a kind of version 1")
		}
	}
	c.distinct("kinds", b.Kinds)
}
