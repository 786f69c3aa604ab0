package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"

	"detente/depositary"
	"detente/internal/clock"
	"detente/internal/keyfile"
	"detente/mirror"

	"github.com/spf13/cobra"
)

// A restoring is `detente restore`.
type restoring struct {
	t         terminal
	from, dir string
	key       string
}

func restoreCommand(t terminal) *cobra.Command {
	r := &restoring{t: t}
	c := &cobra.Command{
		Use:     "restore",
		GroupID: groupRun,
		Short:   "put a record back into a depositary's folder, from a mirror or an export",
		Long: `Put the entries that a depositary's folder lacks back into it, after checking that its key signed them and that what is left in
the folder is the beginning of the same history. Nobody else may use the folder meanwhile. If the store there does not open,
move it aside and restore every record that it held, one after the other. Restoring twice is harmless.

Then start detente serve with the folder: it takes nothing in until a quorum of its witnesses has confirmed that this is all
that they cosigned. If it is less, serve stops and says how many entries a copy must have.

COPY is a mirror's folder, the address of a running mirror, or an exported record (a file NAME.detente).`,
		Example: "  detente restore --from copy --dir registry --key registry.key",
		RunE:    func(cmd *cobra.Command, _ []string) error { return r.run(cmd.Context()) },
	}
	f := c.Flags()
	f.StringVar(&r.from, "from", "", "`COPY` to restore from")
	f.StringVar(&r.dir, "dir", "", "`FOLDER` of the depositary, made if missing")
	f.StringVar(&r.key, "key", "", "its `KEY`, a file (or set DETENTE_KEY)")
	need(c, "from", "dir")
	return c
}

func (r *restoring) run(ctx context.Context) error {
	signer, err := loadSigner(r.t, r.key, keyfile.Ed25519)
	if err != nil {
		return err
	}
	if err := claimFolder(r.dir, "serve"); err != nil {
		return err
	}
	temp, err := os.MkdirTemp("", "detente-restore-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(temp)
	defer r.t.working("restoring the record")()
	from, err := mirror.OpenCopy(ctx, r.from, temp)
	if err != nil {
		return verdict(err)
	}
	defer from.Close()
	d, err := depositary.Open(depositary.Config{
		Dir: r.dir, Signer: signer, Clock: clock.Real{}, Closed: true,
		Log: slog.New(slog.NewTextHandler(r.t.err, &slog.HandlerOptions{Level: slog.LevelWarn})),
	})
	if err != nil {
		return verdict(err)
	}
	return verdict(errors.Join(r.fill(ctx, d, from), d.Close()))
}

// entries is a number of entries with its noun.
func entries(n int64) string {
	if n == 1 {
		return "1 entry"
	}
	return fmt.Sprintf("%d entries", n)
}

// fill puts the copy into the opened folder and says what that did.
func (r *restoring) fill(ctx context.Context, d *depositary.Depositary, from *mirror.Copy) error {
	had := int64(0)
	if v, ok := d.View(from.Agreement().ID); ok {
		head, _ := v.Head()
		had = head.Size
	}
	id, err := d.Import(ctx, from)
	if err != nil {
		return err
	}
	v, _ := d.View(id)
	head, _ := v.Head()
	final, _ := v.Final()
	fmt.Fprintf(r.t.out, "record %s: %s, %d of them restored, %d cosigned by a quorum\n", id, entries(head.Size), head.Size-had, final)
	return nil
}
