package main

import (
	"errors"
	"os"

	"detente/cmd/detente/demo"

	"github.com/spf13/cobra"
)

func demoCommand(t terminal) *cobra.Command {
	cfg := demo.Config{Out: t.out, Talk: t.err}
	c := &cobra.Command{
		Use:     "demo",
		GroupID: groupRun,
		Short:   "live the camera understanding through twice: released, and erased",
		Long: `Start a depositary, four witnesses, seven custodians and a recorder as separate processes with fresh keys,
seal real video, and live the camera understanding of February 2021 through to its close, twice: once the
sanctions are lifted and verified in time, and the footage is released; once they are not, and it is erased.
Both records are exported to the folder and audited. Every process ends with the demo.`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			var err error
			if cfg.Exe, err = os.Executable(); err != nil {
				return err
			}
			err = demo.Run(cmd.Context(), cfg)
			if wrong, ok := errors.AsType[*demo.SettingError](err); ok {
				return usage("%w", wrong)
			}
			return err
		},
	}
	f := c.Flags()
	f.StringVar(&cfg.Dir, "out", "out/demo", "`FOLDER` for the two exported records and the processes' folders; one that an earlier demo made is emptied first")
	f.BoolVar(&cfg.Keep, "keep", false, "keep both records' pages up until interrupted")
	f.DurationVar(&cfg.RealTime, "real-time", 0, "take so long, a `DURATION` such as 2m, from the opening to the close, by the machine's own clock")
	f.Int64Var(&cfg.Rate, "rate", demo.DefaultRate, "seconds of the accelerated story in one second, a `NUMBER`")
	f.Lookup("rate").Hidden = true // for tests on machines that are known to be quick
	return c
}
