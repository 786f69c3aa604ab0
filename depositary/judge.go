package depositary

import (
	"bytes"
	"errors"
	"fmt"

	"detente/agreement"
	"detente/record"
	"detente/statement"
)

// A verdict is what an entry would be if it were appended now.
type verdict struct {
	known *record.Judged // it is on the record already
	fault *record.Fault  // it would be inert: the rule that it breaks
	s     *statement.Signed
}

// judge says what an entry would be, and appends nothing. It follows package
// record's own judgement rule by rule; a test holds the two together.
func (h *hosted) judge(entry []byte) verdict {
	first, _, _ := bytes.Cut(entry, []byte("\n"))
	switch {
	case len(entry) > statement.MaxEntry:
		return broken(record.FaultOversized, "", "an entry has at most %d bytes, this one has %d", statement.MaxEntry, len(entry))
	case string(first) == string(statement.PurposeStatement):
		return h.judgeStatement(entry)
	case string(first) == string(statement.PurposeProof):
		return h.judgeProof(entry)
	case string(first) == string(statement.PurposeRecord):
		return broken(record.FaultOpening, "", "an opening stands only at entry 0")
	}
	for _, p := range []statement.Purpose{statement.PurposeStatement, statement.PurposeProof, statement.PurposeRecord} {
		if bytes.HasPrefix(first, []byte(p[:len(p)-1])) {
			return broken(record.FaultVersion, "", "a version of an entry that this program does not know")
		}
	}
	return broken(record.FaultUnknownForm, "", "neither a statement nor a proof of time: want a first line %q or %q", statement.PurposeStatement, statement.PurposeProof)
}

func broken(code string, culprit agreement.Name, reason string, args ...any) verdict {
	return verdict{fault: &record.Fault{Code: code, Culprit: string(culprit), Reason: fmt.Sprintf(reason, args...)}}
}

func (h *hosted) judgeProof(entry []byte) verdict {
	if i, ok := h.proofs[string(entry)]; ok {
		return verdict{known: h.fold.Entry(i)}
	}
	note, err := record.ParseProof(entry)
	if err != nil {
		return broken(record.FaultNote, "", "%v", err)
	}
	if _, err = h.fold.CheckProof(note, h.fold.Size()); err == nil {
		return verdict{}
	}
	if fault, ok := errors.AsType[*record.Fault](err); ok {
		return verdict{fault: fault}
	}
	return broken(record.FaultNote, "", "%v", err)
}

func (h *hosted) judgeStatement(entry []byte) verdict {
	s, err := statement.Parse(entry)
	switch {
	case errors.Is(err, statement.ErrUnknownKind):
		return broken(record.FaultUnknownKind, "", "%v", err)
	case errors.Is(err, statement.ErrVersion):
		return broken(record.FaultVersion, "", "%v", err)
	case err != nil:
		return broken(record.FaultNotCanonical, "", "%v", err)
	}
	id := h.agreement.ID
	if j, ok := h.fold.ByID(s.ID); ok {
		return verdict{known: j}
	}
	if s.Agreement != id {
		return broken(record.FaultWrongAgreement, "", "made for agreement %s, this is the record of %s", s.Agreement, id)
	}
	keys, ok := h.fold.Keys(s.By)
	if !ok {
		return broken(record.FaultUnknownSigner, "", "%s is no name with keys in this agreement", s.By)
	}
	if err := keys.Verify(s); err != nil {
		return h.unsigned(s, err)
	}
	if s.Bundle != id {
		return broken(record.FaultWrongBundle, s.By, "made under the text %s, in force here is %s", s.Bundle, id)
	}
	if err := statement.MaySign(s.Body.Kind(), h.noun(s.By)); err != nil {
		return broken(record.FaultNotSigner, s.By, "%v", err)
	}
	if root, err := h.fold.RootAt(s.Seen.Size); s.Seen.Size > 0 && (err != nil || root != s.Seen.Root) {
		return broken(record.FaultForeignHead, s.By, "cites a head of size %d that this record never had: its author is wrong, or was shown another history", s.Seen.Size)
	}
	if b, ok := s.Body.(statement.KeyBody); ok {
		if _, err := keys.Apply(b); err != nil {
			return broken(record.FaultKeyChange, s.By, "%v", err)
		}
	}
	return verdict{s: s}
}

// unsigned tells a revoked key, and a bad signature, from one that is missing.
func (h *hosted) unsigned(s *statement.Signed, err error) verdict {
	if errors.Is(err, statement.ErrSignature) {
		return broken(record.FaultSignature, "", "%v", err)
	}
	for _, key := range h.revoked(s.By) {
		for _, line := range s.Sigs {
			if line.Name == string(s.By) && line.Hash == key.Hash(line.Name) && statement.VerifyEd25519(key[:], s.Text, line.Sig) {
				return broken(record.FaultRevokedKey, s.By, "signed by key %08x of %s, which was revoked earlier on this record", line.Hash, s.By)
			}
		}
	}
	return broken(record.FaultUnsigned, "", "%v", err)
}

// revoked are the keys that a name once had and has no longer.
func (h *hosted) revoked(by agreement.Name) []statement.PublicKey {
	now, _ := h.fold.Keys(by)
	var gone []statement.PublicKey
	for i := range h.fold.Size() {
		s := h.fold.Entry(i).Statement
		if s == nil || s.By != by {
			continue
		}
		b, ok := s.Body.(statement.KeyBody)
		if !ok {
			continue
		}
		for _, text := range b.Revoke {
			if key, err := statement.ParsePublicKey(text); err == nil && !now.Has(key) {
				gone = append(gone, key)
			}
		}
	}
	return gone
}

// noun is what the text declares a name with keys to be.
func (h *hosted) noun(name agreement.Name) agreement.Noun {
	is := func(b agreement.Block) bool { return b.Name == name }
	for _, x := range h.agreement.Parties {
		if is(x.Block) {
			return "party"
		}
	}
	for _, x := range h.agreement.Devices {
		if is(x.Block) {
			return "device"
		}
	}
	for _, x := range h.agreement.Custodians {
		if is(x.Block) {
			return "custodian"
		}
	}
	return "depositary"
}
