package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"

	"detente/agreement"
	"detente/internal/durable"
	"detente/internal/prepared"
	"detente/record"
	"detente/statement"

	"github.com/spf13/cobra"
)

// speaks is the annotation of a command that makes one statement: `prepare`
// has all of them below it.
const speaks = "speaks"

// prepareCommand is every command of the table that makes a statement, once
// more, except that it writes a file to be signed instead of signing.
func prepareCommand(t terminal, table []func(terminal) *cobra.Command) *cobra.Command {
	t.preparing = true
	c := &cobra.Command{
		Use:     "prepare",
		GroupID: groupSay,
		Short:   "write a statement into a file, for several persons to sign on their own machines",
		Long: `Write what any of the commands below would say into a file, unsigned, with what it says and would do in words. The file is then
carried to whoever holds a key: each looks at it and signs with "detente sign FILE", needing neither network nor record, one after
the other or each on a copy. "detente submit FILE..." puts it on the record once enough have signed.`,
		RunE: group,
	}
	for _, make := range table {
		if sub := speaking(make(t)); sub != nil {
			c.AddCommand(sub)
		}
	}
	return c
}

// speaking is a command without what makes no statement; nil if nothing is left.
func speaking(c *cobra.Command) *cobra.Command {
	c.GroupID = ""
	if c.Annotations[speaks] != "" {
		c.Example = ""
		return c
	}
	for _, sub := range c.Commands() {
		if speaking(sub) == nil {
			c.RemoveCommand(sub)
		}
	}
	if !c.HasSubCommands() {
		return nil
	}
	return c
}

// preparedFlags are the flags of a command below prepare.
func (s *speaker) preparedFlags(c *cobra.Command) {
	f := c.Flags()
	f.StringVar(&s.record, "record", "", "the record: its `PATH`, an address, a mirror's folder or an exported record (or set DETENTE_RECORD)")
	f.StringVar(&s.as, "as", "", "the `NAME` whose statement it is")
	f.StringVarP(&s.out, "out", "o", "", "`FILE` to write; its name ends in .statement; never overwritten")
	f.StringVar(&s.dir, "dir", "", dirUsage)
	f.StringArrayVar(&s.documents, "document", nil, "`FILE` that the statement names by a salted digest; its payload is written beside --out, for detente submit to bring; again for each further one")
	jsonFlag(c, &s.json)
	need(c, "as", "out")
}

// write composes a statement and writes it for its signers.
func (s *speaker) write(ctx context.Context, compose composer) error {
	if !strings.HasSuffix(s.out, preparedSuffix) {
		return usage("--out %s: want a name that ends in %s", s.out, preparedSuffix)
	}
	path := s.record
	if path == "" {
		var err error
		if path, _, err = subjectOf(nil, 0); err != nil {
			return err
		}
	}
	r, err := openSubject(ctx, s.t, path, s.dir)
	if err != nil {
		return err
	}
	defer r.close()
	if r.fold == nil {
		return usage("--record %s is a text: a statement is prepared for a record", path)
	}
	by := agreement.Name(s.as)
	keys, ok := r.fold.Keys(by)
	if !ok {
		return usage("--as %s: the agreement gives that name no keys; nothing was written", s.as)
	}
	st, err := composed(r, by, compose)
	if err != nil {
		return err
	}
	effect, err := effectOf(r.fold, st)
	if err != nil {
		return no(fmt.Errorf("%w; nothing was written", err))
	}
	p, err := prepared.New(st, keys, effect)
	if err != nil {
		return usage("%w", err)
	}
	err = durable.CreateFile(durable.OS, s.out, p.Bytes())
	if errors.Is(err, fs.ErrExist) {
		return usage("%s is there already; nothing was written", s.out)
	}
	if err != nil {
		return err
	}
	if s.json {
		return printJSON(s.t.out, preparedOf(s.out, p))
	}
	printPrepared(s.t.out, p)
	fmt.Fprintf(s.t.err, "written to %s: sign it with: detente sign %s --key KEY\n", s.out, s.out)
	return nil
}

// effectOf says in lines what a statement would do as the record stands at the
// head of the fold. It depends on nothing else, so that whoever has a copy of
// the record gets the same lines.
func effectOf(f *record.Fold, st *statement.Statement) ([]string, error) {
	p, err := f.Preview(st)
	if err != nil {
		return nil, err
	}
	lines := []string{fmt.Sprintf("as the record stood after %d entries", st.Seen.Size)}
	switch {
	case !p.Effect:
		lines = append(lines, "none: "+p.Reason)
	case st.Body.Kind().Force() == statement.ForceMachine && len(p.Changes) == 0:
		lines = append(lines, "it is permitted, and changes no status at once")
	case st.Body.Kind().Force() == statement.ForceMachine:
		for _, l := range p.Changes {
			lines = append(lines, clip(fmt.Sprintf("%s %s: %s (%s)", l.Sign, l.Subject, strings.Join(l.Values, " -> "), l.Rule)))
		}
	default:
		lines = append(lines, keyEffect(f, st)...)
	}
	if n := len(f.Waiting()); n > 0 {
		lines = append(lines, fmt.Sprintf("%s before it had not taken effect yet", count(n, "statement")))
	}
	if len(lines) > prepared.MaxEffect {
		left := len(lines) - prepared.MaxEffect + 1
		lines = append(lines[:prepared.MaxEffect-1], fmt.Sprintf("and %d more", left))
	}
	return lines, nil
}

func keyEffect(f *record.Fold, st *statement.Statement) []string {
	b, ok := st.Body.(statement.KeyBody)
	if !ok {
		return []string{"it counts from its place on the record"}
	}
	now, _ := f.Keys(st.By)
	next, err := now.Apply(b)
	if err != nil {
		return []string{"none: " + err.Error()}
	}
	lines := []string{fmt.Sprintf("from its place on, %d of these keys of %s must sign:", next.Need(), st.By)}
	for _, k := range next.Keys() {
		lines = append(lines, k.String())
	}
	return lines
}

func clip(line string) string {
	if len(line) <= prepared.MaxLine {
		return line
	}
	return strings.ToValidUTF8(line[:prepared.MaxLine-3], "") + "..."
}

const preparedSuffix = ".statement"

// A preparedReport is what --json says of a prepared statement.
type preparedReport struct {
	File    string   `json:"file"`
	ID      string   `json:"id"`
	Kind    string   `json:"kind"`
	By      string   `json:"by"`
	Says    []string `json:"says"`
	Effect  []string `json:"effect"`
	Need    int      `json:"need"`
	Signed  []string `json:"signed"`
	Missing []string `json:"missing"`
}

func preparedOf(file string, p *prepared.Prepared) preparedReport {
	signed, missing := p.Signed()
	texts := func(keys []statement.PublicKey) []string {
		out := []string{}
		for _, k := range keys {
			out = append(out, k.String())
		}
		return out
	}
	return preparedReport{
		file, statement.IDOf(p.Text).String(), string(p.Statement.Body.Kind()), string(p.Statement.By),
		prepared.Says(p.Statement), p.Effect, p.Need, texts(signed), texts(missing),
	}
}

// printPrepared shows what a person is about to sign: in words, then the very
// text.
func printPrepared(w io.Writer, p *prepared.Prepared) {
	fmt.Fprintf(w, "statement %s\n", statement.IDOf(p.Text))
	for _, l := range prepared.Says(p.Statement) {
		fmt.Fprintf(w, "  %s\n", l)
	}
	fmt.Fprintf(w, "effect, as computed when it was prepared:\n")
	for _, l := range p.Effect {
		fmt.Fprintf(w, "  %s\n", l)
	}
	fmt.Fprintf(w, "the text that is signed:\n%s", indentBytes(p.Text))
	fmt.Fprintf(w, "%s\n", progress(p))
}

func indentBytes(text []byte) []byte {
	out := bytes.ReplaceAll(append([]byte("  "), text...), []byte("\n"), []byte("\n  "))
	return out[:len(out)-2]
}

// progress says who has signed and who has not.
func progress(p *prepared.Prepared) string {
	signed, missing := p.Signed()
	by := p.Statement.By
	switch {
	case p.Complete():
		return fmt.Sprintf("signed by %d of %s of %s: as many as must", len(signed), count(len(p.Keys), "key"), by)
	case len(missing) == p.Need-len(signed):
		return fmt.Sprintf("signed by %d of the %d keys of %s that must sign; missing:%s", len(signed), p.Need, by, listKeys(missing))
	}
	return fmt.Sprintf("signed by %d of the %d keys of %s that must sign; missing %d of:%s", len(signed), p.Need, by, p.Need-len(signed), listKeys(missing))
}

func listKeys(keys []statement.PublicKey) string {
	var b strings.Builder
	for _, k := range keys {
		fmt.Fprintf(&b, "\n  %s", k)
	}
	return b.String()
}
