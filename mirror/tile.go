package mirror

import (
	"encoding/binary"
	"fmt"
	"strings"

	"golang.org/x/mod/sumdb/tlog"
)

const (
	tileHeight = 8
	tileWidth  = 1 << tileHeight
	entryLevel = -1 // tlog's level for tiles of data
)

// tilePath is the C2SP tlog-tiles path of a tile: that of package tlog without
// the height, and with "entries" for "data".
func tilePath(t tlog.Tile) string {
	rest := strings.TrimPrefix(t.Path(), fmt.Sprintf("tile/%d/", tileHeight))
	if data, ok := strings.CutPrefix(rest, "data/"); ok {
		rest = "entries/" + data
	}
	return "tile/" + rest
}

// parseTilePath is the inverse of tilePath and refuses every other spelling.
func parseTilePath(path string) (tlog.Tile, error) {
	bad := fmt.Errorf("%.100q is not a path of tlog-tiles", path)
	rest, ok := strings.CutPrefix(path, "tile/")
	if !ok || strings.HasPrefix(rest, "data/") {
		return tlog.Tile{}, bad
	}
	if entries, ok := strings.CutPrefix(rest, "entries/"); ok {
		rest = "data/" + entries
	}
	t, err := tlog.ParseTilePath(fmt.Sprintf("tile/%d/%s", tileHeight, rest))
	if err != nil || t.L > 63 || tilePath(t) != path {
		return tlog.Tile{}, bad
	}
	return t, nil
}

// entryTile is the entry bundle number n of a record of this size.
func entryTile(n, size int64) tlog.Tile {
	return tlog.Tile{H: tileHeight, L: entryLevel, N: n, W: int(min(size-n*tileWidth, tileWidth))}
}

// encodeEntries is an entry bundle: each entry after its length in 16 bits.
func encodeEntries(entries [][]byte) []byte {
	var b []byte
	for _, e := range entries {
		b = binary.BigEndian.AppendUint16(b, uint16(len(e)))
		b = append(b, e...)
	}
	return b
}

// decodeEntries reads an entry bundle of at most one tile's width.
func decodeEntries(b []byte) ([][]byte, error) {
	var entries [][]byte
	for len(b) > 0 {
		if len(entries) == tileWidth {
			return nil, fmt.Errorf("entry bundle has more than %d entries", tileWidth)
		}
		if len(b) < 2 || len(b)-2 < int(binary.BigEndian.Uint16(b)) {
			return nil, fmt.Errorf("entry bundle ends within entry %d", len(entries))
		}
		n := 2 + int(binary.BigEndian.Uint16(b))
		entries = append(entries, b[2:n:n])
		b = b[n:]
	}
	return entries, nil
}
