// Package agreement is the language: it reads the text that the parties sign
// and answers with a checked model, or with everything that is wrong.
//
// Promise: Read is a pure function of a bundle's bytes. It is total: any
// bytes are answered, within the limits of limits.go, without a panic. An
// Agreement that it returns is resolved, typed and satisfies the rules of
// spec/language.md, so later packages need not check again. The first line of
// a text, `detente 1`, pins its meaning for ever: a fixed fault is a new
// version.
//
// Not promised: that the agreement is wise. What a text lets people do to each
// other with its keys and silences is said by Findings; what they can do with
// their acts is for the analysis of the machine.
//
// A bundle is the unit that is signed: the .agreement files, the texts they
// name, and the time zone rules they use. Its identity is the SHA-256 of
//
//	detente/bundle/1
//	9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08 4 cameras.agreement
//
// with one such line for each file: digest, size, path; in byte order of paths.
//
// Characters, tokens and the tree are in package agreement/syntax; loading a
// bundle from disk is in package agreement/dir.
package agreement
