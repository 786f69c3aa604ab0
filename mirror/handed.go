package mirror

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"detente/agreement"
	"detente/internal/ustar"
	"detente/record"
	"detente/statement"

	"golang.org/x/mod/sumdb/tlog"
)

// A Handed is what somebody has who handed an entry to a mirror or custodian
// (second intake): the entry, and a signed receipt for it. The receipt is a
// signed note with the text
//
//	detente/receipt/1
//	agreement <64 hex>
//	entry <SHA-256 of the entry, 64 hex>
//	received <seconds since 1970>
//	seen <size> <root>
//
// where seen is the head that its signer had seen of the record. Who signs has
// a key in the agreement, or, outside of it, a key of its own that stands
// beside the receipt: whoever relies on that one has to know whose it is.
type Handed struct {
	Agreement agreement.Digest
	Entry     []byte
	Receipt   []byte // signed note
	Key       string // "ed25519 ..." of a signer that is no name of the agreement; else ""

	// Read from the receipt:
	By       string
	Received agreement.Instant
	Seen     statement.Head
}

// signReceipt makes a receipt.
func signReceipt(id agreement.Digest, entry []byte, received agreement.Instant, seen statement.Head, s statement.Signer) ([]byte, error) {
	text := fmt.Appendf(nil, "%sagreement %s\nentry %s\nreceived %d\nseen %d %s\n", statement.PurposeReceipt.Line(), id, digestOf(entry), received, seen.Size, seen.Root)
	sig, err := s.Sign(text)
	if err != nil {
		return nil, err
	}
	return statement.NewNote(text, statement.Signature{Name: s.Name(), Hash: s.Public().Hash(s.Name()), Sig: sig})
}

// ErrReceipt says that a receipt is not what it claims.
var ErrReceipt = errors.New("not a receipt for this entry")

// read takes the receipt apart; whose signature it is, verify says.
func (h *Handed) read() (*statement.Note, error) {
	n, err := statement.ParseNote(h.Receipt)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrReceipt, err)
	}
	if len(n.Sigs) != 1 {
		return nil, fmt.Errorf("%w: want one signature, has %d", ErrReceipt, len(n.Sigs))
	}
	var id, digest, root string
	var received, size int64
	if _, err := fmt.Sscanf(strings.TrimPrefix(string(n.Text), statement.PurposeReceipt.Line()), "agreement %s\nentry %s\nreceived %d\nseen %d %s\n", &id, &digest, &received, &size, &root); err != nil {
		return nil, fmt.Errorf("%w: its text is not that of a receipt", ErrReceipt)
	}
	seen, err := tlog.ParseHash(root)
	if err != nil {
		return nil, fmt.Errorf("%w: its head: %w", ErrReceipt, err)
	}
	if h.Agreement, err = agreement.ParseDigest(id); err != nil {
		return nil, fmt.Errorf("%w: its agreement: %w", ErrReceipt, err)
	}
	if digest != digestOf(h.Entry).String() {
		return nil, fmt.Errorf("%w: it is for the entry %.64q, this is %s", ErrReceipt, digest, digestOf(h.Entry))
	}
	h.By, h.Received, h.Seen = n.Sigs[0].Name, agreement.Instant(received), statement.Head{Size: size, Root: seen}
	again := fmt.Appendf(nil, "%sagreement %s\nentry %s\nreceived %d\nseen %d %s\n", statement.PurposeReceipt.Line(), h.Agreement, digest, received, size, seen)
	if !bytes.Equal(again, n.Text) || size < 0 || received < statement.MinInstant || received > statement.MaxInstant {
		return nil, fmt.Errorf("%w: its text is not that of a receipt", ErrReceipt)
	}
	return n, nil
}

// Verify checks the receipt's signature. keys are those of a name in the
// agreement, at the end of its record: nil if By is no name there, and then the
// key beside the receipt is used.
func (h *Handed) Verify(keys []statement.PublicKey) error {
	n, err := h.read()
	if err != nil {
		return err
	}
	if keys == nil {
		key, err := statement.ParsePublicKey(h.Key)
		if err != nil {
			return fmt.Errorf("%w: %s is no name of the agreement, and beside the receipt stands no key: %w", ErrReceipt, h.By, err)
		}
		keys = []statement.PublicKey{key}
	}
	sig := n.Sigs[0]
	for _, key := range keys {
		if sig.Hash == key.Hash(sig.Name) && statement.VerifyEd25519(key[:], n.Text, sig.Sig) {
			return nil
		}
	}
	return fmt.Errorf("%w: no key of %s made its signature", ErrReceipt, h.By)
}

// The files of a handed entry, in this order.
const (
	handedFormat  = "format"
	handedEntry   = "entry"
	handedReceipt = "receipt"
	handedKey     = "key"
)

// Bytes is what the client keeps, as one file; see spec/http.md.
func (h *Handed) Bytes() ([]byte, error) {
	files := []ustar.File{{Path: handedFormat, Data: []byte(statement.PurposeReceipt.Line())}, {Path: handedEntry, Data: h.Entry}, {Path: handedReceipt, Data: h.Receipt}}
	if h.Key != "" {
		files = append(files, ustar.File{Path: handedKey, Data: []byte(h.Key + "\n")})
	}
	return ustar.Bytes(files)
}

// ReadHanded reads such a file. The signature is not verified: see Verify.
func ReadHanded(b []byte) (*Handed, error) {
	files, err := ustar.Read(bytes.NewReader(b), ustar.Limits{Files: 4, File: statement.MaxEntry + 1, Total: 4 * statement.MaxEntry})
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrReceipt, err)
	}
	if len(files) < 3 || files[0].Path != handedFormat || files[1].Path != handedEntry || files[2].Path != handedReceipt || len(files) == 4 && files[3].Path != handedKey {
		return nil, fmt.Errorf("%w: want the files %s, %s, %s and perhaps %s", ErrReceipt, handedFormat, handedEntry, handedReceipt, handedKey)
	}
	if string(files[0].Data) != statement.PurposeReceipt.Line() {
		return nil, fmt.Errorf("%w: file format: want %q; a newer version needs a newer program", ErrReceipt, statement.PurposeReceipt.Line())
	}
	h := &Handed{Entry: files[1].Data, Receipt: files[2].Data}
	if len(files) == 4 {
		key, err := statement.ParsePublicKey(strings.TrimSuffix(string(files[3].Data), "\n"))
		if h.Key = key.String(); err != nil || h.Key+"\n" != string(files[3].Data) {
			return nil, fmt.Errorf("%w: file key: want a public key and a newline", ErrReceipt)
		}
	}
	_, err = h.read()
	return h, err
}

// Stands is how things are with an entry that was handed in.
type Stands string

// How things can be.
const (
	OnRecord Stands = "on-record" // it is on the record
	NotYet   Stands = "not-yet"   // the record has not gone on long enough to say
	Missing  Stands = "missing"   // the record went on without it
	Spoilt   Stands = "spoilt"    // it can no longer be put on the record, or need not be
)

// A Whereabouts is what a record shows of an entry that was handed in.
type Whereabouts struct {
	Stands   Stands
	Index    int64              // if it is on the record
	Why      string             // if it is spoilt
	Entries  int64              // by which the record went on since the receipt's head
	Time     agreement.Instant  // by which its clock went past the receipt's time; below zero if it did not
	Patience agreement.Duration // for so long a depositary may be asked again before it is called missing
}

// Find looks for the entry on a record, and verifies the receipt. An entry is
// missing if the record's clock has passed the time of the receipt by a whole
// proof window, with later entries, and it could still be put on the record.
func (h *Handed) Find(f *record.Fold) (*Whereabouts, error) {
	a := f.Agreement()
	if _, err := h.read(); err != nil {
		return nil, err
	}
	if h.Agreement != a.ID {
		return nil, fmt.Errorf("%w: it is for the record of agreement %s, this is that of %s", ErrReceipt, h.Agreement, a.ID)
	}
	if root, err := f.RootAt(h.Seen.Size); err == nil && h.Seen.Size > 0 && root != h.Seen.Root {
		return nil, fmt.Errorf("%s had seen another history of this record, with the root %s at size %d: compare the copies", h.By, h.Seen.Root, h.Seen.Size)
	}
	if err := h.verifyOn(f); err != nil {
		return nil, err
	}
	window := f.InForce().ProofWindow
	w := &Whereabouts{Stands: NotYet, Entries: f.Size() - h.Seen.Size, Time: f.Clock() - h.Received, Patience: window}
	if index, ok := onRecord(f, h.Entry); ok {
		w.Stands, w.Index = OnRecord, index
		return w, nil
	}
	if why := irrelevant(f, h.Entry); why != "" {
		w.Stands, w.Why = Spoilt, why
		return w, nil
	}
	if f.Clock() > record.Beginning && w.Entries > 0 && w.Time > agreement.Instant(window) {
		w.Stands = Missing
	}
	return w, nil
}

// verifyOn holds the receipt to the keys that its signer has, or had when it
// gave it: a key that was changed since signed what it signed.
func (h *Handed) verifyOn(f *record.Fold) error {
	err := h.Verify(keysOf(f, h.By))
	if err == nil || h.Seen.Size >= f.Size() {
		return err
	}
	then, bad := record.NewFold(f.Agreement())
	if bad != nil {
		return bad
	}
	for i := range h.Seen.Size {
		e, bad := f.Bytes(i)
		if bad != nil {
			return bad
		}
		then.Append(e)
	}
	if keys := keysOf(then, h.By); keys != nil && h.Verify(keys) == nil {
		return nil
	}
	return err
}

// keysOf are the keys of a name at the end of a record; nil if it has none.
func keysOf(f *record.Fold, name string) []statement.PublicKey {
	if keys, ok := f.Keys(agreement.Name(name)); ok {
		return keys.Keys()
	}
	return nil
}

// Text says it in lines. Only what the receipt's signer says is said by him.
func (h *Handed) Text(w *Whereabouts) string {
	head := fmt.Sprintf("%s says that it was handed %s on %v, when it had seen %d entries of the record\n", h.By, brief(h.Entry), h.Received, h.Seen.Size)
	switch w.Stands {
	case OnRecord:
		return head + "it is on the record: entry " + strconv.FormatInt(w.Index, 10) + "\n"
	case Spoilt:
		return head + "it is not on the record and can no longer be put there: " + w.Why + "\n"
	case Missing:
		return head + fmt.Sprintf("it is missing, and could be there: the record went on by %d entries and its clock by %d seconds, more than the proof window of %d seconds\n"+
			"this is proof against the depositary to whoever believes %s, which submits what it holds again and again; submit it yourself, and hand it to others\n",
			w.Entries, w.Time, w.Patience, h.By)
	}
	return head + fmt.Sprintf("it is not on the record yet, and could still be: the record went on by %d entries since\n", max(w.Entries, 0))
}

// onRecord finds an entry: a statement by its id, a proof by its bytes.
func onRecord(f *record.Fold, entry []byte) (int64, bool) {
	if s, err := statement.Parse(entry); err == nil {
		if j, ok := f.ByID(s.ID); ok {
			return j.Index, true
		}
		return 0, false
	}
	leaf := tlog.RecordHash(entry)
	for i := f.Size() - 1; i >= 0; i-- {
		if f.Leaf(i) == leaf {
			return i, true
		}
	}
	return 0, false
}

// irrelevant is why the record would gain nothing from an entry that it lacks:
// it would be inert at the end of the record, or is a proof that changes
// nothing. "" if it would gain, or if this copy is too short to tell.
func irrelevant(f *record.Fold, entry []byte) string {
	why, _ := faultOf(f, entry)
	return why
}

// faultOf is irrelevant, with the rule that a statement is at fault by.
func faultOf(f *record.Fold, entry []byte) (why, code string) {
	if note, err := record.ParseProof(entry); err == nil {
		must, why, err := f.Owed(note)
		fault, ok := errors.AsType[*record.Fault](err)
		switch {
		case ok && fault.Code == record.FaultSize, err == nil && must:
			return "", ""
		case err != nil:
			return err.Error(), ""
		}
		return why, ""
	}
	j := f.Judge(entry)
	if j.Fault == nil {
		return "", ""
	}
	if s, err := statement.Parse(entry); j.Fault.Code == record.FaultForeignHead && err == nil && s.Seen.Size > f.Size() {
		return "", "" // its author saw more than this copy has
	}
	return j.Fault.Reason, j.Fault.Code
}
