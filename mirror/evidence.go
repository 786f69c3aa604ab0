package mirror

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"detente/agreement"
	"detente/internal/ustar"
	"detente/record"
	"detente/statement"

	"golang.org/x/mod/sumdb/tlog"
)

// Evidence proves to anybody who has nothing else that two histories of one
// record were signed: two signed checkpoints, and below each, proved to be
// there, another entry at the same index. One of its files is the agreement's
// bundle, whose digest is the agreement's id; hold that id against the one you
// know.
type Evidence struct {
	Index int64 // of the entry in which the histories differ
	A, B  Side

	Cause Cause
	Both  []agreement.Name // who signed both histories: a depositary, then witnesses

	archive   []byte
	agreement *agreement.Agreement
}

// A Side is one of the two histories.
type Side struct {
	Checkpoint []byte
	Entry      []byte
	Proof      tlog.RecordProof // from the entry to the checkpoint's root

	// Found by judging:
	Head   statement.Head
	By     *record.Fold         // the copy by whose hosts and witnesses of then it was judged; nil: by the first text
	Signer agreement.Name       // the depositary that signed the checkpoint
	Proved *record.Proof        // nil if no quorum cosigned it
	Lines  []record.Cosignature // of known witnesses, a quorum or not
}

// Cause is what two histories of one record come from.
type Cause string

// The causes.
const (
	// CauseFork is two histories of a quorum each: more witnesses lied than the
	// agreement allows for, or were restored from copies. Everything holds.
	CauseFork Cause = "fork"
	// CauseTail is a history of a quorum, and one that only a depositary signed:
	// the second counts for nothing, and its signer answers for it.
	CauseTail Cause = "uncosigned-tail"
	// CauseSigned is two histories that no quorum cosigned.
	CauseSigned Cause = "signed-twice"
)

// Agreement is the agreement of the evidence's bundle.
func (e *Evidence) Agreement() *agreement.Agreement { return e.agreement }

// The files of evidence, in this order.
const (
	evidenceFormat = "format"
	evidenceBundle = "bundle"
	evidenceIndex  = "index"
	sideCheckpoint = "/checkpoint"
	sideEntry      = "/entry"
	sideProof      = "/proof"
)

// Bytes is the evidence as one file; see spec/http.md.
func (e *Evidence) Bytes() ([]byte, error) {
	files := []ustar.File{
		{Path: evidenceFormat, Data: []byte(statement.PurposeEvidence.Line())},
		{Path: evidenceBundle, Data: e.archive},
		{Path: evidenceIndex, Data: fmt.Appendf(nil, "%d\n", e.Index)},
	}
	for i, s := range []Side{e.A, e.B} {
		name := []string{"a", "b"}[i]
		var proof strings.Builder
		for _, h := range s.Proof {
			fmt.Fprintf(&proof, "%s\n", h)
		}
		files = append(files, ustar.File{Path: name + sideCheckpoint, Data: s.Checkpoint},
			ustar.File{Path: name + sideEntry, Data: s.Entry}, ustar.File{Path: name + sideProof, Data: []byte(proof.String())})
	}
	return ustar.Bytes(files)
}

// ReadEvidence reads a file of evidence and checks all that it claims: an error
// says that it proves nothing. It needs nothing else where the text was not
// amended before the histories part. Where it was, the first text does not say
// who hosted and witnessed the record then; by is a copy of either history, which
// does.
func ReadEvidence(b []byte, by ...*record.Fold) (*Evidence, error) {
	files, err := ustar.Read(bytes.NewReader(b), ustar.Limits{Files: 9, File: record.MaxBundle, Total: record.MaxBundle + maxEvidenceRest})
	if err != nil {
		return nil, fmt.Errorf("evidence: %w", err)
	}
	want := []string{evidenceFormat, evidenceBundle, evidenceIndex, "a" + sideCheckpoint, "a" + sideEntry, "a" + sideProof, "b" + sideCheckpoint, "b" + sideEntry, "b" + sideProof}
	if !slices.EqualFunc(files, want, func(f ustar.File, path string) bool { return f.Path == path }) {
		return nil, fmt.Errorf("evidence: want exactly the files %s, in this order", strings.Join(want, ", "))
	}
	if string(files[0].Data) != statement.PurposeEvidence.Line() {
		return nil, fmt.Errorf("evidence: file format: want %q; a newer version needs a newer program", statement.PurposeEvidence.Line())
	}
	e := &Evidence{archive: files[1].Data}
	bundle, err := record.DecodeBundle(e.archive)
	if err == nil {
		e.agreement, err = readAgreement(bundle, bundle.Digest())
	}
	if err != nil {
		return nil, fmt.Errorf("evidence: file bundle: %w", err)
	}
	text := strings.TrimSuffix(string(files[2].Data), "\n")
	if e.Index, err = strconv.ParseInt(text, 10, 64); err != nil || e.Index < 0 || fmt.Sprintf("%d\n", e.Index) != string(files[2].Data) {
		return nil, errors.New("evidence: file index: want the index of an entry and a newline")
	}
	for i, s := range []*Side{&e.A, &e.B} {
		if err := s.read(files[3+3*i : 6+3*i]); err != nil {
			return nil, err
		}
	}
	for _, f := range by {
		if f.Agreement().ID != e.agreement.ID {
			return nil, fmt.Errorf("evidence: it is of agreement %s, the copy of %s", e.agreement.ID, f.Agreement().ID)
		}
		e.A.By, e.B.By = f, f
	}
	return e, e.judge()
}

func (s *Side) read(files []ustar.File) error {
	s.Checkpoint, s.Entry = files[0].Data, files[1].Data
	rest := string(files[2].Data)
	for rest != "" {
		line, more, ended := strings.Cut(rest, "\n")
		h, err := tlog.ParseHash(line)
		if err != nil || !ended || h.String() != line || len(s.Proof) == maxProof {
			return fmt.Errorf("evidence: file %s: want at most %d hashes in base64, each with a newline", files[2].Path, maxProof)
		}
		s.Proof, rest = append(s.Proof, h), more
	}
	return nil
}

// MaxEvidence is the largest file of evidence, in bytes.
const MaxEvidence = record.MaxBundle + maxEvidenceRest + 12*1024

const (
	// maxProof is the longest path of a proof in a tree of RFC 6962.
	maxProof = 63
	// maxEvidenceRest is what evidence holds besides the bundle: two notes, two
	// entries, two paths and three short files.
	maxEvidenceRest = 2*(statement.MaxNote+statement.MaxEntry+maxProof*45) + 1024
)

// judge checks the evidence and finds what it shows.
func (e *Evidence) judge() error {
	for _, s := range []*Side{&e.A, &e.B} {
		if err := s.judge(e.agreement, e.Index); err != nil {
			return fmt.Errorf("evidence: %w", err)
		}
	}
	if bytes.Equal(e.A.Entry, e.B.Entry) {
		return fmt.Errorf("evidence: both histories have the same entry %d: that is no difference", e.Index)
	}
	e.Both = nil
	if e.A.Signer == e.B.Signer {
		e.Both = append(e.Both, e.A.Signer)
	}
	for _, x := range e.A.Lines {
		if slices.ContainsFunc(e.B.Lines, func(y record.Cosignature) bool { return x.Witness == y.Witness }) {
			e.Both = append(e.Both, x.Witness)
		}
	}
	switch quorums := e.A.Proved != nil; {
	case quorums && e.B.Proved != nil:
		e.Cause = CauseFork
	case quorums || e.B.Proved != nil:
		e.Cause = CauseTail
	default:
		e.Cause = CauseSigned
	}
	return nil
}

func (s *Side) judge(a *agreement.Agreement, index int64) error {
	origin := record.Origin(a)
	c, err := checkpointOf(s.Checkpoint)
	if err != nil {
		return err
	}
	if index >= c.Size {
		return fmt.Errorf("entry %d is not below size %d", index, c.Size)
	}
	if err := tlog.CheckRecord(s.Proof, c.Size, c.Root, index, tlog.RecordHash(s.Entry)); err != nil {
		return fmt.Errorf("the proof does not lead from entry %d to the root of size %d", index, c.Size)
	}
	s.Head = c.Head()
	era, proved, err := s.era(a, index)
	if err != nil {
		return err
	}
	_, n, err := statement.OpenCheckpoint(s.Checkpoint, origin, era.Keys...)
	if errors.Is(err, statement.ErrUnsigned) && s.By == nil {
		return fmt.Errorf("%w; this was judged by the agreement's first text: if that was amended, give a copy of either history, which says who hosted it then", err)
	}
	if err != nil {
		return err
	}
	_, key, _ := statement.LogLine(n, origin, era.Keys...)
	s.Signer = era.Hosts[slices.Index(era.Keys, key)]
	s.Proved = nil
	if p, err := proved(s.Checkpoint); err == nil {
		s.Proved = p
	}
	s.Lines, err = cosigners(era, n)
	return err
}

func checkpointOf(note []byte) (statement.Checkpoint, error) {
	n, err := statement.ParseNote(note)
	if err != nil {
		return statement.Checkpoint{}, err
	}
	return statement.ParseCheckpoint(n.Text)
}

// era is who hosted and witnessed the record at this history's checkpoint, and
// what judges its cosignatures. A copy of this very history says it for its size.
// One of the other history says it for the entries that both have, which the path
// of the entry in which they part shows to be the same.
func (s *Side) era(a *agreement.Agreement, index int64) (record.Era, func(note []byte) (*record.Proof, error), error) {
	if s.By == nil {
		e, err := record.EraOf(a)
		return e, func(note []byte) (*record.Proof, error) { return record.Cosigned(a, note) }, err
	}
	at := s.Head.Size
	if root, err := s.By.RootAt(at); err != nil || root != s.Head.Root {
		at = index
		if root, err := s.By.RootAt(at); err != nil || root != rootBefore(s.Proof, s.Head.Size, index) {
			return record.Era{}, nil, fmt.Errorf("the copy given does not have the %d entries that come before the one in which the histories part: want a copy of either history", index)
		}
	}
	e := s.By.EraAt(at)
	e.Keys, e.Hosts = entitled(s.By, at), hostsAt(s.By, at)
	return e, func(note []byte) (*record.Proof, error) { return s.By.CosignedAt(at, note) }, nil
}

// rootBefore is the root of the first index entries, from the path of the next
// one to the root of size: its left siblings are the trees they are made of.
func rootBefore(path tlog.RecordProof, size, index int64) (root tlog.Hash) {
	var left []tlog.Hash
	for at := index; size > 1; path = path[:len(path)-1] {
		k := int64(1)
		for k*2 < size {
			k *= 2
		}
		if at < k {
			size = k
			continue
		}
		left = append(left, path[len(path)-1])
		at, size = at-k, size-k
	}
	if len(left) == 0 {
		root, _ = tlog.TreeHash(0, nil) // of no entries: it reads nothing
		return root
	}
	root = left[len(left)-1]
	for i := len(left) - 2; i >= 0; i-- {
		root = tlog.NodeHash(left[i], root)
	}
	return root
}

// cosigners are the known witnesses with lines on a note. As on the record, a
// line that claims a known key and does not verify spoils the note.
func cosigners(e record.Era, n *statement.Note) ([]record.Cosignature, error) {
	var all []record.Cosignature
	for _, l := range e.Lists {
		for i, key := range l.Keys {
			if slices.ContainsFunc(all, func(c record.Cosignature) bool { return c.Witness == l.Names[i] }) {
				continue
			}
			for _, sig := range n.Sigs {
				if !key.Made(sig) {
					continue
				}
				at, err := key.VerifyCosignature(n.Text, sig)
				if errors.Is(err, statement.ErrTime) {
					continue
				}
				if err != nil {
					return nil, err
				}
				all = append(all, record.Cosignature{Witness: l.Names[i], Time: at})
				break
			}
		}
	}
	return all, nil
}

// Text says what the evidence shows, in lines.
func (e *Evidence) Text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "two histories of the record %s: they differ first in entry %d\n", record.Origin(e.agreement), e.Index)
	for i, s := range []Side{e.A, e.B} {
		fmt.Fprintf(&b, "%s: size %d, root %s, signed by %s", []string{"A", "B"}[i], s.Head.Size, s.Head.Root, s.Signer)
		var names []string
		for _, c := range s.Lines {
			names = append(names, fmt.Sprintf("%s (%v)", c.Witness, c.Time))
		}
		switch {
		case s.Proved != nil:
			fmt.Fprintf(&b, ", cosigned by a quorum: %s\n", strings.Join(names, ", "))
		case len(names) > 0:
			fmt.Fprintf(&b, ", cosigned by %s: no quorum\n", strings.Join(names, ", "))
		default:
			b.WriteString(", cosigned by nobody\n")
		}
		fmt.Fprintf(&b, "   entry %d there: %s\n", e.Index, brief(s.Entry))
	}
	b.WriteString(e.verdict())
	return b.String()
}

// Judged says by whom the evidence was judged, where that was the first text.
func (e *Evidence) Judged() string {
	if e.A.By != nil {
		return ""
	}
	return "judged by the agreement's first text; where an amendment changed who hosts or witnesses the record before the histories part, a copy of either is needed"
}

// verdict says in a line what follows.
func (e *Evidence) verdict() string {
	both := "nobody signed both"
	if len(e.Both) > 0 {
		var names []string
		for _, n := range e.Both {
			names = append(names, string(n))
		}
		both = "signed both: " + strings.Join(names, ", ")
	}
	switch e.Cause {
	case CauseFork:
		return "a fork: a quorum of witnesses cosigned each; everything holds; " + both + "\n"
	case CauseTail:
		tail, of := "A", e.A.Signer
		if e.A.Proved != nil {
			tail, of = "B", e.B.Signer
		}
		return fmt.Sprintf("no fork of the record: %s is an uncosigned tail that %s alone signed, and counts for nothing; statements that stand only there are to be submitted again; %s\n", tail, of, both)
	}
	return "no quorum cosigned either: nothing of it is final; " + both + "\n"
}

// brief is what an entry is, in a few words.
func brief(entry []byte) string {
	if _, err := record.ParseProof(entry); err == nil {
		return "a proof of time"
	}
	if s, err := statement.Parse(entry); err == nil {
		return fmt.Sprintf("%s of %s, %s", s.Body.Kind(), s.By, s.ID)
	}
	return fmt.Sprintf("%d bytes that are no statement, digest %s", len(entry), digestOf(entry))
}
