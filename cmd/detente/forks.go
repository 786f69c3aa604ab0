package main

import (
	"errors"
	"fmt"

	"detente/agreement"
	"detente/machine"
	"detente/mirror"
	"detente/record"
	"detente/statement"
)

// A forkReport is a fork that the folder of a copy holds.
type forkReport struct {
	Seen    sideReport       `json:"seen"`
	Shown   sideReport       `json:"shown"`
	Quorums bool             `json:"quorums"` // a quorum cosigned each: everything holds
	Both    []agreement.Name `json:"both"`    // who signed both
	Folder  string           `json:"evidence"`
}

type sideReport struct {
	Size      int64    `json:"size"`
	Root      string   `json:"root"`
	Host      string   `json:"host"`
	Witnesses []string `json:"witnesses"`
	Quorum    bool     `json:"quorum"`
}

func sideOf(w mirror.Witnessed) sideReport {
	return sideReport{w.Head.Size, w.Head.Root.String(), string(w.Host), texts(w.Witnesses), w.Quorum}
}

func texts(names []agreement.Name) []string {
	out := []string{}
	for _, n := range names {
		out = append(out, string(n))
	}
	return out
}

// forksOf are the forks that the subject's folder holds.
func forksOf(s *subject) ([]forkReport, error) {
	if s.follower == nil {
		return nil, nil
	}
	held, err := s.follower.Forks()
	var out []forkReport
	for _, k := range held {
		out = append(out, forkReport{sideOf(k.Seen), sideOf(k.Shown), k.Quorums(), k.Both, k.Folder})
	}
	return out, err
}

func (k forkReport) String() string {
	by := "nobody is shown to have signed both"
	if len(k.Both) > 0 {
		by = "signed both: " + sentence(k.Both)
	}
	weight := "no quorum cosigned both: what only one host signed counts for nothing"
	if k.Quorums {
		weight = "a quorum of witnesses cosigned each: everything holds"
	}
	return fmt.Sprintf("fork: %s seen, root %s, and %s shown, root %s, cannot be of one record; %s; %s; the evidence is in %s",
		entries(k.Seen.Size), k.Seen.Root, entries(k.Shown.Size), k.Shown.Root, weight, by, k.Folder)
}

// A groundReport is the certificate that gives a vault's outcome.
type groundReport struct {
	Ground  string          `json:"ground"` // decided, halted or agreed
	Outcome machine.Outcome `json:"outcome"`
	Size    int64           `json:"size"` // of its checkpoint
}

// groundOf is the certificate of a vault, if the record and what the subject has
// cosigned give one; contradiction says that the witnesses exclude it.
func groundOf(s *subject, vault agreement.Name) (g *groundReport, contradiction string) {
	var notes [][]byte
	if s.export != nil {
		notes = append(notes, s.export.Checkpoint)
	} else if s.follower != nil {
		if _, final := s.follower.Final(); final != nil {
			notes = append(notes, final)
		}
	}
	if len(notes) > 0 && sizeOf(notes[0]) > s.fold.Size() {
		notes = nil // it is asked for as it stood before
	}
	c, err := s.fold.Decide(vault, notes...)
	switch {
	case err == nil:
		return &groundReport{string(c.Ground), c.Outcome, c.Size}, ""
	case errors.Is(err, record.ErrFork), errors.Is(err, record.ErrExclusion):
		return nil, err.Error()
	}
	return nil, ""
}

func sizeOf(note []byte) int64 {
	n, err := statement.ParseNote(note)
	if err != nil {
		return 0
	}
	c, err := statement.ParseCheckpoint(n.Text)
	if err != nil {
		return 0
	}
	return c.Size
}

// groundWords say why custodians may act, in words.
func groundWords(ground string) string {
	switch record.Ground(ground) {
	case record.Halted:
		return "the record halted, and was witnessed after the cut with nothing decided"
	case record.Agreed:
		return "all signatories and custodians signed it"
	}
	return "the record decides it, and was witnessed in time"
}
