//go:build cgo && unix

package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	p11 "github.com/miekg/pkcs11"

	"detente/internal/pkcs11"
)

// What PKCS #11 3.0 has and the binding does not.
const (
	keyTypeEdwards = 0x40
	mechanismEdDSA = 0x1057
	publicKeyInfo  = 0x129
)

// maxSlots and maxObjects bound what is looked at: a person tells no more apart.
const (
	maxSlots   = 256
	maxObjects = 64
)

// A connection is one token's library, loaded, and one login to the token.
type connection struct {
	module *p11.Ctx
	uri    pkcs11.URI
	slot   uint
	handle p11.SessionHandle
	opened bool
	key    *foundKey
}

// open loads the library and finds the token.
func (c *connection) open(u pkcs11.URI) (*pkcs11.Token, error) {
	if info, err := os.Stat(u.Module); errors.Is(err, fs.ErrNotExist) || err == nil && !info.Mode().IsRegular() {
		return nil, fault(pkcs11.FaultModule, "there is no file %s; module-path is the library that came with the token", u.Module)
	}
	c.uri = u
	if c.module = p11.New(u.Module); c.module == nil {
		return nil, fault(pkcs11.FaultModule, "%s cannot be loaded: it is no PKCS#11 library, or one for another kind of machine", u.Module)
	}
	if err := c.module.Initialize(); err != nil {
		return nil, fault(pkcs11.FaultModule, "%s cannot be started: %v", u.Module, err)
	}
	slots, err := c.module.GetSlotList(true)
	if err != nil {
		return nil, fault(pkcs11.FaultModule, "%s gives no list of its slots: %v", u.Module, err)
	}
	if len(slots) > maxSlots {
		return nil, fault(pkcs11.FaultModule, "%s has %d slots; want at most %d", u.Module, len(slots), maxSlots)
	}
	token, err := c.find(slots)
	if err != nil {
		return nil, err
	}
	mechanisms, err := c.module.GetMechanismList(c.slot)
	if err != nil {
		return nil, described(err)
	}
	if !hasEdDSA(mechanisms) {
		return nil, fault(pkcs11.FaultKey, "token %s does not sign by Ed25519 (mechanism CKM_EDDSA), which is what statements want", token)
	}
	if c.handle, err = c.module.OpenSession(c.slot, p11.CKF_SERIAL_SESSION); err != nil {
		return nil, described(err)
	}
	c.opened = true
	return token, nil
}

func hasEdDSA(list []*p11.Mechanism) bool {
	for _, m := range list {
		if m.Mechanism == mechanismEdDSA {
			return true
		}
	}
	return false
}

// find gives the one token that fits.
func (c *connection) find(slots []uint) (*pkcs11.Token, error) {
	var fits, all []string
	var token *pkcs11.Token
	for _, slot := range slots {
		info, err := c.module.GetTokenInfo(slot)
		if err != nil || info.Flags&p11.CKF_TOKEN_INITIALIZED == 0 {
			continue
		}
		label, serial := trim(info.Label), trim(info.SerialNumber)
		t := &pkcs11.Token{
			Label: label, Serial: serial,
			WasWrong: info.Flags&p11.CKF_USER_PIN_COUNT_LOW != 0,
			LastTry:  info.Flags&p11.CKF_USER_PIN_FINAL_TRY != 0,
			Locked:   info.Flags&p11.CKF_USER_PIN_LOCKED != 0,
			Pad:      info.Flags&p11.CKF_PROTECTED_AUTHENTICATION_PATH != 0,
		}
		all = append(all, t.String())
		if is(c.uri.Token, label) && is(c.uri.Serial, serial) && is(c.uri.Manufacturer, trim(info.ManufacturerID)) && is(c.uri.Model, trim(info.Model)) {
			fits = append(fits, t.String())
			token, c.slot = t, slot
		}
	}
	switch {
	case len(fits) == 1:
		return token, nil
	case len(fits) > 1:
		return nil, fault(pkcs11.FaultToken, "%d tokens fit: %s; name one by serial=", len(fits), list(fits))
	case len(all) == 0:
		return nil, fault(pkcs11.FaultToken, "%s sees no token that is set up; is it plugged in?", c.uri.Module)
	}
	return nil, fault(pkcs11.FaultToken, "none fits what the URI says of it; %s sees %s", c.uri.Module, list(all))
}

func is(want, got string) bool { return want == "" || want == got }

// trim takes off what fixed fields are filled up with.
func trim(s string) string { return clean(strings.TrimRight(s, " \x00")) }

func list(names []string) string {
	if more := len(names) - 8; more > 0 {
		return strings.Join(names[:8], ", ") + fmt.Sprintf(" and %d more", more)
	}
	return strings.Join(names, ", ")
}

// login logs in and finds the key.
func (c *connection) login(pin string) (pkcs11.Answer, error) {
	if err := c.module.Login(c.handle, p11.CKU_USER, pin); err != nil {
		return pkcs11.Answer{}, c.refused(err)
	}
	k, err := c.findKey()
	if err != nil {
		return pkcs11.Answer{}, err
	}
	c.key = k
	return pkcs11.Answer{Public: k.public, Label: k.label, Always: k.always}, nil
}

// refused is the error of a login, with what the token says about further tries.
func (c *connection) refused(err error) error {
	if !isPIN(err) {
		return described(err)
	}
	text := fmt.Sprintf("the token refuses it (%v); it was given once and is not tried again", err)
	if info, err := c.module.GetTokenInfo(c.slot); err == nil {
		switch {
		case info.Flags&p11.CKF_USER_PIN_LOCKED != 0:
			text += "; the token is locked now: its security officer can set a new PIN"
		case info.Flags&p11.CKF_USER_PIN_FINAL_TRY != 0:
			text += "; one try is left: another wrong PIN locks the token"
		default:
			text += "; enough wrong ones lock the token"
		}
	}
	return fault(pkcs11.FaultPIN, "%s", text)
}

// sign signs a message, all of it: CKM_EDDSA without parameters is the Ed25519
// of RFC 8032 for a key of that curve.
func (c *connection) sign(message []byte, pin string) ([]byte, error) {
	if err := c.module.SignInit(c.handle, []*p11.Mechanism{p11.NewMechanism(mechanismEdDSA, nil)}, c.key.handle); err != nil {
		return nil, described(err)
	}
	if c.key.always {
		if err := c.module.Login(c.handle, p11.CKU_CONTEXT_SPECIFIC, pin); err != nil {
			return nil, c.refused(err)
		}
	}
	signature, err := c.module.Sign(c.handle, message)
	if err != nil {
		return nil, described(err)
	}
	return signature, nil
}

// end logs out and lets the library go. What it says to that helps nobody.
func (c *connection) end() {
	if c.module == nil {
		return
	}
	if c.opened {
		c.module.Logout(c.handle)
		c.module.CloseSession(c.handle)
	}
	c.module.Finalize()
	c.module.Destroy()
}

func code(err error) (uint, bool) {
	var c p11.Error
	ok := errors.As(err, &c)
	return uint(c), ok
}

func isPIN(err error) bool {
	switch c, _ := code(err); c {
	case p11.CKR_PIN_INCORRECT, p11.CKR_PIN_INVALID, p11.CKR_PIN_LEN_RANGE, p11.CKR_PIN_EXPIRED, p11.CKR_PIN_LOCKED:
		return true
	}
	return false
}

// described is a library's error with what it means for whoever wants to sign.
func described(err error) error {
	c, ok := code(err)
	if !ok {
		return fault(pkcs11.FaultSign, "%v", err)
	}
	switch c {
	case p11.CKR_DEVICE_REMOVED, p11.CKR_TOKEN_NOT_PRESENT, p11.CKR_TOKEN_NOT_RECOGNIZED, p11.CKR_SLOT_ID_INVALID:
		return fault(pkcs11.FaultGone, "it was taken out (%v); put it back and start again", err)
	case p11.CKR_SESSION_HANDLE_INVALID, p11.CKR_SESSION_CLOSED, p11.CKR_CRYPTOKI_NOT_INITIALIZED:
		return fault(pkcs11.FaultGone, "the token has logged out (%v); start again", err)
	case p11.CKR_USER_NOT_LOGGED_IN:
		return fault(pkcs11.FaultGone, "nobody is logged in any more (%v): it was taken out, or asks for the PIN at every use without saying so (CKA_ALWAYS_AUTHENTICATE); start again", err)
	case p11.CKR_KEY_HANDLE_INVALID, p11.CKR_OBJECT_HANDLE_INVALID:
		return fault(pkcs11.FaultGone, "the key is no longer in it (%v)", err)
	case p11.CKR_DEVICE_ERROR, p11.CKR_DEVICE_MEMORY, p11.CKR_GENERAL_ERROR:
		return fault(pkcs11.FaultSign, "it fails (%v); it may have been taken out, or be broken", err)
	case p11.CKR_KEY_FUNCTION_NOT_PERMITTED, p11.CKR_KEY_TYPE_INCONSISTENT, p11.CKR_MECHANISM_INVALID, p11.CKR_MECHANISM_PARAM_INVALID:
		return fault(pkcs11.FaultKey, "that may sign by Ed25519 (%v)", err)
	}
	return fault(pkcs11.FaultSign, "%v", err)
}
