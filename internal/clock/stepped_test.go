package clock

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"
)

func TestStepped(t *testing.T) {
	path := filepath.Join(t.TempDir(), "steps")
	synctest.Test(t, func(t *testing.T) {
		anchor := time.Now()
		step := func(off time.Duration) {
			t.Helper()
			if err := Step(path, anchor, off); err != nil {
				t.Fatal(err)
			}
			time.Sleep(reread)
		}
		step(0)
		parsed, err := Parse(fmt.Sprintf("2021-02-21T00:00:00Z@steps:%s*60", path))
		if err != nil {
			t.Fatal(err)
		}
		start := time.Date(2021, 2, 21, 0, 0, 0, 0, time.UTC)
		shows := func(off time.Duration) {
			t.Helper()
			if want := start.Add(60*time.Since(anchor) + off); !parsed.Now().Equal(want) {
				t.Errorf("the clock shows %v; want %v", parsed.Now(), want)
			}
		}
		shows(0)
		step(-time.Hour)
		shows(-time.Hour)
		before := time.Now()
		if err := parsed.Sleep(context.Background(), time.Minute); err != nil || time.Since(before) != time.Second {
			t.Errorf("a minute takes %v, %v", time.Since(before), err)
		}
		target := parsed.Now().Add(time.Hour)
		go func() {
			time.Sleep(10 * time.Second)
			if err := Step(path, anchor, 0); err != nil { // an hour forward
				t.Error(err)
			}
		}()
		before = time.Now()
		if err := Until(context.Background(), parsed, target); err != nil || parsed.Now().Before(target) || time.Since(before) > 11*time.Second {
			t.Errorf("stepped forward it waits %v, %v", time.Since(before), err)
		}
		if err := os.WriteFile(path, []byte("nonsense"), 0o600); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		shows(0)
	})
	for _, content := range []string{"", "2021-02-21T00:00:00Z", "2021-02-21T00:00:00Z 1", "now 1h"} {
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := NewStepped(time.Time{}, path, 1); err == nil {
			t.Errorf("%q is taken", content)
		}
	}
}
