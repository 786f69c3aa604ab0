package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"detente/agreement"

	"github.com/spf13/cobra"
)

func newCommand(t terminal) *cobra.Command {
	var out string
	c := &cobra.Command{
		Use:     "new TEMPLATE",
		GroupID: groupText,
		Short:   "begin a text from a template: " + strings.Join(agreement.Templates(), ", "),
		Example: "  detente new exchange --out deal",
		RunE: func(_ *cobra.Command, args []string) error {
			files, ok := agreement.Template(args[0])
			if !ok {
				return usage("template %q: want one of %s", args[0], strings.Join(agreement.Templates(), ", "))
			}
			if out == "" {
				out = args[0]
			}
			if err := writeNew(out, files); err != nil {
				return err
			}
			fmt.Fprintf(t.out, "%s\n", out)
			fmt.Fprintf(t.err, "make keys with: detente key new NAME\nput the lines it prints into the text, then run: detente check %s\n", out)
			return nil
		},
	}
	c.Flags().StringVar(&out, "out", "", "`FOLDER` to make (default: the template's name); nothing in it is overwritten")
	return c
}

// writeNew writes files into a folder that must not have them.
func writeNew(folder string, files []agreement.File) error {
	for _, f := range files {
		if _, err := os.Stat(filepath.Join(folder, f.Path)); !errors.Is(err, fs.ErrNotExist) {
			return usage("%s exists already; nothing was written\ngive another folder with --out", filepath.Join(folder, f.Path))
		}
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return usage("making the folder: %w", err)
	}
	for _, f := range files {
		if err := os.WriteFile(filepath.Join(folder, f.Path), f.Data, 0o644); err != nil {
			return err
		}
	}
	return nil
}

func fmtCommand(t terminal) *cobra.Command {
	var check bool
	c := &cobra.Command{
		Use:     "fmt [PATH]",
		GroupID: groupText,
		Short:   "lay out .agreement files in the one standard way",
		Long: `Lay out the file PATH, or every .agreement file of the folder PATH (by default this one), in the one standard way, keeping
every comment and the meaning. The names of the files that changed are printed.`,
		RunE: func(_ *cobra.Command, args []string) error {
			files, err := agreementFiles(here(args))
			if err != nil {
				return err
			}
			changed := 0
			for _, name := range files {
				ok, err := formatFile(t, name, check)
				if err != nil {
					return err
				}
				if ok {
					changed++
					fmt.Fprintln(t.out, name)
				}
			}
			if check && changed > 0 {
				return no(fmt.Errorf("%s not in the standard layout\nmend: detente fmt %s", count(changed, "file"), here(args)))
			}
			return nil
		},
	}
	c.Flags().BoolVar(&check, "check", false, "change nothing; exit 1 if a file would change")
	return c
}

func agreementFiles(path string) ([]string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, usage("%w", err)
	}
	if !info.IsDir() {
		return []string{path}, nil
	}
	files, err := filepath.Glob(filepath.Join(path, "*.agreement"))
	if err == nil && len(files) == 0 {
		return nil, usage("folder %s has no file whose name ends in .agreement", path)
	}
	return files, err
}

func formatFile(t terminal, name string, check bool) (changed bool, err error) {
	src, err := os.ReadFile(name)
	if err != nil {
		return false, usage("%w", err)
	}
	laid, diagnostics := agreement.Format(src)
	if agreement.HasErrors(diagnostics) {
		for _, d := range diagnostics {
			d.Range.File = name
			fmt.Fprintln(t.out, agreement.RenderDiagnostic(src, d))
		}
		return false, no(fmt.Errorf("%s cannot be laid out until it can be read; it was left as it was", name))
	}
	if bytes.Equal(src, laid) {
		return false, nil
	}
	if check {
		return true, nil
	}
	return true, replaceFile(name, laid)
}

// replaceFile writes a file anew, whole or not at all, with the rights it had.
func replaceFile(name string, data []byte) error {
	info, err := os.Stat(name)
	if err != nil {
		return err
	}
	temp := name + ".new"
	if err := os.WriteFile(temp, data, info.Mode().Perm()); err != nil {
		return err
	}
	return os.Rename(temp, name)
}
