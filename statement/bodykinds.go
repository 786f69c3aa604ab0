package statement

// Kind is the kind that has this body.
func (SignBody) Kind() Kind { return KindSign }

// Kind is the kind that has this body.
func (DeclareBody) Kind() Kind { return KindDeclare }

// Kind is the kind that has this body.
func (ReportBody) Kind() Kind { return KindReport }

// Kind is the kind that has this body.
func (PerformBody) Kind() Kind { return KindPerform }

// Kind is the kind that has this body.
func (LiftBody) Kind() Kind { return KindLift }

// Kind is the kind that has this body.
func (ImposeBody) Kind() Kind { return KindImpose }

// Kind is the kind that has this body.
func (VerifyBody) Kind() Kind { return KindVerify }

// Kind is the kind that has this body.
func (ContestBody) Kind() Kind { return KindContest }

// Kind is the kind that has this body.
func (TenderBody) Kind() Kind { return KindTender }

// Kind is the kind that has this body.
func (InvokeBody) Kind() Kind { return KindInvoke }

// Kind is the kind that has this body.
func (VoteBody) Kind() Kind { return KindVote }

// Kind is the kind that has this body.
func (CountBody) Kind() Kind { return KindCount }

// Kind is the kind that has this body.
func (ExtendBody) Kind() Kind { return KindExtend }

// Kind is the kind that has this body.
func (OpenBody) Kind() Kind { return KindOpen }

// Kind is the kind that has this body.
func (CloseBody) Kind() Kind { return KindClose }

// Kind is the kind that has this body.
func (TableBody) Kind() Kind { return KindTable }

// Kind is the kind that has this body.
func (AnswerBody) Kind() Kind { return KindAnswer }

// Kind is the kind that has this body.
func (InviteBody) Kind() Kind { return KindInvite }

// Kind is the kind that has this body.
func (ReplyBody) Kind() Kind { return KindReply }

// Kind is the kind that has this body.
func (AmendBody) Kind() Kind { return KindAmend }

// Kind is the kind that has this body.
func (WithdrawBody) Kind() Kind { return KindWithdraw }

// Kind is the kind that has this body.
func (KeyBody) Kind() Kind { return KindKey }

// Kind is the kind that has this body.
func (EnrolBody) Kind() Kind { return KindEnrol }

// Kind is the kind that has this body.
func (ReceiptBody) Kind() Kind { return KindReceipt }

// Kind is the kind that has this body.
func (RedactBody) Kind() Kind { return KindRedact }

// Kind is the kind that has this body.
func (AttributedBody) Kind() Kind { return KindAttributed }

// Kind is the kind that has this body.
func (OutcomeBody) Kind() Kind { return KindOutcome }

// Kind is the kind that has this body.
func (AcceptCustodyBody) Kind() Kind { return KindAcceptCustody }

// Kind is the kind that has this body.
func (EpochBody) Kind() Kind { return KindEpoch }

// Kind is the kind that has this body.
func (SharesBody) Kind() Kind { return KindShares }

// Kind is the kind that has this body.
func (AcknowledgeBody) Kind() Kind { return KindAcknowledge }

// Kind is the kind that has this body.
func (ComplainBody) Kind() Kind { return KindComplain }

// Kind is the kind that has this body.
func (SealBody) Kind() Kind { return KindSeal }

// Kind is the kind that has this body.
func (PossessBody) Kind() Kind { return KindPossess }

// Kind is the kind that has this body.
func (HeartbeatBody) Kind() Kind { return KindHeartbeat }

// Kind is the kind that has this body.
func (ServiceBody) Kind() Kind { return KindService }

// Kind is the kind that has this body.
func (RequestBody) Kind() Kind { return KindRequest }

// Kind is the kind that has this body.
func (HandOverBody) Kind() Kind { return KindHandOver }

// Kind is the kind that has this body.
func (ErasedBody) Kind() Kind { return KindErased }

// Kind is the kind that has this body.
func (DisputeBody) Kind() Kind { return KindDispute }

// Kind is the kind that has this body.
func (MismatchBody) Kind() Kind { return KindMismatch }

// Kind is the kind that has this body.
func (TextBody) Kind() Kind { return KindText }

// Kind is the kind that has this body.
func (RenounceBody) Kind() Kind { return KindRenounce }

// Kind is the kind that has this body.
func (HostBody) Kind() Kind { return KindHost }
