package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"detente/agreement"
	"detente/machine"
	"detente/record"
	"detente/statement"

	"github.com/spf13/cobra"
)

// A speaker is who puts a statement on a record: the record, the keys that
// sign together, and the folder where the largest head seen is remembered.
type speaker struct {
	t         terminal
	record    string
	keys      []string
	documents []string // files
	dir       string
	wait      time.Duration
	json      bool

	via string // handing in: the mirror or custodian
	as  string // preparing: whose statement it is
	out string // preparing: the file to write; handing in: that of the receipt
}

const recordUsage = "address of the record, a `URL`, as detente serve printed it (or set DETENTE_RECORD)"

// flags adds the flags that every command of groupSay has.
func (s *speaker) flags(c *cobra.Command) *cobra.Command {
	c.GroupID = groupSay
	if c.Annotations == nil {
		c.Annotations = map[string]string{}
	}
	c.Annotations[speaks] = "one statement"
	if s.t.preparing {
		s.preparedFlags(c)
		return c
	}
	s.who(c)
	c.Flags().StringArrayVar(&s.documents, "document", nil, "`FILE` that the statement names by a salted digest and leaves with the depositary; again for each further one")
	c.Flags().DurationVar(&s.wait, "wait", 0, waitUsage)
	return c
}

const waitUsage = "wait so long, a `DURATION` such as 30s, until the statement takes effect, and say whether it did"

// who adds the flags that say who speaks on which record.
func (s *speaker) who(c *cobra.Command) {
	f := c.Flags()
	f.StringVar(&s.record, "record", "", recordUsage)
	f.StringArrayVar(&s.keys, "key", nil, "`KEY` to sign with: a file, [NAME=]ssh-agent:FINGERPRINT or [NAME=]pkcs11:URI; again for each further person who signs (or set DETENTE_KEY)")
	f.StringVar(&s.dir, "dir", "", dirUsage)
	jsonFlag(c, &s.json)
}

// A composer makes the body of a statement of somebody from the record as it
// stands, and names the statement that it answers, if its kind answers one.
type composer func(f *record.Fold, by agreement.Name) (statement.Body, statement.ID, error)

// only is a body that needs nothing of the record and answers nothing.
func only(b statement.Body) composer {
	return func(*record.Fold, agreement.Name) (statement.Body, statement.ID, error) {
		return b, statement.ID{}, nil
	}
}

// say signs a statement with the composed body, submits it, and prints its
// receipt.
func (s *speaker) say(ctx context.Context, compose composer) error {
	if s.t.preparing {
		docs, err := attach(s.documents)
		if err != nil {
			return err
		}
		if err := s.write(ctx, naming(compose, docs)); err != nil {
			return err
		}
		return carry(s.t, s.out, docs)
	}
	if s.wait < 0 {
		return usage("--wait %v: want a duration above zero", s.wait)
	}
	docs, err := attach(s.documents)
	if err != nil {
		return err
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
	st, err := composed(r, agreement.Name(signers[0].Name()), naming(compose, docs))
	if err != nil {
		return err
	}
	text, err := st.Text()
	if err != nil {
		return usage("%w", err)
	}
	note, err := statement.Sign(text, signers...)
	if err != nil {
		return usage("%w", err)
	}
	receipt, err := r.submit(ctx, note)
	if err != nil {
		return err
	}
	if err := bring(ctx, s.t, r, receipt.Index, docs); err != nil {
		return err
	}
	return s.conclude(ctx, r, saidReport{Entry: receipt.Index, ID: statement.IDOf(text).String(), Kind: string(st.Body.Kind())})
}

// composed makes a statement of somebody under the head last seen.
func composed(r *subject, by agreement.Name, compose composer) (*statement.Statement, error) {
	body, answers, err := compose(r.fold, by)
	if err != nil {
		return nil, err
	}
	return &statement.Statement{
		Agreement: r.agreement.ID, Bundle: r.fold.InForce().ID, By: by,
		Answers: answers, Seen: r.fold.Head(), Body: body,
	}, nil
}

// conclude prints where a statement stands on the record and, if that is asked
// for, waits for what comes of it.
func (s *speaker) conclude(ctx context.Context, r *subject, said saidReport) error {
	if s.wait == 0 {
		return s.answer(said, nil)
	}
	return s.await(ctx, r, said)
}

// A saidReport is the answer of a command that says something: where the
// statement stands on the record and, if that was waited for, what came of it.
type saidReport struct {
	Entry  int64         `json:"entry"`
	ID     string        `json:"id"`
	Kind   string        `json:"kind"`
	Effect *effectReport `json:"effect,omitempty"`
}

type effectReport struct {
	Effect bool           `json:"effect"`
	At     machine.Moment `json:"at"`
	Reason string         `json:"reason,omitempty"` // why it has none
}

// await follows the record until it has dated the statement.
func (s *speaker) await(ctx context.Context, r *subject, said saidReport) error {
	ctx, cancel := context.WithTimeout(ctx, s.wait)
	defer cancel()
	done := s.t.working("waiting until the statement takes effect")
	err := r.follower.Wait(ctx, func(f *record.Fold, _ int64) bool {
		if f.Size() <= said.Entry || f.Entry(said.Entry).Effect == nil {
			return false
		}
		e := f.Entry(said.Entry).Effect
		said.Effect = &effectReport{e.Verdict.Effect, momentOf(e.At), e.Verdict.Reason}
		return true
	})
	done()
	if errors.Is(err, context.DeadlineExceeded) {
		return s.answer(said, fmt.Errorf("it is on the record and did not take effect within %v: the witnesses have yet to date it", s.wait))
	}
	if err != nil {
		return verdict(err)
	}
	return s.answer(said, nil)
}

// answer prints what came of the statement. Words are meant to have no effect;
// of anything else that has none the answer is no.
func (s *speaker) answer(said saidReport, unknown error) error {
	if s.json {
		if err := printJSON(s.t.out, said); err != nil {
			return err
		}
	} else {
		fmt.Fprintf(s.t.out, "on the record: entry %d, %s %s\n", said.Entry, said.Kind, said.ID)
		switch e := said.Effect; {
		case e == nil:
		case e.Effect:
			fmt.Fprintf(s.t.out, "in effect since %v\n", e.At)
		default:
			fmt.Fprintf(s.t.out, "no effect: %s\n", e.Reason)
		}
	}
	switch e := said.Effect; {
	case unknown != nil:
		return &exitError{exitUnknown, unknown}
	case e != nil && !e.Effect && statement.Kind(said.Kind).Force() != statement.ForceWords:
		return no(nil)
	case e == nil && !s.json:
		fmt.Fprintln(s.t.err, "it is durable and its inclusion is proved; it takes effect once witnesses have cosigned it (--wait 1m waits for that)")
	}
	return nil
}
