package main

import (
	"errors"
	"os"

	"detente/agreement/dir"
	"detente/internal/keyfile"
	"detente/record"
	"detente/statement"
	"detente/witness"

	"github.com/spf13/cobra"
)

func witnessCommand(t terminal) *cobra.Command {
	r := &role{t: t}
	var bundles, follow []string
	var policy string
	var closed bool
	c := r.flags(&cobra.Command{
		Use:   "witness",
		Short: "run a witness: cosign records with the time (C2SP tlog-witness)",
		Long: `Cosign checkpoints of the records whose texts name this witness's key, after checking that each extends the one before; of
those, the ones that --policy takes. Checkpoints of one record that contradict each other are kept and served as evidence.
Prints "listening URL" and runs until it is interrupted. Its folder must never be restored from a copy: see docs/operations.md.

Where an amendment has named this witness, or another depositary, --follow COPY learns it from the record itself: at the start,
and as long as it runs if COPY is an address.`,
		Example: "  detente witness --dir witness --key vienna.key --listen 127.0.0.1:7101 --policy policy.json",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := r.prepare(""); err != nil {
				return err
			}
			cosigner, err := loadCosigner(t, r.key)
			if err != nil {
				return err
			}
			p, err := loadPolicy(policy)
			if err != nil {
				return err
			}
			w, err := witness.Open(witness.Config{Dir: r.dir, Cosigner: cosigner, Clock: r.clock, Log: r.log, Policy: p, Closed: closed})
			if err != nil {
				return verdict(err)
			}
			for _, path := range bundles {
				if err := registerHere(w, path); err != nil {
					return errors.Join(err, w.Close())
				}
			}
			body, err := observing(cmd.Context(), r, w, follow)
			if err != nil {
				return errors.Join(err, w.Close())
			}
			return verdict(r.run(cmd.Context(), w.Handler(), noPath, body, w.Metrics))
		},
	}, true)
	r.keyFlag(c)
	c.Flags().StringArrayVar(&bundles, "register", nil, "text whose record to cosign, a `PATH`; may be given again")
	c.Flags().StringArrayVar(&follow, "follow", nil, "a `COPY` of a record, an address, a mirror's folder or an exported record, that tells who hosts and witnesses it since its text was amended; may be given again")
	c.Flags().StringVar(&policy, "policy", "", "`FILE` that says whose records to take over HTTP, and how many: see docs/operations.md (default: any that names the key)")
	c.Flags().BoolVar(&closed, "closed", false, "take no registrations over HTTP, only --register")
	return c
}

// loadCosigner reads a witness's key of either kind.
func loadCosigner(t terminal, ref string) (statement.Cosigner, error) {
	k, err := loadKey(t, ref)
	if err != nil {
		return nil, err
	}
	if k.file != nil && k.file.Kind() == keyfile.WitnessMLDSA {
		return statement.NewMLDSACosigner(k.file.Name(), k.file.Seed())
	}
	s, err := k.signer(ref, keyfile.Witness)
	if err != nil {
		return nil, err
	}
	return statement.NewEd25519Cosigner(s)
}

func loadPolicy(path string) (witness.Policy, error) {
	if path == "" {
		return witness.Policy{}, nil
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return witness.Policy{}, usage("--policy: %w", err)
	}
	p, err := witness.ParsePolicy(b)
	if err != nil {
		return witness.Policy{}, usage("--policy %s: %w", path, err)
	}
	return p, nil
}

func registerHere(w *witness.Witness, path string) error {
	b, err := dir.Load(path)
	if err != nil {
		return usage("--register: %w", err)
	}
	archive, err := record.EncodeBundle(b)
	if err == nil {
		_, err = w.Register(archive)
	}
	if err != nil {
		return usage("--register %s: %w", path, err)
	}
	return nil
}
