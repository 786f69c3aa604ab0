package vault

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"io"
	"runtime"
	"testing"
	"time"

	"detente/agreement"
	"detente/statement"

	"golang.org/x/crypto/chacha20poly1305"
)

// The figures in docs/design/vault-figures.md come from these benchmarks; the
// command stands there.

func BenchmarkDeal(b *testing.B) {
	for _, n := range []int{7, 31, 101} {
		r := newRoster(b, n, n/2+1, 0)
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			for b.Loop() {
				r.deal(b, 1)
			}
		})
	}
}

func BenchmarkRecover(b *testing.B) {
	for _, n := range []int{7, 31, 101} {
		r := newRoster(b, n, n/2+1, 0)
		d := r.deal(b, 1)
		shares := r.open(b, d, 1, n/2+1)
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			for b.Loop() {
				if _, err := d.Recover(shares); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkSealSegment seals segments of 4 MiB and, in turn with it, does only
// what cannot be left out: ChaCha20-Poly1305 in age's pieces and SHA-256 over
// the result. limit-MB/s is 1 / (1/cipher + 1/hash), the most that one core
// can do; of-limit is the share of it that is reached.
func BenchmarkSealSegment(b *testing.B) {
	const padded = 4 << 20
	id := epochIdentity(b, 1)
	data := make([]byte, padded-LengthSize)
	aead, err := chacha20poly1305.New(make([]byte, chacha20poly1305.KeySize))
	if err != nil {
		b.Fatal(err)
	}
	nonce, piece := make([]byte, aead.NonceSize()), make([]byte, 0, PieceSize)
	var cipher, hash, seal time.Duration
	b.SetBytes(padded)
	for b.Loop() {
		begun := time.Now()
		for at := 0; at < padded; at += pieceData {
			piece = aead.Seal(piece[:0], nonce, data[at:min(at+pieceData, len(data))], nil)
		}
		ciphered := time.Now()
		sha256.Sum256(data)
		hashed := time.Now()
		if _, err := SealSegment(io.Discard, id.Recipient(), data, padded); err != nil {
			b.Fatal(err)
		}
		cipher, hash, seal = cipher+ciphered.Sub(begun), hash+hashed.Sub(ciphered), seal+time.Since(hashed)
	}
	rate := func(d time.Duration) float64 { return padded * float64(b.N) / 1e6 / d.Seconds() }
	b.ReportMetric(rate(cipher), "cipher-MB/s")
	b.ReportMetric(rate(hash), "hash-MB/s")
	b.ReportMetric(rate(cipher+hash), "limit-MB/s")
	b.ReportMetric(rate(seal), "seal-MB/s")
	b.ReportMetric((cipher+hash).Seconds()/seal.Seconds(), "of-limit")
}

func BenchmarkVerifySegment(b *testing.B) {
	segment, w := sealTo(b, epochIdentity(b, 1), nil, 4<<20)
	b.SetBytes(4 << 20)
	for b.Loop() {
		if err := VerifySegment(bytes.NewReader(segment), w.Size, w.Root); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkCoverage takes batches of five minutes of one camera, all in order.
// The live memory is what the survey holds after the last one, over what it
// held after the first.
func BenchmarkCoverage(b *testing.B) {
	f := newFilm(b)
	f.ledger.Terms.Epoch = 1 << 30
	const batches, each = 700, 30
	for i := range int64(batches) {
		var ms []*SignedManifest
		for slot := i * each; slot < (i+1)*each; slot++ {
			ms = append(ms, f.shoot("east", slot, nil))
		}
		f.seal((i+1)*each-1, ms...)
	}
	const n = batches * each
	live := func() int64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		return int64(m.HeapAlloc)
	}
	before, after := int64(0), int64(0)
	begun := time.Now()
	for b.Loop() {
		calls := 0
		c, err := f.ledger.Coverage(CoverageInput{
			Opens: worldOpens, Closes: worldOpens + n*10, AsOf: worldOpens + n*10 + commitWithin,
			ExistedBy: func(entry int64) (agreement.Instant, bool) { return f.entries[entry].Clock, true },
			Batch: func(d Digest) ([]byte, error) {
				if calls++; calls == 2 {
					before = live()
				} else if calls == batches {
					after = live()
				}
				return f.objects[d], nil
			},
		})
		if err != nil || c.Cameras[0].Seconds.Covered != n*10 {
			b.Fatalf("%v, %v", c.Summary(), err)
		}
	}
	b.ReportMetric(time.Since(begun).Seconds()*1e6/float64(b.N)/n, "s/million")
	b.ReportMetric(float64(after-before)/(n-2*each), "MB-live/million")
}

// BenchmarkLedger folds other statements: what every entry costs a ledger at least.
func BenchmarkLedger(b *testing.B) {
	const n = 100_000
	terms := worldTerms(7, 4, 1)
	var before, after runtime.MemStats
	for b.Loop() {
		l, err := NewLedger(terms)
		if err != nil {
			b.Fatal(err)
		}
		runtime.GC()
		runtime.ReadMemStats(&before)
		s := &statement.Statement{By: "recorder", Body: statement.DeclareBody{}}
		for i := range int64(n) {
			e := Entry{Index: i, Statement: s, Clock: worldOpens}
			e.Root[0], e.Root[1], e.Root[2] = byte(i), byte(i>>8), byte(i>>16)
			if _, err := l.Append(e); err != nil {
				b.Fatal(err)
			}
		}
		runtime.GC()
		runtime.ReadMemStats(&after)
		runtime.KeepAlive(l)
	}
	b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/n, "B-live/entry")
}
