package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"detente/internal/keyfile"
	"detente/statement"

	"github.com/spf13/cobra"
	"golang.org/x/term"
)

func keyCommand(t terminal) *cobra.Command {
	c := &cobra.Command{
		Use:     "key",
		GroupID: groupText,
		Short:   "make keys",
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	c.AddCommand(keyNewCommand(t), keyShowCommand(t), keyChangeCommand(t))
	return c
}

func keyNewCommand(t terminal) *cobra.Command {
	var out string
	var witness, passphrase bool
	c := &cobra.Command{
		Use:   "new NAME",
		Short: "draw a key for a name declared in the text; prints the line to put there",
		Long: `Draw a key for the party, device, custodian, depositary or witness that the text calls NAME, keep it in a file that
only its owner can read, and print the public key as the text wants it. With --passphrase the file is encrypted (age).`,
		Example: "  detente key new iran --out iran.key",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			kind := keyfile.Ed25519
			if witness {
				kind = keyfile.Witness
			}
			if out == "" {
				out = args[0] + ".key"
			}
			secret := ""
			if passphrase {
				var err error
				if secret, err = newPassphrase(t); err != nil {
					return err
				}
			}
			k, err := keyfile.Create(out, args[0], kind, secret)
			if err != nil {
				return usage("%w", err)
			}
			fmt.Fprintln(t.out, k.Public())
			fmt.Fprintf(t.err, "the private key of %s is in %s; whoever has that file can sign as %s\n", args[0], out, args[0])
			return nil
		},
	}
	c.Flags().StringVar(&out, "out", "", "key file to make (default NAME.key); never overwritten")
	c.Flags().BoolVar(&witness, "witness", false, "a witness's key, for cosignatures")
	c.Flags().BoolVar(&passphrase, "passphrase", false, "encrypt the file with a passphrase")
	return c
}

func keyShowCommand(t terminal) *cobra.Command {
	return &cobra.Command{
		Use:   "show FILE",
		Short: "print the public key of a key file",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			k, err := keyfile.Load(args[0], passphraseFrom(t, args[0]))
			if err != nil {
				return usage("%w", err)
			}
			fmt.Fprintln(t.out, k.Public())
			return nil
		},
	}
}

func keyChangeCommand(t terminal) *cobra.Command {
	s := &speaker{t: t}
	var body statement.KeyBody
	c := s.flags(&cobra.Command{
		Use:   "change",
		Short: "add or revoke keys of the one who signs, from this place of the record on",
		Example: `  detente key change --add "ed25519 ..." --revoke "ed25519 ..." --need 2 --reason "rotation" \
    --record ... --key iran-1.key --key iran-2.key`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			body.Add, body.Revoke = append([]string{}, body.Add...), append([]string{}, body.Revoke...)
			return s.say(cmd.Context(), only(body))
		},
	})
	c.GroupID = ""
	c.Flags().StringArrayVar(&body.Add, "add", nil, "public key to add, as `detente key new` printed it")
	c.Flags().StringArrayVar(&body.Revoke, "revoke", nil, "public key to revoke")
	c.Flags().IntVar(&body.Need, "need", 1, "how many keys must sign together from here on")
	c.Flags().StringVar(&body.Reason, "reason", "", "why, in words")
	return c
}

// loadKey reads one key file.
func loadKey(t terminal, path string) (*keyfile.Key, error) {
	if path == "" {
		path = os.Getenv("DETENTE_KEY")
	}
	if path == "" {
		return nil, usage("no key to sign with: give --key FILE, or set DETENTE_KEY; a key is made by: detente key new NAME")
	}
	k, err := keyfile.Load(path, passphraseFrom(t, path))
	if err != nil {
		return nil, usage("%w", err)
	}
	return k, nil
}

// loadKeys reads the keys of one name that sign together.
func loadKeys(t terminal, paths []string) ([]statement.Signer, error) {
	if len(paths) == 0 {
		paths = []string{""}
	}
	var signers []statement.Signer
	for _, path := range paths {
		k, err := loadKey(t, path)
		if err != nil {
			return nil, err
		}
		if len(signers) > 0 && k.Name() != signers[0].Name() {
			return nil, usage("key %s is of %s, and the first key is of %s: a statement has one author", path, k.Name(), signers[0].Name())
		}
		signer, err := statement.NewSigner(k.Name(), k.Seed())
		if err != nil {
			return nil, usage("%w", err)
		}
		signers = append(signers, signer)
	}
	return signers, nil
}

// passphraseFrom asks for the passphrase of a key file: from the file that
// DETENTE_PASSPHRASE_FILE names, or from whoever sits at the terminal. It is
// never taken from the command line, where others could read it.
func passphraseFrom(t terminal, path string) func() (string, error) {
	return func() (string, error) {
		if from := os.Getenv("DETENTE_PASSPHRASE_FILE"); from != "" {
			b, err := os.ReadFile(from)
			return strings.TrimRight(string(b), "\r\n"), err
		}
		return askSecret(t, "passphrase of "+path+": ")
	}
}

func newPassphrase(t terminal) (string, error) {
	if os.Getenv("DETENTE_PASSPHRASE_FILE") != "" {
		return passphraseFrom(t, "")()
	}
	first, err := askSecret(t, "new passphrase: ")
	if err != nil {
		return "", err
	}
	again, err := askSecret(t, "the same again: ")
	if err != nil {
		return "", err
	}
	if first != again {
		return "", usage("the two passphrases differ")
	}
	if first == "" {
		return "", usage("an empty passphrase protects nothing")
	}
	return first, nil
}

func askSecret(t terminal, prompt string) (string, error) {
	f, ok := t.in.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return "", errors.New("it needs a passphrase and there is no terminal to ask at: set DETENTE_PASSPHRASE_FILE to a file that holds it")
	}
	io.WriteString(t.err, prompt)
	b, err := term.ReadPassword(int(f.Fd()))
	io.WriteString(t.err, "\n")
	return string(b), err
}
