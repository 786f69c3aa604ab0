package store

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"detente/statement"
)

// A CheckpointSigner makes the signed note of a head. For the same head it must
// return a note of the same text; with Ed25519 the same bytes.
type CheckpointSigner func(origin string, head statement.Head) ([]byte, error)

// checkpointText is the C2SP checkpoint of a head, without extension lines.
func checkpointText(origin string, head statement.Head) []byte {
	return fmt.Appendf(nil, "%s\n%d\n%s\n", origin, head.Size, base64.StdEncoding.EncodeToString(head.Root[:]))
}

// parseCheckpoint reads the head that a signed checkpoint of an origin states.
// Signatures are the caller's business.
func parseCheckpoint(origin string, note []byte) (statement.Head, error) {
	var head statement.Head
	if len(note) > MaxNote {
		return head, fmt.Errorf("checkpoint of %d bytes, at most %d are allowed", len(note), MaxNote)
	}
	lines := strings.SplitN(string(note), "\n", 5)
	if len(lines) < 5 || lines[3] != "" {
		return head, errors.New("checkpoint is not three lines, an empty line and signatures")
	}
	if lines[0] != origin {
		return head, fmt.Errorf("checkpoint is of %.200q, not of %q", lines[0], origin)
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	root, err2 := base64.StdEncoding.DecodeString(lines[2])
	if err != nil || err2 != nil || size < 0 || len(root) != len(head.Root) {
		return head, errors.New("checkpoint has no decimal size and base64 root of 32 bytes")
	}
	head.Size = size
	copy(head.Root[:], root)
	if !bytes.HasPrefix(note, append(checkpointText(origin, head), '\n')) {
		return statement.Head{}, errors.New("checkpoint's size or root is not in its one spelling")
	}
	return head, nil
}

// checkOrigin holds an origin to what a signed note's key name and a folder's
// name allow.
func checkOrigin(origin string) error {
	bad := func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) || r == '+' }
	switch {
	case origin == "" || origin == "." || origin == "..":
		return fmt.Errorf("origin %q cannot name a record", origin)
	case len(url.PathEscape(origin)) > MaxOrigin:
		return fmt.Errorf("origin of %d bytes: at most %d are allowed once escaped", len(origin), MaxOrigin)
	case !utf8.ValidString(origin) || strings.ContainsFunc(origin, bad):
		return fmt.Errorf("origin %q: it must be UTF-8 without spaces, control characters and +", origin)
	}
	return nil
}

// folderName is the origin as the name of one folder.
func folderName(origin string) string { return url.PathEscape(origin) }

// folderOrigin is its inverse; it refuses every other spelling.
func folderOrigin(name string) (string, error) {
	origin, err := url.PathUnescape(name)
	if err == nil {
		err = checkOrigin(origin)
	}
	if err == nil && folderName(origin) != name {
		err = fmt.Errorf("folder %q is not the one name of %q", name, origin)
	}
	return origin, err
}
