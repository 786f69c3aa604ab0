package main

import (
	"context"
	"fmt"
	"strings"

	"detente/agreement"
	"detente/machine"
	"detente/record"
	"detente/statement"

	"github.com/spf13/cobra"
)

func amendCommand(t terminal) *cobra.Command {
	s := &speaker{t: t}
	var consent, findings, reason string
	var withdraw bool
	c := s.flags(&cobra.Command{
		Use:   "amend [TEXT]",
		Short: "put a new text on the record and consent to it, or consent to one that is there",
		Long: `Amend the agreement of a record. TEXT is a folder or file with the whole new text: it is put on the record, and then the
author's consent to it. Others read the same changes with --consent DIGEST, from the record itself, and consent. The text
comes into force when the last who must has consented; until then --withdraw takes a consent back.

What would change, the deadlines that would move, and the findings of the new text are printed first. Nothing is put on the
record until --findings says that they have been read; the exit status is then 1.`,
		Example: `  detente amend examples/cameras/extended --key iran-1.key --key iran-2.key
  detente amend --consent 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08 --findings c9312f8d66314106dadc080f15f68fcf6d32fe851de07305fcb5a751057cf0ca --key iaea.key`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			ways := len(args)
			for _, given := range []bool{consent != "", withdraw} {
				if given {
					ways++
				}
			}
			if ways != 1 {
				return usage("want one of: a TEXT, --consent DIGEST, --withdraw")
			}
			a := amending{findings: findings, reason: reason, withdraw: withdraw, consent: consent}
			if len(args) == 1 {
				a.path = args[0]
			}
			return s.amend(cmd.Context(), a)
		},
	})
	c.Flags().StringVar(&consent, "consent", "", "`DIGEST` of the new text, which is on the record already")
	c.Flags().BoolVar(&withdraw, "withdraw", false, "take back an earlier consent")
	c.Flags().StringVar(&findings, "findings", "", "`DIGEST` of the new text's findings, as this command printed it")
	c.Flags().StringVar(&reason, "reason", "", "why, in `WORDS`")
	return c
}

// amending is what a call of amend asks for: exactly one of path, consent and withdraw.
type amending struct {
	path, consent    string
	withdraw         bool
	findings, reason string
}

// amend shows what would change, and then says what it was asked to say.
func (s *speaker) amend(ctx context.Context, a amending) error {
	if s.t.preparing {
		return s.write(ctx, s.consenting(a))
	}
	signers, err := loadKeys(s.t, s.keys)
	if err != nil {
		return err
	}
	r, err := followRecord(ctx, s.t, s.record, s.dir, signers...)
	if err != nil {
		return err
	}
	defer r.close()
	body, _, err := s.consenting(a)(r.fold, agreement.Name(signers[0].Name()))
	if err != nil {
		return err
	}
	b := body.(statement.AmendBody)
	if a.path != "" {
		if err := s.publish(ctx, r, signers, a.path); err != nil {
			return err
		}
	}
	said, err := s.put(ctx, r, signers, b)
	if err != nil {
		return err
	}
	if !s.json {
		fmt.Fprintf(s.t.out, "text %s\n", b.Bundle)
	}
	return s.conclude(ctx, r, said)
}

// consenting is the consent, or its withdrawal, once what it is to has been read.
func (s *speaker) consenting(a amending) composer {
	return func(f *record.Fold, _ agreement.Name) (statement.Body, statement.ID, error) {
		b := statement.AmendBody{Reason: a.reason}
		if a.withdraw {
			b.Bundle, b.Findings = f.InForce().ID.String(), agreement.FindingsDigest(f.InForce()).String()
			return b, statement.ID{}, nil
		}
		bundle, to, err := a.text(f)
		if err != nil {
			return nil, statement.ID{}, err
		}
		if _, _, there, _ := f.Text(to.ID); !there && s.t.preparing {
			return nil, statement.ID{}, no(fmt.Errorf("text %s is not on the record: any party puts it there with: detente amend %s", to.ID, a.path))
		}
		b.Bundle, b.Findings = to.ID.String(), a.findings
		return b, statement.ID{}, s.showAmendment(f, bundle, to, a.findings)
	}
}

// publish puts the parts of a text on the record, unless it is there.
func (s *speaker) publish(ctx context.Context, r *subject, signers []statement.Signer, path string) error {
	new, err := openText(path)
	if err != nil {
		return err
	}
	if _, _, there, _ := r.fold.Text(new.agreement.ID); there {
		return nil
	}
	parts, err := record.TextParts(new.bundle)
	if err != nil {
		return usage("%w", err)
	}
	for _, part := range parts {
		if _, err := s.put(ctx, r, signers, part); err != nil {
			return err
		}
	}
	return nil
}

// text is the new text: from a folder, or from the record.
func (a amending) text(f *record.Fold) (*agreement.Bundle, *agreement.Agreement, error) {
	if a.path != "" {
		new, err := openText(a.path)
		if err != nil {
			return nil, nil, err
		}
		return new.bundle, new.agreement, nil
	}
	id, err := agreement.ParseDigest(a.consent)
	if err != nil {
		return nil, nil, usage("--consent: %w", err)
	}
	b, to, ok, err := f.Text(id)
	switch {
	case !ok:
		return nil, nil, no(fmt.Errorf("text %s is not on the record; nothing was signed", id))
	case err != nil:
		return nil, nil, no(fmt.Errorf("%w; nothing was signed", err))
	}
	return b, to, nil
}

// showAmendment prints what a text would change as things stand, and refuses to
// sign it unless its findings were read.
func (s *speaker) showAmendment(f *record.Fold, bundle *agreement.Bundle, to *agreement.Agreement, findings string) error {
	if _, err := record.Amends(f.InForce(), to); err != nil {
		return no(fmt.Errorf("it cannot take the place of the text in force: %w; nothing was signed", err))
	}
	if findings == agreement.FindingsDigest(to).String() {
		return nil
	}
	if !s.json {
		if err := printDiff(s.t, f.InForce(), &subject{bundle: bundle, agreement: to}, false); err != nil {
			return err
		}
		at := max(f.Now(), f.Clock())
		_, carried, err := machine.Compile(to).Carry(f.State().Clone(), at, -1)
		switch {
		case err != nil:
			fmt.Fprintf(s.t.out, "as things stand it cannot come into force: %v\n", err)
		case len(carried.Moved) == 0:
			fmt.Fprintln(s.t.out, "no deadline moves")
		default:
			for _, m := range carried.Moved {
				fmt.Fprintf(s.t.out, "deadline %s of %s moves from %s to %s\n", m.What, m.Subject, running(m.From), running(m.To))
			}
		}
	}
	err := s.seen(to, findings)
	if err != nil {
		fmt.Fprintf(s.t.err, "to sign it: detente amend with the text again, or --consent %s once it is on the record\n", to.ID)
	}
	return err
}

// put signs one statement and puts it on the record.
func (s *speaker) put(ctx context.Context, r *subject, signers []statement.Signer, b statement.Body) (saidReport, error) {
	st, err := composed(r, agreement.Name(signers[0].Name()), only(b))
	if err != nil {
		return saidReport{}, err
	}
	text, err := st.Text()
	if err != nil {
		return saidReport{}, usage("%w", err)
	}
	note, err := statement.Sign(text, signers...)
	if err != nil {
		return saidReport{}, usage("%w", err)
	}
	receipt, err := r.submit(ctx, note)
	if err != nil {
		return saidReport{}, err
	}
	return saidReport{Entry: receipt.Index, ID: statement.IDOf(text).String(), Kind: string(b.Kind())}, nil
}

// A pendingReport is an amendment that some have consented to.
type pendingReport struct {
	Text      string           `json:"text"`
	Consented []agreement.Name `json:"consented"`
	Missing   []agreement.Name `json:"missing"`
}

func pendingOf(f *record.Fold) []pendingReport {
	all := []pendingReport{}
	for _, p := range f.Pending() {
		all = append(all, pendingReport{p.Amendment.To.ID.String(), p.Consented, p.Missing})
	}
	return all
}

// sentence is names as a sentence has them; "nobody" for none.
func sentence(names []agreement.Name) string {
	if len(names) == 0 {
		return "nobody"
	}
	var words []string
	for _, n := range names {
		words = append(words, string(n))
	}
	return strings.Join(words, ", ")
}

// running is when a deadline runs out; one that does not run has the zero moment.
func running(m machine.Moment) string {
	if !m.Set {
		return "not running"
	}
	return m.String()
}
