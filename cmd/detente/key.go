package main

import (
	"fmt"
	"slices"

	"detente/agreement"
	"detente/internal/keyfile"
	"detente/record"
	"detente/statement"

	"github.com/spf13/cobra"
)

func keyCommand(t terminal) *cobra.Command {
	c := &cobra.Command{
		Use:     "key",
		GroupID: groupText,
		Short:   "make, show and change keys",
		RunE:    group,
	}
	c.AddCommand(keyNewCommand(t), keyShowCommand(t), keyChangeCommand(t), keyRotateCommand(t), keyRevokeCommand(t), keyRecipientCommand(t))
	return c
}

func keyNewCommand(t terminal) *cobra.Command {
	var out string
	var witness, mldsa, passphrase bool
	c := &cobra.Command{
		Use:   "new NAME",
		Short: "draw a key for a name declared in the text; prints the line to put there",
		Long: `Draw a key for the party, device, custodian, depositary or witness that the text calls NAME, keep it in a file that
only its owner can read, and print the public key as the text wants it. With --passphrase the file is encrypted (age): the
passphrase is asked for at the terminal, or read from the file that DETENTE_PASSPHRASE_FILE names.`,
		Example: `  detente key new iran --out iran-1.key
  detente key new vienna --witness
  detente key new geneva --witness --ml-dsa`,
		RunE: func(cmd *cobra.Command, args []string) error {
			name := args[0]
			kind := keyfile.Ed25519
			switch {
			case witness && mldsa:
				kind = keyfile.WitnessMLDSA
			case witness:
				kind = keyfile.Witness
			case mldsa:
				return usage("--ml-dsa is for witnesses: give --witness as well")
			}
			if out == "" {
				out = name + ".key"
			}
			secret := ""
			if passphrase {
				var err error
				if secret, err = newPassphrase(t); err != nil {
					return err
				}
			}
			k, err := keyfile.Create(out, name, kind, secret)
			if err != nil {
				return usage("%w", err)
			}
			fmt.Fprintln(t.out, k.Public())
			fmt.Fprintf(t.err, "the private key of %s is in %s; whoever has that file can sign as %s\n", name, out, name)
			return nil
		},
	}
	c.Flags().StringVar(&out, "out", "", "key `FILE` to make (default NAME.key); never overwritten")
	c.Flags().BoolVar(&witness, "witness", false, "a witness's key, for cosignatures")
	c.Flags().BoolVar(&mldsa, "ml-dsa", false, "with --witness: a key of ML-DSA-44, which quantum computers do not break; a cosignature takes 3,250 bytes, not 110")
	c.Flags().BoolVar(&passphrase, "passphrase", false, "encrypt the file with a passphrase")
	return c
}

func keyShowCommand(t terminal) *cobra.Command {
	var asJSON, witness bool
	c := &cobra.Command{
		Use:   "show KEY",
		Short: "print the public key of a key file, or of a key that an agent or a token holds",
		Long: `Print the public key of KEY as the text wants it: of a key file, of a key in an ssh-agent (ssh-agent:FINGERPRINT or
ssh-agent:COMMENT; ssh-add -l shows both), or of a key in a PKCS#11 token, which is a smart card or a security module:
"pkcs11:token=LABEL;object=LABEL?module-path=LIBRARY" (RFC 7512). The token's PIN is asked for at the terminal, or read from the
file that pin-source=file:/PATH in the URI or DETENTE_PIN_FILE names; it is given once, and never tried again.`,
		Example: `  detente key show iran-1.key
  detente key show "pkcs11:token=Iran;object=first?module-path=/usr/lib/softhsm/libsofthsm2.so"
  detente key show iran=ssh-agent:SHA256:jSc5Ry4TCO2kcqRhDEpxhW1YbRBlUvnNQkVhJpBnsdg`,
		RunE: func(cmd *cobra.Command, args []string) error {
			k, err := loadKey(t, args[0])
			if err != nil {
				return err
			}
			shown, err := k.show(args[0], witness)
			if err != nil {
				return err
			}
			if asJSON {
				return printJSON(t.out, shown)
			}
			fmt.Fprintln(t.out, shown.Public)
			return nil
		},
	}
	jsonFlag(c, &asJSON)
	c.Flags().BoolVar(&witness, "witness", false, "of a key of an agent or a token: as a witness's, for cosignatures")
	return c
}

// A keyReport is the answer of `key show`.
type keyReport struct {
	Name   string       `json:"name"`
	Kind   keyfile.Kind `json:"kind"`
	Public string       `json:"public"`
}

// show is the key's public form. What a key is for that is held elsewhere only
// its user knows.
func (k *heldKey) show(ref string, witness bool) (keyReport, error) {
	if k.file != nil {
		return keyReport{k.file.Name(), k.file.Kind(), k.file.Public()}, nil
	}
	kind := keyfile.Ed25519
	if witness {
		kind = keyfile.Witness
	}
	public, err := statement.NewPublicKey(k.held.Public())
	if err != nil {
		return keyReport{}, usage("key %s: %w", ref, err)
	}
	if !witness {
		return keyReport{k.name, kind, public.String()}, nil // the line has no name in it
	}
	if _, err := k.signer(ref, kind); err != nil {
		return keyReport{}, err
	}
	return keyReport{k.name, kind, keyfile.PublicOf(k.name, kind, public[:])}, nil
}

func keyChangeCommand(t terminal) *cobra.Command {
	s := &speaker{t: t}
	var body statement.KeyBody
	c := s.flags(&cobra.Command{
		Use:   "change",
		Short: "add or revoke keys of the one who signs, from this place of the record on",
		Long: `Add or revoke public keys of the one whose key signs. What was signed before stays signed; from this place of the record on
a revoked key signs nothing. Who needs several keys signs the change with as many of the old ones.`,
		Example: `  detente key change --add "ed25519 ..." --revoke "ed25519 ..." --reason "rotation" --key iran-1.key --key iran-2.key`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if body.Need < 0 {
				return usage("--need %d: want 1 or more", body.Need)
			}
			if len(body.Add) == 0 && len(body.Revoke) == 0 && body.Need == 0 {
				return usage("key change: nothing to change: give --add, --revoke or --need\n%s", more(cmd))
			}
			for _, k := range slices.Concat(body.Add, body.Revoke) {
				if _, err := statement.ParsePublicKey(k); err != nil {
					return usage("key %q: want what detente key new printed: \"ed25519 \" and 44 characters", k)
				}
			}
			body.Add, body.Revoke = append([]string{}, body.Add...), append([]string{}, body.Revoke...)
			return s.changeKeys(cmd, body)
		},
	})
	c.GroupID = ""
	c.Flags().StringArrayVar(&body.Add, "add", nil, "public `KEY` to add, as detente key new printed it; may be given again")
	c.Flags().StringArrayVar(&body.Revoke, "revoke", nil, "public `KEY` to revoke; may be given again")
	c.Flags().IntVar(&body.Need, "need", 0, "how many keys must sign together from here on, a `NUMBER` (default: as many as now)")
	c.Flags().StringVar(&body.Reason, "reason", "", "why, in `WORDS`")
	return c
}

// changed is the change with how many keys are needed filled in, or what the
// record would refuse about it.
func changed(f *record.Fold, by agreement.Name, b statement.KeyBody) (statement.KeyBody, error) {
	now, ok := f.Keys(by)
	if !ok {
		return b, usage("the text gives %s no keys that could be changed; nothing was signed", by)
	}
	if b.Need == 0 {
		b.Need = now.Need()
	}
	if _, err := now.Apply(b); err != nil {
		return b, usage("%w; nothing was signed", err)
	}
	return b, nil
}
