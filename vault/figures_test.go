package vault

import (
	"crypto/sha256"
	"io"
	"runtime"
	"sync"
	"testing"
	"time"

	"filippo.io/age"
	"golang.org/x/crypto/chacha20poly1305"
)

// figurePadded is the plaintext of one segment in the figures.
const figurePadded = 4 << 20

// A lane is what one core does over and over.
type lane func()

// rate runs a lane n times on each of so many cores and gives MB/s of plaintext.
func rate(cores, n int, l lane) float64 {
	began := time.Now()
	var all sync.WaitGroup
	for range cores {
		all.Go(func() {
			for range n {
				l()
			}
		})
	}
	all.Wait()
	return figurePadded * float64(cores*n) / 1e6 / time.Since(began).Seconds()
}

// primitives are what neither sealing nor opening can leave out, over data.
func primitives(b *testing.B, data []byte) (seal, open, hash lane) {
	aead, err := chacha20poly1305.New(make([]byte, chacha20poly1305.KeySize))
	if err != nil {
		b.Fatal(err)
	}
	nonce := make([]byte, aead.NonceSize())
	sealed := aead.Seal(nil, nonce, data[:pieceData], nil)
	seal = func() {
		piece := make([]byte, 0, PieceSize)
		for at := 0; at < len(data); at += pieceData {
			piece = aead.Seal(piece[:0], nonce, data[at:min(at+pieceData, len(data))], nil)
		}
	}
	open = func() {
		piece := make([]byte, 0, PieceSize)
		for at := 0; at < len(data); at += pieceData {
			if _, err := aead.Open(piece[:0], nonce, sealed, nil); err != nil {
				panic(err)
			}
		}
	}
	return seal, open, func() { sha256.Sum256(data) }
}

// BenchmarkFigures seals and opens, in turns with the primitives and with stock
// age and a digest over what it writes. scripts/bench.sh reads the metrics:
// limit is 1/(1/cipher + 1/hash) of the same turns.
func BenchmarkFigures(b *testing.B) {
	id := epochIdentity(b, 1)
	data := make([]byte, figurePadded-LengthSize)
	segment, w := sealTo(b, id, data, figurePadded)
	cipher, decipher, hash := primitives(b, data)
	must := func(err error) {
		if err != nil {
			panic(err) // of a goroutine that is not the benchmark's
		}
	}
	ours := func() {
		_, err := SealSegment(io.Discard, id.Recipient(), data, figurePadded)
		must(err)
	}
	m := &Manifest{Size: w.Size, Root: w.Root}
	openers := make(chan *Opener, 2) // one for each core
	openers <- new(Opener)
	openers <- new(Opener)
	opens := func() {
		o := <-openers
		_, _, err := o.Open(m, segment, m.Epoch, id, figurePadded)
		must(err)
		openers <- o
	}
	to, err := ParseRecipient(id.Recipient())
	must(err)
	stock := func() {
		digest := sha256.New()
		out, err := age.Encrypt(digest, to)
		must(err)
		_, err = out.Write(data)
		must(err)
		must(out.Close())
	}
	sum := map[string]float64{}
	const turns = 3 // of each lane in one round, 12 MiB
	for b.Loop() {
		cores := min(2, runtime.GOMAXPROCS(0))
		c, d, h := rate(1, turns, cipher), rate(1, turns, decipher), rate(1, turns, hash)
		for name, mbs := range map[string]float64{
			"seal-limit": 1 / (1/c + 1/h), "open-limit": 1 / (1/d + 1/h),
			"seal": rate(1, turns, ours), "seal2": rate(cores, turns, ours), "stock": rate(1, turns, stock),
			"open": rate(1, turns, opens), "open2": rate(cores, turns, opens),
		} {
			sum[name] += 1 / mbs
		}
	}
	for name, s := range sum {
		b.ReportMetric(float64(b.N)/s, name)
	}
}
