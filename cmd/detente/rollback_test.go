package main

import (
	"crypto/sha256"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"detente/agreement"
	"detente/record"
	"detente/statement"

	"golang.org/x/mod/sumdb/tlog"
)

// shown is a record of one size, as a depositary shows it: it signs a
// checkpoint, and has hash and entry tiles of a single level.
func shown(t *testing.T, a *agreement.Agreement, archive []byte, key statement.Signer, n int) http.Handler {
	t.Helper()
	f, err := record.NewFold(a)
	if err != nil {
		t.Fatal(err)
	}
	f.Append(record.Opening(a))
	for i := range n - 1 {
		f.Append(fmt.Appendf(nil, "inert %d\n", i))
	}
	origin := record.Origin(a)
	head := f.Head()
	note, err := statement.SignCheckpoint(statement.Checkpoint{Origin: origin, Size: head.Size, Root: head.Root}, key)
	if err != nil {
		t.Fatal(err)
	}
	var entries, hashes []byte
	for i := range head.Size {
		e := record.Must(f.Read(i)).Bytes
		entries = append(append(entries, byte(len(e)>>8), byte(len(e))), e...)
		h := tlog.RecordHash(e)
		hashes = append(hashes, h[:]...)
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch path := strings.TrimPrefix(r.URL.Path, "/"+a.ID.String()); {
		case path == "/bundle":
			w.Write(archive)
		case path == "/head", path == "/checkpoint":
			w.Write(note)
		case strings.HasPrefix(path, "/tile/entries/"):
			w.Write(entries)
		case strings.HasPrefix(path, "/tile/0/"):
			w.Write(hashes)
		default:
			http.NotFound(w, r)
		}
	})
}

// TestNoCommandGoesBack: every command that reads a running record remembers
// the largest head that any of them saw, in one folder, and refuses a
// depositary that shows less, naming both heads.
func TestNoCommandGoesBack(t *testing.T) {
	seed := sha256.Sum256([]byte("host"))
	public := func(who string) statement.PublicKey {
		own := sha256.Sum256([]byte(who))
		k, err := statement.NewSigner(who, own[:])
		if err != nil {
			t.Fatal(err)
		}
		return k.Public()
	}
	text := "detente 1\n\nagreement the-pledge {\n  title = \"A pledge\"\n  timezone = \"UTC\"\n  clock = simulated\n  witnesses = { of = [v, g, m, s], quorum = 3, faulty = 1 }\n  proof_window = 1 hour\n}\n"
	text += fmt.Sprintf("depositary host { key = \"%s\" }\nparty brio { keys = { of = [\"%s\"], need = 1 } }\n", public("host"), public("brio"))
	text += fmt.Sprintf("party alba { keys = { of = [\"%s\"], need = 1 } }\ncommitment pledge {\n  by = alba\n  to = [brio]\n  do = \"clear the field\"\n  due = 2021-03-23\n}\n", public("alba"))
	for _, name := range []string{"v", "g", "m", "s"} {
		k, err := statement.NewWitnessKey(name, public(name))
		if err != nil {
			t.Fatal(err)
		}
		text += fmt.Sprintf("witness %s { key = \"%s\" }\n", name, k)
	}
	b, err := agreement.NewBundle([]agreement.File{{Path: "pledge.agreement", Data: []byte(text)}})
	if err != nil {
		t.Fatal(err)
	}
	a, faults := agreement.Read(b)
	if a == nil {
		t.Fatalf("%+v", faults)
	}
	archive, err := record.EncodeBundle(b)
	if err != nil {
		t.Fatal(err)
	}
	key, err := statement.NewSigner(record.Origin(a), seed[:])
	if err != nil {
		t.Fatal(err)
	}
	var now atomic.Pointer[http.Handler]
	set := func(n int) { h := shown(t, a, archive, key, n); now.Store(&h) }
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { (*now.Load()).ServeHTTP(w, r) }))
	defer server.Close()
	url, dir := server.URL+"/"+a.ID.String(), t.TempDir()
	set(6)
	if status, _, talk := detente(t, "status", url, "--dir", dir); status != exitYes {
		t.Fatalf("status: %d: %s", status, talk)
	}
	set(4)
	for _, args := range [][]string{
		{"status", url}, {"why", url, "pledge"}, {"asof", "2021-03-01", url}, {"plan", url, "--until", "2021-04-01"},
		{"export", url, "--out", filepath.Join(t.TempDir(), "x.detente")}, {"audit", url},
	} {
		status, out, talk := detente(t, append(args, "--dir", dir)...)
		if status != exitNo || out != "" || !strings.Contains(talk, "showed size 6 before, now 4") || strings.Count(talk, "root ") != 2 {
			t.Errorf("%s: status %d, %q, %q", args[0], status, out, talk)
		}
	}
}
