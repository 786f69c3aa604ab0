package mirror

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"detente/record"
	"detente/statement"
)

// keepWaiting has the host never answer who waits for news, but do something
// first, once. What it gives waits until that is done.
func (b *book) keepWaiting(first func()) (settled func()) {
	done, over := make(chan struct{}), make(chan struct{})
	b.t.Cleanup(func() { close(done) })
	var told atomic.Bool
	b.before = func(r *http.Request) {
		if r.URL.Query().Get("after") == "" {
			return
		}
		if told.CompareAndSwap(false, true) {
			first()
			close(over)
		}
		select {
		case <-r.Context().Done():
		case <-done:
		}
	}
	return func() { <-over }
}

// What one call learns ends the wait of another, although the host answers the
// other's question for news never: else a custodian would sleep over what its
// own watch has learned.
func TestWaitNoticesWhatAnotherCallLearns(t *testing.T) {
	for _, final := range []bool{true, false} {
		b := newBook(t)
		f := b.follow(t.TempDir())
		if final {
			b.cosign(noon, "vienna", "geneva", "seoul")
		}
		update(t, f)
		settled := b.keepWaiting(func() {
			b.add(inert("x", 2)...)
			update(t, f)
		})
		ctx := within(t)
		if err := f.Wait(ctx, func(fold *record.Fold, _ int64) bool { return fold.Size() == 3 }); err != nil || ctx.Err() != nil {
			t.Errorf("with all final %t: %v", final, err)
		}
		settled()
	}
}

// A newer checkpoint of the same size is news to who judges checkpoints.
func TestWaitFinalSeesLaterTimes(t *testing.T) {
	b := newBook(t)
	f := b.follow(t.TempDir())
	b.cosign(noon, "vienna", "geneva", "seoul")
	update(t, f)
	_, judged := f.Final()
	settled := b.keepWaiting(func() {
		b.cosign(noon+60, "vienna", "geneva", "seoul")
		update(t, f)
	})
	ctx := within(t)
	if err := f.WaitFinal(ctx, judged); err != nil || ctx.Err() != nil {
		t.Fatal(err)
	}
	settled()
	if _, note := f.Final(); bytes.Equal(note, judged) {
		t.Error("woken for nothing")
	}
	// What came before the wait began does not keep it waiting.
	if err := f.WaitFinal(within(t), judged); err != nil {
		t.Error(err)
	}
}

// An older head is no fork: the wait goes on past it, it is kept and said, and
// nothing is taken from it. A fork ends the wait.
func TestWaitOutlivesAnOlderHead(t *testing.T) {
	b := newBook(t)
	var said bytes.Buffer
	f, err := Open(within(t), Config{Dir: t.TempDir(), Client: b.client(), Log: slog.New(slog.NewTextHandler(&said, nil))})
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	b.add(inert("x", 20)...)
	update(t, f)
	older := 0
	b.tamper = func(path string, body []byte) []byte {
		if strings.HasSuffix(path, "/head") && older < maxOlder+2 {
			older++
			return b.sign(b.fork(int64(older)).fold.Head())
		}
		return body
	}
	b.add(inert("y", 1)...)
	if err := f.Wait(within(t), func(fold *record.Fold, _ int64) bool { return fold.Size() == 22 }); err != nil || older != maxOlder+2 {
		t.Errorf("after %d older heads: %v", older, err)
	}
	if !strings.Contains(said.String(), "does not continue this record") {
		t.Errorf("it was not said: %s", said.String())
	}
	cases, err := os.ReadDir(filepath.Join(f.dir, "evidence"))
	if err != nil || len(cases) != maxOlder {
		t.Errorf("kept %d cases, want %d: %v", len(cases), maxOlder, err)
	}
	// There is room left for what matters.
	other := b.fork(2)
	other.add(inert("z", 30)...)
	b.tamper = nil
	b.mu.Lock()
	b.fold = other.fold
	b.mu.Unlock()
	err = f.Wait(context.Background(), func(*record.Fold, int64) bool { return false })
	if d, ok := errors.AsType[*DivergenceError](err); !ok || !d.Fork || d.Evidence == "" {
		t.Errorf("a fork after older heads: %v", err)
	}
}

// The word of one depositary against another's is no fork: a declared successor
// that nobody has asked to host cannot end who follows, nor can one that lacks
// what its predecessor never had cosigned. The same two heads under one key are.
func TestAnotherDepositarysHeadIsNoFork(t *testing.T) {
	b := newBookWith(t, fmt.Sprintf("}\n\ndepositary next {\n  successors = [host]\n  key = %q", key("x", "next").Public().String()))
	f := b.follow(t.TempDir())
	b.add(inert("x", 3)...)
	update(t, f)
	other := b.fork(2)
	other.add(inert("y", 2)...)
	shown := statement.Checkpoint{Origin: record.Origin(b.a), Size: 4, Root: other.fold.Root()}
	for label, fork := range map[string]bool{"next": false, "host": true} {
		note, err := statement.SignCheckpoint(shown, key(shown.Origin, label))
		if err != nil {
			t.Fatal(err)
		}
		_, err = f.advance(within(t), note, 4)
		if d, ok := errors.AsType[*DivergenceError](err); !ok || d.Fork != fork || temporary(err) == fork || d.Evidence == "" {
			t.Errorf("signed by %s: %v, fork %t", label, err, d != nil && d.Fork)
		}
	}
	if head, _ := f.Head(); head.Size != 4 || head.Root == (statement.Head{Root: shown.Root}).Root {
		t.Error("it was taken")
	}
}
