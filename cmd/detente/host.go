package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"detente/agreement"
	"detente/custodian"
	"detente/depositary"
	"detente/internal/keyfile"
	"detente/mirror"
	"detente/record"
	"detente/statement"

	"github.com/spf13/cobra"
)

func serveCommand(t terminal) *cobra.Command {
	r := &role{t: t}
	var texts []string
	var witnesses []string
	var unconfirmed bool
	next := &succession{}
	c := r.flags(&cobra.Command{
		Use:   "serve",
		Short: "run a depositary: host records",
		Long: `Host the records in --dir, and open those of the texts that --agreement names, which must name this depositary's key. A
record is opened once a quorum of its witnesses has cosigned it. Prints "listening URL", the address of the first record, and
runs until it is interrupted.

With --succeed it goes on with the record of --from, a copy, as the successor that the record's text declares: the same entries
under its own key. Exit 1 if witnesses show that the copy lacks entries, or once another depositary goes on with a record.`,
		Example: `  detente serve --dir registry --key registry.key --agreement deal \
    --witness vienna=http://127.0.0.1:7101 --witness geneva=http://127.0.0.1:7102 --witness muscat=http://127.0.0.1:7103`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := r.prepare(keyfile.Ed25519); err != nil {
				return err
			}
			at, err := addresses(witnesses)
			if err != nil {
				return err
			}
			bundles, err := archives(texts)
			if err != nil {
				return err
			}
			d, err := depositary.Open(depositary.Config{
				Dir: r.dir, Signer: r.signer, Clock: r.clock, Log: r.log, Witnesses: at, Unconfirmed: unconfirmed,
				Batch: proofBatch, Pages: pages, Closed: true, Names: r.names,
			})
			if err != nil {
				return verdict(err)
			}
			defer d.Close()
			if err := next.take(cmd.Context(), t, d); err != nil {
				return verdict(err)
			}
			path, err := openRecords(cmd.Context(), d, texts, bundles)
			if err != nil {
				return verdict(err)
			}
			return verdict(r.run(cmd.Context(), d.Handler(), func() string { return path }, d.Run, d.Metrics))
		},
	}, true)
	r.keyFlag(c)
	r.nameFlag(c)
	c.Flags().StringArrayVar(&texts, "agreement", nil, "text whose record to open, a `PATH`; may be given again")
	c.Flags().StringArrayVar(&witnesses, "witness", nil, "where a witness is, `NAME=URL`; may be given again")
	next.flags(c)
	c.Flags().BoolVar(&unconfirmed, "unconfirmed", false, "after a restart, take statements in before a quorum of witnesses confirmed the head; only if they are gone for good")
	return c
}

// proofBatch is the least time between two proofs of time for new statements.
const proofBatch = 20 * time.Millisecond

// archives reads texts, all before anything is opened.
func archives(texts []string) ([][]byte, error) {
	var out [][]byte
	for _, text := range texts {
		s, err := openText(text)
		if err != nil {
			return nil, err
		}
		archive, err := record.EncodeBundle(s.bundle)
		if err != nil {
			return nil, err
		}
		out = append(out, archive)
	}
	return out, nil
}

// openRecords opens the records of these texts, and gives the path of the
// first of them, or else of all records.
func openRecords(ctx context.Context, d *depositary.Depositary, texts []string, bundles [][]byte) (string, error) {
	path := "/"
	for i, archive := range bundles {
		id, err := d.OpenRecord(ctx, archive)
		if err != nil {
			return "", fmt.Errorf("opening the record of %s: %w", texts[i], err)
		}
		if path == "/" {
			path = "/" + id.String() + "/"
		}
	}
	if all := d.Records(); path == "/" && len(all) > 0 {
		path = "/" + all[0].String() + "/"
	}
	return path, nil
}

// addresses reads NAME=URL pairs. NAME may be the whole key of a witness, which
// may hold an equals sign.
func addresses(pairs []string) (map[agreement.Name]string, error) {
	out := map[agreement.Name]string{}
	for _, p := range pairs {
		name, rest, ok := strings.Cut(p, "=http")
		url := "http" + rest
		if !ok || name == "" {
			return nil, usage("--witness %q: want NAME=URL, for example vienna=http://127.0.0.1:7101", p)
		}
		if _, twice := out[agreement.Name(name)]; twice {
			return nil, usage("--witness %s: given twice", name)
		}
		out[agreement.Name(name)] = url
	}
	return out, nil
}

func custodianCommand(t terminal) *cobra.Command {
	r := &role{t: t}
	var address, seal string
	var witnesses []string
	c := r.flags(&cobra.Command{
		Use:   "custodian",
		Short: "run a custodian: hold a share of each epoch's key, hand it over or destroy it as the record decides",
		Long: `Follow the record, keep this custodian's share of each epoch's key, and when the record has decided, with a certificate, hand
the shares over or destroy them. Prints "ready" and runs until it is interrupted. Keep its folder out of backups: see
docs/operations.md.

With --seal-with the shares and keys in its folder are encrypted: to a passphrase (asked for, or from the file that
DETENTE_PASSPHRASE_FILE names), to the age identity in a FILE (as age-keygen makes it, on another medium than the folder), or to
what only a key of an ssh-agent or a token can derive (ssh-agent:FINGERPRINT, pkcs11:URI). It is needed again at every start. The
process writes no core dumps, and its keys lie in locked memory.`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := harden(); err != nil {
				return err
			}
			r.guarded = true
			if err := r.prepare(keyfile.Ed25519); err != nil {
				return err
			}
			var sealed *custodian.Seal
			if seal != "" {
				var err error
				if sealed, err = sealWith(t, seal); err != nil {
					return err
				}
			}
			client, err := knownRecord(r, address)
			if err != nil {
				return err
			}
			at, err := addresses(witnesses)
			if err != nil {
				return err
			}
			c, err := custodian.Open(cmd.Context(), custodian.Config{
				Dir: r.dir, Signer: r.signer, Record: client, Random: rand.Reader, Seal: sealed, Log: r.log, Clock: r.clock, Witnesses: mirror.NewRoster(at, nil), Names: r.names,
			})
			if err != nil {
				return custodyError(err)
			}
			defer c.Close()
			if r.listen == "" {
				return verdict(r.run(cmd.Context(), nil, noPath, c.Run, c.Metrics))
			}
			path := "/" + client.ID().String() + "/"
			return verdict(r.run(cmd.Context(), c.Handler(), func() string { return path }, c.Run, c.Metrics))
		},
	}, false)
	r.keyFlag(c)
	r.nameFlag(c)
	c.Flags().StringVar(&r.listen, "listen", "", "serve its copy of the record, and take in what the depositary does not, at `ADDRESS` (default: listen nowhere)")
	c.Flags().StringVar(&seal, "seal-with", "", "encrypt the folder's secrets `WITH` passphrase, an age identity FILE, ssh-agent:FINGERPRINT or pkcs11:URI")
	c.Flags().StringVar(&address, "record", "", recordUsage)
	c.Flags().StringArrayVar(&witnesses, "witness", nil, "where a witness is, `NAME=URL`; may be given again. They are asked before an erasure, and when the record halts")
	return c
}

// knownRecord is the client of a role that follows a record in its folder: from
// its second start on it needs nobody to tell it the agreement.
func knownRecord(r *role, address string) (*mirror.Client, error) {
	client, err := recordClient(address, reader(r.t, []statement.Signer{r.signer}))
	if err != nil {
		return nil, err
	}
	return client, verdict(client.Recall(filepath.Join(r.dir, "mirror")))
}
