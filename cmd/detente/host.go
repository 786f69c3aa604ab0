package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"path/filepath"
	"slices"
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
	c := r.flags(&cobra.Command{
		Use:   "serve",
		Short: "run a depositary: host records",
		Long: `Host the records in --dir, and open those of the texts that --agreement names, which must name this depositary's key. A
record is opened once a quorum of its witnesses has cosigned it. Prints "listening URL", the address of the first record, and
runs until it is interrupted.`,
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
				Batch: proofBatch, Pages: pages, Closed: true,
			})
			if err != nil {
				return verdict(err)
			}
			defer d.Close()
			path, err := openRecords(cmd.Context(), d, texts, bundles)
			if err != nil {
				return verdict(err)
			}
			return verdict(r.run(cmd.Context(), d.Handler(), func() string { return path }, d.Run))
		},
	}, true)
	r.keyFlag(c)
	c.Flags().StringArrayVar(&texts, "agreement", nil, "text whose record to open, a `PATH`; may be given again")
	c.Flags().StringArrayVar(&witnesses, "witness", nil, "where a witness is, `NAME=URL`; may be given again")
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
		archive, err := mirror.EncodeBundle(s.bundle)
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

// addresses reads NAME=URL pairs.
func addresses(pairs []string) (map[agreement.Name]string, error) {
	out := map[agreement.Name]string{}
	for _, p := range pairs {
		name, url, ok := strings.Cut(p, "=")
		if !ok || name == "" || !strings.HasPrefix(url, "http") {
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
what only a key of an ssh-agent can derive (ssh-agent:FINGERPRINT). It is needed again at every start. The process writes no core
dumps, and its keys lie in locked memory.`,
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
			client, err := knownRecord(address, r.dir)
			if err != nil {
				return err
			}
			ws, err := witnessesOf(cmd.Context(), client, witnesses)
			if err != nil {
				return err
			}
			c, err := custodian.Open(cmd.Context(), custodian.Config{
				Dir: r.dir, Signer: r.signer, Record: client, Random: rand.Reader, Seal: sealed, Log: r.log, Clock: r.clock, Witnesses: ws,
			})
			if err != nil {
				return custodyError(err)
			}
			defer c.Close()
			return verdict(r.run(cmd.Context(), nil, noPath, c.Run))
		},
	}, false)
	r.keyFlag(c)
	c.Flags().StringVar(&seal, "seal-with", "", "encrypt the folder's secrets `WITH` passphrase, an age identity FILE, or ssh-agent:FINGERPRINT")
	c.Flags().StringVar(&address, "record", "", recordUsage)
	c.Flags().StringArrayVar(&witnesses, "witness", nil, "where a witness is, `NAME=URL`; may be given again. They are asked before an erasure, and when the record halts")
	return c
}

// knownRecord is the client of a role that follows a record in its folder: from
// its second start on it needs nobody to tell it the agreement.
func knownRecord(address, dir string) (*mirror.Client, error) {
	client, err := recordClient(address)
	if err != nil {
		return nil, err
	}
	return client, client.Recall(filepath.Join(dir, "mirror"))
}

// witnessesOf are the witnesses whose addresses are given here or in the text.
func witnessesOf(ctx context.Context, client *mirror.Client, pairs []string) ([]*mirror.Witness, error) {
	at, err := addresses(pairs)
	if err != nil {
		return nil, err
	}
	a, err := client.Agreement(ctx)
	if err != nil {
		return nil, err
	}
	hinted := slices.ContainsFunc(a.Witnesses, func(w *agreement.Witness) bool { return w.Address != "" })
	if len(at) == 0 && !hinted {
		return nil, nil
	}
	return mirror.Witnesses(a, at, nil)
}

func mirrorCommand(t terminal) *cobra.Command {
	r := &role{t: t}
	var address string
	c := r.flags(&cobra.Command{
		Use:   "mirror",
		Short: "follow a record, verify everything, keep a copy and serve it",
		Long: `Follow the record, verify everything, keep a copy in --dir and serve it as the depositary does, except that nothing can be
said there. Prints "listening URL" and runs until it is interrupted; exit 1 if the depositary showed another history than
before. While no mirror runs in it, the folder is a PATH for status, why, asof, coverage, export and audit, offline.`,
		Example: "  detente mirror --dir copy --record http://127.0.0.1:7001/580c...\n  detente status copy",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := r.prepare(""); err != nil {
				return err
			}
			client, err := recordClient(address)
			if err != nil {
				return err
			}
			f, err := mirror.Open(cmd.Context(), mirror.Config{Dir: r.dir, Client: client})
			if err != nil {
				return verdict(err)
			}
			defer f.Close()
			if err := f.Update(cmd.Context()); err != nil {
				if err = verdict(err); isNo(err) {
					return err
				}
				r.log.Warn("the record cannot be fetched now; serving the copy as it is", "error", err)
			}
			path := "/" + client.ID().String() + "/"
			return r.run(cmd.Context(), f.Handler(), func() string { return path }, func(ctx context.Context) error {
				return verdict(keepCopy(ctx, f))
			})
		},
	}, true)
	c.GroupID = groupSee
	c.Flags().StringVar(&address, "record", "", recordUsage)
	return c
}

// keepCopy follows the record until ctx is done, with the batches of manifests
// that it names, so that the copy can be audited without the depositary. A
// batch that cannot be had now is asked for again when the record grows.
func keepCopy(ctx context.Context, f *mirror.Follower) error {
	var read int64
	var wanted []agreement.Digest
	for {
		if err := f.Wait(ctx, func(fold *record.Fold, _ int64) bool { return fold.Size() > read }); err != nil {
			return err
		}
		f.With(func(fold *record.Fold) {
			for ; read < fold.Size(); read++ {
				wanted = append(wanted, batchOf(fold.Entry(read))...)
			}
		})
		missing := wanted[:0]
		for _, d := range wanted {
			if _, err := f.Object(ctx, d); err != nil {
				missing = append(missing, d)
			}
		}
		wanted = missing
	}
}

// batchOf is the batch of manifests that an entry names, if it names one.
func batchOf(e *record.Judged) []agreement.Digest {
	if e.Statement == nil {
		return nil
	}
	if b, ok := e.Statement.Body.(statement.SealBody); ok {
		if d, err := agreement.ParseDigest(b.Batch); err == nil {
			return []agreement.Digest{d}
		}
	}
	return nil
}
