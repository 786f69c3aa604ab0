//go:build !cgo || !unix

package main

import (
	"fmt"
	"os"
)

func main() {
	fmt.Fprintln(os.Stderr, "detente-pkcs11: built without cgo, which loading a PKCS#11 library needs: CGO_ENABLED=1 go build ./cmd/detente-pkcs11, with a C compiler")
	os.Exit(3)
}
