package mirror

import (
	"bytes"
	"errors"
	"fmt"

	"detente/agreement"
	"detente/internal/ustar"
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

// readAgreement is the agreement of a bundle that must have this id.
func readAgreement(b *agreement.Bundle, id agreement.Digest) (*agreement.Agreement, error) {
	if got := b.Digest(); got != id {
		return nil, fmt.Errorf("the bundle's digest is %s, not the agreement's id %s", got, id)
	}
	a, diagnostics := agreement.Read(b)
	if a == nil {
		return nil, fmt.Errorf("the agreement %s does not read: %s", id, firstFault(diagnostics))
	}
	return a, nil
}

// firstFault is the first diagnostic that is more than a warning.
func firstFault(all []agreement.Diagnostic) string {
	for _, d := range all {
		if !d.Warning {
			return fmt.Sprintf("%s:%d: %s", d.Range.File, d.Range.Start, d.Message)
		}
	}
	return "no reason given"
}
