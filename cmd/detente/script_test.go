package main

import (
	"bufio"
	"errors"
	"flag"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

var update = flag.Bool("update", false, "write what the commands print into what they are compared with")

// TestMain lets this test binary stand in for detente, in a process of its own
// each time, as the stories and the demo need it.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"detente": main})
}

// TestStories runs the stories of testdata/script: what several parties do
// with the commands, in real processes, and what they are told.
//
// $EXAMPLES is the folder of the examples. Besides testscript's own commands they have
//
//	exits N command...    run it; it ends with the exit status N
//	draw NAME [flags]     make NAME.key and its public key, NAME.pub, for NAME without a last -1, -2 ...
//	fill FROM TO          copy a file, with <NAME> replaced by what is in NAME.pub
//	keep VAR REGEXP       set a variable to the group of a match in the last output
//	start NAME args...    start a process of detente; $NAME is where it listens
//	end NAME              end it, politely, and expect that it says yes
//	crash NAME            kill it, as a power cut does
//	fails NAME N REGEXP   wait until it has ended by itself, with the exit status N, having said that
//	flip FILE OFFSET      turn one bit of a file
//	trim FILE             take the white space off its ends
//	ready command...      run it again and again until it is no longer refused a connection
//	tokens LABEL PIN...   make PKCS#11 tokens; $LIBRARY is their library
//	comes command...      run it again and again until it says yes
func TestStories(t *testing.T) {
	t.Parallel()
	removeHelper(t)
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		UpdateScripts:       *update,
		Setup: func(env *testscript.Env) error {
			env.Setenv("HOME", filepath.Join(env.WorkDir, "home"))
			examples, err := filepath.Abs("../../examples")
			if err != nil {
				return err
			}
			env.Setenv("EXAMPLES", examples)
			st := &stage{env: env, processes: map[string]*process{}}
			env.Values[stageKey{}] = st
			env.Defer(st.clear)
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits": exits, "draw": draw, "fill": fill, "keep": keep, "start": start, "end": end, "crash": crash, "fails": fails, "flip": flip, "trim": trim, "ready": ready, "comes": comes, "tokens": tokens,
		},
	})
}

type stageKey struct{}

// A stage is what a story has running.
type stage struct {
	env       *testscript.Env
	processes map[string]*process
}

type process struct {
	cmd *exec.Cmd
	in  io.Closer
	err strings.Builder
}

// stop ends a process as it ends when whoever started it dies.
func (p *process) stop() error {
	p.in.Close()
	return p.cmd.Wait()
}

func (s *stage) clear() {
	for _, p := range s.processes {
		p.stop()
	}
}

func arguments(ts *testscript.TestScript, neg bool, args []string, least int, form string) {
	if neg || len(args) < least {
		ts.Fatalf("usage: %s", form)
	}
}

func exits(ts *testscript.TestScript, neg bool, args []string) {
	arguments(ts, neg, args, 2, "exits N command...")
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		exit, ok := errors.AsType[*exec.ExitError](err)
		if !ok {
			ts.Fatalf("%v", err)
		}
		got = exit.ExitCode()
	}
	if got != want {
		ts.Fatalf("exit status %d; want %d", got, want)
	}
}

var numbered = regexp.MustCompile(`-[0-9]$`)

func draw(ts *testscript.TestScript, neg bool, args []string) {
	arguments(ts, neg, args, 1, "draw NAME [flags]")
	holder := numbered.ReplaceAllString(args[0], "")
	ts.Check(ts.Exec("detente", append([]string{"key", "new", holder, "--out", args[0] + ".key"}, args[1:]...)...))
	ts.Check(os.WriteFile(ts.MkAbs(args[0]+".pub"), []byte(strings.TrimSpace(ts.ReadFile("stdout"))), 0o644))
}

var placeholder = regexp.MustCompile(`<([a-z0-9-]+)>`)

func fill(ts *testscript.TestScript, neg bool, args []string) {
	arguments(ts, neg, args, 2, "fill FROM TO")
	text := placeholder.ReplaceAllStringFunc(ts.ReadFile(args[0]), func(s string) string {
		return strings.TrimSpace(ts.ReadFile(strings.Trim(s, "<>") + ".pub"))
	})
	ts.Check(os.MkdirAll(filepath.Dir(ts.MkAbs(args[1])), 0o755))
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), []byte(text), 0o644))
}

func keep(ts *testscript.TestScript, neg bool, args []string) {
	arguments(ts, neg, args, 2, "keep VAR REGEXP")
	m := regexp.MustCompile(`(?m)` + args[1]).FindStringSubmatch(ts.ReadFile("stdout"))
	if len(m) < 2 {
		ts.Fatalf("no match for %s in what was printed last", args[1])
	}
	ts.Setenv(args[0], m[1])
}

func start(ts *testscript.TestScript, neg bool, args []string) {
	arguments(ts, neg, args, 2, "start NAME args...")
	s := ts.Value(stageKey{}).(*stage)
	exe, err := exec.LookPath("detente")
	ts.Check(err)
	p := &process{cmd: exec.Command(exe, append(args[1:], "--until-eof")...)}
	p.cmd.Dir, p.cmd.Env, p.cmd.Stderr = ts.MkAbs("."), s.env.Vars, &p.err
	p.in, err = p.cmd.StdinPipe()
	ts.Check(err)
	out, err := p.cmd.StdoutPipe()
	ts.Check(err)
	ts.Check(p.cmd.Start())
	ready, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		p.stop()
		ts.Fatalf("%s did not start: %s", args[0], p.err.String())
	}
	s.processes[args[0]] = p
	ts.Setenv(args[0], strings.TrimPrefix(strings.TrimSpace(ready), "listening "))
}

func end(ts *testscript.TestScript, neg bool, args []string) {
	arguments(ts, neg, args, 1, "end NAME")
	s := ts.Value(stageKey{}).(*stage)
	p := s.processes[args[0]]
	delete(s.processes, args[0])
	if err := p.stop(); err != nil {
		ts.Fatalf("%s: %v: %s", args[0], err, p.err.String())
	}
}

func crash(ts *testscript.TestScript, neg bool, args []string) {
	arguments(ts, neg, args, 1, "crash NAME")
	s := ts.Value(stageKey{}).(*stage)
	p := s.processes[args[0]]
	delete(s.processes, args[0])
	ts.Check(p.cmd.Process.Kill())
	p.stop()
}

func fails(ts *testscript.TestScript, neg bool, args []string) {
	arguments(ts, neg, args, 3, "fails NAME N REGEXP")
	s := ts.Value(stageKey{}).(*stage)
	p := s.processes[args[0]]
	delete(s.processes, args[0])
	err := p.cmd.Wait()
	if exit, ok := errors.AsType[*exec.ExitError](err); !ok || strconv.Itoa(exit.ExitCode()) != args[1] {
		ts.Fatalf("%s ended with %v; want exit status %s: %s", args[0], err, args[1], p.err.String())
	}
	if !regexp.MustCompile(args[2]).MatchString(p.err.String()) {
		ts.Fatalf("%s said nothing like %q: %s", args[0], args[2], p.err.String())
	}
}

func flip(ts *testscript.TestScript, neg bool, args []string) {
	arguments(ts, neg, args, 2, "flip FILE OFFSET")
	b := []byte(ts.ReadFile(args[0]))
	at, err := strconv.Atoi(args[1])
	ts.Check(err)
	b[at] ^= 1
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), b, 0o644))
}

func trim(ts *testscript.TestScript, neg bool, args []string) {
	arguments(ts, neg, args, 1, "trim FILE")
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(strings.TrimSpace(ts.ReadFile(args[0]))), 0o644))
}

// ready waits for a program that says nothing when it is ready, as ssh-agent:
// ssh-add ends with 2 while it cannot reach one.
func ready(ts *testscript.TestScript, neg bool, args []string) {
	arguments(ts, neg, args, 1, "ready command...")
	again(ts, args, func(status int) bool { return status != 2 })
}

// comes waits for what others bring about, which nobody announces.
func comes(ts *testscript.TestScript, neg bool, args []string) {
	arguments(ts, neg, args, 1, "comes command...")
	again(ts, args, func(status int) bool { return status == 0 })
}

func again(ts *testscript.TestScript, args []string, enough func(status int) bool) {
	pause := time.NewTicker(10 * time.Millisecond)
	defer pause.Stop()
	for limit := time.Now().Add(20 * time.Second); time.Now().Before(limit); <-pause.C {
		status := 0
		if exit, ok := errors.AsType[*exec.ExitError](ts.Exec(args[0], args[1:]...)); ok {
			status = exit.ExitCode()
		}
		if enough(status) {
			return
		}
	}
	ts.Fatalf("in vain: %v", args)
}
