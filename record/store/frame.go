package store

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"

	"golang.org/x/mod/sumdb/tlog"
)

// A section is what one frame holds for one record: the entries appended to
// it, the root that results, and cosigned checkpoints put beside it.
type section struct {
	origin  string
	first   int64 // index of the first entry, the size before
	entries [][]byte
	leaves  []tlog.Hash // of the entries; not encoded
	root    tlog.Hash   // of size first + len(entries)
	notes   []cosigned
}

const (
	bodySumSize   = 16
	headSumSize   = 8
	frameHeadSize = 8 + 4 + bodySumSize + headSumSize
	saltSize      = 16
)

// appendSection encodes a section: origin length (16 bits) and origin, first
// (64), number of entries (32), entry bundle, root, number of notes (16), and
// for each its ordinal (32), length (32) and bytes. Integers are big endian.
// The section's entries are from then on those in b, which must have room.
func appendSection(b []byte, s *section) []byte {
	b = appendSectionStart(b, s)
	for i, e := range s.entries {
		b = appendEntry(b, e)
		s.entries[i] = b[len(b)-len(e) : len(b) : len(b)]
	}
	return appendSectionEnd(b, s)
}

// appendBrief is appendSection with leaf hashes in place of the entries.
func appendBrief(b []byte, s *section) []byte {
	b = appendSectionStart(b, s)
	b = appendHashes(b, s.leaves)
	return appendSectionEnd(b, s)
}

func appendSectionStart(b []byte, s *section) []byte {
	b = binary.BigEndian.AppendUint16(b, uint16(len(s.origin)))
	b = append(b, s.origin...)
	b = binary.BigEndian.AppendUint64(b, uint64(s.first))
	return binary.BigEndian.AppendUint32(b, uint32(len(s.entries)))
}

func appendSectionEnd(b []byte, s *section) []byte {
	b = append(b, s.root[:]...)
	b = binary.BigEndian.AppendUint16(b, uint16(len(s.notes)))
	for _, n := range s.notes {
		b = binary.BigEndian.AppendUint32(b, n.ordinal)
		b = binary.BigEndian.AppendUint32(b, uint32(len(n.note)))
		b = append(b, n.note...)
	}
	return b
}

// encodedSize is what appendSection appends.
func (s *section) encodedSize() int {
	size := 2 + len(s.origin) + 8 + 4 + tlog.HashSize + 2
	for _, e := range s.entries {
		size += 2 + len(e)
	}
	for _, n := range s.notes {
		size += 4 + 4 + len(n.note)
	}
	return size
}

var errShort = errors.New("payload ends early")

// parseSections decodes a payload; what it returns aliases b.
func parseSections(b []byte) ([]*section, error) {
	var list []*section
	for len(b) > 0 {
		s, rest, err := parseSection(b)
		if err != nil {
			return nil, err
		}
		list, b = append(list, s), rest
	}
	if len(list) == 0 {
		return nil, errors.New("payload is empty")
	}
	return list, nil
}

func parseSection(b []byte) (s *section, rest []byte, err error) {
	take := func(n int) []byte {
		if len(b) < n {
			err = errShort
			return make([]byte, min(n, 32)) // zeroes, so that what follows stays short
		}
		v := b[:n:n]
		b = b[n:]
		return v
	}
	s = new(section)
	s.origin = string(take(int(binary.BigEndian.Uint16(take(2)))))
	first := binary.BigEndian.Uint64(take(8))
	count := binary.BigEndian.Uint32(take(4))
	if err != nil {
		return nil, nil, err
	}
	if err := checkOrigin(s.origin); err != nil {
		return nil, nil, err
	}
	if first > 1<<62 || count > maxPayload {
		return nil, nil, fmt.Errorf("section of %d entries at %d", count, first)
	}
	s.first = int64(first)
	if s.entries, b, err = parseBundle(b, int(count)); err != nil {
		return nil, nil, err
	}
	copy(s.root[:], take(tlog.HashSize))
	for range binary.BigEndian.Uint16(take(2)) {
		n := cosigned{ordinal: binary.BigEndian.Uint32(take(4))}
		size := binary.BigEndian.Uint32(take(4))
		if err == nil && size > MaxNote {
			err = fmt.Errorf("note of %d bytes, at most %d are allowed", size, MaxNote)
		}
		if err != nil {
			return nil, nil, err
		}
		n.note = take(int(size))
		s.notes = append(s.notes, n)
	}
	if err != nil {
		return nil, nil, err
	}
	if len(s.entries)+len(s.notes) == 0 {
		return nil, nil, errors.New("section holds nothing")
	}
	return s, b, nil
}

// A salt keys the checks of one segment. It is random, so nobody can submit
// an entry that looks like a frame, and a frame of another segment is not one
// of this.
type salt [saltSize]byte

// sealFrame prepends the head to a payload that starts at frameHeadSize in b,
// the encoding of these sections: sequence number (64 bits), length of the
// payload (32), check of the payload, check of the head.
func sealFrame(b []byte, key salt, seq uint64, sections []*section) {
	binary.BigEndian.PutUint64(b, seq)
	binary.BigEndian.PutUint32(b[8:], uint32(len(b)-frameHeadSize))
	body := key.bodySum(sections)
	copy(b[12:], body[:])
	head := key.headSum(b[:12+bodySumSize])
	copy(b[12+bodySumSize:], head[:])
}

// bodySum is the check of a payload. It covers the entries by their leaf
// hashes, which are there already: bytes are hashed once.
func (k salt) bodySum(sections []*section) (sum [bodySumSize]byte) {
	b := append([]byte("detente/wal/body/2\n"), k[:]...)
	for _, s := range sections {
		b = appendBrief(b, s)
	}
	full := sha256.Sum256(b)
	copy(sum[:], full[:])
	return sum
}

// bodySum1 is the check of a payload in format 1, over all its bytes.
func (k salt) bodySum1(payload []byte) (sum [bodySumSize]byte) {
	h := sha256.New()
	h.Write([]byte("detente/wal/body/1\n"))
	h.Write(k[:])
	h.Write(payload)
	copy(sum[:], h.Sum(nil))
	return sum
}

func (k salt) headSum(head []byte) (sum [headSumSize]byte) {
	h := sha256.New()
	h.Write([]byte("detente/wal/head/1\n"))
	h.Write(k[:])
	h.Write(head)
	copy(sum[:], h.Sum(nil))
	return sum
}

// frameHead reads a frame's head. ok is false if these bytes are not a head
// written under this salt.
func (k salt) frameHead(b []byte) (seq uint64, size int, body [bodySumSize]byte, ok bool) {
	if len(b) < frameHeadSize {
		return 0, 0, body, false
	}
	sum := k.headSum(b[:12+bodySumSize])
	if !bytes.Equal(sum[:], b[12+bodySumSize:frameHeadSize]) {
		return 0, 0, body, false
	}
	copy(body[:], b[12:])
	length := binary.BigEndian.Uint32(b[8:])
	return binary.BigEndian.Uint64(b), int(length), body, length <= maxPayload
}

// readPayload decodes a payload whose check is body; ok is false if it is not.
// An error means that it was sealed and yet is no payload.
func (g *segment) readPayload(payload []byte, body [bodySumSize]byte) (sections []*section, ok bool, err error) {
	if g.format == 1 && g.key.bodySum1(payload) != body {
		return nil, false, nil
	}
	sections, err = parseSections(payload)
	if err != nil {
		return nil, g.format == 1, err
	}
	for _, s := range sections {
		s.leaves = leavesOf(s.entries)
	}
	return sections, g.format == 1 || g.key.bodySum(sections) == body, nil
}

func leavesOf(entries [][]byte) []tlog.Hash {
	leaves := make([]tlog.Hash, len(entries))
	for i, e := range entries {
		leaves[i] = tlog.RecordHash(e)
	}
	return leaves
}

// scanFrames calls fn with what each frame holds in data, the content of a
// segment after its head. It returns the number that the next frame would have.
//
// Zeroes follow the last frame, written ahead. What else follows it is a torn
// tail, and is left out, only if it can be what one interrupted write leaves: a
// write is acknowledged before the next begins, so if anything but zeroes lies
// behind a damaged frame, or a later frame's head can be found, then an
// acknowledged frame is damaged and scanFrames fails.
func (g *segment) scanFrames(data []byte, fn func([]*section) error) (next uint64, err error) {
	seq := g.first
	for off := 0; off < len(data); {
		n, size, body, ok := g.key.frameHead(data[off:])
		if ok && n != seq {
			return seq, fmt.Errorf("offset %d: frame %d where frame %d was expected", off, n, seq)
		}
		if !ok {
			if zero(data[off:]) {
				return seq, nil // the end
			}
			return seq, findLater(data, off, g.key, seq)
		}
		payload := data[off+frameHeadSize:]
		if len(payload) < size {
			return seq, nil // torn
		}
		end := off + frameHeadSize + size
		sections, ok, err := g.readPayload(payload[:size], body)
		if !ok {
			if !zero(data[end:]) {
				return seq, fmt.Errorf("offset %d: frame %d is damaged, and was followed by others", off, seq)
			}
			return seq, nil // torn
		}
		if err == nil {
			err = fn(sections)
		}
		if err != nil {
			return seq, fmt.Errorf("offset %d: frame %d: %w", off, seq, err)
		}
		off, seq = end, seq+1
	}
	return seq, nil
}

func zero(b []byte) bool {
	for len(b) > 0 {
		n := min(len(b), len(zeroes))
		if !bytes.Equal(b[:n], zeroes[:n]) {
			return false
		}
		b = b[n:]
	}
	return true
}

// findLater looks for any frame behind a head that cannot be read.
func findLater(data []byte, off int, key salt, seq uint64) error {
	for at := off + 1; at+frameHeadSize <= len(data); at++ {
		// The number is compared first: hashing at every offset is slow.
		if n := binary.BigEndian.Uint64(data[at:]); n <= seq || n > seq+uint64(len(data)) {
			continue
		}
		if n, _, _, ok := key.frameHead(data[at:]); ok {
			return fmt.Errorf("offset %d: frame %d is damaged, yet frame %d follows at offset %d", off, seq, n, at)
		}
	}
	return nil
}
