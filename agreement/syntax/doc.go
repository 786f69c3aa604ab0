// Package syntax reads the surface of the agreement language: characters,
// tokens and the syntax tree, and lays a text out in the one standard form.
// It knows no noun and no attribute; package agreement gives them meaning.
//
// Promise: any bytes whatever are answered with a tree and the list of what
// is wrong, each fault at its exact bytes; never a panic, and work in
// proportion to the input. Several faults are found at once, by going on at
// the next attribute or block. Format changes white space only.
//
// Not promised: that a tree without faults means anything.
//
// A text is lines of UTF-8. The first is `detente 1`. After it come blocks:
//
//	noun name {
//	  attribute = value   # comment
//	  attribute = { field = value, field = value }
//	}
//
// The grammar is in spec/language.md.
package syntax
