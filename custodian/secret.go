package custodian

import (
	"bytes"
	"crypto/cipher"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"detente/internal/durable"
	"detente/internal/locked"
	"detente/machine"
	"detente/statement"
	"detente/vault"

	"filippo.io/age"
	"golang.org/x/crypto/chacha20poly1305"
)

// A Seal is what the secrets of a folder are encrypted to: whoever has only the
// folder has nothing. It opens the key of each vault, which in turn opens that
// vault's files, and which is destroyed with them.
type Seal struct {
	Recipient age.Recipient
	Identity  age.Identity
}

// The sizes of a folder's secrets, plain and sealed.
const (
	sealKeySize = chacha20poly1305.KeySize
	sealedExtra = chacha20poly1305.NonceSizeX + chacha20poly1305.Overhead
	// maxSealFile bounds the file of a vault's key: an age file of 32 bytes to
	// one recipient, hybrid ones included.
	maxSealFile = 8 << 10
)

// ErrSeal says that a folder cannot be opened with the seal given, or without one.
var ErrSeal = errors.New("sealed folder")

// errDamaged says that a file of the folder is not what was written.
var errDamaged = errors.New("damaged, or not of this folder")

// checkModes refuses a folder that others may read or change.
func checkModes(fsys durable.FS, dir string) error {
	if fsys != durable.OS { // a simulated disk has no owners
		return nil
	}
	return filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil // a first start, or a file that was replaced meanwhile
		}
		if err != nil {
			return err
		}
		info, err := d.Info()
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil {
			return err
		}
		if mode := info.Mode().Perm(); mode&0o077 != 0 && info.Mode()&fs.ModeSymlink == 0 {
			return fmt.Errorf("%s has mode %04o, so that others may read or change what the custodian keeps: run chmod -R go= %s (and think about who may have read it)", path, mode, dir)
		}
		return nil
	})
}

// openSeal opens the key of the vault's files, draws it the first time, and
// seals what an unsealed life left plain.
func (s *seat) openSeal() error {
	seal := s.custodian.cfg.Seal
	b, err := durable.ReadFile(s.fs(), s.path("seal"), maxSealFile)
	missing := errors.Is(err, fs.ErrNotExist)
	switch {
	case err != nil && !missing:
		return err
	case missing && seal == nil:
		return nil
	case seal == nil:
		return fmt.Errorf("%w: %s is sealed: start with what it was sealed with (--seal-with)", ErrSeal, s.dir)
	case missing && s.outcome == machine.Erased:
		return nil // destroyed with what it opened
	case missing:
		return s.newSeal(seal)
	}
	plain, err := age.Decrypt(bytes.NewReader(b), seal.Identity)
	if err != nil {
		return fmt.Errorf("%w: %s does not open with what was given: %w", ErrSeal, s.path("seal"), err)
	}
	key, err := locked.New(sealKeySize)
	if err != nil {
		return err
	}
	if _, err := io.ReadFull(plain, key.Bytes()); err != nil {
		key.Free()
		return fmt.Errorf("%w: %s: %w", ErrSeal, s.path("seal"), err)
	}
	s.key = key
	return s.sealPlain()
}

func (s *seat) newSeal(seal *Seal) error {
	key, err := locked.New(sealKeySize)
	if err != nil {
		return err
	}
	if _, err := io.ReadFull(s.custodian.cfg.Random, key.Bytes()); err != nil {
		return fmt.Errorf("drawing the key of the folder: %w", err)
	}
	var out bytes.Buffer
	w, err := age.Encrypt(&out, seal.Recipient)
	if err != nil {
		return err
	}
	if _, err := w.Write(key.Bytes()); err != nil {
		return err
	}
	if err := w.Close(); err != nil {
		return err
	}
	if err := durable.WriteFile(s.fs(), s.path("seal"), out.Bytes()); err != nil {
		return err
	}
	s.key = key
	return s.sealPlain()
}

// sealPlain seals the files that a life without a seal wrote. What the disk
// keeps of the plain ones is beyond reach.
func (s *seat) sealPlain() error {
	for folder, size := range secretSizes {
		names, err := s.fs().ReadDir(s.path(folder))
		if err != nil {
			return err
		}
		for _, name := range names {
			b, err := durable.ReadFile(s.fs(), s.path(folder, name), int64(size+sealedExtra))
			if err != nil || len(b) != size {
				continue // sealed, or damaged, which shows when it is used
			}
			if err := s.writeSecret(folder, name, b); err != nil {
				return err
			}
		}
	}
	return nil
}

// secretSizes are the plain sizes of what a folder holds.
var secretSizes = map[string]int{"key": vault.SeedSize, "share": vault.ShareSize}

func (s *seat) cipher() (cipher.AEAD, error) { return chacha20poly1305.NewX(s.key.Bytes()) }

// place is what a sealed file is bound to: one cannot stand for another.
func (s *seat) place(folder, name string) []byte {
	return []byte(statement.PurposeVaultStore.Line() + s.agreement.String() + "\n" + string(s.vault) + "\n" + string(s.custodian.name) + "\n" + folder + "\n" + name)
}

// writeSecret keeps a secret durably, sealed if the folder is, and overwrites
// the caller's copy.
func (s *seat) writeSecret(folder, name string, secret []byte) error {
	defer clear(secret)
	if s.key == nil {
		return durable.WriteFile(s.fs(), s.path(folder, name), secret)
	}
	aead, err := s.cipher()
	if err != nil {
		return err
	}
	nonce := make([]byte, chacha20poly1305.NonceSizeX, len(secret)+sealedExtra)
	if _, err := io.ReadFull(s.custodian.cfg.Random, nonce); err != nil {
		return fmt.Errorf("drawing a nonce: %w", err)
	}
	return durable.WriteFile(s.fs(), s.path(folder, name), aead.Seal(nonce, nonce, secret, s.place(folder, name)))
}

// readSecret reads a secret into locked memory, which the caller frees. One that
// is not there is fs.ErrNotExist, one that is not what was written errDamaged.
func (s *seat) readSecret(folder, name string) (*locked.Buffer, error) {
	size := secretSizes[folder]
	f, err := s.fs().OpenFile(s.path(folder, name), os.O_RDONLY, 0)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b, err := locked.New(size + sealedExtra)
	if err != nil {
		return nil, err
	}
	defer b.Free()
	n, err := f.ReadAt(b.Bytes(), 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("reading %s: %w", s.path(folder, name), err)
	}
	content := b.Bytes()[:n]
	if whole, err := f.Size(); err != nil || whole != int64(n) {
		return nil, fmt.Errorf("%s: %w", s.path(folder, name), errors.Join(err, errDamaged))
	}
	if s.key == nil {
		return kept(content, size)
	}
	aead, err := s.cipher()
	if err != nil || n != size+sealedExtra {
		return nil, fmt.Errorf("%s: %w", s.path(folder, name), errors.Join(err, errDamaged))
	}
	nonce, ct := content[:chacha20poly1305.NonceSizeX], content[chacha20poly1305.NonceSizeX:]
	plain, err := aead.Open(ct[:0], nonce, ct, s.place(folder, name))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", s.path(folder, name), errDamaged)
	}
	return kept(plain, size)
}

func kept(plain []byte, size int) (*locked.Buffer, error) {
	if len(plain) != size {
		return nil, errDamaged
	}
	return locked.Of(plain)
}

// forgetSeal destroys the key of the vault's files: what a disk kept of them is
// of no use to anybody from here on.
func (s *seat) forgetSeal() error {
	s.key.Free()
	s.key = nil
	return s.destroy("", "seal")
}
