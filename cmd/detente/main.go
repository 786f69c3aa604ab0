// Command detente runs agreements between parties that do not trust each
// other: it checks their text, keeps their record, seals their evidence and
// re-derives every answer from the record alone.
//
// This package is a table of commands and their wiring; what they do is in
// the packages it names. Answers go to standard output and everything else to
// standard error. The exit status is 0 for yes, 1 for checked and no, 2 for
// wrong usage and 3 for could not find out.
package main

import "os"

func main() {
	ctx, stop := interruptible(os.Stderr)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], terminal{in: os.Stdin, out: os.Stdout, err: os.Stderr}))
}
