package agreement

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"sort"
	"strings"
)

// A File is one file of a bundle.
type File struct {
	Path string // slash-separated, relative, clean
	Data []byte
}

// A Bundle is everything an agreement's text consists of: its .agreement
// files, the texts they name, and the rules of the time zone they use (path
// "zone/" and the IANA name, TZif form, so that no reader depends on his own
// machine's copy). Files are in byte order of their paths, which are distinct.
type Bundle struct {
	Files []File
}

// A BundleError says why files are no bundle. Path is empty if the fault is
// not one file's.
type BundleError struct {
	Path   string
	Reason string
}

func (e *BundleError) Error() string {
	if e.Path == "" {
		return "bundle: " + e.Reason
	}
	return fmt.Sprintf("bundle: file %q: %s", e.Path, e.Reason)
}

// NewBundle makes a bundle of files in any order. It copies the list, not the
// data. Its error is a *BundleError.
func NewBundle(files []File) (*Bundle, error) {
	b := &Bundle{Files: append([]File(nil), files...)}
	sort.SliceStable(b.Files, func(i, j int) bool { return b.Files[i].Path < b.Files[j].Path })
	if err := b.check(); err != nil {
		return nil, err
	}
	return b, nil
}

// check is the rule of a bundle; Read applies it too, to bundles made by hand.
func (b *Bundle) check() error {
	if len(b.Files) == 0 {
		return &BundleError{"", "no files"}
	}
	if len(b.Files) > maxFiles {
		return &BundleError{"", fmt.Sprintf("%d files; at most %d are taken", len(b.Files), maxFiles)}
	}
	total, text := 0, 0
	folded := make(map[string]string)
	for i, f := range b.Files {
		if reason := badPath(f.Path); reason != "" {
			return &BundleError{f.Path, reason}
		}
		if i > 0 && b.Files[i-1].Path > f.Path {
			return &BundleError{f.Path, "files are not in byte order of their paths"}
		}
		if other, ok := folded[strings.ToLower(f.Path)]; ok {
			return &BundleError{f.Path, fmt.Sprintf("same path as %q, or differing only in case", other)}
		}
		folded[strings.ToLower(f.Path)] = f.Path
		limit := maxFileSize
		if strings.HasPrefix(f.Path, zoneFolder) {
			limit = maxZoneSize
		}
		if len(f.Data) > limit {
			return &BundleError{f.Path, fmt.Sprintf("%d bytes; at most %d are taken", len(f.Data), limit)}
		}
		if total += len(f.Data); total > maxBundleSize {
			return &BundleError{"", fmt.Sprintf("more than %d bytes in all", maxBundleSize)}
		}
		if isText(f.Path) {
			if text += len(f.Data); text > maxTextSize {
				return &BundleError{f.Path, fmt.Sprintf("the .agreement files have more than %d bytes together", maxTextSize)}
			}
		}
	}
	for _, f := range b.Files {
		for i := range f.Path {
			if f.Path[i] == '/' && folded[strings.ToLower(f.Path[:i])] != "" {
				return &BundleError{f.Path, fmt.Sprintf("%q is both a file and a folder", f.Path[:i])}
			}
		}
	}
	return nil
}

// zoneFolder holds the time zone rules; agreementSuffix ends texts in the language.
const (
	zoneFolder      = "zone/"
	agreementSuffix = ".agreement"
)

// badPath says what is wrong with a path; empty if nothing. A path must mean
// one file on every machine it is unpacked on.
func badPath(p string) string {
	if p == "" || len(p) > maxPath {
		return fmt.Sprintf("a path has 1 to %d characters", maxPath)
	}
	for _, part := range strings.Split(p, "/") {
		if part == "" || part[0] == '.' || strings.HasSuffix(part, ".") {
			return "a path is relative and clean, and no part begins or ends with a dot"
		}
	}
	for i := range len(p) {
		c := p[i]
		if !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte("/._-+", c) >= 0) {
			return "a path is written with a-z, A-Z, 0-9 and . _ - + between slashes"
		}
	}
	return ""
}

// File gives the data of the file at a path.
func (b *Bundle) File(path string) ([]byte, bool) {
	i := sort.Search(len(b.Files), func(i int) bool { return b.Files[i].Path >= path })
	if i < len(b.Files) && b.Files[i].Path == path {
		return b.Files[i].Data, true
	}
	return nil, false
}

// Digest identifies the bundle.
func (b *Bundle) Digest() Digest {
	var text bytes.Buffer
	text.WriteString("detente/bundle/1\n")
	for _, f := range b.Files {
		fmt.Fprintf(&text, "%x %d %s\n", sha256.Sum256(f.Data), len(f.Data), f.Path)
	}
	return sha256.Sum256(text.Bytes())
}
