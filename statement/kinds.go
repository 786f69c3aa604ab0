package statement

// Kind is a kind of statement.
type Kind string

// Every kind that version 1 knows. The spec says of each who may sign it.
const (
	KindSign       Kind = "sign"
	KindDeclare    Kind = "declare"
	KindReport     Kind = "report"
	KindPerform    Kind = "perform"
	KindLift       Kind = "lift"
	KindImpose     Kind = "impose"
	KindVerify     Kind = "verify"
	KindContest    Kind = "contest"
	KindTender     Kind = "tender"
	KindInvoke     Kind = "invoke"
	KindVote       Kind = "vote"
	KindAnswer     Kind = "answer"
	KindInvite     Kind = "invite"
	KindReply      Kind = "reply"
	KindAmend      Kind = "amend"
	KindWithdraw   Kind = "withdraw"
	KindKey        Kind = "key"
	KindEnrol      Kind = "enrol"
	KindReceipt    Kind = "receipt"
	KindAttributed Kind = "attributed"
	KindOutcome    Kind = "outcome"
	KindRedact     Kind = "redact"
	KindText       Kind = "text"
	KindRenounce   Kind = "renounce"
	KindCount      Kind = "count"
	KindExtend     Kind = "extend"
	KindOpen       Kind = "open"
	KindClose      Kind = "close"
	KindTable      Kind = "table"
	KindHost       Kind = "host"

	KindAcceptCustody Kind = "accept-custody"
	KindEpoch         Kind = "epoch"
	KindShares        Kind = "shares"
	KindAcknowledge   Kind = "acknowledge"
	KindComplain      Kind = "complain"
	KindPossess       Kind = "possess"
	KindSeal          Kind = "seal"
	KindHeartbeat     Kind = "heartbeat"
	KindService       Kind = "service"
	KindRequest       Kind = "request"
	KindHandOver      Kind = "hand-over"
	KindErased        Kind = "erased"
	KindDispute       Kind = "dispute"
	KindMismatch      Kind = "mismatch"
)

// In the bodies below: Hex is 64 lower-case hex digits; Bytes is standard
// base64 with padding; an instant is seconds since 1970 (JSON integer, years
// 1 to 9999). Fields stand in this order; none may be missing; slices are never
// null.

// Document names a file that is not on the record itself.
type Document struct {
	Name   string `json:"name"`
	Size   int64  `json:"size"`
	Digest string `json:"digest"` // Hex: SHA-256 over purpose, 32 bytes of salt, the file
}

// The bodies of the parties' statements.
type (
	// SignBody consents to be bound by the bundle.
	SignBody struct {
		Findings string `json:"findings"` // Hex: digest of the findings its author was shown
	}
	// DeclareBody is words with no effect.
	DeclareBody struct {
		Text      string     `json:"text"`
		Documents []Document `json:"documents"`
	}
	// ReportBody reports a reading.
	ReportBody struct {
		Reading   string     `json:"reading"`
		Value     string     `json:"value"` // exact decimal such as "3.67", a fraction "3/4", or "true" / "false"
		Unit      string     `json:"unit"`
		Documents []Document `json:"documents"`
	}
	// PerformBody claims that a commitment is done.
	PerformBody struct {
		Commitment string     `json:"commitment"`
		Documents  []Document `json:"documents"`
	}
	// LiftBody says that a measure is lifted, by its holder or by one who may report it.
	LiftBody struct {
		Measure   string     `json:"measure"`
		Documents []Document `json:"documents"`
	}
	// ImposeBody says that a measure is in force (again).
	ImposeBody struct {
		Measure   string     `json:"measure"`
		Documents []Document `json:"documents"`
	}
	// VerifyBody finds on the open claim of a commitment; Answers is the claim.
	VerifyBody struct {
		Commitment string     `json:"commitment"`
		Finding    string     `json:"finding"` // accepts | refuses
		Reason     string     `json:"reason"`
		Documents  []Document `json:"documents"`
	}
	// ContestBody disputes a commitment's claim or standing, in words; Answers is what it disputes.
	ContestBody struct {
		Commitment string     `json:"commitment"`
		Reason     string     `json:"reason"`
		Documents  []Document `json:"documents"`
	}
	// InvokeBody performs an act of the text.
	InvokeBody struct {
		Act       string     `json:"act"`
		States    []string   `json:"states"`
		Reason    string     `json:"reason"`
		Documents []Document `json:"documents"`
	}
	// VoteBody votes on a decision, or takes a vote back.
	VoteBody struct {
		Decision string `json:"decision"`
		Draft    string `json:"draft"` // which draft, of a decision that has several; otherwise empty
		Vote     string `json:"vote"`  // yes | no | abstain | none
		Reason   string `json:"reason"`
	}
	// CountBody reports how members without keys voted, all at one instant.
	CountBody struct {
		Decision  string     `json:"decision"`
		Draft     string     `json:"draft"`
		Yes       []string   `json:"yes"`
		No        []string   `json:"no"`
		Abstain   []string   `json:"abstain"`
		Source    string     `json:"source"`
		Documents []Document `json:"documents"`
	}
	// ExtendBody consents to another close of what is named, or takes consent back.
	ExtendBody struct {
		Of     string `json:"of"`
		Until  int64  `json:"until"` // instant; 0: consent to none
		Reason string `json:"reason"`
	}
	// OpenBody opens a case of a procedure, or a stage of one.
	OpenBody struct {
		What      string     `json:"what"`    // procedure, case or stage
		Against   []string   `json:"against"` // who has the other roles of the case
		States    []string   `json:"states"`
		Reason    string     `json:"reason"`
		Documents []Document `json:"documents"`
	}
	// CloseBody withdraws a case.
	CloseBody struct {
		Case   string `json:"case"`
		Reason string `json:"reason"`
	}
	// TableBody tables the next draft of a decision.
	TableBody struct {
		Decision  string     `json:"decision"`
		Title     string     `json:"title"`
		Documents []Document `json:"documents"`
	}
	// KeyBody adds or revokes keys of By, judged at its place in the record.
	KeyBody struct {
		Add    []string `json:"add"`    // "ed25519 ..."
		Revoke []string `json:"revoke"` // "ed25519 ..."
		Need   int      `json:"need"`   // from here on
		Reason string   `json:"reason"`
	}
	// AttributedBody says what somebody else is reported to have said or done.
	AttributedBody struct {
		To     string `json:"to"`
		Text   string `json:"text"`
		Source string `json:"source"`
		Dated  int64  `json:"dated"`
	}
	// OutcomeBody is the outcome of a vault that neither certificate decides, to be signed by all.
	OutcomeBody struct {
		Vault   string `json:"vault"`
		Outcome string `json:"outcome"` // release | erase
	}
	// TextBody carries a part of a new bundle's archive, so that it is on the
	// record before anybody consents to it.
	TextBody struct {
		Bundle string `json:"bundle"` // Hex: digest of the whole bundle
		Part   int    `json:"part"`   // from 1
		Of     int    `json:"of"`     // how many parts the archive has
		Data   string `json:"data"`   // Bytes: MaxTextPart, the last part less or as many
	}
	// AmendBody consents to a new bundle in place of the one that the statement
	// was made under; that one itself takes an earlier consent back.
	AmendBody struct {
		Bundle   string `json:"bundle"`   // Hex: digest of the new bundle
		Findings string `json:"findings"` // Hex: digest of the new bundle's findings that its author was shown
		Reason   string `json:"reason"`
	}
	// RenounceBody is a custodian's word that it acts on no certificate of the
	// witnesses whom the new bundle replaces without them.
	RenounceBody struct {
		Bundle string `json:"bundle"` // Hex: digest of the new bundle
	}
	// HostBody says that its author hosts the record from now on, and where.
	HostBody struct {
		Address string `json:"address"`
		Reason  string `json:"reason"`
	}
	// ReceiptBody acknowledges a statement handed in elsewhere; Answers is that statement.
	ReceiptBody struct {
		Received int64 `json:"received"`
	}
	// RedactBody has a document of the statement that Answers names deleted.
	RedactBody struct {
		Document string `json:"document"` // Hex: the digest that the statement names it by
		Reason   string `json:"reason"`
	}
)

// The bodies for evidence.
type (
	// AcceptCustodyBody takes a seat of a vault.
	AcceptCustodyBody struct {
		Vault string `json:"vault"`
		Key   string `json:"key"` // Bytes: hybrid HPKE public key, 1216 bytes, for the next dealing
	}
	// EpochBody is the core of a dealing. See spec/vault.md.
	EpochBody struct {
		Vault       string   `json:"vault"`
		Epoch       int64    `json:"epoch"`
		Attempt     int      `json:"attempt"`
		Need        int      `json:"need"`
		Recipient   string   `json:"recipient"`
		Commitments []string `json:"commitments"` // Bytes: Need points of 32 bytes
		Seats       []Seat   `json:"seats"`       // seat 1 first; a seat without a fresh key has key ""
		Digest      string   `json:"digest"`      // Hex: epoch digest, over the core digest and all ciphertexts
	}
	// Seat is one custodian's place in a dealing.
	Seat struct {
		Custodian string `json:"custodian"`
		Key       string `json:"key"` // Hex: digest of its HPKE public key, or ""
	}
	// SharesBody carries ciphertexts of a dealing; Answers is the epoch statement. At most 24.
	SharesBody struct {
		Vault       string   `json:"vault"`
		Digest      string   `json:"digest"`      // Hex: epoch digest
		First       int      `json:"first"`       // seat of the first ciphertext
		Ciphertexts []string `json:"ciphertexts"` // Bytes: 1200 each; "" for a seat without a key
	}
	// AcknowledgeBody says that a custodian holds its share.
	AcknowledgeBody struct {
		Vault  string `json:"vault"`
		Digest string `json:"digest"` // Hex: epoch digest
		Seat   int    `json:"seat"`
		Next   string `json:"next"`  // Bytes: its key for the next dealing
		Proof  string `json:"proof"` // Bytes: c, z1, z2, 96 bytes: knowledge of (s, t)
	}
	// PossessBody proves that a custodian holds every share it acknowledged up to the head that the statement cites.
	PossessBody struct {
		Vault  string `json:"vault"`
		Seat   int    `json:"seat"`
		Epochs int    `json:"epochs"` // how many shares
		Proof  string `json:"proof"`  // Bytes: c, z1, z2, 96 bytes: knowledge of their weighed sum
	}
	// ComplainBody publishes a dealing's private key because the share does not fit.
	ComplainBody struct {
		Vault  string `json:"vault"`
		Digest string `json:"digest"`
		Seat   int    `json:"seat"`
		Seed   string `json:"seed"` // Bytes: 32-byte private seed
		Next   string `json:"next"`
	}
	// SealBody seals a batch of manifests by digest.
	SealBody struct {
		Vault     string        `json:"vault"`
		Batch     string        `json:"batch"` // Hex: digest of the batch object
		Manifests int           `json:"manifests"`
		Ranges    []CameraRange `json:"ranges"`
	}
	// CameraRange says which of a camera's manifests a batch holds.
	CameraRange struct {
		Camera string `json:"camera"`
		First  int64  `json:"first"`
		Last   int64  `json:"last"`
		Head   string `json:"head"` // Hex: digest of the last manifest
	}
	// HeartbeatBody shows that a recorder or custodian is alive.
	HeartbeatBody struct {
		Vault string `json:"vault"`
		Note  string `json:"note"`
	}
	// ServiceBody records a visit, reboot, clock step, media swap, loss or tamper event.
	ServiceBody struct {
		Vault  string `json:"vault"`
		Camera string `json:"camera"`
		Event  string `json:"event"` // visit | reboot | clock-step | media-swap | removal | rekey | loss | tamper | outage
		From   int64  `json:"from"`
		Until  int64  `json:"until"`
		Reason string `json:"reason"`
	}
	// RequestBody asks for a released vault's epochs, one delivery key per custodian.
	RequestBody struct {
		Vault string   `json:"vault"`
		First int64    `json:"first"` // epoch
		Last  int64    `json:"last"`  // epoch
		Keys  []string `json:"keys"`  // Bytes: hybrid HPKE public key per seat; "" for a seat that is not asked
	}
	// HandOverBody carries a seat's shares for a request, in the order of their epochs; Answers is the request. At most 24.
	HandOverBody struct {
		Vault       string     `json:"vault"`
		Seat        int        `json:"seat"`
		Certificate string     `json:"certificate"` // the cosigned checkpoint that makes the outcome final, verbatim
		Shares      []HandOver `json:"shares"`
	}
	// HandOver is one epoch's share, encrypted to the delivery key.
	HandOver struct {
		Epoch      int64  `json:"epoch"`
		Digest     string `json:"digest"`     // Hex: epoch digest
		Ciphertext string `json:"ciphertext"` // Bytes: 1200
	}
	// ErasedBody says that a custodian destroyed its shares and keys.
	ErasedBody struct {
		Vault       string `json:"vault"`
		Seat        int    `json:"seat"`
		Epochs      int    `json:"epochs"` // how many epochs' shares it destroyed
		Certificate string `json:"certificate"`
		Again       bool   `json:"again"` // a copy restored after an erasure was erased again
	}
	// DisputeBody publishes a delivery key because a handed-over share does not fit. Answers is the hand-over.
	DisputeBody struct {
		Vault  string `json:"vault"`
		Digest string `json:"digest"`
		Seat   int    `json:"seat"`
		Seed   string `json:"seed"` // Bytes: the delivery key's 32-byte private seed
	}
	// MismatchBody publishes both recovered values because they do not give the recipient.
	MismatchBody struct {
		Vault  string `json:"vault"`
		Digest string `json:"digest"`
		A      string `json:"a"` // Bytes: 32
		B      string `json:"b"` // Bytes: 32
	}
)

// Reserved kinds: specified, decoded and kept on the record; this version
// gives them no effect (they are shown as such).
type (
	// TenderBody puts one act into an exchange, to take effect together with the others or not at all.
	TenderBody struct {
		Exchange string `json:"exchange"`
		Member   string `json:"member"`
	}
	// AnswerBody answers a question by choosing one of its interpretations.
	AnswerBody struct {
		Question       string `json:"question"`
		Interpretation string `json:"interpretation"`
		Reason         string `json:"reason"`
	}
	// InviteBody invites parties to talks.
	InviteBody struct {
		To      []string `json:"to"`
		Subject string   `json:"subject"`
		At      int64    `json:"at"`
		Place   string   `json:"place"`
	}
	// ReplyBody replies to an invitation; Answers is the invitation.
	ReplyBody struct {
		Reply  string `json:"reply"` // accepts | refuses
		Reason string `json:"reason"`
	}
	// WithdrawBody gives notice of leaving the agreement.
	WithdrawBody struct {
		Reason string `json:"reason"`
	}
	// EnrolBody lets a delegate sign some kinds for By.
	EnrolBody struct {
		Delegate   string   `json:"delegate"`
		Credential string   `json:"credential"`
		Kinds      []string `json:"kinds"`
	}
)
