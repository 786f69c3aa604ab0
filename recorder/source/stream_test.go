package source

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// TestStandardInputByTime plays a camera that writes for a while, pauses, is
// silent for a slot, writes too much, and ends.
func TestStandardInputByTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		in, camera := io.Pipe()
		s, err := Open("stdin:", Options{Camera: "hall", Segment: 10 * time.Second, Cadence: 15 * time.Second, MaxBytes: 8, Stdin: in})
		if err != nil {
			t.Fatal(err)
		}
		begin := time.Now()
		go func() {
			for _, w := range []struct {
				after time.Duration
				data  string
			}{
				{1 * time.Second, "ab"}, {8 * time.Second, "cd"}, // 9 s: slot 0
				{3 * time.Second, "pause"},                              // 12 s: between slots
				{4 * time.Second, "ef"},                                 // 16 s: slot 1
				{30 * time.Second, "12345"}, {1 * time.Second, "67890"}, // 46, 47 s: slot 3
				{16 * time.Second, "gh"}, // 63 s: slot 4
			} {
				time.Sleep(w.after)
				fmt.Fprint(camera, w.data)
			}
			camera.Close()
		}()
		for i, want := range []struct {
			data     string
			length   time.Duration
			overflow bool
		}{{"abcd", 10 * time.Second, false}, {"ef", 10 * time.Second, false}, {}, {"12345678"[:5] + "678", 10 * time.Second, true}, {"gh", 3 * time.Second, false}} {
			c, err := s.Next(t.Context())
			if want.data == "" {
				if !errors.Is(err, ErrLost) {
					t.Errorf("slot %d: %v, %v; want a loss", i, c, err)
				}
				continue
			}
			if err != nil || string(c.Data) != want.data || c.Length != want.length || c.Overflow != want.overflow ||
				!c.Start.Equal(begin.Add(time.Duration(i)*15*time.Second)) {
				t.Errorf("slot %d: %q %v+%v overflow %v, %v", i, c.Data, c.Start.Sub(begin), c.Length, c.Overflow, err)
			}
		}
		if _, err := s.Next(t.Context()); !errors.Is(err, io.EOF) {
			t.Errorf("after the end: %v", err)
		}
	})
}

// TestReaderThatIsBehind: each clip keeps its own slot's bytes, and what is
// too old is a loss and not another slot's footage.
func TestReaderThatIsBehind(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		in, camera := io.Pipe()
		s, err := Open("stdin:", Options{Segment: time.Second, MaxBytes: 8, Stdin: in})
		if err != nil {
			t.Fatal(err)
		}
		go func() {
			time.Sleep(time.Second / 2)
			for i := range maxBehind + 4 {
				fmt.Fprintf(camera, "%d", i)
				time.Sleep(time.Second)
			}
			camera.Close()
		}()
		if c, err := s.Next(t.Context()); err != nil || string(c.Data) != "0" {
			t.Fatalf("%q, %v", c.Data, err)
		}
		time.Sleep((maxBehind + 1) * time.Second)
		for i := 1; i <= maxBehind; i++ {
			if c, err := s.Next(t.Context()); err != nil || string(c.Data) != fmt.Sprint(i) {
				t.Errorf("slot %d: %q, %v", i, c.Data, err)
			}
		}
		if _, err := s.Next(t.Context()); !errors.Is(err, ErrLost) {
			t.Errorf("a slot that was dropped: %v", err)
		}
		for {
			if _, err := s.Next(t.Context()); errors.Is(err, io.EOF) {
				break
			}
		}
	})
}

func TestRawCommand(t *testing.T) {
	t.Parallel()
	s := mustOpen(t, `raw:["printf","a b;$HOME"]`, Options{Segment: time.Second, MaxBytes: 100})
	c := next(t, s)
	if string(c.Data) != "a b;$HOME" || c.Length > time.Second {
		t.Errorf("%q for %v", c.Data, c.Length)
	}
	if _, err := s.Next(t.Context()); !errors.Is(err, io.EOF) {
		t.Errorf("after the end: %v", err)
	}
	failing := mustOpen(t, "raw:cat /no/such/file", Options{Segment: time.Second, MaxBytes: 100})
	for range 2 { // and trying again is possible
		if _, err := failing.Next(t.Context()); !errors.Is(err, ErrLost) || !strings.Contains(err.Error(), "/no/such/file") {
			t.Errorf("a command that fails: %v", err)
		}
	}
	endless := mustOpen(t, "raw:cat /dev/zero", Options{Segment: time.Second, MaxBytes: 100})
	if c := next(t, endless); !c.Overflow || len(c.Data) != 100 {
		t.Errorf("too much: %d bytes, overflow %v", len(c.Data), c.Overflow)
	}
}

func TestLostCameraIsTriedLessAndLess(t *testing.T) {
	c := &jumping{now: noon}
	var r retry
	for losses, want := range []time.Duration{0, time.Second, 2 * time.Second, 4 * time.Second, 8 * time.Second, 16 * time.Second, maxPause, maxPause} {
		r.losses = losses
		before := c.Now()
		if err := r.wait(t.Context(), c); err != nil || c.Now().Sub(before) != want {
			t.Errorf("after %d losses: %v, %v; want %v", losses, c.Now().Sub(before), err, want)
		}
	}
	r.losses = 1 << 40
	before := c.Now()
	if err := r.wait(t.Context(), c); err != nil || c.Now().Sub(before) != maxPause {
		t.Errorf("after very many: %v, %v", c.Now().Sub(before), err)
	}
}
