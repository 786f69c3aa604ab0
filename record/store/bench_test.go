package store

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
)

// Benchmarks of appending 1 KiB entries:
//
//	go test -run '^$' -bench Append ./record/store
//
// "raw" is the floor: one process writing 1 KiB and syncing, on the same disk in
// the same run. Compare ratios, not wall times.

func BenchmarkAppend(b *testing.B) {
	b.Run("raw", func(b *testing.B) {
		f, err := os.Create(filepath.Join(b.TempDir(), "file"))
		if err != nil {
			b.Fatal(err)
		}
		defer f.Close()
		entry := make([]byte, 1024)
		for b.Loop() {
			if _, err := f.Write(entry); err != nil {
				b.Fatal(err)
			}
			if err := f.Sync(); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "entries/s")
	})
	for _, c := range []struct{ writers, records int }{{1, 1}, {256, 1}, {256, 64}} {
		b.Run(fmt.Sprintf("%d writers %d records", c.writers, c.records), func(b *testing.B) {
			benchmarkAppend(b, c.writers, c.records)
		})
	}
}

func benchmarkAppend(b *testing.B, writers, records int) {
	s := mustOpen(b, b.TempDir(), Options{})
	var logs []*Log
	for i := range records {
		logs = append(logs, mustCreate(b, s, fmt.Sprint("d/", i)))
	}
	entry := make([]byte, 1024)
	var next atomic.Int64
	done := make(chan error, writers)
	b.ResetTimer()
	for w := range writers {
		go func() {
			l := logs[w%records]
			for next.Add(1) <= int64(b.N) {
				if _, _, err := l.Append(context.Background(), entry, -1); err != nil {
					done <- err
					return
				}
			}
			done <- nil
		}()
	}
	for range writers {
		if err := <-done; err != nil {
			b.Fatal(err)
		}
	}
	b.StopTimer()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "entries/s")
}
