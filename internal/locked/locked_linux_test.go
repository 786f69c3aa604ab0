package locked

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"
)

// flagsAt are the flags of the mapping in which an address lies, as the kernel
// has them.
func flagsAt(t *testing.T, address uintptr) []string {
	t.Helper()
	f, err := os.Open("/proc/self/smaps")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	inside := false
	for lines := bufio.NewScanner(f); lines.Scan(); {
		fields := strings.Fields(lines.Text())
		if from, to, ok := strings.Cut(fields[0], "-"); ok {
			a, err1 := strconv.ParseUint(from, 16, 64)
			b, err2 := strconv.ParseUint(to, 16, 64)
			if err1 == nil && err2 == nil {
				inside = uint64(address) >= a && uint64(address) < b
			}
		}
		if inside && fields[0] == "VmFlags:" {
			return fields[1:]
		}
	}
	t.Fatalf("no mapping at %x", address)
	return nil
}

func TestLockedAndLeftOutOfDumps(t *testing.T) {
	b, err := New(64)
	if err != nil {
		t.Fatal(err)
	}
	defer b.Free()
	flags := flagsAt(t, uintptr(unsafe.Pointer(&b.Bytes()[0])))
	for _, want := range []string{"lo", "dd", "dc"} { // locked, do not dump, do not copy on fork
		if !slices.Contains(flags, want) {
			t.Errorf("flags %v: want %s", flags, want)
		}
	}
	if heap := flagsAt(t, uintptr(unsafe.Pointer(b))); slices.Contains(heap, "lo") {
		t.Errorf("the heap is locked too (%v): the test shows nothing", heap)
	}
	if !b.Locked() {
		t.Error("it says that it is not locked")
	}
}

func TestFreeWipes(t *testing.T) {
	secret := bytes.Repeat([]byte("secret.."), 8)
	b, err := Of(secret)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(secret, make([]byte, 64)) {
		t.Error("what was moved is still where it was")
	}
	if !bytes.Equal(b.Bytes(), bytes.Repeat([]byte("secret.."), 8)) {
		t.Error("it is not in the buffer")
	}
	for _, verb := range []string{"%v", "%s", "%x", "%#v", "%d"} {
		if got := fmt.Sprintf(verb, b); got != "locked memory, 64 bytes" {
			t.Errorf("%s prints %q", verb, got)
		}
	}
	seen := b.Bytes()
	// The page stays mapped for this one look: release would end the process.
	region := b.region
	b.region = nil
	b.Free()
	if !bytes.Equal(seen, make([]byte, 64)) {
		t.Errorf("after Free: %q", seen)
	}
	if err := unix.Munmap(region); err != nil {
		t.Fatal(err)
	}
	b.Free()
	(*Buffer)(nil).Free()
}

func TestSizes(t *testing.T) {
	for n, ok := range map[int]bool{-1: false, 0: false, 1: true, MaxSize: true, MaxSize + 1: false} {
		b, err := New(n)
		if (err == nil) != ok {
			t.Errorf("%d bytes: %v", n, err)
		}
		b.Free()
	}
}

// role is the environment variable by which a test starts itself as a process
// of another role.
const role = "LOCKED_TEST_ROLE"

func TestMain(m *testing.M) {
	switch os.Getenv(role) {
	case "":
		os.Exit(m.Run())
	case "overrun":
		b, err := New(16)
		if err != nil {
			os.Exit(9)
		}
		past := unsafe.Slice(&b.Bytes()[0], 17)
		fmt.Println(past[16])
	case "limit":
		if err := unix.Setrlimit(unix.RLIMIT_MEMLOCK, &unix.Rlimit{Cur: 0, Max: 0}); err != nil {
			os.Exit(9)
		}
		dropped()
	case "hardened":
		b, err := Of([]byte("a secret that nobody dumps"))
		if err != nil || Harden() != nil {
			os.Exit(9)
		}
		var r unix.Rlimit
		if unix.Getrlimit(unix.RLIMIT_CORE, &r) != nil || r.Cur != 0 || r.Max != 0 {
			os.Exit(8)
		}
		dumpable, err := unix.PrctlRetInt(unix.PR_GET_DUMPABLE, 0, 0, 0, 0)
		if err != nil || dumpable != 0 {
			os.Exit(7)
		}
		io.WriteString(os.Stdout, "ready\n")
		io.Copy(io.Discard, os.Stdin)
		b.Free()
	}
	os.Exit(0)
}

// dropped tries to lock memory as somebody whom the limit binds: root is bound
// by none.
func dropped() {
	if unix.Geteuid() == 0 {
		if err := unix.Prctl(unix.PR_CAPBSET_DROP, unix.CAP_IPC_LOCK, 0, 0, 0); err != nil {
			os.Exit(9)
		}
		header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
		var data [2]unix.CapUserData
		if unix.Capset(&header, &data[0]) != nil {
			os.Exit(9)
		}
	}
	_, err := New(32)
	fmt.Println(err)
	os.Exit(0)
}

func as(t *testing.T, what string) *exec.Cmd {
	t.Helper()
	c := exec.Command(os.Args[0], "-test.run=^$")
	c.Env = append(os.Environ(), role+"="+what)
	return c
}

// Reading one byte past the end does not show the next secret.
func TestGuardPages(t *testing.T) {
	out, err := as(t, "overrun").CombinedOutput()
	if err == nil || !bytes.Contains(out, []byte("fault")) {
		t.Errorf("a read past the end: %v: %s", err, out)
	}
}

func TestLimitIsSaid(t *testing.T) {
	out, err := as(t, "limit").CombinedOutput()
	if err != nil || !bytes.Contains(out, []byte("ulimit -l")) || !bytes.Contains(out, []byte("0 KiB")) {
		t.Errorf("without the right to lock memory: %v: %s", err, out)
	}
}

func TestHarden(t *testing.T) {
	c := as(t, "hardened")
	in, err := c.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	if line, err := bufio.NewReader(out).ReadString('\n'); line != "ready\n" {
		t.Fatalf("%q, %v, %v", line, err, c.Wait())
	}
	if unix.Geteuid() != 0 { // root may read all the same
		if f, err := os.Open(fmt.Sprintf("/proc/%d/mem", c.Process.Pid)); err == nil {
			f.Close()
			t.Error("another process of the same user opens its memory")
		}
	}
	in.Close()
	if err := c.Wait(); err != nil {
		t.Error(err)
	}
}

// A buffer that nobody frees is wiped once it is garbage; one that was freed is
// not touched again.
func TestLostBuffersAreWiped(t *testing.T) {
	var seen [][]byte
	func() {
		for i := range 50 {
			b, err := Of([]byte("lost"))
			if err != nil {
				t.Fatal(err)
			}
			if i%2 == 0 {
				b.Free()
				continue
			}
			seen = append(seen, b.Bytes())
		}
	}()
	for range 100 {
		runtime.GC()
		if !slices.ContainsFunc(seen, func(b []byte) bool { return b[0] != 0 }) {
			return
		}
		runtime.Gosched()
	}
	t.Error("lost buffers are not wiped")
}
