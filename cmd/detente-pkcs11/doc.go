// Command detente-pkcs11 loads the PKCS#11 library of a token and signs with
// one of its keys, for detente, which starts it: see package internal/pkcs11,
// which has what goes between the two.
//
// It is a program of its own because such a library is C code of somebody else:
// detente itself stays one static file without C, and a library that crashes
// or looks around in memory finds a PIN and a handle here, and nothing else.
//
// It needs cgo and a Unix; built without, it only says so.
package main
