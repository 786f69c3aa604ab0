package pkcs11

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// The limits on what goes between the helper and who starts it.
const (
	// MaxLine is the longest request or answer in bytes: a message of MaxMessage
	// in base64, and the rest.
	MaxLine = 256 << 10
	// MaxMessage is the longest message to be signed: more than any statement or
	// checkpoint has.
	MaxMessage = 128 << 10
	// MaxPIN is the longest PIN in bytes; tokens stop far below.
	MaxPIN = 256
	// maxText is how much of an error's text is kept.
	maxText = 1000
)

// The requests.
const (
	DoOpen  = "open"
	DoLogin = "login"
	DoSign  = "sign"
)

// A Request is what the helper is asked to do.
type Request struct {
	Do      string `json:"do"`
	Key     *URI   `json:"key,omitempty"` // open
	PIN     string `json:"pin,omitempty"` // login, and sign where Always was
	Message []byte `json:"message,omitempty"`
}

// An Answer has what was asked for, or why not.
type Answer struct {
	Fault  Fault  `json:"fault,omitempty"`
	Text   string `json:"text,omitempty"` // of the fault
	Token  *Token `json:"token,omitempty"`
	Public []byte `json:"public,omitempty"` // login: the key's public half
	Label  string `json:"label,omitempty"`  // login: the key's
	// Always is whether the key wants the PIN again for every signature.
	Always    bool   `json:"always,omitempty"`
	Signature []byte `json:"signature,omitempty"`
}

// A Token is what a token says of itself.
type Token struct {
	Label    string `json:"label"`
	Serial   string `json:"serial"`
	WasWrong bool   `json:"was_wrong,omitempty"` // the last PIN was
	LastTry  bool   `json:"last_try,omitempty"`  // a wrong PIN now locks it
	Locked   bool   `json:"locked,omitempty"`
	Pad      bool   `json:"pad,omitempty"` // it wants the PIN on a pad of its own
}

// A Fault is the kind of an error that the helper reports.
type Fault string

// The faults.
const (
	FaultModule Fault = "module" // the library cannot be loaded or used
	FaultToken  Fault = "token"  // no such token, or more than one
	FaultKey    Fault = "key"    // no such key, more than one, or one that cannot be used
	FaultPIN    Fault = "pin"    // the token refuses the PIN
	FaultGone   Fault = "gone"   // the token is, or has logged out
	FaultSign   Fault = "sign"   // the token does not sign
)

// Errors of a key, one for each fault that a caller may tell from others.
var (
	ErrModule = errors.New("PKCS#11 library")
	ErrToken  = errors.New("no such token")
	ErrKey    = errors.New("no such key in the token")
	ErrPIN    = errors.New("PIN")
	ErrGone   = errors.New("the token is gone, or has logged out")
	ErrSign   = errors.New("the token does not sign")
)

// err is the fault as an error, nil if there is none.
func (a *Answer) err() error {
	known := map[Fault]error{
		FaultModule: ErrModule, FaultToken: ErrToken, FaultKey: ErrKey, FaultPIN: ErrPIN, FaultGone: ErrGone, FaultSign: ErrSign,
	}
	switch e := known[a.Fault]; {
	case a.Fault == "":
		return nil
	case e == nil || len(a.Text) > maxText || !printable(a.Text):
		return errors.New("the PKCS#11 helper gives an error that cannot be read")
	default:
		return fmt.Errorf("%w: %s", e, a.Text)
	}
}

// Write writes a request or an answer.
func Write(w io.Writer, v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return err
	}
	if len(b) >= MaxLine {
		return fmt.Errorf("%d bytes; want at most %d", len(b), MaxLine)
	}
	_, err = w.Write(append(b, '\n'))
	return err
}

// Read reads a request or an answer; io.EOF where there is none any more.
func Read(r *bufio.Reader, v any) error {
	var line []byte
	for {
		part, err := r.ReadSlice('\n')
		line = append(line, part...)
		if len(line) > MaxLine {
			return fmt.Errorf("a line of more than %d bytes", MaxLine)
		}
		if errors.Is(err, bufio.ErrBufferFull) {
			continue
		}
		if err != nil && len(line) > 0 && errors.Is(err, io.EOF) {
			return io.ErrUnexpectedEOF
		}
		if err != nil {
			return err
		}
		break
	}
	d := json.NewDecoder(bytes.NewReader(line))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return errors.New("a line that is no request and no answer") // the line may hold a PIN
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.New("a line that holds more than one value")
	}
	return nil
}
