package web

import (
	"fmt"
	"strings"
	"testing"

	"detente/agreement"
	"detente/record"
	"detente/statement"
)

// propose puts a text with changes on the record and has iran consent to it.
func (c *chronicle) propose(change ...string) *agreement.Bundle {
	c.t.Helper()
	const path = "freeze.agreement"
	data, _ := c.bundle.File(path)
	text := string(data)
	for i := 0; i < len(change); i += 2 {
		if !strings.Contains(text, change[i]) {
			c.t.Fatalf("the text has no %q", change[i])
		}
		text = strings.ReplaceAll(text, change[i], change[i+1])
	}
	b, err := agreement.NewBundle([]agreement.File{{Path: path, Data: []byte(text)}})
	if err != nil {
		c.t.Fatal(err)
	}
	parts, err := record.TextParts(b)
	if err != nil {
		c.t.Fatal(err)
	}
	for _, p := range parts {
		c.say("iran", p)
	}
	c.consent("iran", b)
	return b
}

func (c *chronicle) consent(by agreement.Name, b *agreement.Bundle) {
	c.t.Helper()
	c.say(by, statement.AmendBody{Bundle: b.Digest().String(), Findings: strings.Repeat("0", 64)})
}

// TestPagesShowTheTextInForce: a new text is shown as proposed until all have
// consented, then every page speaks of it, and earlier sizes of the one before.
func TestPagesShowTheTextInForce(t *testing.T) {
	c := newChronicle(t).begin()
	c.film(at(0, 6))
	before := c.f.Size()
	b := c.propose(
		"A text for test vectors", "A text, amended", "closes     = 2021-05-24", "closes     = 2021-06-24",
		"commitment grant-access {", "commitment open-doors {\n  was      = \"grant-access\"", "due      = 2021-04-01", "due      = 2021-04-15",
	)
	c.tick(at(0, 8))
	h := New(c)
	says := func(path string, want ...string) {
		t.Helper()
		html := page(t, h, path)
		for _, w := range want {
			if no, not := strings.CutPrefix(w, "not "); not == strings.Contains(html, no) {
				t.Errorf("%s: %q", path, w)
			}
		}
	}
	says("/", "A new text is proposed", b.Digest().String(), "A text for test vectors", "not The text was amended")
	says("/text", "A new text is proposed", "not open-doors")
	c.consent("iaea", b)
	c.tick(at(0, 10))
	says("/", "not A new text is proposed", "The text was amended", "A text, amended", "24 June 2021", "not 24 May 2021", "open-doors", "not grant-access</a>")
	says("/text", "open-doors", b.Digest().String(), c.a.ID.String(), "as it was then")
	says("/vault/footage", "24 June 2021", "main")
	old := fmt.Sprintf("?size=%d", before)
	says("/"+old, "A text for test vectors", "24 May 2021", "not 24 June 2021", "not The text was amended", "grant-access</a>")
	says("/text"+old, "vault footage", "not open-doors", "not Amendments")
	says("/vault/footage"+old, "24 May 2021")
	c.film(at(0, 12))
	says("/vault/footage", "2 segments")
	crawl(t, c, func(string, string) {})
}

// TestVaultSaysOnWhatCustodiansAct: an outcome that no checkpoint yet shows is
// not certified; then it is, with its ground.
func TestVaultSaysOnWhatCustodiansAct(t *testing.T) {
	c := newChronicle(t).begin()
	h := New(c)
	closes := at(0, 0) - start%day + 90*day // 2021-05-24, midnight
	if html := page(t, h, "/vault/footage"); strings.Contains(html, "Certified") || strings.Contains(html, "Custodians hold:") {
		t.Error("something is said of an outcome before there is one")
	}
	c.decide(closes)
	if html := page(t, h, "/vault/footage"); !strings.Contains(html, "Certified:") || !strings.Contains(html, groundWords[record.Decided]) {
		t.Error("the page does not show the certificate of a decided outcome")
	}
}
