package vault

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"filippo.io/age"
)

// Written describes what SealSegment wrote, for the manifest.
type Written struct {
	Size int64
	Root Digest
}

// SegmentSize is the size of every segment whose padded plaintext has padded
// bytes: header, nonce, and 16 bytes for each piece of 64 KiB.
func SegmentSize(padded int64) int64 {
	return HeaderSize + NonceSize + padded + (padded+pieceData-1)/pieceData*16
}

func checkPadded(padded int64) error {
	if padded <= LengthSize || padded > MaxSegmentBytes {
		return fmt.Errorf("%w: padded size %d, want more than %d and at most %d", ErrSegment, padded, LengthSize, int64(MaxSegmentBytes))
	}
	return nil
}

// SealSegment writes data to w as an age file for the recipient, padded to one
// size: data, zeros, and data's length in the last 8 bytes. Sizes of segments
// then say nothing about what they show. ErrOverflow means that data does not
// fit: the caller cuts it and the manifest states the shorter duration, which
// is degraded coverage. Nothing has been written to w then.
func SealSegment(w io.Writer, recipient string, data []byte, padded int64) (Written, error) {
	if err := CheckRuntime(); err != nil {
		return Written{}, err
	}
	if err := checkPadded(padded); err != nil {
		return Written{}, err
	}
	room := padded - LengthSize - int64(len(data))
	if room < 0 {
		return Written{}, fmt.Errorf("%w: %d bytes, room for %d", ErrOverflow, len(data), padded-LengthSize)
	}
	to, err := ParseRecipient(recipient)
	if err != nil {
		return Written{}, err
	}
	var tree Tree
	enc, err := age.Encrypt(io.MultiWriter(w, &tree), to)
	if err != nil {
		return Written{}, fmt.Errorf("sealing a segment: %w", err)
	}
	length := binary.BigEndian.AppendUint64(nil, uint64(len(data)))
	if _, err := enc.Write(data); err != nil {
		return Written{}, fmt.Errorf("sealing a segment: %w", err)
	}
	if err := writeZeros(enc, room); err != nil {
		return Written{}, fmt.Errorf("sealing a segment: %w", err)
	}
	if _, err := enc.Write(length); err != nil {
		return Written{}, fmt.Errorf("sealing a segment: %w", err)
	}
	if err := enc.Close(); err != nil {
		return Written{}, fmt.Errorf("sealing a segment: %w", err)
	}
	if tree.Size() != SegmentSize(padded) {
		return Written{}, fmt.Errorf("sealing a segment: age wrote %d bytes, want %d; its format has changed", tree.Size(), SegmentSize(padded))
	}
	return Written{Size: tree.Size(), Root: tree.Root()}, nil
}

// zeros are what padding is compared with and written from; never changed.
var zeros [4096]byte

func writeZeros(w io.Writer, n int64) error {
	for n > 0 {
		k := min(n, int64(len(zeros)))
		if _, err := w.Write(zeros[:k]); err != nil {
			return err
		}
		n -= k
	}
	return nil
}

// VerifySegment reads a segment once and checks without any key what can be
// checked: its size, the form of its header, and its root.
func VerifySegment(r io.Reader, size int64, root Digest) error {
	var tree Tree
	head := make([]byte, HeaderSize)
	if n, err := io.ReadFull(r, head); errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("%w: torn after %d bytes, inside the header", ErrSegment, n)
	} else if err != nil {
		return fmt.Errorf("reading a segment: %w", err)
	}
	if err := CheckHeader(head); err != nil {
		return err
	}
	_, _ = tree.Write(head) // it never fails
	rest := io.LimitReader(r, size-HeaderSize+1)
	for want, piece := NonceSize, make([]byte, PieceSize); ; want = PieceSize {
		n, err := io.ReadFull(rest, piece[:want])
		_, _ = tree.Write(piece[:n])
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			break
		}
		if err != nil {
			return fmt.Errorf("reading a segment: %w", err)
		}
	}
	if tree.Size() != size {
		return fmt.Errorf("%w: %d bytes or more, want %d", ErrSegment, tree.Size(), size)
	}
	if tree.Root() != root {
		return fmt.Errorf("%w: its bytes do not give the manifest's root", ErrSegment)
	}
	return nil
}

// OpenSegment decrypts a segment and gives the data inside, nothing unless
// everything in it is right. ErrSegment means that it is malformed.
func OpenSegment(segment []byte, id *Identity, padded int64) ([]byte, error) {
	return openSegment(segment, id.age, padded)
}

// OpenWithFileKey is OpenSegment with the segment's own 16-byte file key,
// which shows one malformed segment to others without the epoch's seed.
// ErrFileKey means that this is not its file key, which shows nothing about the
// segment; only ErrSegment and ErrHeader do.
func OpenWithFileKey(segment, fileKey []byte, padded int64) ([]byte, error) {
	if err := checkForm(segment, padded); err != nil {
		return nil, err
	}
	if len(fileKey) != fileKeySize {
		return nil, fmt.Errorf("%w: %d bytes, want %d", ErrFileKey, len(fileKey), fileKeySize)
	}
	id := age.NewInjectedFileKeyIdentity(fileKey)
	if _, err := age.DecryptHeader(segment[:HeaderSize], id); err != nil {
		return nil, fmt.Errorf("%w: %v", ErrFileKey, err)
	}
	return openSegment(segment, id, padded)
}

// FileKey gives the 16-byte file key of one segment.
func FileKey(segment []byte, id *Identity) ([]byte, error) {
	if len(segment) < HeaderSize {
		return nil, fmt.Errorf("%w: %d bytes", ErrSegment, len(segment))
	}
	if err := CheckHeader(segment[:HeaderSize]); err != nil {
		return nil, err
	}
	key, err := age.DecryptHeader(segment[:HeaderSize], id.age)
	if err != nil {
		return nil, fmt.Errorf("%w: the header does not open: %v", ErrSegment, err)
	}
	return key, nil
}

// checkForm checks what anybody can without a key.
func checkForm(segment []byte, padded int64) error {
	if err := CheckRuntime(); err != nil {
		return err
	}
	if err := checkPadded(padded); err != nil {
		return err
	}
	if int64(len(segment)) != SegmentSize(padded) {
		return fmt.Errorf("%w: %d bytes, want %d", ErrSegment, len(segment), SegmentSize(padded))
	}
	return CheckHeader(segment[:HeaderSize])
}

func openSegment(segment []byte, id age.Identity, padded int64) ([]byte, error) {
	return new(Opener).decrypt(bytes.NewReader(segment), segment, id, padded)
}

func unpad(plain []byte) ([]byte, error) {
	room := len(plain) - LengthSize
	length := binary.BigEndian.Uint64(plain[room:])
	if length > uint64(room) {
		return nil, fmt.Errorf("%w: states %d bytes of data, room for %d", ErrSegment, length, room)
	}
	for at := length; at < uint64(room); {
		n := min(uint64(room)-at, uint64(len(zeros)))
		if !bytes.Equal(plain[at:at+n], zeros[:n]) {
			return nil, fmt.Errorf("%w: padding is not zero", ErrSegment)
		}
		at += n
	}
	return plain[:length:length], nil
}
