package main

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"detente/internal/durable"
)

// The file that says whose folder it is: this line, then the role's command.
const (
	folderFile  = "role"
	folderFirst = "detente-folder/1\n"
	folderMost  = 128
)

// claimFolder makes a folder a role's, or refuses one that is another role's:
// what two roles keep has the same names here and there, and one would read or
// delete what it takes for its own. Of two roles that come at once to an empty
// folder one wins. A folder from before there were marks gets one.
func claimFolder(dir, role string) error {
	if err := durable.MkdirAll(durable.OS, dir); err != nil {
		return err
	}
	file := filepath.Join(dir, folderFile)
	owner, err := ownerOf(file)
	if errors.Is(err, fs.ErrNotExist) {
		if owner = usedBy(dir); owner == "" || owner == role {
			err = durable.CreateFile(durable.OS, file, []byte(folderFirst+role+"\n"))
			if errors.Is(err, fs.ErrExist) {
				return claimFolder(dir, role)
			}
			return err
		}
		err = nil
	}
	switch {
	case err != nil:
		return verdict(err)
	case owner != role:
		return usage("%s is the folder of %s, and detente %s must not work in it: give --dir a folder of its own", dir, owner, role)
	}
	return nil
}

// ownerOf reads the mark of a folder.
func ownerOf(file string) (string, error) {
	b, err := durable.ReadFile(durable.OS, file, folderMost)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) {
		return "", err
	}
	text, ok := strings.CutPrefix(string(b), folderFirst)
	owner, whole := strings.CutSuffix(text, "\n")
	if err != nil || !ok || !whole || !isRole(owner) {
		return "", &durable.DamagedError{
			Name: file, Why: errors.New("it does not say which role the folder is of"),
			Mend: "delete it, if you know whose folder this is: it is made again",
		}
	}
	return owner, nil
}

// isRole says whether a command is one that keeps a folder.
func isRole(name string) bool {
	switch name {
	case "serve", "witness", "custodian", "recorder", "mirror":
		return true
	}
	return false
}

// usedBy tells from what is in a folder without a mark which role has worked
// there; "" if none has.
func usedBy(dir string) string {
	for _, sign := range []struct {
		pattern, role string
		file          bool
	}{
		{"*/manifest", "recorder", false}, // below the vault's name, which may be any
		{"*/share", "custodian", false},
		{"store", "serve", false},
		{"logs", "witness", false},
		{"bundle", "mirror", true}, // a depositary's is a folder
	} {
		found, err := filepath.Glob(filepath.Join(escapeGlob(dir), sign.pattern))
		if err != nil {
			continue
		}
		for _, name := range found {
			if info, err := os.Stat(name); err == nil && info.Mode().IsRegular() == sign.file {
				return sign.role
			}
		}
	}
	return ""
}

// escapeGlob makes a pattern that fits a path alone.
func escapeGlob(path string) string {
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`).Replace(path)
}
