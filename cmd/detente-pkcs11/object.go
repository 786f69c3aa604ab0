//go:build cgo && unix

package main

import (
	"bytes"
	"crypto/ed25519"
	"crypto/x509"
	"encoding/asn1"
	"fmt"
	"slices"

	p11 "github.com/miekg/pkcs11"

	"detente/internal/pkcs11"
)

// A foundKey is a private key of a token that statements can be signed with.
type foundKey struct {
	handle p11.ObjectHandle
	label  string
	id     []byte
	public []byte
	always bool
}

// findKey gives the one key that fits.
func (c *connection) findKey() (*foundKey, error) {
	found, err := c.objects(p11.CKO_PRIVATE_KEY, c.uri.Object, c.uri.ID)
	if err != nil {
		return nil, err
	}
	switch {
	case len(found) == 0:
		return nil, fault(pkcs11.FaultKey, "none fits what the URI says of it; the token holds %s", c.holds())
	case len(found) > 1:
		return nil, fault(pkcs11.FaultKey, "%d fit; name one by id= or by its label: %s", len(found), c.holds())
	}
	k := &foundKey{handle: found[0]}
	k.label, k.id = clean(string(c.bytes(k.handle, p11.CKA_LABEL))), c.bytes(k.handle, p11.CKA_ID)
	if kind := c.number(k.handle, p11.CKA_KEY_TYPE); kind != keyTypeEdwards {
		return nil, fault(pkcs11.FaultKey, "that can be used: %q is %s, and a statement wants an Ed25519 key", k.label, kindName(kind))
	}
	if may := c.bytes(k.handle, p11.CKA_SIGN); len(may) == 1 && may[0] == 0 {
		return nil, fault(pkcs11.FaultKey, "that can be used: %q may not sign (CKA_SIGN is false)", k.label)
	}
	always := c.bytes(k.handle, p11.CKA_ALWAYS_AUTHENTICATE)
	k.always = len(always) == 1 && always[0] != 0
	if k.public, err = c.publicOf(k); err != nil {
		return nil, err
	}
	return k, nil
}

// objects lists the objects of a class.
func (c *connection) objects(class uint, label string, id []byte) ([]p11.ObjectHandle, error) {
	template := []*p11.Attribute{p11.NewAttribute(p11.CKA_CLASS, class)}
	if label != "" {
		template = append(template, p11.NewAttribute(p11.CKA_LABEL, label))
	}
	if len(id) > 0 {
		template = append(template, p11.NewAttribute(p11.CKA_ID, id))
	}
	if err := c.module.FindObjectsInit(c.handle, template); err != nil {
		return nil, described(err)
	}
	var all []p11.ObjectHandle
	for len(all) < maxObjects {
		some, _, err := c.module.FindObjects(c.handle, maxObjects)
		if err != nil {
			return nil, described(err)
		}
		if len(some) == 0 {
			break
		}
		all = append(all, some...)
	}
	if err := c.module.FindObjectsFinal(c.handle); err != nil {
		return nil, described(err)
	}
	return all, nil
}

// holds lists the private keys of the token for a message.
func (c *connection) holds() string {
	all, err := c.objects(p11.CKO_PRIVATE_KEY, "", nil)
	if err != nil || len(all) == 0 {
		return "no private key that this PIN shows"
	}
	var names []string
	for _, h := range all {
		name := fmt.Sprintf("%q (id %%%X)", clean(string(c.bytes(h, p11.CKA_LABEL))), c.bytes(h, p11.CKA_ID))
		if kind := c.number(h, p11.CKA_KEY_TYPE); kind != keyTypeEdwards {
			name += ", " + kindName(kind)
		}
		names = append(names, name)
	}
	slices.Sort(names)
	return list(names)
}

// bytes is an attribute's value, empty if the object does not have it. Each is
// asked for alone: libraries refuse a list for one attribute in it.
func (c *connection) bytes(h p11.ObjectHandle, attribute uint) []byte {
	got, err := c.module.GetAttributeValue(c.handle, h, []*p11.Attribute{p11.NewAttribute(attribute, nil)})
	if err != nil || len(got) != 1 {
		return nil
	}
	return got[0].Value
}

// number is an attribute of the type CK_ULONG, if it is one that has a name here.
func (c *connection) number(h p11.ObjectHandle, attribute uint) uint {
	value := c.bytes(h, attribute)
	for _, kind := range []uint{keyTypeEdwards, p11.CKK_RSA, p11.CKK_EC, keyTypeMontgomery} {
		if bytes.Equal(value, p11.NewAttribute(attribute, kind).Value) {
			return kind
		}
	}
	return ^uint(0)
}

const keyTypeMontgomery = 0x41

func kindName(kind uint) string {
	switch kind {
	case keyTypeEdwards:
		return "a key of an Edwards curve"
	case p11.CKK_RSA:
		return "an RSA key"
	case p11.CKK_EC:
		return "an ECDSA key"
	case keyTypeMontgomery:
		return "a key of a Montgomery curve, for key agreement"
	}
	return "a key of another type"
}

// publicOf is the public half of a private key: of the public key object with
// the same id and label, or of the private key itself where the token keeps it
// there. If that is another key's, no signature will verify.
func (c *connection) publicOf(k *foundKey) ([]byte, error) {
	var points [][]byte
	objects, err := c.objects(p11.CKO_PUBLIC_KEY, "", k.id)
	if err != nil {
		return nil, err
	}
	for _, h := range append(objects, k.handle) {
		if len(k.id) == 0 && h != k.handle && string(c.bytes(h, p11.CKA_LABEL)) != k.label {
			continue
		}
		for _, p := range [][]byte{point(c.bytes(h, p11.CKA_EC_POINT)), fromInfo(c.bytes(h, publicKeyInfo))} {
			if p != nil && !slices.ContainsFunc(points, func(o []byte) bool { return bytes.Equal(o, p) }) {
				points = append(points, p)
			}
		}
	}
	switch {
	case len(points) == 0:
		return nil, fault(pkcs11.FaultKey, "that can be used: the token does not have the public half of %q: write it to the token with the same id", k.label)
	case len(points) > 1:
		return nil, fault(pkcs11.FaultKey, "that can be used: the token has %d different public keys with the id %%%X of %q; leave only the right one", len(points), k.id, k.label)
	case len(points[0]) != ed25519.PublicKeySize:
		return nil, fault(pkcs11.FaultKey, "that can be used: %q is of another curve: its public key has %d bytes, and one of Ed25519 has 32", k.label, len(points[0]))
	}
	return points[0], nil
}

// point reads CKA_EC_POINT: a DER octet string, or, as some tokens have it, the
// bytes themselves.
func point(b []byte) []byte {
	var inner []byte
	if rest, err := asn1.Unmarshal(b, &inner); err == nil && len(rest) == 0 && len(inner) > 0 {
		return inner
	}
	if len(b) == ed25519.PublicKeySize {
		return b
	}
	return nil
}

func fromInfo(b []byte) []byte {
	if k, err := x509.ParsePKIXPublicKey(b); err == nil {
		if k, ok := k.(ed25519.PublicKey); ok {
			return k
		}
	}
	return nil
}
