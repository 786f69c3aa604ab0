package witnesstest

import (
	"bytes"
	"fmt"
	"strings"

	"detente/statement"

	"golang.org/x/mod/sumdb/tlog"
)

// A Log signs whatever it is asked to. Its methods panic on what cannot be.
type Log struct {
	Origin string
	signer statement.Signer
	hashes []tlog.Hash
	n      int64
}

// NewLog is a log with these entries, whose key is that of the seed.
func NewLog(origin string, seed byte, entries ...string) *Log {
	s, err := statement.NewSigner(origin, bytes.Repeat([]byte{seed}, 32))
	must(err)
	l := &Log{Origin: origin, signer: s}
	for _, e := range entries {
		h, err := tlog.StoredHashes(l.n, []byte(e), l)
		must(err)
		l.hashes = append(l.hashes, h...)
		l.n++
	}
	return l
}

func must(err error) {
	if err != nil {
		panic("witnesstest: " + err.Error())
	}
}

// ReadHashes makes it a tlog.HashReader.
func (l *Log) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	var out []tlog.Hash
	for _, i := range indexes {
		out = append(out, l.hashes[i])
	}
	return out, nil
}

// Key is the key that signs.
func (l *Log) Key() statement.PublicKey { return l.signer.Public() }

// VKey is the key as a C2SP verifier key.
func (l *Log) VKey() string { return l.Key().VKey(l.Origin) }

// Text is the checkpoint of this size, unsigned.
func (l *Log) Text(size int64) string {
	root, err := tlog.TreeHash(size, l)
	must(err)
	return string(statement.Checkpoint{Origin: l.Origin, Size: size, Root: root}.Text())
}

// Sign is the note of a text, whatever it says.
func (l *Log) Sign(text string) string {
	raw, err := l.signer.Sign([]byte(text))
	must(err)
	return text + "\n" + l.line(raw)
}

func (l *Log) line(raw []byte) string {
	return statement.Signature{Name: l.Origin, Hash: l.Key().Hash(l.Origin), Sig: raw}.String() + "\n"
}

// Checkpoint is the signed checkpoint of this size.
func (l *Log) Checkpoint(size int64) string { return l.Sign(l.Text(size)) }

// Proof is the consistency proof, a line for each hash.
func (l *Log) Proof(old, size int64) []string {
	if old == 0 || old > size {
		return nil
	}
	proof, err := tlog.ProveTree(size, old, l)
	must(err)
	var lines []string
	for _, h := range proof {
		lines = append(lines, h.String())
	}
	return lines
}

// Request is the body of an add-checkpoint request.
func (l *Log) Request(old, size int64) string {
	return Body(old, l.Proof(old, size), l.Checkpoint(size))
}

// Body is a request of these parts.
func Body(old int64, proof []string, note string) string {
	return fmt.Sprintf("old %d\n%s\n%s", old, strings.Join(append(proof, ""), "\n"), note)
}
