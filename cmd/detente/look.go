package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"detente/footage"

	"github.com/spf13/cobra"
)

func lookCommand(t terminal) *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:     "look CLIP...",
		GroupID: groupSealed,
		Short:   "what is conspicuous in opened clips: black, still pictures, cuts",
		Long: `Look at every picture of opened clips, or of all in a folder, with ffmpeg: stretches that are black, pictures that do not
move, and cuts, each with its seconds from the begin of the clip. An anomaly is not a breach: an empty room at night is black
and still. Exit 3 if a clip could not be looked at.`,
		Example: "  detente look opened\n  detente look opened/hall-000012.mp4",
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usage("nothing to look at: give clips, or the folder into which they were opened")
			}
			clips, err := clipsOf(args)
			if err != nil {
				return usage("%w", err)
			}
			return look(cmd.Context(), t, clips, asJSON)
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "in JSON, an object for each clip")
	return c
}

// clipsOf are the files named, and the clips of folders named.
func clipsOf(args []string) (clips []string, err error) {
	for _, name := range args {
		info, err := os.Stat(name)
		if err != nil {
			return nil, err
		}
		if !info.IsDir() {
			clips = append(clips, name)
			continue
		}
		found, err := filepath.Glob(filepath.Join(name, "*.mp4"))
		if err != nil || len(found) == 0 {
			return nil, fmt.Errorf("%s has no clips: files that end in .mp4", name)
		}
		clips = append(clips, found...)
	}
	return clips, nil
}

func look(ctx context.Context, t terminal, clips []string, asJSON bool) error {
	type seen struct {
		Clip   string          `json:"clip"`
		Sights []footage.Sight `json:"sights"`
		Error  string          `json:"error,omitempty"`
	}
	failed, conspicuous := 0, 0
	for _, clip := range clips {
		sights, err := footage.Look(ctx, clip)
		if errors.Is(err, footage.ErrTool) || ctx.Err() != nil {
			return &exitError{exitUnknown, err}
		}
		r := seen{Clip: clip, Sights: append([]footage.Sight{}, sights...)}
		if err != nil {
			failed++
			r.Error = err.Error()
		}
		if len(sights) > 0 {
			conspicuous++
		}
		switch {
		case asJSON:
			if err := printJSON(t.out, r); err != nil {
				return err
			}
		case err != nil:
			fmt.Fprintf(t.out, "%s: not looked at\n", clip)
			fmt.Fprintln(t.err, "detente:", err)
		case len(sights) > 0:
			var words []string
			for _, s := range sights {
				words = append(words, footage.Text(s))
			}
			fmt.Fprintf(t.out, "%s: %s\n", clip, strings.Join(words, ", "))
		}
	}
	if !asJSON {
		fmt.Fprintf(t.out, "%s looked at, something conspicuous in %d; an anomaly is not a breach\n", count(len(clips)-failed, "clip"), conspicuous)
	}
	if failed > 0 {
		return &exitError{exitUnknown, fmt.Errorf("%s could not be looked at", count(failed, "clip"))}
	}
	return nil
}
