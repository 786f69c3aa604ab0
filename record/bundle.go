package record

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"

	"detente/agreement"
	"detente/internal/ustar"
	"detente/statement"
)

// The limits of package agreement on a bundle, which bound what is read of an
// archive before agreement's own check.
const (
	bundleFiles = 64
	bundleFile  = 4 << 20
	bundleTotal = 8 << 20
	// MaxBundle is the largest bundle as an archive, in bytes: its files, each
	// with a header and padding, and the end.
	MaxBundle = bundleTotal + bundleFiles*2*ustar.Block + 2*ustar.Block
)

// EncodeBundle is the one archive of a bundle: its files in order, canonical ustar.
func EncodeBundle(b *agreement.Bundle) ([]byte, error) {
	files := make([]ustar.File, len(b.Files))
	for i, f := range b.Files {
		files[i] = ustar.File{Path: f.Path, Data: f.Data}
	}
	return ustar.Bytes(files)
}

// DecodeBundle reads the archive of a bundle.
func DecodeBundle(archive []byte) (*agreement.Bundle, error) {
	files, err := ustar.Read(bytes.NewReader(archive), ustar.Limits{Files: bundleFiles, File: bundleFile, Total: bundleTotal})
	if err != nil {
		return nil, err
	}
	list := make([]agreement.File, len(files))
	for i, f := range files {
		list[i] = agreement.File{Path: f.Path, Data: f.Data}
	}
	b, err := agreement.NewBundle(list)
	if err != nil {
		return nil, err
	}
	for i, f := range b.Files {
		if f.Path != list[i].Path {
			return nil, errors.New("bundle: files are not in byte order of their paths")
		}
	}
	return b, nil
}

// TextParts are the statements' bodies that put a bundle on the record, in the
// order of their parts.
func TextParts(b *agreement.Bundle) ([]statement.TextBody, error) {
	archive, err := EncodeBundle(b)
	if err != nil {
		return nil, err
	}
	if len(archive) > MaxBundle {
		return nil, fmt.Errorf("bundle: its archive has %d bytes, want at most %d", len(archive), MaxBundle)
	}
	of := (len(archive) + statement.MaxTextPart - 1) / statement.MaxTextPart
	parts := make([]statement.TextBody, of)
	for i := range parts {
		n := min(len(archive), statement.MaxTextPart)
		parts[i] = statement.TextBody{Bundle: b.Digest().String(), Part: i + 1, Of: of, Data: base64.StdEncoding.EncodeToString(archive[:n])}
		archive = archive[n:]
	}
	return parts, nil
}

// readText reads a text that is to take the place of another: sound, and such
// that a record can be kept under it.
func readText(b *agreement.Bundle) (*agreement.Agreement, error) {
	a, diagnostics := agreement.Read(b)
	if a == nil {
		for _, d := range diagnostics {
			if !d.Warning {
				return nil, fmt.Errorf("%s: %s: %s", d.Range.File, d.Code, d.Message)
			}
		}
		return nil, errors.New("the text is not sound")
	}
	if _, err := newEra(a); err != nil {
		return nil, err
	}
	if _, err := firstKeys(a); err != nil {
		return nil, err
	}
	return a, nil
}
