// Package sshagent signs with Ed25519 keys that an ssh-agent holds, so that a
// private key can stay in a smart card, a security module or another process.
//
// Promise: a key is named by its fingerprint or by its comment and found only
// if that is unambiguous; the agent's answer is verified before it is used, so
// that a broken agent is noticed here. The private key is never asked for.
//
// Not promised: that the agent shows its owner what is signed. An agent signs
// whatever the programs that reach its socket send it; whoever reaches the
// socket signs. An agent that asks (ssh-add -c) or a token with a button helps.
//
// # Names of keys
//
// A reference is a key's fingerprint as ssh-add -l prints it, "SHA256:" and 43
// characters of base64, or its whole comment. An agent-held key has no name of
// its own to sign under, so a reference may begin with one:
//
//	ssh-agent:SHA256:jSc5Ry4TCO2kcqRhDEpxhW1YbRBlUvnNQkVhJpBnsdg
//	ssh-agent:iran
//	iran=ssh-agent:SHA256:jSc5Ry4TCO2kcqRhDEpxhW1YbRBlUvnNQkVhJpBnsdg
//
// Without a name before it, the key signs under its comment.
//
// The protocol is draft-ietf-sshm-ssh-agent as golang.org/x/crypto speaks it.
// Only keys of type ssh-ed25519 are used: their signature is that of RFC 8032
// over exactly the bytes sent, which is what a statement's signature is. Keys of
// type sk-ssh-ed25519 (FIDO) sign something else and are refused.
package sshagent
