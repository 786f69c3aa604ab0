package main

import (
	"slices"
	"strings"

	"detente/agreement"
	"detente/record"
	"detente/statement"

	"github.com/spf13/cobra"
)

// serviceEvents are what can be stated of a camera; the last five count only
// where two signers state the same.
var serviceEvents = []string{"outage", "reboot", "clock-step", "tamper", "visit", "media-swap", "removal", "rekey", "loss"}

func serviceCommand(t terminal) *cobra.Command {
	s := &speaker{t: t}
	var vaultName, camera, from, until, reason string
	c := s.flags(&cobra.Command{
		Use:   "service EVENT",
		Short: "state what befell a vault's cameras: an outage, a visit, a removal, a loss, tampering",
		Long: `State what befell a camera, or all cameras of a vault, from one time until another. EVENT is one of
  ` + strings.Join(serviceEvents, ", ") + `.
An outage, a reboot or a clock step explains gaps under its author's name; tampering stands as tampering. A visit, media-swap,
removal, rekey or loss counts only for the time of which two different signers state the same; one alone is shown as alone.`,
		Example: `  detente service removal --from 2021-06-09 --until 2021-07-01 --reason "taken out" --key iran-1.key --key iran-2.key`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if !slices.Contains(serviceEvents, args[0]) {
				return usage("event %q: want one of %s; nothing was signed", args[0], strings.Join(serviceEvents, ", "))
			}
			return s.say(cmd.Context(), func(f *record.Fold, _ agreement.Name) (statement.Body, statement.ID, error) {
				b := statement.ServiceBody{Camera: camera, Event: args[0], Reason: reason}
				v, err := pickVault(f.InForce(), vaultName)
				if err != nil {
					return nil, statement.ID{}, err
				}
				if camera != "" && !slices.Contains(v.Cameras, camera) {
					return nil, statement.ID{}, usage("camera %q: vault %s has %s; nothing was signed", camera, v.Name, strings.Join(v.Cameras, ", "))
				}
				first, err := parseInstant(f.InForce(), from)
				if err != nil {
					return nil, statement.ID{}, err
				}
				last, err := parseInstant(f.InForce(), until)
				if err == nil && last < first {
					err = usage("--until %s is before --from %s; nothing was signed", until, from)
				}
				b.Vault, b.From, b.Until = string(v.Name), int64(first), int64(last)
				return b, statement.ID{}, err
			})
		},
	})
	f := c.Flags()
	f.StringVar(&vaultName, "vault", "", "`NAME` of the vault, if the text has several")
	f.StringVar(&camera, "camera", "", "`NAME` of the camera (default: all of the vault's)")
	f.StringVar(&from, "from", "", "the `TIME` at which it began: a day in the agreement's zone, or an instant")
	f.StringVar(&until, "until", "", "the `TIME` before which it was over")
	f.StringVar(&reason, "reason", "", "why, in `WORDS`")
	need(c, "from", "until")
	return c
}
