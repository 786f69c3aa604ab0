package store

import (
	"encoding/binary"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/mod/sumdb/tlog"
)

const (
	tileHeight = 8
	tileWidth  = 1 << tileHeight
	entryLevel = -1 // the level tlog gives to tiles of data

	maxBundle = tileWidth * (2 + MaxEntry)
)

// appendEntry adds an entry to a bundle in the form of tlog-tiles: its length
// as 16 bits, big endian, then its bytes.
func appendEntry(b, entry []byte) []byte {
	b = binary.BigEndian.AppendUint16(b, uint16(len(entry)))
	return append(b, entry...)
}

// appendBundle adds a bundle of entries.
func appendBundle(b []byte, entries [][]byte) []byte {
	size := 0
	for _, e := range entries {
		size += 2 + len(e)
	}
	b = slices.Grow(b, size)
	for _, e := range entries {
		b = appendEntry(b, e)
	}
	return b
}

// parseBundle splits exactly n entries off the front of b. They alias b.
func parseBundle(b []byte, n int) (entries [][]byte, rest []byte, err error) {
	if n < 0 || n > len(b)/2 {
		return nil, nil, fmt.Errorf("entry bundle of %d bytes cannot hold %d entries", len(b), n)
	}
	entries = make([][]byte, 0, n)
	for i := range n {
		if len(b) < 2 {
			return nil, nil, fmt.Errorf("entry bundle ends before entry %d of %d", i, n)
		}
		size := int(binary.BigEndian.Uint16(b))
		b = b[2:]
		if len(b) < size {
			return nil, nil, fmt.Errorf("entry bundle ends within entry %d of %d", i, n)
		}
		entries = append(entries, b[:size:size])
		b = b[size:]
	}
	return entries, b, nil
}

// ParseBundle decodes an entry bundle of n entries, as served at
// tile/entries/..., and refuses anything before, between or after them.
func ParseBundle(b []byte, n int) ([][]byte, error) {
	entries, rest, err := parseBundle(b, n)
	if err != nil {
		return nil, err
	}
	if len(rest) != 0 {
		return nil, fmt.Errorf("entry bundle has %d bytes after its %d entries", len(rest), n)
	}
	return entries, nil
}

// tilePath is the C2SP tlog-tiles path: tlog's own without the height, and
// "entries" for "data".
func tilePath(t tlog.Tile) string {
	p := t.Path()
	if rest, ok := strings.CutPrefix(p, "tile/8/data/"); ok {
		return "tile/entries/" + rest
	}
	return "tile/" + strings.TrimPrefix(p, "tile/8/")
}

// parseTilePath is the inverse of tilePath; it refuses every other spelling.
func parseTilePath(path string) (tlog.Tile, error) {
	rest, ok := strings.CutPrefix(path, "tile/")
	if !ok || strings.HasPrefix(rest, "data/") {
		return tlog.Tile{}, fmt.Errorf("%q is not a path of tlog-tiles", path)
	}
	if entries, ok := strings.CutPrefix(rest, "entries/"); ok {
		rest = "data/" + entries
	}
	t, err := tlog.ParseTilePath("tile/8/" + rest)
	if err != nil || tilePath(t) != path {
		return tlog.Tile{}, fmt.Errorf("%q is not a path of tlog-tiles", path)
	}
	return t, nil
}
