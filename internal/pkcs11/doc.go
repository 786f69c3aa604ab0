// Package pkcs11 signs with Ed25519 keys that a PKCS#11 token holds: a security
// module, a smart card, or a program that stands for one. It starts a helper
// program, cmd/detente-pkcs11, which loads the token's library and speaks with
// it; this package finds the helper, tells it which key, and checks what it gives.
//
// Promise: a key is named by a PKCS#11 URI (RFC 7512) and found only if that is
// unambiguous; a signature is verified before it is used, so that a token that
// is broken, lies, or signs a digest instead of the message is noticed here. The
// library runs in a process of its own: it cannot read the memory of the
// process that signs, and if it crashes or hangs, that is an error and no more.
// A PIN goes through a pipe to the helper and nowhere else: it is refused in a
// URI, where others of the machine and the shell's history would see it. A PIN
// is given to the token once for each start; after a wrong one nothing tries
// again, and one from a file is not given at all while the token says that the
// last one was wrong, so that a role restarted again and again locks no token.
//
// Not promised: that a token is what it says, or that its owner sees what is
// signed. Whoever may run the library with the PIN signs. The PIN is not wiped
// from memory. A token that was taken out is not logged in to again: the role must be
// started anew.
//
// # Names of keys
//
// A reference is a URI, or a name to sign under, "=" and a URI. Without a name
// the key signs under its label.
//
//	pkcs11:token=Iran;object=first?module-path=/usr/lib/softhsm/libsofthsm2.so
//	iran=pkcs11:serial=d2c10fa2f31a8fe6;id=%01?module-path=/usr/lib/opensc-pkcs11.so&pin-source=file:/etc/detente/pin
//
// Of a token: token (its label), serial, manufacturer, model; of a key: object
// (its label), id, type=private. module-path is the library and must be an
// absolute path; pin-source is a file. What is left out fits anything; any
// other attribute is refused.
//
// # The helper
//
// It is the program detente-pkcs11 in the folder of the program that starts it,
// or where DETENTE_PKCS11 says. Requests come on its file descriptor 3 and
// answers go out on 4, each one line of JSON (type Request, type Answer), one
// answer for each request: open, then login, then sign as often as wanted. It
// ends when its requests do. What the library prints goes elsewhere.
package pkcs11
