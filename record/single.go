package record

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"detente/agreement"
	"detente/statement"

	"golang.org/x/mod/sumdb/tlog"
)

// A Single is one entry that a file of C2SP tlog-proof (https://c2sp.org/tlog-proof)
// shows to stand on a record, with nothing else of it.
type Single struct {
	Index int64
	Entry []byte
	Proof *Proof // the cosigned checkpoint: the entry existed by its Lo
}

// The lines of a tlog-proof file.
const (
	singleHeader = "c2sp.org/tlog-proof@v1\n"
	singleExtra  = "extra "
	singleIndex  = "index "
	// maxSingle is the largest such file, in bytes: an entry in base64, an
	// index, a proof of 63 hashes, a checkpoint's note.
	maxSingle = len(singleHeader) + len(singleExtra) + 4*(statement.MaxEntry+2)/3 + 1 + len(singleIndex) + 20 + 63*45 + 1 + statement.MaxNote
)

// ErrNotIncluded says that a tlog-proof is sound and of another entry.
var ErrNotIncluded = errors.New("the proof does not show this entry at this index of the record")

// SingleProof is the tlog-proof file of entry n by a checkpoint of this record
// that a quorum cosigned. With extra the entry itself is in the file.
func (f *Fold) SingleProof(n int64, cosigned []byte, extra bool) ([]byte, error) {
	size, err := f.Final(cosigned)
	if err != nil {
		return nil, err
	}
	if n < 0 || n >= size {
		return nil, fmt.Errorf("entry %d: the checkpoint is of %d entries", n, size)
	}
	hashes, err := tlog.ProveRecord(size, n, f.HashReader())
	if err != nil {
		return nil, err
	}
	s := &single{index: n, proof: hashes, note: cosigned}
	if extra {
		if s.extra, err = f.Bytes(n); err != nil {
			return nil, err
		}
	}
	return s.encode(), nil
}

// ReadSingle judges a tlog-proof file by an agreement's text alone: the
// checkpoint is signed by its depositary and cosigned by a quorum of its
// witnesses, and the entry, which is that in the file or else the one given, is
// under it. Where the list of witnesses was changed by an amendment, the proof of
// an entry after that must be judged on the record itself.
func ReadSingle(a *agreement.Agreement, file, entry []byte) (*Single, error) {
	return ReadSingleBy(a, a, file, entry)
}

// ReadSingleBy judges such a file of the record of an agreement by the host and
// the witnesses of a text that an amendment brought into force there. That it was
// in force at the checkpoint's size is the caller's word.
func ReadSingleBy(a, inForce *agreement.Agreement, file, entry []byte) (*Single, error) {
	e, err := newEra(inForce)
	if err != nil {
		return nil, fmt.Errorf("tlog-proof: %w", err)
	}
	l := &host{depositary: e.names[0], origin: Origin(a), eras: []*era{e}}
	return readSingle(l.cosigned, file, entry)
}

// ReadSingle judges such a file by those who are in force on this record at the
// checkpoint's size, and by its entries, if it has as many.
func (f *Fold) ReadSingle(file, entry []byte) (*Single, error) {
	return readSingle(func(note []byte) (*Proof, error) {
		p, err := f.cosigned(note)
		if err == nil && p.Head.Size <= f.Size() && !f.had(p.Head) {
			return nil, fault(FaultFork, f.depositary, "checkpoint of size %d: its root is not that of this record's first entries; a quorum cosigned another history", p.Head.Size)
		}
		return p, err
	}, file, entry)
}

func readSingle(judge func(note []byte) (*Proof, error), file, entry []byte) (*Single, error) {
	s, err := parseSingle(file)
	if err != nil {
		return nil, err
	}
	if s.extra != nil {
		if entry != nil && string(entry) != string(s.extra) {
			return nil, fmt.Errorf("tlog-proof: the file holds another entry: %w", ErrNotIncluded)
		}
		entry = s.extra
	}
	if entry == nil {
		return nil, errors.New("tlog-proof: the file does not hold the entry, so it must be given besides")
	}
	p, err := judge(s.note)
	if err != nil {
		return nil, fmt.Errorf("tlog-proof: %w", err)
	}
	if tlog.CheckRecord(s.proof, p.Head.Size, p.Head.Root, s.index, tlog.RecordHash(entry)) != nil {
		return nil, fmt.Errorf("tlog-proof: entry %d of %d: %w", s.index, p.Head.Size, ErrNotIncluded)
	}
	return &Single{Index: s.index, Entry: entry, Proof: p}, nil
}

// A single is a file as it is written.
type single struct {
	extra []byte // nil if there is no such line
	index int64
	proof tlog.RecordProof
	note  []byte
}

func (s *single) encode() []byte {
	var b strings.Builder
	b.WriteString(singleHeader)
	if s.extra != nil {
		b.WriteString(singleExtra + base64.StdEncoding.EncodeToString(s.extra) + "\n")
	}
	b.WriteString(singleIndex + strconv.FormatInt(s.index, 10) + "\n")
	for _, h := range s.proof {
		b.WriteString(h.String() + "\n")
	}
	b.WriteString("\n")
	b.Write(s.note)
	return []byte(b.String())
}

// parseSingle accepts exactly what encode makes.
func parseSingle(file []byte) (*single, error) {
	bad := func(want string) error { return fmt.Errorf("tlog-proof: want %s", want) }
	if len(file) > maxSingle {
		return nil, bad(fmt.Sprintf("at most %d bytes", maxSingle))
	}
	rest, ok := strings.CutPrefix(string(file), singleHeader)
	if !ok {
		return nil, bad("a first line c2sp.org/tlog-proof@v1")
	}
	head, note, ok := strings.Cut(rest, "\n\n")
	if !ok {
		return nil, bad("an empty line before the checkpoint")
	}
	s := &single{note: []byte(note)}
	lines := strings.Split(head, "\n")
	if text, ok := strings.CutPrefix(lines[0], singleExtra); ok {
		raw, err := base64.StdEncoding.Strict().DecodeString(text)
		if err != nil || len(raw) > statement.MaxEntry {
			return nil, bad("an entry in base64 after extra")
		}
		s.extra, lines = append([]byte{}, raw...), lines[1:]
	}
	if len(lines) == 0 || !strings.HasPrefix(lines[0], singleIndex) || len(lines) > 64 {
		return nil, bad("a line index and a number, then at most 63 hashes")
	}
	var err error
	if s.index, err = strconv.ParseInt(lines[0][len(singleIndex):], 10, 64); err != nil || s.index < 0 {
		return nil, bad("a line index and a number without leading zeroes")
	}
	for _, line := range lines[1:] {
		h, err := tlog.ParseHash(line)
		if err != nil {
			return nil, bad("hashes of 32 bytes in base64 after the index")
		}
		s.proof = append(s.proof, h)
	}
	if string(s.encode()) != string(file) {
		return nil, bad("its one form: canonical base64, no leading zeroes")
	}
	return s, nil
}
