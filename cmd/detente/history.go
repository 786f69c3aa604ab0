package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"detente/agreement"
	"detente/machine"
)

// historyFile is the file of a text's folder that says what happened.
const historyFile = "history.scenario"

// A history is dated statements beside a text that nobody signed: what is
// supposed to have happened.
type history struct {
	file     string
	scenario *machine.Scenario
}

// historyOf gives the history that path names, or that lies in its folder; nil
// if there is none.
func historyOf(path string) (*history, error) {
	file := path
	if filepath.Ext(path) != ".scenario" {
		file = filepath.Join(path, historyFile)
	}
	src, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) && file != path || isNotFolder(path) && file != path {
		return nil, nil
	}
	if err != nil {
		return nil, usage("%w", err)
	}
	sc, faults := machine.ParseScenario(src)
	if len(faults) > 0 {
		return nil, no(fmt.Errorf("%s: %w\nsee: detente test %s", file, faults[0], file))
	}
	return &history{file, sc}, nil
}

// isNotFolder is whether path is a file: a text of its own has no folder.
func isNotFolder(path string) bool {
	info, err := os.Stat(path)
	return err == nil && !info.IsDir()
}

// state is that of the agreement after its history, at an instant or after all
// of it.
func (h *history) state(a *agreement.Agreement, at string) (*machine.State, error) {
	until, all := agreement.Instant(0), at == ""
	if !all {
		var err error
		if until, err = parseInstant(a, at); err != nil {
			return nil, err
		}
	}
	folder := filepath.Dir(h.file)
	s, err := h.scenario.History(machine.Compile(a), until, all, func(path string) (*machine.Machine, error) {
		other, err := openText(filepath.Join(folder, filepath.FromSlash(path)))
		if err != nil {
			return nil, err
		}
		return machine.Compile(other.agreement), nil
	})
	if err != nil {
		return nil, no(fmt.Errorf("%s: %w\nsee: detente test %s", h.file, err, h.file))
	}
	return s, nil
}

// heading says what an answer rests on that no record proves.
func (h *history) heading() string {
	return fmt.Sprintf("supposed: by %s; nothing in it is signed, and no record proves it\n", h.file)
}
