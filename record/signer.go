package record

import (
	"errors"
	"fmt"
	"slices"

	"detente/agreement"
	"detente/statement"
)

// signer is a name that can make statements, with its keys at this place of
// the record.
type signer struct {
	noun    agreement.Noun
	keys    statement.KeySet
	revoked map[uint32][]statement.PublicKey // by their key hash: a signer can revoke any number
}

// firstKeys are the keys that the agreement's text declares. A party that has
// none says nothing.
func firstKeys(a *agreement.Agreement) (map[agreement.Name]*signer, error) {
	all := map[agreement.Name]*signer{}
	add := func(b agreement.Block, noun agreement.Noun, need int, keys ...string) error {
		k, err := statement.NewKeySet(b.Name, keys, need)
		if err != nil {
			return fmt.Errorf("%s %s: %w", noun, b.Name, err)
		}
		all[b.Name] = &signer{noun: noun, keys: k, revoked: map[uint32][]statement.PublicKey{}}
		return nil
	}
	var errs []error
	for _, p := range a.Parties {
		if p.Speaks() {
			errs = append(errs, add(p.Block, "party", p.Keys.Need, p.Keys.Of...))
		}
	}
	for _, d := range a.Devices {
		errs = append(errs, add(d.Block, "device", 1, d.Key))
	}
	for _, c := range a.Custodians {
		errs = append(errs, add(c.Block, "custodian", 1, c.Key))
	}
	for _, d := range a.Depositaries {
		errs = append(errs, add(d.Block, "depositary", 1, d.Key))
	}
	return all, errors.Join(errs...)
}

// judgeStatement judges a statement at its place. Who is at fault follows from
// what signatures show: before they verify, anybody could have written the
// name, so the depositary alone is to blame for admitting it.
func (f *Fold) judgeStatement(j *Judged, look *Look) *Fault {
	host := f.depositary
	s, err := look.statement()
	if err != nil {
		return fault(statementFault(err), host, "%v", err)
	}
	if at, ok := f.byID[s.ID]; ok {
		return fault(FaultDuplicate, host, "statement %s stands at entry %d already", s.ID, at)
	}
	// Its author may well have made it, for that agreement: no fault of theirs.
	if s.Agreement != f.agreement.ID {
		return fault(FaultWrongAgreement, host, "made for agreement %s, this is the record of %s", s.Agreement, f.agreement.ID)
	}
	who, known := f.signers[s.By]
	if !known {
		who, known = f.joining(s)
	}
	if !known {
		return fault(FaultUnknownSigner, host, "%s is no name with keys in this agreement", s.By)
	}
	if f := who.verify(look.good, s); f != nil {
		if f.Culprit == "" {
			f.Culprit = string(host)
		}
		return f
	}
	if broken := f.judgeSigned(s, who); broken != nil {
		return broken
	}
	j.Statement = s
	return nil
}

// judgeSigned judges a statement that its author certainly made.
func (f *Fold) judgeSigned(s *statement.Signed, who *signer) *Fault {
	if f.version(s.Bundle) < 0 {
		return fault(FaultWrongBundle, s.By, "made under the text %s, in force here is %s", s.Bundle, f.InForce().ID)
	}
	if err := statement.MaySign(s.Body.Kind(), who.noun); err != nil {
		return fault(FaultNotSigner, s.By, "%v", err)
	}
	if !f.had(s.Seen) {
		return fault(FaultForeignHead, s.By, "cites a head of size %d that this record never had: its author is wrong, or was shown another history", s.Seen.Size)
	}
	switch b := s.Body.(type) {
	case statement.KeyBody:
		if _, err := who.keys.Apply(b); err != nil {
			return fault(FaultKeyChange, s.By, "%v", err)
		}
	case statement.AmendBody:
		return f.judgeAmend(s, b)
	case statement.RenounceBody:
		_, broken := f.textOf(b.Bundle, s.By)
		return broken
	case statement.HostBody:
		if !slices.Contains(f.last().names, s.By) {
			return fault(FaultNotSigner, s.By, "%s is neither the depositary nor a declared successor of it: want one of %s", s.By, listed(f.last().names))
		}
	}
	return nil
}

// had is whether a head is that of a prefix of this record.
func (f *Fold) had(h statement.Head) bool {
	if h.Size == 0 {
		return h == statement.Head{}
	}
	root, err := f.RootAt(h.Size)
	return err == nil && root == h.Root
}

// verify judges the signatures by the keys in force here. The culprit is set
// only where a signature shows who it is.
func (w *signer) verify(v *statement.Verified, s *statement.Signed) *Fault {
	err := w.keys.VerifyBy(v, s)
	switch {
	case err == nil:
		return nil
	case errors.Is(err, statement.ErrSignature):
		return fault(FaultSignature, "", "%v", err)
	}
	for _, line := range s.Sigs {
		if line.Name != string(s.By) {
			continue
		}
		for _, key := range w.revoked[line.Hash] {
			if statement.VerifyEd25519(key[:], s.Text, line.Sig) {
				return fault(FaultRevokedKey, s.By, "signed by key %08x of %s, which was revoked earlier on this record", line.Hash, s.By)
			}
		}
	}
	return fault(FaultUnsigned, "", "%v", err)
}

// changeKeys applies a valid key statement at its place.
func (f *Fold) changeKeys(s *statement.Signed, b statement.KeyBody) {
	w := f.signers[s.By]
	next, err := w.keys.Apply(b)
	if err != nil {
		panic("record: a key statement that was judged valid: " + err.Error())
	}
	name := string(s.By)
	old := w.keys
	w.keys = next
	w.revoke(name, old.Keys())
}

// revoke keeps in mind which of these keys are no longer in force, to tell a
// statement signed by one from a statement signed by nobody known.
func (w *signer) revoke(name string, before []statement.PublicKey) {
	for _, key := range before {
		if h := key.Hash(name); !w.keys.Has(key) {
			w.revoked[h] = append(w.revoked[h], key)
		}
	}
	for _, key := range w.keys.Keys() {
		h := key.Hash(name)
		w.revoked[h] = slices.DeleteFunc(w.revoked[h], func(k statement.PublicKey) bool { return k == key })
		if len(w.revoked[h]) == 0 {
			delete(w.revoked, h)
		}
	}
}

// statementFault is the code for what package statement refuses to read.
func statementFault(err error) string {
	switch {
	case errors.Is(err, statement.ErrUnknownKind):
		return FaultUnknownKind
	case errors.Is(err, statement.ErrVersion):
		return FaultVersion
	}
	return FaultNotCanonical
}
