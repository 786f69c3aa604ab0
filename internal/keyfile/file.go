package keyfile

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"filippo.io/age"
	"filippo.io/age/armor"
)

// The limits on a key file.
const (
	// maxFile is the largest key file in bytes: name and key, armored, with room.
	maxFile = 4096
	// maxWorkFactor bounds the time that a file made by somebody else can cost:
	// 2^20 is about four seconds and 1 GiB.
	maxWorkFactor = 20
)

// workFactor makes a guess at the passphrase cost about half a second and
// 128 MiB. A variable so that tests are quick.
var workFactor = 17

// ErrPassphrase says that a passphrase does not open the file, or that one is
// needed and there is none.
var ErrPassphrase = errors.New("passphrase")

// A PermissionError says that others may read or replace a key file.
type PermissionError struct {
	Path string
	Mode fs.FileMode
	Mend string // the command that mends it
}

// Error ends in the command that mends it.
func (e *PermissionError) Error() string {
	return fmt.Sprintf("%s has mode %04o, so that others may read or replace the private key: run %s (and make a new key if others use this machine)", e.Path, e.Mode, e.Mend)
}

// Create draws a key and keeps it in a new file. It fails if there is a file.
// With a passphrase that is not empty the file is encrypted.
func Create(path, name string, kind Kind, passphrase string) (*Key, error) {
	k, err := New(rand.Reader, name, kind)
	if err != nil {
		return nil, err
	}
	if err := k.Create(path, passphrase); err != nil {
		return nil, err
	}
	return k, nil
}

// Create keeps the key in a new file, as the function Create does.
func (k *Key) Create(path, passphrase string) error {
	content := k.encode()
	if passphrase != "" {
		var err error
		if content, err = encrypt(content, passphrase); err != nil {
			return fmt.Errorf("encrypting the key: %w", err)
		}
	}
	if err := makeFolder(filepath.Dir(path)); err != nil {
		return fmt.Errorf("making the folder of the key file: %w", err)
	}
	if err := checkFolder(path); err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("creating the key file: %w; a key is never overwritten, choose another path", err)
	}
	if err != nil {
		return fmt.Errorf("creating the key file: %w", err)
	}
	if err := fill(f, content); err != nil {
		// Half a key is worse than none, and the file is ours: O_EXCL.
		return fmt.Errorf("writing the key file: %w", errors.Join(err, os.Remove(path)))
	}
	return syncFolder(filepath.Dir(path))
}

func fill(f *os.File, content []byte) error {
	// An unusual umask may have taken the owner's own right away.
	err := f.Chmod(0o600)
	if err == nil {
		_, err = f.Write(content)
	}
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

// makeFolder makes the folder and those above it that are missing, each
// durable in the one above.
func makeFolder(dir string) error {
	if info, err := os.Stat(dir); err == nil && info.IsDir() {
		return nil
	}
	if up := filepath.Dir(dir); up != dir {
		if err := makeFolder(up); err != nil {
			return err
		}
	}
	if err := os.Mkdir(dir, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return syncFolder(filepath.Dir(dir))
}

func syncFolder(dir string) error {
	if runtime.GOOS == "windows" { // which cannot sync a folder
		return nil
	}
	d, err := os.Open(dir)
	if err != nil {
		return fmt.Errorf("syncing the folder of the key file: %w", err)
	}
	if err := errors.Join(d.Sync(), d.Close()); err != nil {
		return fmt.Errorf("syncing the folder of the key file: %w", err)
	}
	return nil
}

// Load reads a key file. passphrase is asked only if the file is encrypted; it
// may be nil if there is nobody to ask.
func Load(path string, passphrase func() (string, error)) (*Key, error) {
	content, err := read(path)
	if err != nil {
		return nil, err
	}
	if bytes.HasPrefix(content, []byte(armor.Header)) {
		if content, err = unlock(content, passphrase); err != nil {
			return nil, fmt.Errorf("reading the key file %s: %w", path, err)
		}
	}
	defer clear(content)
	k, err := decode(content)
	if err != nil {
		return nil, fmt.Errorf("reading the key file %s: %w", path, err)
	}
	return k, nil
}

// ReadPrivate reads a small file under the rules of a key file: nobody but its
// owner may read or replace it.
func ReadPrivate(path string) ([]byte, error) { return read(path) }

func read(path string) ([]byte, error) {
	// Asked before it is opened: opening a pipe would wait for a writer.
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
		return nil, fmt.Errorf("opening the key file: %s is not a regular file", path)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("opening the key file: %w", err)
	}
	defer f.Close()
	// Asked of the open file, so that what is checked is what is read.
	info, err := f.Stat()
	if err != nil {
		return nil, fmt.Errorf("opening the key file: %w", err)
	}
	if mode := info.Mode().Perm(); mode&0o077 != 0 && runtime.GOOS != "windows" {
		return nil, &PermissionError{path, mode, "chmod 600 " + quote(path)}
	}
	if err := checkFolder(path); err != nil {
		return nil, err
	}
	content, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return nil, fmt.Errorf("reading the key file: %w", err)
	}
	if len(content) > maxFile {
		return nil, fmt.Errorf("reading the key file %s: want at most %d bytes", path, maxFile)
	}
	return content, nil
}

// checkFolder refuses a path on which others may put another file in the place
// of the key: by replacing it in its folder, or any folder above, or the link
// that leads there. With the sticky bit, as on /tmp, they may not.
func checkFolder(path string) error {
	named, err := filepath.Abs(path)
	if err != nil {
		return fmt.Errorf("opening the folder of the key file: %w", err)
	}
	folder, err := filepath.EvalSymlinks(filepath.Dir(named))
	if err != nil {
		return fmt.Errorf("opening the folder of the key file: %w", err)
	}
	paths := []string{named, filepath.Join(folder, filepath.Base(named))}
	if file, err := filepath.EvalSymlinks(named); err == nil { // before Create there is none
		paths = append(paths, file)
	}
	for _, p := range paths {
		for dir := filepath.Dir(p); ; dir = filepath.Dir(dir) {
			info, err := os.Stat(dir)
			if err != nil {
				return fmt.Errorf("opening the folder of the key file: %w", err)
			}
			mode := info.Mode()
			if mode.Perm()&0o022 != 0 && mode&fs.ModeSticky == 0 && runtime.GOOS != "windows" {
				return &PermissionError{dir, mode.Perm(), "chmod go-w " + quote(dir)}
			}
			if dir == filepath.Dir(dir) {
				break
			}
		}
	}
	return nil
}

func encrypt(content []byte, passphrase string) ([]byte, error) {
	r, err := age.NewScryptRecipient(passphrase)
	if err != nil {
		return nil, err
	}
	r.SetWorkFactor(workFactor)
	var out bytes.Buffer
	armored := armor.NewWriter(&out)
	w, err := age.Encrypt(armored, r)
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(content); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	if err := armored.Close(); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

func unlock(content []byte, passphrase func() (string, error)) ([]byte, error) {
	if passphrase == nil {
		return nil, fmt.Errorf("%w: the key is encrypted and there is nobody to ask", ErrPassphrase)
	}
	p, err := passphrase()
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrPassphrase, err)
	}
	id, err := age.NewScryptIdentity(p)
	if err != nil {
		return nil, fmt.Errorf("%w: want one that is not empty", ErrPassphrase)
	}
	id.SetMaxWorkFactor(maxWorkFactor)
	r, err := age.Decrypt(armor.NewReader(bytes.NewReader(content)), id)
	if errors.Is(err, age.ErrIncorrectIdentity) {
		return nil, fmt.Errorf("%w: it does not open this key", ErrPassphrase)
	}
	if err != nil {
		return nil, err
	}
	return io.ReadAll(io.LimitReader(r, maxFile))
}

// quote makes a path fit for a shell.
func quote(path string) string {
	if !strings.ContainsFunc(path, func(r rune) bool {
		return !('a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || strings.ContainsRune("/._-", r))
	}) && !strings.HasPrefix(path, "-") {
		return path
	}
	return "'" + strings.ReplaceAll(path, "'", `'\''`) + "'"
}
