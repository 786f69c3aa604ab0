package statement

import (
	"encoding/base64"
	"fmt"
	"strings"

	"golang.org/x/mod/sumdb/tlog"
)

// A Checkpoint is a log's head under the log's name, C2SP tlog-checkpoint
// without extension lines.
type Checkpoint struct {
	Origin string
	Size   int64
	Root   tlog.Hash
}

// Head is the checkpoint's size and root, as statements cite it: the root of
// size 0 is zero there.
func (c Checkpoint) Head() Head {
	if c.Size == 0 {
		return Head{}
	}
	return Head{Size: c.Size, Root: c.Root}
}

// Text is the checkpoint's three lines: origin, size, root in base64.
func (c Checkpoint) Text() []byte {
	return fmt.Appendf(nil, "%s\n%d\n%s\n", c.Origin, c.Size, base64.StdEncoding.EncodeToString(c.Root[:]))
}

// ParseCheckpoint reads a checkpoint's text. It accepts exactly what Text gives
// back. Extension lines are refused: not every cosignature covers them.
func ParseCheckpoint(text []byte) (Checkpoint, error) {
	if len(text) > MaxNote {
		return Checkpoint{}, refuse(ErrTooLarge, "checkpoint", "at most %d bytes", MaxNote)
	}
	lines := strings.Split(string(text), "\n")
	if len(lines) != 4 || lines[3] != "" {
		return Checkpoint{}, refuse(ErrCheckpoint, "checkpoint", "exactly three lines, each ended by a newline, has %d", len(lines)-1)
	}
	if !ValidKeyName(lines[0]) {
		return Checkpoint{}, refuse(ErrCheckpoint, "line 1", "an origin of 1 to %d bytes without white space and plus", MaxKeyName)
	}
	size, err := parseSize(lines[1])
	if err != nil {
		return Checkpoint{}, refuse(ErrCheckpoint, "line 2", "a size from 0 to %d without leading zeros", int64(MaxInteger))
	}
	root, err := decodeBase64(lines[2], tlog.HashSize)
	if err != nil {
		return Checkpoint{}, refuse(ErrCheckpoint, "line 3", "a root of 32 bytes in standard base64 with padding")
	}
	return Checkpoint{Origin: lines[0], Size: size, Root: tlog.Hash(root)}, nil
}

// SignCheckpoint makes the depositary's signed note of a checkpoint. The
// signer's name must be the origin.
func SignCheckpoint(c Checkpoint, s Signer) ([]byte, error) {
	if s.Name() != c.Origin {
		return nil, refuse(ErrOrigin, "signer "+shown(s.Name()), "the key name %s", shown(c.Origin))
	}
	text := c.Text()
	if _, err := ParseCheckpoint(text); err != nil {
		return nil, err
	}
	sig, err := signature(text, s)
	if err != nil {
		return nil, err
	}
	return NewNote(text, sig)
}

// OpenCheckpoint reads a signed checkpoint of the log origin and verifies the
// depositary's signature, by any of the keys that are good for the log: its
// own and those of its declared successors. Other lines are given unverified in
// the note, for FindCosignature; a bad line that claims one of the keys refuses
// all.
func OpenCheckpoint(note []byte, origin string, keys ...PublicKey) (Checkpoint, *Note, error) {
	return OpenCheckpointBy(nil, note, origin, keys...)
}

// OpenCheckpointBy is OpenCheckpoint with what was verified before.
func OpenCheckpointBy(v *Verified, note []byte, origin string, keys ...PublicKey) (Checkpoint, *Note, error) {
	n, err := ParseNote(note)
	if err != nil {
		return Checkpoint{}, nil, err
	}
	c, err := ParseCheckpoint(n.Text)
	if err != nil {
		return Checkpoint{}, nil, err
	}
	if c.Origin != origin {
		return Checkpoint{}, nil, refuse(ErrOrigin, "line 1", "the origin %s", shown(origin))
	}
	signed := false
	for i, sig := range n.Sigs {
		switch claims, good := claimsLog(v, n.Text, sig, origin, keys); {
		case !claims:
		case !good:
			return Checkpoint{}, nil, refuse(ErrSignature, fmt.Sprintf("signature %d", i+1), "a signature of the depositary's key over this checkpoint")
		default:
			signed = true
		}
	}
	if !signed {
		want := "a signature of a key of the depositary"
		if len(keys) > 0 {
			want = "a signature of the depositary's key, " + keys[0].VKey(origin)
		}
		return Checkpoint{}, nil, refuse(ErrUnsigned, "checkpoint", "%s", want)
	}
	return c, n, nil
}

// claimsLog is whether a line claims to be by one of the keys, and whether it is.
func claimsLog(v *Verified, text []byte, sig Signature, origin string, keys []PublicKey) (claims, good bool) {
	if sig.Name != origin {
		return false, false
	}
	for _, key := range keys {
		if sig.Hash == key.Hash(origin) {
			claims = true
			good = good || v.verify(key[:], text, sig.Sig)
		}
	}
	return claims, good
}

// LogLine is the line, and its place, by which a checkpoint that OpenCheckpoint
// accepted is signed for the log origin, and the key that made it.
func LogLine(n *Note, origin string, keys ...PublicKey) (line int, key PublicKey, ok bool) {
	return LogLineBy(nil, n, origin, keys...)
}

// LogLineBy is LogLine with what was verified before.
func LogLineBy(v *Verified, n *Note, origin string, keys ...PublicKey) (line int, key PublicKey, ok bool) {
	for i, sig := range n.Sigs {
		for _, key := range keys {
			if sig.Name == origin && sig.Hash == key.Hash(origin) && v.verify(key[:], n.Text, sig.Sig) {
				return i, key, true
			}
		}
	}
	return 0, PublicKey{}, false
}
