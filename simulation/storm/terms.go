package storm

import (
	"crypto/ed25519"
	"crypto/sha256"
	"fmt"
	"strings"
	"time"

	"detente/agreement"
	"detente/statement"
)

// The names of the cast, and of what the text is about.
const (
	depositaryName = "secretariat"
	recorderName   = "cameras"
	hostName       = "iran" // finds whether the sanctions are lifted
	agencyName     = "iaea" // the vault opens to it
	mirrorName     = "archive"
	vaultName      = "footage"
	commitmentName = "lift-sanctions"
	measureName    = "us-sanctions"
	cameraName     = "main"
)

// Terms are what the text says, as the seed drew it. Times are from the start.
type Terms struct {
	Witnesses, Need, Faulty int
	Custodians, Open        int // Open of them open an epoch
	Absent                  int
	Opens, Closes           time.Duration
	Window, Within, Hold    time.Duration
	Working, Margin         time.Duration
	Epoch, Cadence          time.Duration
	Pending, Else, Then     string

	// What amendments change; the first text has none of it.
	Extended time.Duration // how much later the vault closes
	Relieved bool          // the last witness is replaced by the spare one
	Wider    bool          // the measure is against both parties
	Edition  int           // of several texts that say the same otherwise
}

// witnesses are the names of those whom this text has.
func (t *Terms) witnesses() []string {
	all := names(t.Witnesses, witnessName)
	if t.Relieved {
		all[t.Witnesses-1] = witnessName(t.Witnesses)
	}
	return all
}

// begin is the instant at which every history begins: that of the bubble.
var begin = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)

// segmentBytes is how much a clip holds, padded.
const segmentBytes = 1024

// extension is how much later amendments let a vault close, at most.
const extension = 10 * time.Minute

// cut is the instant before which a decision must have been sealed.
func (t *Terms) cut() time.Duration { return t.Closes + extension + t.Hold + 2*t.Window + t.Working }

func witnessName(i int) string   { return fmt.Sprintf("witness-%d", i+1) }
func custodianName(i int) string { return fmt.Sprintf("custodian-%d", i+1) }

// keys are everybody's, drawn from the seed.
type keys struct{ seed uint64 }

func (k keys) seedOf(name string) []byte {
	d := sha256.Sum256(fmt.Appendf(nil, "storm %d %s", k.seed, name))
	return d[:]
}

func (k keys) signer(name string) statement.Signer {
	s, err := statement.NewSigner(name, k.seedOf(name))
	if err != nil {
		panic(err) // a seed of 32 bytes is one
	}
	return s
}

func (k keys) private(name string) ed25519.PrivateKey { return ed25519.NewKeyFromSeed(k.seedOf(name)) }

func (k keys) public(name string) string { return k.signer(name).Public().String() }

func (k keys) witness(name string) statement.WitnessKey {
	w, err := statement.NewWitnessKey(name, k.signer(name).Public())
	if err != nil {
		panic(err) // the names are ours
	}
	return w
}

func names(n int, name func(int) string) (out []string) {
	for i := range n {
		out = append(out, name(i))
	}
	return out
}

func seconds(d time.Duration) string { return fmt.Sprintf("%d seconds", d/time.Second) }

// text is the agreement.
func (t *Terms) text(k keys) string {
	var b strings.Builder
	w := func(format string, args ...any) { fmt.Fprintf(&b, format, args...) }
	w("detente 1\n\n")
	if t.Edition > 0 {
		w("# Edition %d.\n\n", t.Edition)
	}
	w("agreement storm {\n  title = \"Understanding on continued monitoring\"\n  timezone = \"UTC\"\n  clock = simulated\n")
	w("  witnesses = { of = [%s], quorum = %d, faulty = %d }\n  proof_window = %s\n}\n", strings.Join(t.witnesses(), ", "), t.Need, t.Faulty, seconds(t.Window))
	w("depositary %s { key = %q }\n", depositaryName, k.public(depositaryName))
	w("party %s { keys = { of = [%q], need = 1 } }\n", hostName, k.public(hostName))
	w("party %s { keys = { of = [%q], need = 1 } }\n", agencyName, k.public(agencyName))
	w("party us { signs = no }\n")
	for _, name := range t.witnesses() {
		w("witness %s { key = %q }\n", name, k.witness(name))
	}
	w("device %s {\n  operators = [%s, %s]\n  key = %q\n}\n", recorderName, hostName, agencyName, k.public(recorderName))
	for _, name := range names(t.Custodians, custodianName) {
		w("custodian %s {\n  named_by = neutral\n  key = %q\n}\n", name, k.public(name))
	}
	against := hostName
	if t.Wider {
		against += ", " + agencyName
	}
	w("measure %s {\n  by = us\n  against = [%s]\n  starts = in-force\n}\n", measureName, against)
	w("commitment %s {\n  by = us\n  to = [%s]\n  do = %s.lifted\n  due = %s.closes\n  reported = { by = [%s, %s] }\n", commitmentName, hostName, measureName, vaultName, hostName, agencyName)
	w("  verified = { by = %s, within = %s, silence = accepts }\n}\n", hostName, seconds(t.Within))
	w("vault %s {\n  records = \"surveillance\"\n  recorder = %s\n  host = %s\n  opens_to = [%s]\n  opens_if = %s.fulfilled\n", vaultName, recorderName, hostName, agencyName, commitmentName)
	w("  opens = %s\n  closes = %s\n  pending = %s\n  else = %s\n", rfc(t.Opens), rfc(t.Closes+t.Extended), t.Pending, t.Else)
	w("  hold = { at_most = %s, then = %s }\n  cut = { working = %s, margin = %s }\n", seconds(t.Hold), t.Then, seconds(t.Working), seconds(t.Margin))
	w("  epochs = { every = %s, segments = 10 seconds, cadence = %s, bytes = %d }\n", seconds(t.Epoch), seconds(t.Cadence), segmentBytes)
	w("  custodians = { of = [%s], need = %d, absent = %d }\n}\n", strings.Join(names(t.Custodians, custodianName), ", "), t.Open, t.Absent)
	return b.String()
}

func rfc(d time.Duration) string { return begin.Add(d).Format(time.RFC3339) }

// bundle is the text as a bundle, and read.
func (t *Terms) bundle(k keys) (*agreement.Bundle, *agreement.Agreement, error) {
	b, err := agreement.NewBundle([]agreement.File{{Path: "storm.agreement", Data: []byte(t.text(k))}})
	if err != nil {
		return nil, nil, err
	}
	a, diagnostics := agreement.Read(b)
	if a == nil {
		return nil, nil, fmt.Errorf("the text does not read: %+v", diagnostics)
	}
	return b, a, nil
}
