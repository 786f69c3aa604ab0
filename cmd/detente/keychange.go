package main

import (
	"strings"

	"detente/agreement"
	"detente/record"
	"detente/statement"

	"github.com/spf13/cobra"
)

func keyRotateCommand(t terminal) *cobra.Command {
	s := &speaker{t: t}
	var old, fresh, reason string
	c := s.flags(&cobra.Command{
		Use:   "rotate",
		Short: "put a new key in the place of an old one, from this place of the record on",
		Long: `Revoke one key of the one who signs and add another, in one statement. It is signed by as many of the old keys as must sign.
Without --old the first key that signs is the one replaced. A lost key is replaced likewise, by those who still have theirs.`,
		Example: `  detente key rotate --new iran-3.key --key iran-1.key --key iran-2.key
  detente key rotate --old "ed25519 ..." --new "ed25519 ..." --reason "lost in transit" --key iran-1.key --key iran-3.key`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if old == "" && t.preparing {
				return usage("key rotate: missing --old KEY\n%s", more(cmd))
			}
			if old == "" {
				signers, err := loadKeys(t, s.keys)
				if err != nil {
					return err
				}
				old = signers[0].Public().String()
			}
			from, err := publicKeys(t, old)
			if err != nil {
				return err
			}
			to, err := publicKeys(t, fresh)
			if err != nil {
				return err
			}
			return s.changeKeys(cmd, statement.KeyBody{Add: to, Revoke: from, Reason: reason})
		},
	})
	c.GroupID = ""
	c.Flags().StringVar(&old, "old", "", "the `KEY` to revoke: public, a file, an agent's or a token's (default: the first of --key)")
	c.Flags().StringVar(&fresh, "new", "", "the `KEY` to add: public, a file, an agent's or a token's")
	c.Flags().StringVar(&reason, "reason", "rotation", "why, in `WORDS`")
	need(c, "new")
	return c
}

func keyRevokeCommand(t terminal) *cobra.Command {
	s := &speaker{t: t}
	var reason string
	var needed int
	c := s.flags(&cobra.Command{
		Use:   "revoke KEY...",
		Short: "revoke keys of the one who signs, from this place of the record on",
		Long: `Revoke public keys of the one whose keys sign: what they sign from this place of the record on counts for nothing, what they
signed before stands. KEY is a public key, a key file or a key that an agent or a token holds. At least as many keys as must sign
have to be left; who has no more than that replaces a key instead (key rotate), or lowers --need.`,
		Example: `  detente key revoke "ed25519 ..." --reason "stolen" --key iran-1.key --key iran-3.key`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if needed < 0 {
				return usage("--need %d: want 1 or more", needed)
			}
			gone, err := publicKeys(t, args...)
			if err != nil {
				return err
			}
			return s.changeKeys(cmd, statement.KeyBody{Add: []string{}, Revoke: gone, Need: needed, Reason: reason})
		},
	})
	c.GroupID = ""
	c.Flags().StringVar(&reason, "reason", "", "why, in `WORDS`")
	c.Flags().IntVar(&needed, "need", 0, "how many keys must sign together from here on, a `NUMBER` (default: as many as now)")
	return c
}

// changeKeys says a change of keys.
func (s *speaker) changeKeys(cmd *cobra.Command, b statement.KeyBody) error {
	return s.say(cmd.Context(), func(f *record.Fold, by agreement.Name) (statement.Body, statement.ID, error) {
		body, err := changed(f, by, b)
		return body, statement.ID{}, err
	})
}

// publicKeys are the public forms of keys that are given as such, or as files,
// agents' keys or tokens'.
func publicKeys(t terminal, given ...string) ([]string, error) {
	var out []string
	for _, g := range given {
		if strings.HasPrefix(g, "ed25519 ") {
			if _, err := statement.ParsePublicKey(g); err != nil {
				return nil, usage("key %q: %w", g, err)
			}
			out = append(out, g)
			continue
		}
		k, err := loadKey(t, g)
		if err != nil {
			return nil, err
		}
		shown, err := k.show(g, false)
		if err != nil {
			return nil, err
		}
		if shown.Kind != "ed25519" {
			return nil, usage("key %s is a witness's: it stands in the text, and only an amendment changes it", g)
		}
		out = append(out, shown.Public)
	}
	return out, nil
}
