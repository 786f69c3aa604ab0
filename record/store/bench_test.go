package store

import (
	"context"
	"encoding/binary"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// Benchmarks of appending 1 KiB entries, each a run of some time in which every
// writer waits for its entry to be durable before the next:
//
//	go test -run '^$' -bench Append -benchtime 1x ./record/store -for 3s
//
// "raw" is what most would write: a file to which 1 KiB is appended, and
// fsync. "limit" is the least that a group of 256 such entries can cost: one
// write over blocks that are there already, and fdatasync. Compare ratios, not
// wall times. What was written stays in -keep, if given: ext4 looks at each
// inode deleted in the last minutes when it makes a file, which makes the next
// run slower.
var (
	benchFor  = flag.Duration("for", time.Second, "how long a benchmark of appending runs")
	benchKeep = flag.String("keep", "", "folder in which benchmarks leave what they wrote")
)

func benchDir(b *testing.B) string {
	if *benchKeep == "" {
		return b.TempDir()
	}
	dir, err := os.MkdirTemp(*benchKeep, "detente-")
	if err != nil {
		b.Fatal(err)
	}
	return dir
}

func BenchmarkAppend(b *testing.B) {
	b.Run("raw", func(b *testing.B) {
		benchmarkFile(b, 1, func(f *os.File, i int64) error {
			if _, err := f.Write(make([]byte, 1024)); err != nil {
				return err
			}
			return f.Sync()
		})
	})
	b.Run("limit", func(b *testing.B) {
		group := make([]byte, 256*(2+1024))
		benchmarkFile(b, 256, func(f *os.File, i int64) error {
			if _, err := f.WriteAt(group, i%64*int64(len(group))); err != nil {
				return err
			}
			return syscall.Fdatasync(int(f.Fd()))
		})
	})
	for _, c := range []struct{ writers, records int }{{1, 1}, {256, 1}, {256, 64}} {
		b.Run(fmt.Sprintf("%d writers %d records", c.writers, c.records), func(b *testing.B) {
			benchmarkAppend(b, c.writers, c.records)
		})
	}
}

// benchmarkFile repeats one write of some entries.
func benchmarkFile(b *testing.B, entries int, write func(f *os.File, i int64) error) {
	f, err := os.Create(filepath.Join(benchDir(b), "file"))
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	if entries > 1 { // blocks to write over
		if _, err := f.Write(make([]byte, 64*entries*(2+1024))); err != nil {
			b.Fatal(err)
		}
		if err := f.Sync(); err != nil {
			b.Fatal(err)
		}
	}
	var n int64
	for b.Loop() {
		for end := time.Now().Add(*benchFor); time.Now().Before(end); n++ {
			if err := write(f, n); err != nil {
				b.Fatal(err)
			}
		}
	}
	b.ReportMetric(float64(n)*float64(entries)/b.Elapsed().Seconds(), "entries/s")
}

func benchmarkAppend(b *testing.B, writers, records int) {
	s := mustOpen(b, benchDir(b), Options{})
	var logs []*Log
	for i := range records {
		logs = append(logs, mustCreate(b, s, fmt.Sprint("d/", i)))
	}
	var n atomic.Int64
	for b.Loop() {
		var all sync.WaitGroup
		end := time.Now().Add(*benchFor)
		for w := range writers {
			all.Go(func() {
				entry := make([]byte, 1024)
				for i := uint64(0); time.Now().Before(end); i++ {
					binary.BigEndian.PutUint64(entry, uint64(w)<<32|i)
					if _, _, err := logs[w%records].Append(context.Background(), entry, -1); err != nil {
						b.Error(err)
						return
					}
					n.Add(1)
				}
			})
		}
		all.Wait()
	}
	b.ReportMetric(float64(n.Load())/b.Elapsed().Seconds(), "entries/s")
	b.ReportMetric(float64(n.Load())/float64(s.next), "entries/group")
}
