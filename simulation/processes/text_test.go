package processes

import (
	"fmt"
	"strings"
	"time"
)

// The cast.
const (
	host     = "iran"
	agency   = "iaea"
	registry = "secretariat"
	cameras  = "site-cameras"
	copyist  = "copy"
	vaultOf  = "footage"
)

var (
	witnesses  = []string{"vienna", "geneva", "muscat", "seoul"}
	custodians = []string{"c1", "c2", "c3", "c4"}
)

const (
	need   = 2
	absent = 1
	// rate is how many seconds of the record pass in one of the machine: a clip
	// each tenth of a second, a window of a second, an epoch of six.
	rate    = 600
	cadence = time.Minute
	epoch   = time.Hour
	window  = 10 * time.Minute
	batch   = 2 * time.Minute
	clip    = 2048 // bytes of a segment, padded
)

var (
	begins = time.Date(2021, 2, 21, 0, 0, 0, 0, time.UTC)
	opens  = begins.Add(time.Minute)
	closes = begins.AddDate(0, 0, 60)
)

// text is the agreement under the keys of a cast. otherwise is what becomes
// of the vault at the close: nothing else is ever claimed.
func text(keys map[string]string, otherwise string) string {
	var b strings.Builder
	w := func(format string, args ...any) { fmt.Fprintf(&b, format, args...) }
	seconds := func(d time.Duration) string { return fmt.Sprintf("%d seconds", d/time.Second) }
	w("detente 1\n\nagreement cameras {\n  title = \"Understanding on continued monitoring\"\n  timezone = \"UTC\"\n  clock = simulated\n")
	w("  witnesses = { of = [%s], quorum = 3, faulty = 1 }\n  proof_window = %s\n}\n", strings.Join(witnesses, ", "), seconds(window))
	w("depositary %s { key = %q }\n", registry, keys[registry])
	for _, name := range []string{host, agency} {
		w("party %s { keys = { of = [%q], need = 1 } }\n", name, keys[name])
	}
	for _, name := range witnesses {
		w("witness %s { key = %q }\n", name, keys[name])
	}
	w("device %s {\n  operators = [%s, %s]\n  key = %q\n}\n", cameras, host, agency, keys[cameras])
	for _, name := range custodians {
		w("custodian %s {\n  named_by = neutral\n  key = %q\n}\n", name, keys[name])
	}
	w("party us { signs = no }\nmeasure us-sanctions {\n  by = us\n  against = [%s]\n  starts = in-force\n}\n", host)
	w("commitment lift-sanctions {\n  by = us\n  to = [%s]\n  do = us-sanctions.lifted\n  due = %s.closes\n  reported = { by = [%s, %s] }\n", host, vaultOf, host, agency)
	w("  verified = { by = %s, within = 14 days, silence = accepts }\n}\n", host)
	w("vault %s {\n  records = \"surveillance\"\n  recorder = %s\n  host = %s\n  opens_to = [%s]\n  opens_if = lift-sanctions.fulfilled\n", vaultOf, cameras, host, agency)
	w("  opens = %s\n  closes = %s\n  pending = hold\n  else = %s\n", opens.Format(time.RFC3339), closes.Format(time.RFC3339), otherwise)
	w("  hold = { at_most = 20 days, then = erase }\n  cut = { working = 2 days, margin = 1 hour }\n")
	w("  epochs = { every = %s, segments = 10 seconds, cadence = %s, bytes = %d }\n", seconds(epoch), seconds(cadence), clip)
	w("  custodians = { of = [%s], need = %d, absent = %d }\n}\n", strings.Join(custodians, ", "), need, absent)
	return b.String()
}
