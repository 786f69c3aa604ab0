// Package zones holds the IANA time zone data that goes into new bundles.
//
// Promise: Load gives the TZif bytes of a named zone, the same on every
// machine for one release of the program. An agreement carries the bytes it
// was signed with, so that no later change of a zone's rules moves a deadline.
//
// Not promised: that the data is the newest; zoneinfo.zip is Go's own copy of
// the public-domain IANA database (refresh.sh takes it over).
package zones

import (
	"archive/zip"
	"bytes"
	_ "embed"
	"fmt"
	"io"
)

//go:embed zoneinfo.zip
var archive []byte

// maxZone bounds one zone's data; the largest has 3.5 KB.
const maxZone = 64 << 10

// Load gives the TZif data of an IANA zone such as "Asia/Tehran".
func Load(name string) ([]byte, error) {
	r, err := zip.NewReader(bytes.NewReader(archive), int64(len(archive)))
	if err != nil {
		return nil, fmt.Errorf("opening the time zone archive: %w", err)
	}
	for _, f := range r.File {
		if f.Name != name || f.FileInfo().IsDir() {
			continue
		}
		rc, err := f.Open()
		if err != nil {
			return nil, fmt.Errorf("opening time zone %q: %w", name, err)
		}
		data, err := io.ReadAll(io.LimitReader(rc, maxZone))
		if err != nil {
			return nil, fmt.Errorf("reading time zone %q: %w", name, err)
		}
		return data, rc.Close()
	}
	return nil, fmt.Errorf("no time zone %q; names are those of IANA, such as \"Asia/Tehran\"", name)
}
