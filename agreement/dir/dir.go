// Package dir makes bundles of files on disk.
//
// Promise: Load reads one .agreement file, or all of a folder's, with the
// texts they name from that folder (never from outside it, also not through a
// link) and the rules of the time zones they name, and gives them as one
// bundle. A file that the text names and that is not there is left out: Read
// then says so at the place that names it.
//
// Not promised: that the bundle can be read as an agreement.
package dir

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"detente/agreement"
	"detente/internal/zones"
)

// maxRead bounds what is read of one file; a bundle refuses less than that.
const maxRead = 16 << 20

// Load makes the bundle of a file or folder.
func Load(path string) (*agreement.Bundle, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("loading an agreement: %w", err)
	}
	folder, names := path, []string(nil)
	if info.IsDir() {
		entries, err := os.ReadDir(path)
		if err != nil {
			return nil, fmt.Errorf("loading an agreement: %w", err)
		}
		for _, e := range entries {
			if !e.IsDir() && strings.HasSuffix(e.Name(), ".agreement") {
				names = append(names, e.Name())
			}
		}
		if len(names) == 0 {
			return nil, fmt.Errorf("loading an agreement: folder %s has no file whose name ends with .agreement", path)
		}
	} else {
		if !strings.HasSuffix(path, ".agreement") {
			return nil, fmt.Errorf("loading an agreement: the name of %s does not end with .agreement", path)
		}
		folder, names = filepath.Dir(path), []string{filepath.Base(path)}
	}
	root, err := os.OpenRoot(folder)
	if err != nil {
		return nil, fmt.Errorf("loading an agreement: %w", err)
	}
	defer root.Close()
	files, err := readAll(root, names, false)
	if err != nil {
		return nil, err
	}
	texts, zoneNames := agreement.Needs(files)
	more, err := readAll(root, texts, true)
	if err != nil {
		return nil, err
	}
	files = append(files, more...)
	for _, z := range zoneNames {
		if data, err := zones.Load(z); err == nil {
			files = append(files, agreement.File{Path: "zone/" + z, Data: data})
		}
	}
	return agreement.NewBundle(files)
}

// readAll reads files below root. With absent, one that is not there, or is
// no plain path below root, is left out.
func readAll(root *os.Root, names []string, absent bool) ([]agreement.File, error) {
	var files []agreement.File
	for _, name := range names {
		if absent && (!fs.ValidPath(name) || strings.HasSuffix(name, ".agreement") || strings.HasPrefix(name, "zone/")) {
			continue
		}
		data, err := readFile(root, name)
		if absent && errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("loading an agreement: %w", err)
		}
		files = append(files, agreement.File{Path: name, Data: data})
	}
	return files, nil
}

func readFile(root *os.Root, name string) ([]byte, error) {
	f, err := root.Open(filepath.FromSlash(name))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if info, err := f.Stat(); err != nil || !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is not a plain file", name)
	}
	data, err := io.ReadAll(io.LimitReader(f, maxRead+1))
	if err != nil {
		return nil, err
	}
	if len(data) > maxRead {
		return nil, fmt.Errorf("%s has more than %d bytes", name, maxRead)
	}
	return data, nil
}
