package witness

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/tlog"
)

// A request is the body of add-checkpoint.
type request struct {
	old   int64
	proof tlog.TreeProof
	note  []byte
}

// parseRequest reads the old size line, the proof lines and the empty line;
// what follows is the note.
func parseRequest(body []byte) (*request, error) {
	head, note, ok := bytes.Cut(body, []byte("\n\n"))
	if !ok {
		return nil, errors.New("want an old size line, proof lines, an empty line, a checkpoint")
	}
	lines := strings.Split(string(head), "\n")
	size, ok := strings.CutPrefix(lines[0], "old ")
	if !ok {
		return nil, errors.New(`line 1: want "old ", a space and a size`)
	}
	old, err := strconv.ParseInt(size, 10, 64)
	if err != nil || old < 0 || strconv.FormatInt(old, 10) != size {
		return nil, errors.New("line 1: want a decimal size without leading zeroes")
	}
	if len(lines)-1 > maxProof {
		return nil, fmt.Errorf("want at most %d proof lines, have %d", maxProof, len(lines)-1)
	}
	r := &request{old: old, note: note}
	for i, line := range lines[1:] {
		raw, err := base64.StdEncoding.Strict().DecodeString(line)
		if err != nil || len(raw) != tlog.HashSize || base64.StdEncoding.EncodeToString(raw) != line {
			return nil, fmt.Errorf("line %d: want 32 bytes in standard base64", i+2)
		}
		r.proof = append(r.proof, tlog.Hash(raw))
	}
	return r, nil
}

// encode is the request's bytes.
func (r *request) encode() []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "old %d\n", r.old)
	for _, h := range r.proof {
		fmt.Fprintf(&b, "%s\n", h)
	}
	b.WriteByte('\n')
	b.Write(r.note)
	return b.Bytes()
}
