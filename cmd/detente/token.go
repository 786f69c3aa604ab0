package main

import (
	"errors"
	"os"

	"detente/internal/pkcs11"
)

// tokenKey finds a key of a PKCS#11 token and logs in, once. The login lasts as
// long as the process.
func tokenKey(t terminal, r pkcs11.Reference) (*heldKey, error) {
	helper, err := pkcs11.Helper(os.Getenv("DETENTE_PKCS11"))
	if err != nil {
		return nil, &exitError{exitUnknown, err}
	}
	k, err := pkcs11.Open(r.URI, pkcs11.Options{
		Helper: helper, PINFile: os.Getenv("DETENTE_PIN_FILE"),
		Ask: func(words string) (string, error) {
			return askSecret(t, words, "name a file that has it by pin-source=file:/PATH in the URI, or by DETENTE_PIN_FILE")
		},
	})
	switch {
	case errors.Is(err, pkcs11.ErrKey) || errors.Is(err, pkcs11.ErrPIN):
		return nil, usage("%w", err)
	case err != nil:
		return nil, &exitError{exitUnknown, err}
	}
	if r.Name == "" {
		r.Name = k.Label()
	}
	return &heldKey{held: k, name: r.Name}, nil
}
