package main

import (
	"context"
	"os"

	"detente/depositary"
	"detente/mirror"

	"github.com/spf13/cobra"
)

// A succession is what `serve` is told of records to go on with.
type succession struct {
	succeed bool
	from    []string
	abandon bool
}

func (s *succession) flags(c *cobra.Command) {
	f := c.Flags()
	f.BoolVar(&s.succeed, "succeed", false, "go on with the records of --from as their declared successor")
	f.StringArrayVar(&s.from, "from", nil, "a `COPY` to go on from: a mirror's folder, an address, or an exported record; may be given again")
	f.BoolVar(&s.abandon, "abandon", false, "with --succeed: go on although a witness cosigned entries that the copy lacks; they are lost, and that witness cosigns the record no more")
}

// take goes on with the records of the copies.
func (s *succession) take(ctx context.Context, t terminal, d *depositary.Depositary) error {
	if s.succeed != (len(s.from) > 0) || s.abandon && !s.succeed {
		return usage("serve: --succeed and --from go together: the one says that this depositary goes on, the other from which copy")
	}
	for _, from := range s.from {
		if err := s.one(ctx, t, d, from); err != nil {
			return err
		}
	}
	return nil
}

func (s *succession) one(ctx context.Context, t terminal, d *depositary.Depositary, from string) error {
	temp, err := os.MkdirTemp("", "detente-succeed-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(temp)
	defer t.working("taking over the record of " + from)()
	c, err := mirror.OpenCopy(ctx, from, temp)
	if err != nil {
		return err
	}
	defer c.Close()
	_, err = d.Succeed(ctx, c, s.abandon)
	return err
}
