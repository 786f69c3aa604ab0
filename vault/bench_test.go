package vault

import (
	"bytes"
	"fmt"
	"io"
	"testing"
)

// The figures in docs come from
//
//	go test ./vault -run '^$' -bench . -cpu 1

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

func BenchmarkSealSegment(b *testing.B) {
	id := epochIdentity(b, 1)
	data := make([]byte, 4<<20-LengthSize)
	b.SetBytes(4 << 20)
	for b.Loop() {
		if _, err := SealSegment(io.Discard, id.Recipient(), data, 4<<20); err != nil {
			b.Fatal(err)
		}
	}
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
